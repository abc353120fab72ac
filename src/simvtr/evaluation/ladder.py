"""Where the points are lost: AP after an oracle has repaired identities, then classes, then masks, then false tracks.

found -> frame masks to true tracks -> heirs -> relinked + left over -> AP after each Step
         _assigned (per frame)         _heirs   _Scene                 _score (no mask is compared twice)

After "Mind the Gap" (arXiv 2606.07394), which formulates the identities as an integer program; our reading of its
abstract: with one mask per object and frame that is an assignment problem in every frame by itself. What happens to
scores, left-over masks and misses is ours; docs/metric.md says it in full.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from simvtr.evaluation.dialects import require_known_videos, require_read, require_strict
from simvtr.evaluation.matching import FOUND_LIMITS, Comparison, match, outcomes
from simvtr.evaluation.overlap import Masks, frame_shared, mask_areas
from simvtr.evaluation.precision import UNDEFINED, accumulate, figures
from simvtr.evaluation.text import columns, percent
from simvtr.schema import Predictions, Track, Truth, TruthTrack

MEETS = 0.1  # above this IoU a mask may be given to a true track, and its masks together are a track: as in TIVE
HIT = 0.5  # least track IoU of an heir by matching
STEPS = ("as found", "identities", "classes", "masks", "false tracks")


@dataclass(frozen=True, slots=True)
class Step:
    """AP once the oracle has repaired this and all before it. Fractions, -1 where no true track counts."""

    name: str
    AP: float
    AP50: float
    AP75: float

    def as_dict(self) -> dict[str, str | float]:
        """Ready for JSON, by the names of the fields."""
        return asdict(self)


class Ladder(tuple[Step, ...]):
    """The steps in their order."""

    def table(self) -> str:
        """As plain text, in percent, each with what AP gains over the step before; below, what is left to 100.

        >>> print(Ladder([Step("as found", 0.3, 0.5, 0.3), Step("identities", 0.45, 0.6, 0.4)]).table())
        repaired       AP   gains   AP50   AP75
        as found    30.00          50.00  30.00
        identities  45.00  +15.00  60.00  40.00
        missed              55.00
        """
        rows = [["repaired", "AP", "gains", "AP50", "AP75"]]
        for before, step in zip([None, *self], self, strict=False):
            defined = before is not None and step.AP != UNDEFINED
            gain = f"{100 * (step.AP - before.AP):+.2f}" if before is not None and defined else ""
            rows.append([step.name, percent(step.AP), gain, percent(step.AP50), percent(step.AP75)])
        if self and self[-1].AP != UNDEFINED:
            rows.append(["missed", "", f"{100 * (1 - self[-1].AP):.2f}", "", ""])
        return columns(rows, names=True)


def oracle_ladder(
    truth: Truth,
    found: Predictions | Mapping[int, Sequence[Track]],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Ladder:
    """AP as it is, and after an oracle repairs identities, classes, masks and false tracks, one after the other.

    - *identities*: in every frame each true track gets at most one found mask, each mask goes to at most one true
      track, so that the summed IoU of the frame is largest; pairs up to IoU 0.1 are not made; categories do not
      matter. The masks that a true track got are one relinked track, unless all together overlap it by no more than
      0.1 (then it got none). Score and category come from its heir: the found track that AP50 matches it with, or else
      the one whose masks share most pixels with it. Masks that nobody got stay with their found track, but an heir
      hands its own on: to the relinked track where that has none in this frame, or to the found track whose mask was
      taken instead. A found track that has lost all masks is gone.
    - *classes*: relinked tracks get the category of their true track.
    - *masks*: relinked tracks get the masks of their true track.
    - *false tracks*: only relinked tracks remain. AP is now the share of true tracks that got any mask (read at 101
      recalls, mean over categories), and what is left to 1 was missed.

    Where every found track meets one true track at most, and no two the same, the first step changes nothing. A step
    may fall, because the oracle chooses by frame and AP judges whole tracks
    (tests/evaluation/test_ladder.py::test_the_first_step_may_fall). Crowds take no part.

    Args:
        truth: what is in the videos.
        found: results; every track as long as its video (the rules of the strict dialect).
        progress: is told how many of the videos are done, and how many there are.
    Returns: five steps, by the names of `STEPS`; `.table()` prints them.
    Raises: DataError for input that the strict dialect refuses; ValueError for a path.

    >>> from pathlib import Path
    >>> from simvtr.rle import encode
    >>> from simvtr.schema import Category, Video
    >>> mask = encode(np.ones((1, 2), bool))
    >>> video = Video(id=1, width=2, height=1, length=2)
    >>> fish = TruthTrack(1, 1, 1, (mask, mask), (2.0, 2.0), (None, None))
    >>> truth = Truth({1: video}, {1: [fish]}, {1: Category(1, "fish"), 2: Category(2, "shark")}, Path("truth.json"))
    >>> pieces = [Track(2, 0.9, (mask, None)), Track(2, 0.8, (None, mask))]      # one fish, found as two sharks
    >>> [(step.name, round(step.AP, 6)) for step in oracle_ladder(truth, {1: pieces})][:3]
    [('as found', 0.0), ('identities', 0.0), ('classes', 1.0)]
    """
    require_read("oracle_ladder", truth, found)
    by_video: Mapping[int, Sequence[Track]] = found.tracks if isinstance(found, Predictions) else found
    where = str(found.path) if isinstance(found, Predictions) else "results"
    require_known_videos(truth, by_video, where)
    require_strict(truth, by_video, where)
    scenes = {}
    for video in sorted(truth.videos):
        scenes[video] = _Scene(truth.tracks.get(video, ()), by_video.get(video, ()))
        if progress is not None:
            progress(len(scenes), len(truth.videos))
    return Ladder(_score(name, scenes, sorted(truth.categories)) for name in STEPS)


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """A track as the metric sees it."""

    category: int
    score: float
    iou: NDArray[np.float64]  # (g,) with the true tracks of its video


class _Scene:
    """One video: its true tracks (g), and its found tracks (d) before and after each repair."""

    def __init__(self, true_tracks: Sequence[TruthTrack], tracks: Sequence[Track]) -> None:
        self.true_tracks, self.tracks = true_tracks, tracks
        self.crowd = np.array([t.crowd for t in true_tracks], bool)
        self.true_categories = np.array([t.category_id for t in true_tracks], np.int64)
        true_masks = [t.segmentations for t in true_tracks]
        self.shared = frame_shared([t.segmentations for t in tracks], true_masks)  # (t, d, g)
        self.areas = _areas([t.segmentations for t in tracks], len(self.shared))  # (d, t)
        self.true_areas = _areas(true_masks, len(self.shared))  # (g, t)
        self.true_iou = _iou(frame_shared(true_masks, true_masks).sum(axis=0), *[self.true_areas.sum(axis=1)] * 2)
        own = np.tile(np.arange(len(tracks)), (len(self.shared), 1))  # (t, d) the masks each found track has
        ious = self._ious(own)
        before = [_Entry(t.category_id, t.score, iou) for t, iou in zip(tracks, ious, strict=True)]
        taken = _assigned(self.shared, self.areas, np.where(self.crowd, 0, self.true_areas.T).T)  # (t, g)
        taken[:, np.diagonal(self._ious(taken)) <= MEETS] = -1
        heirs = self._heirs(taken, ious)
        given, kept = _handed_on(taken, own, self.areas, heirs)
        self.steps = [before, *self._repaired(given, kept, heirs)]

    def _repaired(
        self, given: NDArray[np.int64], kept: NDArray[np.int64], heirs: Mapping[int, int]
    ) -> list[list[_Entry]]:
        """The entries after each repair; relinked tracks stand where their heir stood, for equal scores."""
        relinked, left = self._ious(given), self._ious(kept)
        steps: list[list[_Entry]] = [[], [], [], []]
        for d, track in enumerate(self.tracks):
            for g in (g for g, heir in heirs.items() if heir == d):
                true_category = int(self.true_categories[g])
                steps[0].append(_Entry(track.category_id, track.score, relinked[g]))
                steps[1].append(_Entry(true_category, track.score, relinked[g]))
                for step in steps[2:]:
                    step.append(_Entry(true_category, track.score, self.true_iou[g]))
            held = kept[:, d]
            if not self.areas[d].any() or (held >= 0).any():
                for step in steps[:3]:
                    step.append(_Entry(track.category_id, track.score, left[d]))
        return steps

    def _ious(self, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        """IoU with the true tracks (n, g) of tracks put together from found masks `chosen` (t, n), -1 for none."""
        frames = np.arange(len(chosen))[:, None]
        if not chosen.size or not len(self.tracks):
            return np.zeros((chosen.shape[1], len(self.true_tracks)))
        areas = np.where(chosen >= 0, self.areas[chosen, frames], 0).sum(axis=0)
        both = np.where((chosen >= 0)[:, :, None], self.shared[frames, chosen], 0).sum(axis=0)
        return _iou(both, areas, self.true_areas.sum(axis=1))

    def _heirs(self, taken: NDArray[np.int64], iou: NDArray[np.float64]) -> dict[int, int]:
        """For each true track that got a mask, the found track that passes on its score and category."""
        scores = np.array([track.score for track in self.tracks])
        order = np.argsort(-scores, kind="stable")
        same = np.array([t.category_id for t in self.tracks], np.int64)[:, None] == self.true_categories
        matched = match(np.where(same, iou, 0)[order], self.crowd[None], self.crowd, np.array([HIT]))[0, 0]
        by_match = {int(g): int(order[row]) for row, g in enumerate(matched) if g >= 0}
        heirs = {}
        for g in np.flatnonzero((taken >= 0).any(axis=0)).tolist():
            frames = np.flatnonzero(taken[:, g] >= 0)
            pixels = np.bincount(taken[frames, g], self.shared[frames, taken[frames, g], g], minlength=len(scores))
            heirs[g] = by_match.get(g, int(np.lexsort((-scores, -pixels))[0]))  # most pixels, then the higher score
        return heirs


def _areas(tracks: Sequence[Masks], frames: int) -> NDArray[np.int64]:
    return np.array([mask_areas(masks) for masks in tracks], np.int64).reshape(len(tracks), frames)


def _iou(both: NDArray[np.int64], one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float64]:
    either = one[:, None] + other - both
    return np.divide(both, either, out=np.zeros(both.shape), where=either > 0)


def _assigned(shared: NDArray[np.int64], areas: NDArray[np.int64], true_areas: NDArray[np.int64]) -> NDArray[np.int64]:
    """The found track whose mask each true track gets in each frame, -1 for none: (t, g). Without area: gets none."""
    from scipy.optimize import linear_sum_assignment

    taken = np.full((shared.shape[0], shared.shape[2]), -1, np.int64)
    if not shared.size:
        return taken
    either = areas.T[:, :, None] + true_areas.T[:, None, :] - shared
    some = true_areas.T[:, None, :] > 0
    iou = np.divide(shared, either, out=np.zeros(shared.shape), where=some & (either > 0))
    iou[iou <= MEETS] = 0
    for frame in np.flatnonzero(iou.any(axis=(1, 2))):
        rows, hits = linear_sum_assignment(iou[frame], maximize=True)
        real = iou[frame, rows, hits] > 0
        taken[frame, hits[real]] = rows[real]
    return taken


def _handed_on(
    taken: NDArray[np.int64], own: NDArray[np.int64], areas: NDArray[np.int64], heirs: Mapping[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The masks of each relinked track (t, g) and of what is left of each found track (t, d)."""
    given, kept = taken.copy(), np.where(areas.T > 0, own, -1)
    frames, objects = np.nonzero(taken >= 0)
    kept[frames, taken[frames, objects]] = -1
    for g, heir in heirs.items():
        for frame in np.flatnonzero(kept[:, heir] >= 0):  # an heir hands on what nobody got
            place, at = (given, g) if taken[frame, g] < 0 else (kept, taken[frame, g])
            if place[frame, at] < 0:
                place[frame, at], kept[frame, heir] = kept[frame, heir], -1
    return given, kept


def _score(name: str, scenes: Mapping[int, _Scene], category_ids: Sequence[int]) -> Step:
    step = STEPS.index(name)
    compared = [
        [_compared(video, k, scene, scene.steps[step]) for video, scene in scenes.items()] for k in category_ids
    ]
    stats = figures(*accumulate([[c for c in comparisons if c is not None] for comparisons in compared]))
    return Step(name, stats["AP"], stats["AP50"], stats["AP75"])


def _compared(video: int, category: int, scene: _Scene, entries: Sequence[_Entry]) -> Comparison | None:
    """As `evaluate` compares them, all sizes only."""
    entries = [entry for entry in entries if entry.category == category]
    true = np.flatnonzero(scene.true_categories == category)
    if not entries and not len(true):
        return None
    scores = np.array([entry.score for entry in entries], float)
    best = np.argsort(-scores, kind="stable")[: FOUND_LIMITS[-1]]
    iou = np.array([entries[i].iou[true] for i in best]).reshape(len(best), len(true))
    crowd = scene.crowd[true]
    matched = match(iou, crowd[None], crowd)
    hit, ignored = outcomes(matched, crowd[None], np.zeros((1, len(best)), bool), np.zeros(len(true), bool))
    expected = np.array([np.count_nonzero(~crowd)])
    ids = np.array([scene.true_tracks[g].id for g in true.tolist()], np.int64)
    return Comparison(video, category, best, ids, crowd, scores[best], iou, matched, hit, ignored, expected)
