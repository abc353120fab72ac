"""Instance masks with identities for a video, a folder of images or a data set: results.json and overlay.mp4.

SOURCE -> clips -> follow -> out/results.json (on many processes: ranks.py)
                          -> out/overlay.mp4, out/frames/00000.png

The journal, out/results.partial.jsonl, has every frame as soon as it is found (`inference/journal.py` says what its
lines are and reads them), and goes when results.json is whole. results.settings.json then says what made it, and
results of other settings are not written over (earlier.py).
"""

import argparse
import contextlib
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from simvtr.cli import naming, opening
from simvtr.cli.clips import Clip, dataset, pictures, settings, several, single, twice
from simvtr.cli.earlier import PARTIAL, RESULTS, SETTINGS, finished, keep_settings, refuse_others
from simvtr.cli.folder import no_folder
from simvtr.cli.follow import follow
from simvtr.cli.heap import one_heap
from simvtr.cli.ranks import parts_of, ranks, share
from simvtr.cli.remarks import cut_short, drawn_files, left_over, not_drawn, other_ids
from simvtr.cli.stop import Stop
from simvtr.cli.summary import Summary, numbered
from simvtr.errors import DataError, many

if TYPE_CHECKING:
    from simvtr.inference import FramePredictor, Predictor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "simvtr segment INPUT... -o OUT [options]"  # all of them are 21 lines above an error
    parser.add_argument(
        "source",
        nargs="+",
        metavar="INPUT",
        help="video file | folder of images | glob | image files | several of videos and folders | data set JSON (with "
        "--images)",
    )
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        required=True,
        help="folder for results.json and overlay.mp4; the same command makes them anew, results of another video or "
        "of other settings are not written over",
    )
    parser.add_argument(
        "--weights",
        default="simvtr-tiny",
        help="packaged name, folder, .safetensors, .pth of DETR, VisTR or torchvision's Mask R-CNN, folder of DETR, "
        "Mask2Former or VidEoMT by transformers, hf://user/name of either, or torchvision:maskrcnn_resnet50_fpn "
        "(default: simvtr-tiny, which knows eight synthetic shapes and nothing of natural video, as does the better "
        "simvtr-tiny-finer; see simvtr train)",
    )
    parser.add_argument(
        "--window",
        type=_window,
        help='frames per forward pass, or "all" (default: 1; for a model with coupled queries as many as it takes)',
    )
    parser.add_argument(
        "--threshold",
        type=_share,
        default=0.5,
        metavar="SCORE",
        help="draw an object where its score in that frame is at least this, and count it at the end where its score "
        "in results.json is, which is over the whole video (default: 0.5)",
    )
    parser.add_argument(
        "--keep",
        type=_share,
        metavar="SCORE",
        help="results.json keeps a mask where its score in that frame is at least this; the scores in it are over the "
        "whole video and may be lower (default: 0.001: average precision needs the low ones; higher is faster; 0.85 "
        "with --panoptic)",
    )
    parser.add_argument(
        "--panoptic",
        action=argparse.BooleanOptionalAction,
        help="give each pixel to one object at most, or to stuff, as DETR does (default: for weights of COCO panoptic "
        "segmentation)",
    )
    parser.add_argument("--max-frames", type=_count, metavar="N", help="only the first N frames of each video")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help="bfloat16 is faster where the processor has it, and not exact (default: float32)",
    )
    parser.add_argument(
        "--overlay",
        action=argparse.BooleanOptionalAction,
        help="draw the objects into an mp4 (default: yes for one video, overlay.mp4; no for several, "
        "overlays/ID-NAME.mp4, and for a data set, overlays/VIDEO_ID.mp4)",
    )
    parser.add_argument("--png", action="store_true", help="also write the drawn frames as frames/00000.png, ...")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on where the same command was interrupted or killed, with the frames in OUT/results.partial.jsonl",
    )
    parser.add_argument("--images", type=Path, metavar="DIR", help="folder that the data set's file names start from")
    naming.add_arguments(parser)


def _window(text: str) -> int | Literal["all"]:
    if text == "all":
        return "all"
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'must be a whole number from 1, or "all", got {text!r}')
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, got {text!r}")
    return int(text)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must lie in 0..1, got {text!r}")
    return value


def run(args: argparse.Namespace) -> int:
    """Exit code 0; 1 when nothing decodes, a file of a data set is wrong or --out cannot be written; 130 after Ctrl-C.

    After Ctrl-C the files hold what was found. A video that breaks off is no error: its frames are kept, and a warning
    says how many were promised.
    """
    before = _folders(args.out)
    code = 1
    try:
        code = _run(args)
    finally:
        if code:
            for folder in sorted(_folders(args.out) - before, reverse=True):  # the inner ones first
                with contextlib.suppress(OSError):  # it holds something
                    folder.rmdir()
    return code


def _folders(out: Path) -> set[Path]:
    """The folder of the results with those in it and those that it is in, as far as they exist."""
    return {path for path in (out, *out.parents, *out.glob("*/"), *out.glob("*/*/")) if path.is_dir()}


def _run(args: argparse.Namespace) -> int:
    of_set = len(args.source) == 1 and args.source[0].lower().endswith(".json")
    wrong = (
        "INPUT must name a video, images or a data set, got ''. Is a variable of the shell not set?"
        if not all(args.source)  # to a path it is the current folder
        else "a data set JSON needs --images, the folder that its file names start from"
        if of_set and args.images is None
        else "--images belongs to a data set JSON"
        if args.images is not None and not of_set
        else (None if pictures(args.source) else twice(args.source))  # a picture may stand in its video again
        or naming.misnamed(args)
        or no_folder(args.out, "--out", "results.json and overlay.mp4")
    )
    if wrong:
        print(f"simvtr segment: {wrong}", file=sys.stderr)
        return 2
    _refuse_unwritable(args)

    from simvtr.cli.progress import frames_bar
    from simvtr.errors import SimVTRWarning
    from simvtr.schema import PredictionWriter, read_truth
    from simvtr.schema.source import refuse_missing

    one = len(args.source) == 1 or pictures(args.source)
    if of_set:
        refuse_missing(args.source[0], args.images)
    truth = read_truth(args.source[0]) if of_set else None
    clips = dataset(args, truth) if truth is not None else single(args) if one else several(args)

    from simvtr.inference.journal import Journal  # torch, whose seconds a wrong source does not cost
    from simvtr.model import SimVTR

    for left in args.out.glob("results.json.*.part"):  # by a killed run
        left.unlink()
    one_heap()
    try:
        predictor = opening.predictor(args)
    except DataError:  # a ValueError, too
        raise
    except ValueError as error:  # a window or device that this model or machine does not have
        print(f"simvtr segment: {error}", file=sys.stderr)
        return 2
    if truth is not None and ranks()[0] == 0:
        note = other_ids(predictor.categories, truth.categories.values(), args.source[0])
        if note is not None:
            print(f"simvtr segment: note: {note}", file=sys.stderr)
    known = settings(args, predictor)
    if isinstance(predictor.model, SimVTR):
        predictor.model.backbone.fold()  # nobody trains it here
    partial = args.out / PARTIAL
    if args.resume and (args.out / RESULTS).exists() and not partial.exists():
        return finished(args.out, known, not_drawn(clips), tell=ranks()[0] == 0)
    if ranks()[1] > 1:
        return _shared(clips, predictor, known, args)
    if not args.resume:
        refuse_others(args.out, known)
        if partial.exists():
            again = f"{partial} is of an interrupted run, whose frames are found anew; --resume goes on from them"
            print(f"simvtr segment: note: {again}", file=sys.stderr)
    done, drawn = Summary(), {} if args.resume else drawn_files(args.out)
    interrupted, broken = False, None
    begin = time.perf_counter()
    with (
        Stop() as stop,  # outermost: it also guards the writing of the files
        Journal(partial, known, args.resume) as journal,
        PredictionWriter(args.out / RESULTS) as results,
        frames_bar() as progress,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", SimVTRWarning)  # the reader's problems are printed below, in one line each
        try:
            for clip in clips:
                follow(clip, predictor, args, journal, results, progress, stop, done)
        except (KeyboardInterrupt, DataError) as error:
            if not done.frames:
                journal.path.unlink()
                raise
            interrupted, broken = isinstance(error, KeyboardInterrupt), error
    if broken:
        (args.out / SETTINGS).unlink(missing_ok=True)  # of whole results that were here before
    else:
        keep_settings(args.out, known)
        journal.path.unlink()
    done.seconds = time.perf_counter() - begin
    for problem in done.problems:
        print(f"simvtr segment: warning: {problem}", file=sys.stderr)
    if old := left_over(drawn, args.out):
        print(f"simvtr segment: note: {old}", file=sys.stderr)
    if cut := cut_short(clips, args.max_frames):
        print(f"simvtr segment: note: {cut}", file=sys.stderr)
    if args.resume and not broken and (missing := not_drawn(clips)):
        print(f"simvtr segment: note: {missing}", file=sys.stderr)
    done.files.insert(0, args.out / RESULTS)
    print(done.text(args.threshold, predictor.model_seconds))
    if not (of_set or one):
        print(numbered(args.source))
    _tell_shapes(args.weights)
    if interrupted:
        kept = many(done.frames, "frame")
        print(f"simvtr segment: interrupted, the files hold {kept}; --resume goes on from there", file=sys.stderr)
    elif broken:
        raise DataError(f"{broken} The files hold {many(done.frames, 'frame')} before it.")
    return 130 if interrupted else 0


def _shared(
    clips: list[Clip],
    predictor: "Predictor | FramePredictor",
    known: dict[str, object],
    args: argparse.Namespace,
) -> int:
    """This rank's share of the videos; exceptions leave what is whole, for the same command to go on from."""
    from simvtr.cli.progress import frames_bar
    from simvtr.errors import SimVTRWarning
    from simvtr.inference.journal import Journal
    from simvtr.schema import PredictionWriter

    (rank, count), done, begin = ranks(), Summary(), time.perf_counter()
    refuse_others(args.out, known)
    if rank == 0:
        keep_settings(args.out, known)  # before the results: a rank that comes late must know whose they are
    # of two ranks the bars would write over each other
    with Stop() as stop, frames_bar(show=rank == 0) as progress, warnings.catch_warnings():
        warnings.simplefilter("ignore", SimVTRWarning)

        def segment(clip: Clip, part: Path) -> None:
            with (
                Journal(part.with_suffix(".partial.jsonl"), known, resume=True) as journal,
                PredictionWriter(part) as results,
            ):
                follow(clip, predictor, args, journal, results, progress, stop, done)
            journal.path.unlink()

        parts, told = parts_of(args.out, known), False

        def wait(missing: int) -> None:
            nonlocal told
            if not told:  # where another rank has died without a word, this one tells what it waits for
                print(
                    f"simvtr segment: rank 0 waits for {many(missing, 'video')} of other ranks in {parts}",
                    file=sys.stderr,
                )
            told = True
            stop.check()

        share(clips, parts, args.out / RESULTS, segment, wait)
    done.seconds = time.perf_counter() - begin
    for problem in done.problems:
        print(f"simvtr segment: warning: {problem}", file=sys.stderr)
    if rank == 0:
        if cut := cut_short(clips, args.max_frames):
            print(f"simvtr segment: note: {cut}", file=sys.stderr)
        done.files.insert(0, args.out / RESULTS)
    if done.videos:
        print(f"rank {rank} of {count}: {done.text(args.threshold, predictor.model_seconds)}", flush=True)
    elif rank == 0:
        print(f"rank 0 of {count}: its videos were done before", *done.files, sep="\n", flush=True)
    if rank == 0:
        if len(args.source) > 1:
            print(numbered(args.source), flush=True)
        _tell_shapes(args.weights)
    return 0


def _tell_shapes(weights: str) -> None:
    """Who segments a video of their own by the packaged weights is told what these know."""
    from simvtr.model.weights import packaged

    if weights in packaged():
        shapes = "knows eight synthetic shapes, not natural video; train it on yours"
        print(f"simvtr segment: note: {weights} {shapes}", file=sys.stderr)


def _refuse_unwritable(args: argparse.Namespace) -> None:
    """Makes the folder --out. Raises: DataError, before any work, when results cannot be written to it."""
    folder: Path = args.out
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".part"):
            pass
    except OSError as error:
        raise DataError(
            f"--out {folder} must be a folder that can be written, got: {error.strerror}. Name another."
        ) from error
    alone = (len(args.source) == 1 and args.images is None) or pictures(args.source)
    files, folders = [RESULTS], ["frames"] if args.png else []
    if alone:
        files += [] if args.overlay is False else ["overlay.mp4"]
    else:
        folders += ["overlays"] if args.overlay else []
    for path in (folder / name for name in files):
        if path.is_dir():
            raise DataError(
                f"{path} must be a file or nothing yet, got a folder. Take it away, or choose another --out."
            )
    for path in (folder / name for name in folders):
        if path.exists() and not path.is_dir():
            raise DataError(
                f"{path} must be a folder or nothing yet, got a file. Take it away, or choose another --out."
            )
