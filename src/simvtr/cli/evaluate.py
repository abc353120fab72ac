"""Score results against YouTube-VIS / OVIS ground truth: AP, AR, per category, and what AP does not show. No torch."""

import argparse
import atexit
import gc
import math
import os
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from simvtr.cli.steps import StepsBar, steps_bar
from simvtr.errors import many

if TYPE_CHECKING:
    from simvtr.evaluation import Result
    from simvtr.evaluation.scorecard import Scorecard, Versus
    from simvtr.schema import Predictions, Truth

SAMPLES = 1000  # draws of videos when two systems are compared
NEARLY_NONE, CLEARLY_MORE, LOOKED_AT = 0.05, 0.3, 8  # AP50 with categories, AP50 without them, videos
MOST_SAMPLES = 100_000  # what fits in memory for a thousand videos; intervals stop moving long before


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("truth", type=Path, help="annotations (YouTube-VIS JSON, plain or .gz)")
    parser.add_argument("results", type=Path, help="results (JSON, .gz, or the ZIP a server takes)")
    parser.add_argument(
        "other", type=Path, nargs="?", help="results of a second system, right after the first: compares the two"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--json", action="store_true", help="print one JSON object: fractions at full precision, -1 where undefined"
    )
    form.add_argument("--csv", action="store_true", help="print one line a figure, as in --json")
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
    parser.add_argument(
        "--bootstrap",
        type=int,
        metavar="N",
        help=f"95 %% intervals from N draws of the videos (comparing two systems: {SAMPLES} unless told)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draws (default: 0)")


def run(args: argparse.Namespace) -> int:
    """Score one system, or compare two. Returns 0, or 2 where options do not go together."""
    # Nothing here multiplies matrices, and NumPy starts sooner without threads for it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from simvtr.errors import DataError
    from simvtr.schema import read_truth

    wrong = _contradiction(args)
    if wrong:
        print(f"simvtr eval: {wrong}", file=sys.stderr)
        return 2
    atexit.register(gc.freeze)  # Python's last search for cycles takes as long as a third of all imports
    truth = read_truth(args.truth, strict=args.dialect == "strict")
    if not any(truth.tracks.values()):
        raise DataError(
            f"{args.truth}: there must be at least one true track, got none: `annotations` is missing or empty, as in"
            " files whose truth is kept back. Score against a file that has it."
        )
    print(_compared(args, truth) if args.other else _scored(args, truth), flush=True)  # so that main sees a broken pipe
    return 0


def _contradiction(args: argparse.Namespace) -> str | None:
    details = args.groups or args.identity or args.errors
    if args.bootstrap is not None and not 1 <= args.bootstrap <= MOST_SAMPLES:
        return f"--bootstrap must be a number of draws from 1 to {MOST_SAMPLES}, got {args.bootstrap}"
    if args.seed < 0:
        return f"--seed must be at least 0, got {args.seed}"
    if args.other and details:
        return "--groups, --identity and --errors are of one system: leave them out, or the second file"
    if args.dialect != "strict" and (args.identity or args.errors):
        return "--identity and --errors need whole lists: leave --dialect ytvos out"
    if args.class_agnostic and details:
        return "--groups, --identity and --errors are by category: leave them out, or --class-agnostic"
    if args.score is not None and not args.identity:
        return "--score goes with --identity: add it, or leave --score out"
    if args.score is not None and not math.isfinite(args.score):
        return f"--score must be a finite number, got {args.score}"
    return None


def _scored(args: argparse.Namespace, truth: "Truth") -> str:
    from simvtr.evaluation.scorecard import Scorecard

    found = _read(args.results, truth)
    _warn_of_none_left(found, args.score)
    with steps_bar() as bar:
        card = Scorecard(_evaluated(args, truth, found, bar))
        note = _other_numbers(args, truth, found, card.result)
        if args.bootstrap:
            from simvtr.evaluation.bootstrap import intervals

            bar.doing("drawing videos")
            card = replace(card, intervals=intervals(card.result, args.bootstrap, args.seed))
        if args.groups:
            from simvtr.evaluation.groups import by_groups

            bar.doing("groups")
            card = replace(card, groups=by_groups(truth, card.result))
        if args.identity:
            from simvtr.evaluation.identities import identity

            counted = bar.of("identities")
            card = replace(card, identity=identity(truth, found, threshold=args.score, progress=counted))
        if args.errors:
            from simvtr.evaluation.errors import error_types
            from simvtr.evaluation.ladder import oracle_ladder

            card = replace(card, errors=error_types(truth, found, progress=bar.of("error types")))
            card = replace(card, ladder=oracle_ladder(truth, found, progress=bar.of("oracle ladder")))
    _say(note)
    return _in_form(args, card)


def _say(note: str | None) -> None:
    if note:
        print(f"simvtr eval: note: {note}", file=sys.stderr)


def _other_numbers(args: argparse.Namespace, truth: "Truth", found: "Predictions", result: "Result") -> str | None:
    """Whether the categories of the results seem to be numbered otherwise than the truth's.

    Asked where hardly anything is right, and of a few videos: all of them would take as long as the score itself.
    """
    if args.class_agnostic or len(truth.categories) < 2 or not 0 <= result.stats["AP50"] < NEARLY_NONE:
        return None
    from simvtr.evaluation.scoring import deciding_overlaps, evaluate

    both = [video for video in truth.videos if truth.tracks[video] and found.tracks[video]][:LOOKED_AT]
    part = replace(truth, videos={v: truth.videos[v] for v in both}, tracks={v: truth.tracks[v] for v in both})
    tracks = {video: found.tracks[video] for video in both}
    blind = evaluate(part, tracks, args.dialect, class_agnostic=True, overlaps=deciding_overlaps).stats["AP50"]
    if blind < CLEARLY_MORE:
        return None
    return (
        f"{found.path.name}: category_id must be the truth's, and may be numbered otherwise: AP50 is "
        f"{100 * result.stats['AP50']:.1f}, without categories {100 * blind:.1f} in {many(len(both), 'video')}. "
        f"Compare them with $.categories of {truth.path.name}."
    )


def _warn_of_none_left(found: "Predictions", least: float | None) -> None:
    from simvtr.errors import SimVTRWarning

    highest = max((track.score for tracks in found.tracks.values() for track in tracks), default=0.0)
    if least is not None and least > highest:
        warnings.warn(
            f"--score {least:g} leaves no track of {found.path.name}: the highest score is {highest:g}",
            SimVTRWarning,
            stacklevel=2,
        )


def warn_of_equal(first: "Predictions", second: "Predictions") -> None:
    from simvtr.errors import SimVTRWarning

    if first.tracks == second.tracks:
        warnings.warn(f"{first.path} and {second.path} are identical: every difference is 0", SimVTRWarning, 2)


def _compared(args: argparse.Namespace, truth: "Truth") -> str:
    from simvtr.evaluation.bootstrap import compare, per_video
    from simvtr.evaluation.scorecard import Versus

    samples = args.bootstrap or SAMPLES
    paths = (args.results, args.other)
    found = [_read(path, truth) for path in paths]  # both before any work: the second may be wrong
    warn_of_equal(*found)
    with steps_bar() as bar:
        first, second = (_evaluated(args, truth, one, bar) for one in found)
        notes = [_other_numbers(args, truth, *pair) for pair in zip(found, (first, second), strict=True)]
        bar.doing("drawing videos")
        card = Versus(
            *(str(path) if paths[0].name == paths[1].name else path.name for path in paths),
            differences=compare(first, second, samples, args.seed),
            videos=per_video(first, second),
            samples=samples,
        )
    for note in notes:
        _say(note)
    return _in_form(args, card)


def _read(path: Path, truth: "Truth") -> "Predictions":
    from simvtr.schema import read_predictions

    # Read leniently in both dialects: `evaluate` is as strict, and knows what the reference would have made of it.
    return read_predictions(path, truth, strict=False)


def _evaluated(args: argparse.Namespace, truth: "Truth", found: "Predictions", bar: "StepsBar") -> "Result":
    from simvtr.evaluation.scoring import deciding_overlaps, evaluate

    return evaluate(
        truth,
        found,
        args.dialect,
        class_agnostic=args.class_agnostic,
        overlaps=deciding_overlaps,  # nothing printed goes by an IoU below the least threshold
        progress=bar.of(f"scoring {found.path.name}"),
    )


def _in_form(args: argparse.Namespace, card: "Scorecard | Versus") -> str:
    return card.to_json() if args.json else card.to_csv() if args.csv else card.table()
