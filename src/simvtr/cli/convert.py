"""Annotations and results of other tools to ours and back; weights of others to ours. Only the last needs torch."""

import argparse
import sys
from pathlib import Path

from simvtr.cli import convert_weights
from simvtr.cli.steps import steps_bar


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "simvtr convert annotations IN -o OUT [--from FORMAT] [--to FORMAT] [--images DIR] [--categories 1=dog,2=cat] "
        "[--like TRUTH]; simvtr convert results IN --truth TRUTH -o OUT [--to FORMAT] [--score S]; "
        "simvtr convert weights IN.pth -o DIR [--to simvtr-r50] [--frames T]"
    )
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    annotations = what.add_parser(
        "annotations",
        help="DAVIS, MOTS, CVAT, labelme, COCO, YouTube-VIS to YouTube-VIS, COCO, CVAT, DAVIS",
        description="Convert annotations. What the target cannot hold is said on stderr (docs/formats.md).",
    )
    annotations.add_argument("input", type=Path, help="file, folder or ZIP")
    annotations.add_argument("-o", "--out", type=Path, required=True, help="X.json, X.xml (CVAT), new folder (DAVIS)")
    annotations.add_argument(
        "--from",
        dest="source",
        metavar="FORMAT",
        help="youtube-vis, coco, cvat, davis, labelme, mots (default: as it looks)",
    )
    annotations.add_argument(
        "--to", dest="target", metavar="FORMAT", help="youtube-vis, coco, cvat, davis (default: as OUT is called)"
    )
    annotations.add_argument("--images", type=Path, metavar="DIR", help="folder of the frames: their names are taken")
    annotations.add_argument(
        "--categories", type=_categories, default={}, metavar="1=dog,2=cat", help="of objects in DAVIS or MOTS PNGs"
    )
    annotations.add_argument("--like", type=Path, metavar="TRUTH", help="take ids of videos and categories from there")
    annotations.set_defaults(convert=_annotations)
    results = what.add_parser(
        "results",
        help="results of other systems to the list that servers and `simvtr eval` take, or to annotations",
        description="Set right how results of SAM 3, detectron2 and others differ. Changes are said on stderr.",
    )
    results.add_argument("input", type=Path, help="results (JSON, ZIP or GZ)")
    results.add_argument("--truth", type=Path, required=True, help="the data set that they are for")
    results.add_argument("-o", "--out", type=Path, required=True, help="X.json, X.zip (for a server), X.xml, folder")
    results.add_argument("--to", dest="target", metavar="FORMAT", help="as annotations: coco, cvat, davis, youtube-vis")
    results.add_argument("--score", type=float, metavar="S", help="as annotations: least score (default: 0)")
    results.set_defaults(convert=_results)
    weights = what.add_parser(
        "weights",
        help="a checkpoint of DETR or VisTR to a folder with model.safetensors and config.json",
        description="Convert published weights (docs/lineage.md). What becomes of every tensor is printed.",
    )
    convert_weights.add_arguments(weights)
    weights.set_defaults(convert=convert_weights.run, target=None)


def _categories(text: str) -> dict[int, str]:
    """Reads "1=dog,2=cat"."""
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(number.strip().isdecimal() and name.strip() for number, _, name in pairs):
        raise argparse.ArgumentTypeError(f"must look like 1=dog,2=cat, got {text!r}")
    return {int(number): name.strip() for number, _, name in pairs}


def run(args: argparse.Namespace) -> int:
    from simvtr.errors import DataError
    from simvtr.formats import READ_ONLY, Format, named

    readable = [str(kind) for kind in Format]
    written = [str(kind) for kind in Format if kind not in READ_ONLY]
    for option, name, formats in (("from", getattr(args, "source", None), readable), ("to", args.target, written)):
        if name is not None and name not in formats:
            print(f"simvtr convert: --{option} must be one of {', '.join(formats)}, got {name!r}", file=sys.stderr)
            return 2
    if args.target is None and args.what != "weights":
        try:
            named(args.out)
        except DataError as error:
            print(f"simvtr convert: --out {error}", file=sys.stderr)
            return 2
    for read in (args.input, *(getattr(args, name, None) for name in ("truth", "like", "images"))):
        if read is not None and read.exists() and args.out.exists() and read.samefile(args.out):
            print(f"simvtr convert: --out {args.out} must not be what is read. Name another.", file=sys.stderr)
            return 2
    return args.convert(args)


def _annotations(args: argparse.Namespace) -> int:
    from simvtr.formats import Format, Work, named, read_annotations, with_ids_of, write_annotations
    from simvtr.schema import read_truth

    target = named(args.out) if args.target is None else Format(args.target)  # told before the work
    work = Work(images=args.images, categories=args.categories)
    with steps_bar() as bar:
        work.progress = bar.of("reading")
        truth = read_annotations(args.input, work, None if args.source is None else Format(args.source))
        if args.like is not None:
            truth = with_ids_of(truth, read_truth(args.like))
        work.progress = bar.of("writing")
        write_annotations(truth, args.out, work, target)
    return _said(args.out, work.notes, sum(map(len, truth.tracks.values())), len(truth.videos))


def _results(args: argparse.Namespace) -> int:
    from simvtr.formats import Format, Work, named, write_annotations
    from simvtr.formats.results import as_truth, normalise_results, write_results
    from simvtr.schema import read_truth

    plain = args.target is None and named(args.out) == Format.YOUTUBE_VIS
    target = None if plain else Format(args.target) if args.target else named(args.out)
    if plain and args.score is not None:
        print("simvtr convert: --score belongs to results as annotations: add --to, or leave it out", file=sys.stderr)
        return 2
    work = Work()
    truth = read_truth(args.truth)
    with steps_bar() as bar:
        work.progress = bar.of("reading")
        found = normalise_results(args.input, truth, work)
        tracks = sum(map(len, found.tracks.values()))
        work.progress = bar.of("writing")
        if plain:
            write_results(found, truth, args.out, work.progress)
        else:
            shown = as_truth(found, truth, args.score or 0.0, work)
            tracks = sum(map(len, shown.tracks.values()))
            write_annotations(shown, args.out, work, target)
    return _said(args.out, work.notes, tracks, len(truth.videos))


def _said(out: Path, notes: list[str], tracks: int, videos: int) -> int:
    from simvtr.errors import many

    for note in notes:
        print(f"simvtr convert: note: {note}", file=sys.stderr)
    print(f"{out}: {many(videos, 'video')}, {many(tracks, 'track')}")
    return 0
