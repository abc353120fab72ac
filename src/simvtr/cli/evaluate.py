"""Score results against YouTube-VIS / OVIS ground truth: AP, AR, per category. Needs no torch."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("truth", type=Path, help="annotations (YouTube-VIS JSON)")
    parser.add_argument("results", type=Path, help="results (JSON, or the ZIP a server takes)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, fractions at full precision")
    parser.add_argument(
        "--dialect",
        choices=("strict", "ytvos"),
        default="strict",
        help="strict (default) refuses short lists and wrong sizes; ytvos scores them as youtubevos/cocoapi does",
    )
    parser.add_argument(
        "--class-agnostic", action="store_true", help="treat all categories as one: masks and identities alone"
    )


def run(args: argparse.Namespace) -> int:
    from simvtr.errors import DataError
    from simvtr.evaluation import evaluate
    from simvtr.schema import read_predictions, read_truth

    truth = read_truth(args.truth, strict=args.dialect == "strict")
    if not any(truth.tracks.values()):
        raise DataError(f"{args.truth.name}: there must be at least one true track, got none: nothing can be scored.")
    # Read leniently in both dialects: `evaluate` is as strict, and knows what the reference would have made of it.
    found = read_predictions(args.results, truth, strict=False)
    if not any(found.tracks.values()):
        raise DataError(f"{args.results.name}: there must be at least one track, got an empty list.")
    result = evaluate(truth, found, dialect=args.dialect, class_agnostic=args.class_agnostic)
    print(result.to_json() if args.json else result.table())
    return 0
