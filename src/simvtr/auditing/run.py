"""`audit`: truth and results in, everything the page shows out.

results -> read (honest) -> attacks, probes -> Rows -> Pair -> findings, verdict
        -> linter, intervals, error types, oracle ladder, groups, timelines
                            (jobs, over several processes)
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

from simvtr.auditing.attacks import ATTACKS, unpacked
from simvtr.auditing.audit import Audit, Row
from simvtr.auditing.cache import OverlapCache
from simvtr.auditing.findings import findings, verdict
from simvtr.auditing.linter import lint
from simvtr.auditing.matrix import Matrix
from simvtr.auditing.pair import Pair
from simvtr.auditing.processes import done
from simvtr.auditing.reading import Reading, read
from simvtr.auditing.timelines import timelines
from simvtr.errors import DataError
from simvtr.evaluation.bootstrap import intervals
from simvtr.evaluation.dialects import require_known_videos, require_read, require_strict
from simvtr.evaluation.errors import error_types
from simvtr.evaluation.groups import by_groups, occlusion_of
from simvtr.evaluation.ladder import oracle_ladder
from simvtr.evaluation.result import Result
from simvtr.schema import Predictions, Track, Truth
from simvtr.schema.source import in_bulk

CONFIDENCE = 0.95


@in_bulk()
def audit(
    truth: Truth,
    found: Predictions | Mapping[int, Sequence[Track]],
    *,
    samples: int = 1000,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Audit:
    """What a score of these results sees, what it is blind to: `.table()`, `.findings`, `.to_json()`.

    `simvtr.audit` is the same with `.to_html(path)`.

    Args:
        truth: what is in the videos, read strictly.
        found: results, read leniently from a file or as {video id: tracks}. What strict refuses is counted as missing
            in all but the reference's figures, and said.
        samples: draws of the videos for the intervals; 0 leaves them out.
        seed: of everything random.
        workers: processes; None: one a core.
        progress: is told how many of the attacks are done, and how many there are.
    Raises: DataError when nothing can be scored, the results are of unknown videos, or the truth is not in order.

    >>> from pathlib import Path
    >>> import numpy as np
    >>> from simvtr.rle import encode
    >>> from simvtr.schema import Category, TruthTrack, Video
    >>> mask = encode(np.ones((4, 4), bool))
    >>> fish = TruthTrack(1, 1, 1, (mask,) * 4, (16.0,) * 4, ((0, 0, 4, 4),) * 4)
    >>> truth = Truth({1: Video(1, 4, 4, length=4)}, {1: [fish]}, {1: Category(1, "fish")}, Path("truth.json"))
    >>> made = audit(truth, {1: [Track(1, 0.9, (mask,) * 4)]}, workers=1)
    >>> row = next(row for row in made.rows if row.slug == "first-1-short")
    >>> round(row.values["ytvos.AP"], 6), row.values["strict.AP"], row.refused
    (1.0, 0.0, True)
    """
    require_read("audit", truth, found)
    began = time.monotonic()
    name = found.path.name if isinstance(found, Predictions) else "results"
    by_video = found.tracks if isinstance(found, Predictions) else found
    require_known_videos(truth, by_video, name)
    require_strict(truth, {}, name)  # the truth itself: no reading of the results mends it
    if not any(truth.tracks.values()) or not any(by_video.values()):
        raise DataError(
            f"{name}: there must be at least one true and one found track, got none. Nothing can be audited."
        )
    single = unpacked(found)
    cache = OverlapCache(truth)
    cache.learn(single)
    occlusion = occlusion_of(truth)
    honest = read(truth, single, cache, occlusion)
    # packed masks are compared faster; strict accepts them as they are, or gets what is missing as missing
    whole = by_video if honest.refusal is None else honest.whole
    matrix = Matrix(truth, single, cache, occlusion, honest.identity, seed)
    jobs = matrix.attacks() | {
        "probes": matrix.probed,
        "remarks": lambda: lint(truth, found),
        "intervals": lambda: _intervals(honest, samples, seed) if samples else {},
        "errors": lambda: error_types(truth, whole).as_dict(),
        "ladder": lambda: [{**step.as_dict(), "says": SAYS[step.name]} for step in oracle_ladder(truth, whole)],
        "groups": lambda: [group.as_dict() for group in by_groups(truth, honest.strict)],
        "timelines": lambda: timelines(truth, honest.whole, honest.strict, honest.identity, cache),
    }
    made = _made({name: jobs[name] for name in (*LONG, *(jobs.keys() - set(LONG)))}, workers, progress)
    rows = {attack.slug: made[attack.slug] for attack in ATTACKS}
    row = Row("honest", "as they came", "honest", "The results themselves.", False, honest.values, bool(honest.refusal))
    probes, remarks, spans = made["probes"], made["remarks"], made["intervals"]
    pair = Pair(
        row, rows, {probe.slug: probe for probe in probes}, remarks, made["errors"], made["ladder"], spans.get("AP")
    )
    return Audit(
        truth_name=truth.path.name,
        results_name=name,
        videos=len(truth.videos),
        true_tracks=sum(map(len, truth.tracks.values())),
        found_tracks=sum(map(len, by_video.values())),
        verdict=verdict(pair),
        refusal=honest.refusal,
        ytvos=honest.ytvos.stats,
        strict=honest.strict.stats,
        intervals=spans,
        identity=honest.identity.as_dict(),
        remarks=remarks,
        honest=row,
        rows=tuple(rows.values()),
        probes=probes,
        findings=findings(pair),
        errors=made["errors"],
        ladder=tuple(made["ladder"]),
        groups=tuple(made["groups"]),
        categories=tuple(honest.strict.as_dict()["categories"]),
        timelines=tuple(made["timelines"]),
        seconds=time.monotonic() - began,
        seed=seed,
    )


LONG = ("dilated", "eroded", "shifted", "ladder", "probes", "all-categories", "shuffled", "errors")  # these come first


def _made(
    jobs: Mapping[str, Callable[[], Any]], workers: int | None, progress: Callable[[int, int], None] | None
) -> dict[str, Any]:
    """What each job makes; progress is told of the attacks alone."""
    slugs = {attack.slug for attack in ATTACKS}
    made: dict[str, Any] = {}
    with closing(done(jobs, workers)) as results:
        for name, result in results:
            made[name] = result
            if progress is not None and name in slugs:
                progress(len(slugs & made.keys()), len(slugs))
    return made


SAYS = {
    "as found": "the results themselves",
    "identities": "every mask follows its true track",
    "classes": "and has its category",
    "masks": "and its outline",
    "false tracks": "and nothing else is claimed",
}


def _intervals(honest: Reading, samples: int, seed: int) -> dict[str, dict[str, float]]:
    strict = _spans(honest.strict, samples, seed)
    ytvos = strict if honest.ytvos is honest.strict else _spans(honest.ytvos, samples, seed)
    return strict | {f"ytvos.{name}": span for name, span in ytvos.items()}


def _spans(result: Result, samples: int, seed: int) -> dict[str, dict[str, float]]:
    return {
        name: {"low": interval.low, "high": interval.high, "confidence": CONFIDENCE}
        for name, interval in intervals(result, samples, seed, CONFIDENCE).items()
        if interval.low >= 0  # defined
    }
