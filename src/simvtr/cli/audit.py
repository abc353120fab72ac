"""Show on one page what a score survives: attacks on the results, findings, error types, every track over time."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simvtr.cli.steps import steps_bar

if TYPE_CHECKING:
    from simvtr.auditing.audit import Audit, Timeline
    from simvtr.report import FramePair
    from simvtr.schema import Predictions, Truth

PICTURED, FRAMES = 6, 24  # videos with pictures, frames of each: a page of about 1 MB
PAGE = Path("audit.html")
SAMPLES = 1000  # draws of the videos


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("truth", type=Path, help="annotations (YouTube-VIS JSON, plain or .gz)")
    parser.add_argument("results", type=Path, nargs="?", help="results (JSON, .gz, or the ZIP a server takes)")
    parser.add_argument("other", type=Path, nargs="?", help="results of a second system, compared with the first")
    parser.add_argument("-o", "--out", type=Path, help="the page (default: audit.html; a sweep's folder: sweep)")
    # nargs: without a name the message is ours, and names what is missing
    parser.add_argument(
        "--json", type=Path, nargs="?", const=Path(), metavar="FILE", help="write everything as JSON to this file, too"
    )
    parser.add_argument("--images", type=Path, help="folder of the frames: the page gets pictures of some videos")
    parser.add_argument("--videos", metavar="ID,ID", help="with --images: which (default: the six with most errors)")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (default: 0)")
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    sweep = parser.add_argument_group("the frame sweep: run a model at several windows, and score every reading")
    sweep.add_argument("--sweep", metavar="WEIGHTS", help="packaged name or folder; needs --images and no results")
    sweep.add_argument("--windows", default="1,2,4,8,16,all", help="frames a forward (default: 1,2,4,8,16,all)")
    sweep.add_argument("--max-videos", type=int, help="only the first so many videos")


def run(args: argparse.Namespace) -> int:
    """Audit one system, hold two against each other, or sweep a model. Returns 0, or 2 where options do not fit."""
    wrong = _contradiction(args)
    if wrong:
        print(f"simvtr audit: {wrong}", file=sys.stderr)
        return 2
    if args.sweep:
        from simvtr.cli.sweep import run_sweep

        args.out = args.out or Path("sweep")
        return run_sweep(args)
    from simvtr.cli.evaluate import warn_of_equal
    from simvtr.errors import DataError
    from simvtr.evaluation.scorecard import Versus
    from simvtr.report import write_audit
    from simvtr.schema import read_predictions, read_truth
    from simvtr.schema.writer import atomic

    page = args.out or PAGE
    if folder := next((path for path in (page, args.json) if path and path.is_dir()), None):
        raise DataError(f"{folder} must be a file or nothing yet, got a folder. Give --out and --json names of files.")
    for path in (page, args.json or page):
        path.parent.mkdir(parents=True, exist_ok=True)  # before minutes of work, not after them
    truth = read_truth(args.truth)
    found = read_predictions(args.results, truth, strict=False)
    other = read_predictions(args.other, truth, strict=False) if args.other else None
    wanted = _wanted(args, truth)
    if other is not None:
        warn_of_equal(found, other)
    if args.images and not args.images.is_dir():
        raise DataError(f"--images: {args.images} must be the folder of the frames, and is no folder.")
    first = _audited(args, truth, found)
    more: dict[str, Any] = {}
    said, document = [first.table()], first.to_json()
    if other is not None:
        names = _names(args)
        first = replace(first, results_name=names[0])
        second = replace(_audited(args, truth, other), results_name=names[1])
        more = {"other": second, **_paired(truth, found, other, args.seed)}
        versus = Versus(*names, more["differences"], more["by_video"], SAMPLES)
        said.append(f"TWO SYSTEMS, strict; what is missing counts as missing\n{versus.table()}")
        parts = {"other": json.loads(second.to_json()), "versus": json.loads(versus.to_json())}
        document = json.dumps({**json.loads(first.to_json()), **parts}, indent=2)
    frames = pictures(truth, found, first, args.images, _chosen(first, wanted)) if args.images else None
    write_audit(page, first, frames=frames, **more)
    if args.json:
        with atomic(args.json) as file:
            file.write(document.encode())
    print("\n\n\n".join(said))
    print(f"\npage  {page}   <- open this one in a browser")
    return 0


def _contradiction(args: argparse.Namespace) -> str | None:
    if args.json == Path():
        return "--json takes the name of the file to write, as in: --json audit.json"
    if args.sweep:
        if args.results or not args.images:
            return "--sweep takes the truth and --images, and no results: the model makes them"
        return None
    if not args.results:
        taken = f" (--json takes the name of the file to write, and took {args.json})" if args.json else ""
        return f"results are missing: simvtr audit TRUTH RESULTS, or --sweep WEIGHTS{taken}"
    if args.videos and not args.images:
        return "--videos says of which videos there are pictures: give --images, too"
    if args.videos and not all(part.strip().removeprefix("-").isdecimal() for part in args.videos.split(",")):
        return f"--videos must be ids with commas between them, got {args.videos!r}"
    inputs = [path.resolve() for path in (args.truth, args.results, args.other) if path]
    written = [path.resolve() for path in (args.out or PAGE, args.json) if path]
    twice = next((path for i, path in enumerate(written) if path in (*inputs, *written[:i])), None)
    if twice:
        return f"{twice.name} would be overwritten: give --out and --json names of their own"
    if args.seed < 0:
        return f"--seed must be at least 0, got {args.seed}"
    if args.workers is not None and args.workers < 1:
        return f"--workers must be at least 1, got {args.workers}"
    return None


def _audited(args: argparse.Namespace, truth: "Truth", found: "Predictions") -> "Audit":
    from simvtr.auditing.run import audit

    with steps_bar() as bar:
        progress = bar.of(f"attacks on {found.path.name}")
        return audit(truth, found, samples=SAMPLES, seed=args.seed, workers=args.workers, progress=progress)


def _names(args: argparse.Namespace) -> tuple[str, str]:
    """What the two files are called: whole paths where their names are the same."""
    one, two = args.results, args.other
    return (str(one), str(two)) if one.name == two.name else (one.name, two.name)


def _paired(truth: "Truth", first: "Predictions", second: "Predictions", seed: int) -> dict[str, Any]:
    """Differences of two systems under the strict rules, what is missing counting as missing."""
    from simvtr.auditing.reading import without_breaches
    from simvtr.evaluation import evaluate
    from simvtr.evaluation.bootstrap import compare, per_video

    one, two = (evaluate(truth, without_breaches(truth, found.tracks)) for found in (first, second))
    return {"differences": compare(one, two, SAMPLES, seed), "by_video": per_video(one, two)}


def _wanted(args: argparse.Namespace, truth: "Truth") -> list[int]:
    """The ids of --videos, each once; none without it."""
    from simvtr.errors import DataError

    wanted = [int(part) for part in args.videos.split(",")] if args.videos else []
    unknown = [video for video in wanted if video not in truth.videos]
    if unknown:
        raise DataError(f"--videos: ids must be of videos in {args.truth.name}, which has no {unknown[0]}.")
    return list(dict.fromkeys(wanted))


def _chosen(audit: "Audit", wanted: list[int]) -> "list[Timeline]":
    """The videos whose pictures the page shows: those asked for, else those with most errors."""
    if not wanted:
        return sorted(audit.timelines, key=lambda t: -(t.missed + t.false + t.switches))[:PICTURED]
    by_id = {timeline.video_id: timeline for timeline in audit.timelines}
    return [by_id[video] for video in wanted]


def pictures(
    truth: "Truth", found: "Predictions", audit: "Audit", images: Path, chosen: "Sequence[Timeline]"
) -> "dict[int, list[FramePair]]":
    """Frames of the chosen videos, each with the masks of the truth and of the results.

    Tracks that are partners have one colour; found tracks below their category's threshold of score are left out.
    """
    from simvtr.auditing.reading import without_breaches
    from simvtr.errors import DataError
    from simvtr.report.pictures import frame_pair, read_picture
    from simvtr.schema.source import image_path

    least = {row["id"]: row["threshold"] for row in audit.identity["categories"]}
    shown = {timeline.video_id: found.tracks[timeline.video_id] for timeline in chosen}
    whole = without_breaches(truth, shown)  # what the timelines count by
    made: dict[int, list[FramePair]] = {}
    for timeline in chosen:
        video = truth.videos[timeline.video_id]
        tracks = whole[video.id]
        true = {track.id: track for track in truth.tracks[video.id]}
        colours = [(true[bar.track].segmentations, at) for at, bar in enumerate(timeline.true)]
        drawn = [
            (tracks[bar.track].segmentations, bar.partner)
            for bar in timeline.found
            if bar.score is not None and bar.score >= (least[tracks[bar.track].category_id] or 0)
        ]
        step = max(1, -(-video.length // FRAMES))
        for index in range(0, video.length, step):
            where = f"{truth.path.name}, video {video.id}, frame {index}"
            if index >= len(video.file_names):
                raise DataError(
                    f"{where}: file_names must list every frame, there are {len(video.file_names)}. Add the others."
                )
            path = image_path(images, video.file_names[index], where)
            frame = read_picture(path, (video.height, video.width), where)
            pairs = [[(masks[index], number) for masks, number in side] for side in (colours, drawn)]
            made.setdefault(video.id, []).append(frame_pair(index, frame, *pairs))
    return made
