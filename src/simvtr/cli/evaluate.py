"""Score results against YouTube-VIS / OVIS ground truth: AP, AR, per category, and what AP does not show. No torch."""

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from simvtr.cli.steps import StepsBar, steps_bar

if TYPE_CHECKING:
    from simvtr.evaluation import Result
    from simvtr.evaluation.scorecard import Scorecard, Versus
    from simvtr.schema import Predictions, Truth

SAMPLES = 1000  # draws of videos when two systems are compared


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("truth", type=Path, help="annotations (YouTube-VIS JSON, plain or .gz)")
    parser.add_argument("results", type=Path, help="results (JSON, .gz, or the ZIP a server takes)")
    parser.add_argument("other", type=Path, nargs="?", help="results of a second system: compares the two, paired")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object, fractions at full precision")
    form.add_argument("--csv", action="store_true", help="print one line a figure, fractions at full precision")
    parser.add_argument(
        "--dialect",
        choices=("strict", "ytvos"),
        default="strict",
        help="strict (default) refuses short lists and wrong sizes; ytvos scores them as youtubevos/cocoapi does",
    )
    parser.add_argument(
        "--class-agnostic", action="store_true", help="treat all categories as one: masks and identities alone"
    )
    parser.add_argument("--groups", action="store_true", help="figures by occlusion, length and number of tracks")
    parser.add_argument("--identity", action="store_true", help="HOTA, IDF1, identity switches, fragments")
    parser.add_argument(
        "--score",
        type=float,
        metavar="S",
        help="with --identity: tracks of a lesser score do not count (default: the best per category)",
    )
    parser.add_argument("--errors", action="store_true", help="where the points are lost: error types, oracle ladder")
    parser.add_argument("--bootstrap", type=int, default=0, metavar="N", help="95 %% intervals from N draws of videos")
    parser.add_argument("--seed", type=int, default=0, help="of the draws (default: 0)")


def run(args: argparse.Namespace) -> int:
    """Score one system, or compare two. Returns 0, or 2 where options do not go together."""
    from simvtr.errors import DataError
    from simvtr.schema import read_truth

    wrong = _contradiction(args)
    if wrong:
        print(f"simvtr eval: {wrong}", file=sys.stderr)
        return 2
    truth = read_truth(args.truth, strict=args.dialect == "strict")
    if not any(truth.tracks.values()):
        raise DataError(f"{args.truth.name}: there must be at least one true track, got none: nothing can be scored.")
    print(_compared(args, truth) if args.other else _scored(args, truth))
    return 0


def _contradiction(args: argparse.Namespace) -> str | None:
    details = args.groups or args.identity or args.errors
    if args.bootstrap < 0:
        return f"--bootstrap must be a number of draws, at least 1, got {args.bootstrap}"
    if args.other and details:
        return "--groups, --identity and --errors are of one system: leave them out, or the second file"
    if args.dialect != "strict" and (args.identity or args.errors):
        return "--identity and --errors need whole lists: leave --dialect ytvos out"
    if args.class_agnostic and (details or args.other):
        return "--class-agnostic goes with the plain figures of one system only"
    if args.score is not None and not (args.identity and math.isfinite(args.score)):
        return "--score must be a number and goes with --identity"
    return None


def _scored(args: argparse.Namespace, truth: "Truth") -> str:
    from simvtr.evaluation.bootstrap import intervals
    from simvtr.evaluation.errors import error_types
    from simvtr.evaluation.groups import by_groups
    from simvtr.evaluation.identity import identity
    from simvtr.evaluation.ladder import oracle_ladder
    from simvtr.evaluation.scorecard import Scorecard

    found = _read(args.results, truth)
    with steps_bar() as bar:
        result = _evaluated(args, truth, found, bar)
        card = Scorecard(
            result,
            intervals=intervals(result, args.bootstrap, args.seed) if args.bootstrap else {},
            groups=by_groups(truth, result) if args.groups else (),
            identity=identity(truth, found, threshold=args.score, progress=bar.of("identities"))
            if args.identity
            else None,
            errors=error_types(truth, found) if args.errors else None,
            ladder=oracle_ladder(truth, found) if args.errors else (),
        )
    return _in_form(args, card)


def _compared(args: argparse.Namespace, truth: "Truth") -> str:
    from simvtr.evaluation.bootstrap import compare, per_video
    from simvtr.evaluation.scorecard import Versus

    samples = args.bootstrap or SAMPLES
    with steps_bar() as bar:
        first, second = (_evaluated(args, truth, _read(path, truth), bar) for path in (args.results, args.other))
        differences = compare(first, second, samples, args.seed)
    names = (args.results.name, args.other.name)
    if names[0] == names[1]:
        names = (str(args.results), str(args.other))
    return _in_form(args, Versus(*names, differences, per_video(first, second), samples))


def _read(path: Path, truth: "Truth") -> "Predictions":
    from simvtr.errors import DataError
    from simvtr.schema import read_predictions

    # Read leniently in both dialects: `evaluate` is as strict, and knows what the reference would have made of it.
    found = read_predictions(path, truth, strict=False)
    if not any(found.tracks.values()):
        raise DataError(f"{path.name}: there must be at least one track, got an empty list.")
    return found


def _evaluated(args: argparse.Namespace, truth: "Truth", found: "Predictions", bar: "StepsBar") -> "Result":
    from simvtr.evaluation import evaluate

    return evaluate(
        truth, found, args.dialect, class_agnostic=args.class_agnostic, progress=bar.of(f"scoring {found.path.name}")
    )


def _in_form(args: argparse.Namespace, card: "Scorecard | Versus") -> str:
    return card.to_json() if args.json else card.to_csv() if args.csv else card.table()
