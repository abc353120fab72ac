"""Instance masks with identities for a video, a folder of images or a data set: results.json and overlay.mp4.

SOURCE -> clips -> Predictor.stream -> Journal -> TrackBuilder -> out/results.json (on many processes: ranks.py)
                   with each frame  -> OverlayWriter -> out/overlay.mp4, out/frames/00000.png

The journal, out/results.partial.jsonl, has every frame as soon as it is found (`inference/journal.py` says what its
lines are and reads them), and goes when results.json is whole.
"""

import argparse
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from itertools import repeat
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Literal

from simvtr.cli.clips import Clip, dataset, pictures, settings, several, single
from simvtr.cli.ranks import own_device, parts_of, ranks, share
from simvtr.cli.summary import Summary, many

if TYPE_CHECKING:
    import numpy as np
    from rich.progress import Progress

    from simvtr.data.video import FrameReader
    from simvtr.inference import FrameResult, Predictor
    from simvtr.inference.journal import Journal
    from simvtr.schema import PredictionWriter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source",
        nargs="+",
        help="video file | folder of images | glob | image files | several of videos and folders | data set JSON (with "
        "--images)",
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for results.json and overlay.mp4")
    parser.add_argument(
        "--weights",
        default="simvtr-tiny",
        help="packaged name, folder, .safetensors, .pth of DETR or VisTR, or hf://user/name (default: simvtr-tiny, "
        "which knows eight synthetic shapes and nothing of natural video; see simvtr train)",
    )
    parser.add_argument(
        "--window",
        type=_window,
        help='frames per forward pass, or "all" (default: 1; for a model with coupled queries as many as it takes)',
    )
    parser.add_argument(
        "--identity",
        choices=("slot", "link"),
        default="link",
        help="slot: object i is query i, as in the report; link: objects are matched from window to window and come "
        "back after occlusion (default: link)",
    )
    parser.add_argument(
        "--threshold",
        type=_share,
        default=0.5,
        metavar="SCORE",
        help="draw and count an object where its score is at least this (default: 0.5)",
    )
    parser.add_argument(
        "--keep",
        type=_share,
        default=0.001,
        metavar="SCORE",
        help="results.json keeps a mask where its score is at least this (default: 0.001: average precision needs the "
        "low ones; higher is faster)",
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
        help="draw the objects into an mp4 (default: yes; for a data set no: it makes overlays/VIDEO_ID.mp4)",
    )
    parser.add_argument("--png", action="store_true", help="also write the drawn frames as frames/00000.png, ...")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on where the same command was interrupted or killed, with the frames in OUT/results.partial.jsonl",
    )
    parser.add_argument("--images", type=Path, metavar="DIR", help="folder that the data set's file names start from")


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
    """Exit code 0; 1 when nothing decodes or a file of a data set is wrong; 130 after Ctrl-C, with the files so far.

    A video that breaks off is no error: its frames are kept, and a warning says how many were promised.
    """
    of_set = len(args.source) == 1 and args.source[0].lower().endswith(".json")
    wrong = (
        "a data set JSON needs --images, the folder that its file names start from"
        if of_set and args.images is None
        else "--images belongs to a data set JSON"
        if args.images is not None and not of_set
        else _unwritable(args)
    )
    if wrong:
        print(f"simvtr segment: {wrong}", file=sys.stderr)
        return 2

    partial = args.out / "results.partial.jsonl"
    if args.resume and (args.out / "results.json").exists() and not partial.exists():
        print(f"{args.out / 'results.json'} is finished. To make it anew, leave --resume out.")
        return 0

    from simvtr.cli.progress import frames_bar
    from simvtr.errors import DataError, SimVTRWarning
    from simvtr.inference import Predictor
    from simvtr.inference.journal import Journal
    from simvtr.model import load
    from simvtr.schema import PredictionWriter

    one = len(args.source) == 1 or pictures(args.source)
    clips = dataset(args) if of_set else single(args) if one else several(args)
    for left in args.out.glob("results.json.*.part"):  # by a killed run
        left.unlink()
    model = load(args.weights)
    window = args.window or (model.config.frames if model.config.queries == "coupled" else 1)
    try:
        predictor = Predictor(
            model, window, args.identity, threshold=args.keep, device=own_device(args.device), precision=args.precision
        )
    except ValueError as error:  # a window or device that this model or machine does not have
        print(f"simvtr segment: {error}", file=sys.stderr)
        return 2
    if ranks()[1] > 1:
        return _shared(clips, predictor, args)
    done = Summary()
    interrupted, broken = False, None
    begin = time.perf_counter()
    with (
        _Stop() as stop,  # outermost: it also guards the writing of the files
        Journal(partial, settings(args, predictor), args.resume) as journal,
        PredictionWriter(args.out / "results.json") as results,
        frames_bar() as progress,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", SimVTRWarning)  # the reader's problems are printed below, in one line each
        try:
            for clip in clips:
                _segment(clip, predictor, args, journal, results, progress, stop, done)
        except (KeyboardInterrupt, DataError) as error:
            if not done.frames:
                journal.path.unlink()
                raise
            interrupted, broken = isinstance(error, KeyboardInterrupt), error
    if not broken:
        journal.path.unlink()
    done.seconds = time.perf_counter() - begin
    for problem in done.problems:
        print(f"simvtr segment: warning: {problem}", file=sys.stderr)
    done.files.insert(0, args.out / "results.json")
    print(done.text(args.threshold, predictor.model_seconds))
    if args.weights == "simvtr-tiny":
        print("note: simvtr-tiny knows eight synthetic shapes, not natural video; train it on yours", file=sys.stderr)
    if interrupted:
        kept = many(done.frames, "frame")
        print(f"simvtr segment: interrupted, the files hold {kept}; --resume goes on from there", file=sys.stderr)
    elif broken:
        raise DataError(f"{broken} The files hold {many(done.frames, 'frame')} before it.")
    return 130 if interrupted else 0


def _shared(clips: list[Clip], predictor: "Predictor", args: argparse.Namespace) -> int:
    """This rank's share of the videos; exceptions leave what is whole, for the same command to go on from."""
    from simvtr.cli.progress import frames_bar
    from simvtr.errors import SimVTRWarning
    from simvtr.inference.journal import Journal
    from simvtr.schema import PredictionWriter

    (rank, count), known, done, begin = ranks(), settings(args, predictor), Summary(), time.perf_counter()
    with _Stop() as stop, frames_bar() as progress, warnings.catch_warnings():
        warnings.simplefilter("ignore", SimVTRWarning)
        progress.disable = rank > 0  # two bars would write over each other

        def segment(clip: Clip, part: Path) -> None:
            with (
                Journal(part.with_suffix(".partial.jsonl"), known, resume=True) as journal,
                PredictionWriter(part) as results,
            ):
                _segment(clip, predictor, args, journal, results, progress, stop, done)
            journal.path.unlink()

        share(clips, parts_of(args.out, known), args.out / "results.json", segment, stop.check)
    done.seconds = time.perf_counter() - begin
    for problem in done.problems:
        print(f"simvtr segment: warning: {problem}", file=sys.stderr)
    if rank == 0:
        done.files.insert(0, args.out / "results.json")
    print(f"rank {rank} of {count}: {done.text(args.threshold, predictor.model_seconds)}", flush=True)
    return 0


def _segment(
    clip: Clip,
    predictor: "Predictor",
    args: argparse.Namespace,
    journal: "Journal",
    results: "PredictionWriter",
    progress: "Progress",
    stop: "_Stop",
    done: "Summary",
) -> None:
    """One video, start to end. Left early, by Ctrl-C, a broken image or an overlay that cannot be written, it writes
    the tracks it has and passes that on.
    """
    from simvtr.errors import DataError
    from simvtr.inference import TrackBuilder
    from simvtr.inference.overlay import OverlayWriter

    reader = clip.open()
    whole = journal.reached(clip.id)[0] is None  # by an earlier run, its overlay too
    task = progress.add_task(clip.name, total=reader.length, rate="–")
    builder, drawn = TrackBuilder(journal.masks), set()
    draws = (clip.video is not None or clip.images is not None) and not whole
    size = (reader.width, reader.height)
    stopped: BaseException | None = None
    promised = 0  # a video that was read to its end is as long as what decoded
    begin, known = time.perf_counter(), journal.reached(clip.id)[0] or 0
    try:
        with (
            OverlayWriter(size, reader.fps, video=clip.video, images=clip.images) if draws else nullcontext()
        ) as overlay:
            try:
                earlier = zip(repeat(None), journal.replay(clip.id), strict=False)
                for frame, result in earlier if whole else _found(clip, reader, predictor, journal, stop, draws):
                    visible = [track for track in result.tracks if track.score >= args.threshold]
                    if overlay is not None and frame is not None:
                        overlay.add(frame, visible)
                    builder.add(result)
                    drawn.update(track.identity for track in visible)
                    done.frames += 1
                    done.again += whole or result.index < known
                    progress.update(task, advance=1, rate=f"{builder.frames / (time.perf_counter() - begin):.1f}")
                    stop.check()
            except (KeyboardInterrupt, DataError) as error:
                stopped, promised = error, reader.length or 0
    except (KeyboardInterrupt, DataError) as error:  # the overlay cannot be finished, and the tracks are worth more
        stopped = stopped or error
    if not stopped and not whole:
        journal.mark(clip.id, None, None)
    config = predictor.model.config
    names = dict(zip(config.category_ids, config.category_names, strict=True))
    for track in builder.each(clip.length or max(promised, builder.frames)):
        results.add(clip.id, track)
        if track.identity in drawn:
            done.objects[names[track.category_id]] += 1
    done.videos += bool(builder.frames)
    done.problems += reader.problems
    done.files += [path for path in (clip.video, clip.images) if path and path.exists() and builder.frames]
    if stopped:
        raise stopped


def _found(
    clip: Clip, reader: "FrameReader", predictor: "Predictor", journal: "Journal", stop: "_Stop", draws: bool
) -> Iterator[tuple["np.ndarray | None", "FrameResult"]]:
    """Every frame, None when nothing is drawn, with its result, which the journal has; what it has already comes from
    there.

    The frames of a window wait in memory for its results; when the window is the whole video they are read again.
    """
    from simvtr.errors import DataError
    from simvtr.inference import LinkIdentity
    from simvtr.inference.journal import APART

    if predictor.window == "all":
        again = iter(clip.open()) if draws else repeat(None)
        for result in predictor.stream(stop.watch(reader), overlap=True):
            journal.add(clip.id, result)
            yield next(again), result
        return
    marked, state = journal.reached(clip.id)
    start = marked = marked or 0
    frames = iter(stop.watch(reader))
    for result in journal.replay(clip.id):
        if (frame := next(frames, None)) is None:
            raise DataError(
                f"{clip.name}: must have the {marked} frames it had when it was interrupted, got {result.index}. "
                "Leave --resume out to start anew."
            )
        yield frame if draws else None, result
    waiting: deque[np.ndarray | None] = deque()

    def noted() -> Iterator["np.ndarray"]:
        for frame in frames:
            waiting.append(frame if draws else None)
            yield frame

    identity = predictor.namer()
    if state is not None:
        identity = LinkIdentity.restored(state)
    for result in predictor.stream(noted(), start, identity, overlap=True):
        journal.add(clip.id, result)
        yield waiting.popleft(), result
        after = result.index + 1
        if after - marked >= APART and (after - start) % predictor.window == 0:
            journal.mark(clip.id, after, identity.state() if isinstance(identity, LinkIdentity) else None)
            marked = after


class _Stop:
    """Ctrl-C asks for a stop between two frames, so that files can be finished; a second one stops at once."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> "_Stop":
        self._ours = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler  # ignored or taken: not ours to change
        )
        if self._ours:
            signal.signal(signal.SIGINT, self._ask)
        return self

    def _ask(self, number: int, stack: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def check(self) -> None:
        """Raise KeyboardInterrupt if a stop was asked for."""
        if self.asked:
            raise KeyboardInterrupt

    def watch(self, frames: Iterable["np.ndarray"]) -> Iterator["np.ndarray"]:
        """The same frames, until a stop is asked for."""
        for frame in frames:
            self.check()
            yield frame

    def __exit__(self, *_: object) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _unwritable(args: argparse.Namespace) -> str | None:
    """Why results cannot be written to the folder --out, which is made; None when they can."""
    folder: Path = args.out
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".part"):
            pass
    except OSError as error:
        return f"--out {folder} must be a folder that can be written, got: {error.strerror}"
    alone = (len(args.source) == 1 and args.images is None) or pictures(args.source)
    files, folders = ["results.json"], ["frames"] if args.png else []
    if alone:
        files += [] if args.overlay is False else ["overlay.mp4"]
    else:
        folders += ["overlays"] if args.overlay else []
    for path in (folder / name for name in files):
        if path.is_dir():
            return f"{path} must be a file or nothing yet, got a folder. Take it away, or choose another --out."
    for path in (folder / name for name in folders):
        if path.exists() and not path.is_dir():
            return f"{path} must be a folder or nothing yet, got a file. Take it away, or choose another --out."
    return None
