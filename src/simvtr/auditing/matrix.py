"""The sensitivity matrix: results after every attack, scored by every measure, from overlaps computed once.

attack.apply -> refused by strict? -> as they are:               AP by the reference's rules
                                   -> with what is missing null: strict AP, HOTA and its parts, IDF1, occlusion groups
"""

import math
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass, replace

from simvtr.auditing.attacks import ATTACKS, Attack
from simvtr.auditing.audit import MEASURES, Row
from simvtr.auditing.cache import OverlapCache
from simvtr.auditing.frames import Tampered
from simvtr.auditing.probes import How, relinked
from simvtr.errors import DataError
from simvtr.evaluation import evaluate
from simvtr.evaluation.dialects import Found, require_strict
from simvtr.evaluation.groups import TrackOcclusion, occlusion_groups
from simvtr.evaluation.identity import Identity, identity
from simvtr.evaluation.overlap import Masks
from simvtr.evaluation.precision import UNDEFINED
from simvtr.evaluation.result import Result
from simvtr.schema import Track, Truth, TruthTrack

PROBES: dict[How, str] = {
    "overlap": "True masks, linked by nothing but their overlap with the frame before.",
    "slot": "True masks, linked by their place among the frame's objects, from left to right.",
    "class": "True masks, linked by their category alone, at random where a frame has several of one.",
}


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One set of results, scored. `whole` is what the strict reading scores: the results, or with null for missing."""

    refusal: str | None
    whole: Found
    ytvos: Result
    strict: Result
    identity: Identity
    values: dict[str, float | None]  # by the keys of MEASURES


def read(
    truth: Truth,
    found: Found,
    cache: OverlapCache,
    occlusion: TrackOcclusion,
    thresholds: Mapping[int, float | None] | None = None,
) -> Reading:
    """Score results by every measure.

    Args:
        found: results whose masks are single objects (`attacks.unpacked`).
        occlusion: of the truth.
        thresholds: of the identity measures, by category; None: the best for these results.
    """
    refusal = None
    try:
        require_strict(truth, found, "results")
    except DataError as error:
        refusal = str(error)
    whole = found if refusal is None else without_breaches(truth, found)
    strict = evaluate(truth, whole, overlaps=cache.track_ious)
    # On input that strict accepts, the dialects differ on a true track with id 0 alone.
    same = refusal is None and not any(track.id == 0 for tracks in truth.tracks.values() for track in tracks)
    ytvos = strict if same else evaluate(truth, found, "ytvos", overlaps=cache.track_ious)
    kept = identity(truth, whole, threshold=thresholds, overlaps=cache.frame_overlap)
    groups = occlusion_groups(strict, occlusion)
    values = {
        "ytvos.AP": ytvos.stats["AP"],
        **{f"strict.{name}": strict.stats[name] for name in ("AP", "AP50", "AR10")},
        **{name: getattr(kept.class_averaged, name) for name in ("HOTA", "DetA", "AssA", "IDF1")},
        **{key: group.AP for key, group in zip(("AP light", "AP medium", "AP heavy"), groups, strict=True)},
    }
    defined = {key: None if values[key] == UNDEFINED else values[key] for key in MEASURES}
    return Reading(refusal, whole, ytvos, strict, kept, defined)


def without_breaches(truth: Truth, found: Found) -> Tampered:
    """Results that strict accepts: what is missing, or cannot be compared, is null; unlisted categories are left out.

    Lists get their video's length, masks of another size become null. Without a finite score there is no result.
    """
    made: Tampered = {}
    for video, tracks in found.items():
        home = truth.videos[video]
        size, length = (home.height, home.width), home.length

        def whole(masks: Masks, size: tuple[int, int] = size, length: int = length) -> Masks:
            if len(masks) == length and all(mask is None or (mask.height, mask.width) == size for mask in masks):
                return masks
            cut = [mask if mask is not None and (mask.height, mask.width) == size else None for mask in masks[:length]]
            return (*cut, *[None] * (length - len(cut)))

        made[video] = [
            replace(track, segmentations=whole(track.segmentations))
            for track in tracks
            if track.category_id in truth.categories and math.isfinite(track.score)
        ]
    return made


def attacked(
    truth: Truth,
    found: Found,
    cache: OverlapCache,
    occlusion: TrackOcclusion,
    honest: Reading,
    seed: int,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Row, ...]:
    """A row for every attack, in the order of ATTACKS.

    Args:
        found: results whose masks are single objects (`attacks.unpacked`), known to `cache`.
        honest: their own reading. Its thresholds of score hold for all attacks, so that the identity measures show the
            damage alone; only where an attack changes the scores themselves are they chosen anew.
        workers: processes; None: one a core. Where processes cannot be forked safely, this one does all.
    Raises: DataError when one of the processes was ended from outside.
    """
    work = _Work(truth, found, cache, occlusion, honest, seed)
    workers = workers or os.cpu_count() or 1
    rows: dict[str, Row] = {}
    forked = workers > 1 and sys.platform == "linux"
    with closing(_in_processes(work, workers) if forked else (work.row(attack) for attack in ATTACKS)) as made:
        for row in made:
            rows[row.slug] = row
            if progress is not None:
                progress(len(rows), len(ATTACKS))
    return tuple(rows[attack.slug] for attack in ATTACKS)


def probed(truth: Truth, cache: OverlapCache, occlusion: TrackOcclusion) -> tuple[Row, ...]:
    """A row for every way to link the truth's own masks without tracking; a perfect tracker has 1 in all."""
    single = replace(truth, tracks={video: [_single(track) for track in own] for video, own in truth.tracks.items()})
    rows = []
    with cache.briefly():
        for how, says in PROBES.items():
            values = read(truth, relinked(single, how), cache, occlusion).values
            rows.append(Row(f"linked-by-{how}", f"true masks linked by {how}", "probes", says, True, values))
    return tuple(rows)


def _single(track: TruthTrack) -> TruthTrack:
    return replace(track, segmentations=tuple(track.segmentations))


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    truth: Truth
    found: Found
    cache: OverlapCache
    occlusion: TrackOcclusion
    honest: Reading
    seed: int

    @property
    def kept(self) -> dict[int, float]:
        """The honest thresholds; no track that an attack adds counts in a category without found tracks."""
        categories = self.honest.identity.categories
        return {c.id: sys.float_info.max if c.threshold is None else c.threshold for c in categories}

    def row(self, attack: Attack) -> Row:
        tampered = attack.apply(self.found, self.truth, self.seed)
        rescored = not _scores(self.found) <= _scores(tampered)
        with self.cache.briefly():
            reading = read(self.truth, tampered, self.cache, self.occlusion, None if rescored else self.kept)
        return Row(
            slug=attack.slug,
            name=attack.name,
            family=attack.family,
            says=attack.says,
            oracle=attack.oracle,
            values=reading.values,
            refused=reading.refusal is not None,
            unchanged=_same(self.found, tampered),
        )


def _scores(found: Found) -> set[float]:
    return {track.score for tracks in found.values() for track in tracks}


def _same(found: Found, tampered: Found) -> bool:
    """Whether nothing has changed: masks are compared as objects."""
    return all(
        len(found.get(video, ())) == len(tampered.get(video, ()))
        and all(map(_same_track, found.get(video, ()), tampered.get(video, ())))
        for video in found.keys() | tampered.keys()
    )


def _same_track(a: Track, b: Track) -> bool:
    return a is b or (
        (a.score, a.category_id, len(a.segmentations)) == (b.score, b.category_id, len(b.segmentations))
        and all(x is y for x, y in zip(a.segmentations, b.segmentations, strict=True))
    )


_work: list[_Work] = []  # of a forked process: inherited, because the cache is too large to be sent


def _in_processes(work: _Work, workers: int) -> Generator[Row, None, None]:
    _work[:] = [work]
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), _quiet)
    try:
        rows = [pool.submit(_row, index) for index in reversed(range(len(ATTACKS)))]  # the last ones take longest
        for row in as_completed(rows):
            yield row.result()
    except BaseException as error:  # Ctrl-C, too: no process may work on
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        if isinstance(error, BrokenProcessPool):
            raise DataError(
                "a process of the audit was ended from outside, most likely for lack of memory. Run with --workers 1."
            ) from None
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        _work.clear()


def _row(index: int) -> Row:
    return _work[0].row(ATTACKS[index])


def _quiet() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process, which then ends the others
