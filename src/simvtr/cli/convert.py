"""Annotations and results of other tools to ours and back. Needs no torch."""

import argparse
import sys
import time
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    annotations = what.add_parser(
        "annotations",
        help="DAVIS or MOTS PNGs, CVAT, labelme, COCO, YouTube-VIS: any to YouTube-VIS, DAVIS, COCO or CVAT",
        description="Convert annotations. What the target cannot hold is said on stderr.",
    )
    annotations.add_argument("input", type=Path, help="file, folder or ZIP")
    annotations.add_argument("-o", "--out", type=Path, required=True, help="X.json, X.xml, or a new folder")
    annotations.add_argument("--from", dest="source", metavar="FORMAT", help="default: as the files look")
    annotations.add_argument("--to", dest="target", metavar="FORMAT", help="default: as OUT is called")
    annotations.add_argument("--images", type=Path, metavar="DIR", help="folder of the frames: their names are taken")
    annotations.add_argument(
        "--categories", type=_categories, default={}, metavar="1=dog,2=cat", help="of objects whose format has none"
    )
    annotations.set_defaults(convert=_annotations)


def _categories(text: str) -> dict[int, str]:
    """Reads "1=dog,2=cat"."""
    pairs = [part.partition("=") for part in text.split(",")]
    try:
        return {int(number): name.strip() for number, _, name in pairs if name.strip() or _refuse(number)}
    except ValueError:
        raise argparse.ArgumentTypeError(f"must look like 1=dog,2=cat, got {text!r}") from None


def _refuse(number: str) -> bool:
    raise ValueError(number)


def run(args: argparse.Namespace) -> int:
    return args.convert(args)


def _annotations(args: argparse.Namespace) -> int:
    from simvtr.cli.progress import frames_bar
    from simvtr.formats import Format, Work, named, read_annotations, write_annotations

    formats = [str(kind) for kind in Format]
    for name in (args.source, args.target):
        if name is not None and name not in formats:
            print(f"simvtr convert: a format must be one of {', '.join(formats)}, got {name!r}", file=sys.stderr)
            return 2
    source, target = (None if name is None else Format(name) for name in (args.source, args.target))
    work = Work(images=args.images, categories=args.categories)
    named(args.out) if target is None else None  # a name that says nothing is told before the work
    with frames_bar() as bar:
        for step in ("reading", "writing"):
            task, start = bar.add_task(step, total=None, rate="–", visible=False), time.perf_counter()

            def progress(done: int, total: int, task=task, start=start) -> None:
                rate = f"{done / max(time.perf_counter() - start, 1e-9):.0f}"
                bar.update(task, completed=done, total=total, rate=rate, visible=True)

            work.progress = progress
            if step == "reading":
                truth = read_annotations(args.input, work, source)
            else:
                write_annotations(truth, args.out, work, target)
    for note in work.notes:
        print(f"simvtr convert: note: {note}", file=sys.stderr)
    tracks = sum(map(len, truth.tracks.values()))
    frames = sum(video.length for video in truth.videos.values())
    print(f"{args.out}: {len(truth.videos)} videos, {tracks} tracks, {frames} frames")
    return 0
