"""List every problem of a data set: lengths, ids, masks, boxes, images. Exit code 1 when one is fatal."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("truth", type=Path, help="annotations (YouTube-VIS / OVIS JSON, ZIP or GZ)")
    parser.add_argument(
        "--images", type=Path, metavar="DIR", help="folder of the images: check that they exist and fit"
    )


def run(args: argparse.Namespace) -> int:
    from simvtr.doctor import check
    from simvtr.errors import DataError

    if args.truth.is_dir():
        raise DataError(
            f"{args.truth}: the annotations must be a file (JSON, ZIP or GZ), this is a folder. Name the file in it."
        )
    report = check(args.truth, args.images)
    print(report.table())
    return 1 if report.fatal else 0
