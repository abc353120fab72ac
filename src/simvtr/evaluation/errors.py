"""Which errors a result makes, and what each kind costs: the kinds of TIVE, and AP50 after repairing one kind alone.

truth, found -> every found with every true track of a video -> kind of each found track -> AP50 with a kind repaired
                overlap.frame_shared, matching.match            _Findings                   _Tally

Source: Jia et al., "TIVE: A toolbox for identifying video instance segmentation errors" (Neurocomputing 545, 2023),
which carries TIDE (arXiv 2008.08115) over to video; the rules are those of its code (wenhe-jia/TIVE).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simvtr.evaluation.dialects import require_known_videos, require_read, require_strict
from simvtr.evaluation.matching import FOUND_LIMITS, match
from simvtr.evaluation.overlap import Masks, frame_shared, mask_areas
from simvtr.evaluation.precision import RECALLS, UNDEFINED, curve, mean_defined
from simvtr.evaluation.text import columns, percent
from simvtr.schema import Predictions, Track, Truth, TruthTrack

FOREGROUND = 0.5  # least track IoU of a hit
BACKGROUND = 0.1  # up to this track IoU a found track is of nothing
FRAME = 0.1  # above this IoU a frame counts as found
DURATION = 0.7  # share of found frames from which a poor overlap is the fault of the masks, not of the frames
KINDS = ("spatial", "temporal", "class", "duplicate", "background", "both", "missed")


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One kind of error: how often it happens, and what AP50 gains when it alone is repaired (fraction, from 0)."""

    name: str
    count: int
    gain: float


@dataclass(frozen=True, slots=True)
class ErrorTypes:
    """What goes wrong in a set of results, at track IoU 0.5.

    Args:
        AP50: as `evaluate` has it; -1 (and gains of 0) where no true track counts.
        kinds: in the order of `KINDS`, which is the order in which a found track is tried for them.
        false_tracks: all false tracks at once: count, and the gain of dropping them.
        missed_tracks: all true tracks without a match: count, and the gain of not expecting them.
        found: by video, for each found track in its order: a kind, "hit", or "ignored" (matched with a crowd, or
            beyond the best 100 of its video and category).
        missed: by video, ids of the true tracks of kind "missed".
    """

    AP50: float
    kinds: tuple[ErrorKind, ...]
    false_tracks: ErrorKind
    missed_tracks: ErrorKind
    found: dict[int, tuple[str, ...]]
    missed: dict[int, tuple[int, ...]]

    def table(self) -> str:
        """Kinds, counts and gains as plain text, in percent."""
        rows = [["error", "count", "AP50 gains"]]
        rows += [[e.name, str(e.count), f"{100 * e.gain:+.2f}"] for e in self._all()]
        return columns(rows, names=True) + f"\n\nAP50 {percent(self.AP50)}; each kind repaired alone; percent."

    def as_dict(self) -> dict[str, float | dict[str, dict[str, float]]]:
        """Ready for JSON: AP50 and, by the name of the error, count and gain (fractions)."""
        return {"AP50": self.AP50, "errors": {e.name: {"count": e.count, "gain": e.gain} for e in self._all()}}

    def _all(self) -> tuple[ErrorKind, ...]:
        return (*self.kinds, self.false_tracks, self.missed_tracks)


def error_types(
    truth: Truth,
    found: Predictions | Mapping[int, Sequence[Track]],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> ErrorTypes:
    """Name the error of every found track that is no hit, and weigh each kind by what repairing it alone would gain.

    Matching is that of AP50. A false track is the first of these that fits it; best overlaps are with true tracks of
    any state, crowds left out:
    - its best overlap with its own category is from 0.1 to 0.5: *spatial* if the masks overlap by more than 0.1 in at
      least 0.7 of the frames where either has any pixel, else *temporal*;
    - a true track of another category overlaps by 0.5 or more: *class*;
    - a true track of its category that was matched overlaps by 0.5 or more: *duplicate*;
    - its best overlap with anything is at most 0.1: *background*;
    - *both* (place and category are wrong).
    A true track that is not matched, and that no spatial, temporal or class error points at, is *missed*.

    To repair: of all spatial, temporal and class errors that point at one unmatched true track, that with the highest
    score becomes a hit on it (of its category) when its kind is repaired; every other false track of the repaired kind
    is dropped; missed true tracks are no longer expected. No gain is negative.

    Args:
        truth: what is in the videos.
        found: results; every track as long as its video (the rules of the strict dialect).
        progress: is told how many of the videos are done, and how many there are.
    Raises: DataError for input that the strict dialect refuses; ValueError for a path.
    Source: TIVE (see above). It keeps the best 100 tracks of a video in all categories together, averages over
        categories without any true track too, names the error of what a crowd swallows, and rounds a few of the 101
        recalls the other way; we follow the metric.

    >>> from pathlib import Path
    >>> from simvtr.rle import encode
    >>> from simvtr.schema import Category, Video
    >>> mask = encode(np.ones((1, 2), bool))
    >>> video = Video(id=1, width=2, height=1, length=3)
    >>> fish = TruthTrack(1, 1, 1, (mask,) * 3, (2.0,) * 3, (None,) * 3)
    >>> truth = Truth({1: video}, {1: [fish]}, {1: Category(1, "fish")}, Path("truth.json"))
    >>> late = Track(category_id=1, score=0.9, segmentations=(None, None, mask))   # IoU 1/3, perfect in 1 frame of 3
    >>> errors = error_types(truth, {1: [late]})
    >>> errors.found, [(e.name, round(e.gain, 6)) for e in errors.kinds if e.count]
    ({1: ('temporal',)}, [('temporal', 1.0)])
    """
    require_read("error_types", truth, found)
    by_video: Mapping[int, Sequence[Track]] = found.tracks if isinstance(found, Predictions) else found
    where = str(found.path) if isinstance(found, Predictions) else "results"
    require_known_videos(truth, by_video, where)
    require_strict(truth, by_video, where)
    findings = []
    for video in sorted(truth.videos):
        findings.append(_findings(truth.tracks.get(video, ()), by_video.get(video, ())))
        if progress is not None:
            progress(len(findings), len(truth.videos))
    tally = _Tally(findings, sorted(truth.categories))
    names = np.concatenate([f.kinds for f in findings]) if findings else np.zeros(0, str)
    missed = sum(len(f.missed) for f in findings)
    unmatched = int(sum(tally.expected.values())) - int(tally.hit.sum())
    return ErrorTypes(
        AP50=tally.AP50,
        kinds=tuple(
            ErrorKind(kind, missed if kind == "missed" else int((names == kind).sum()), tally.gain(kind))
            for kind in KINDS
        ),
        false_tracks=ErrorKind("all false tracks", int(np.isin(names, KINDS).sum()), tally.gain_without_false()),
        missed_tracks=ErrorKind("all missed tracks", unmatched, tally.gain_without_unmatched()),
        found={v: tuple(f.kinds.tolist()) for v, f in zip(sorted(truth.videos), findings, strict=True)},
        missed={v: tuple(f.missed) for v, f in zip(sorted(truth.videos), findings, strict=True)},
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Findings:
    """One video. Axis d: its found tracks, in their order."""

    categories: NDArray[np.int64]  # (d,)
    scores: NDArray[np.float64]  # (d,)
    kinds: NDArray[np.str_]  # (d,) a kind, "hit" or "ignored"
    repaired_as: NDArray[np.int64]  # (d,) category in which repairing makes it a hit; -1: repairing drops it
    expected: NDArray[np.int64]  # categories of the true tracks that count
    missed: list[int]  # ids
    missed_categories: list[int]


def _findings(true_tracks: Sequence[TruthTrack], tracks: Sequence[Track]) -> _Findings:
    scores = np.array([track.score for track in tracks], float)
    categories = np.array([track.category_id for track in tracks], np.int64)
    kinds = np.full(len(tracks), "ignored", "U10")
    repaired_as = np.full(len(tracks), -1, np.int64)
    kept = _kept(categories, scores)
    overlap = _Overlap([tracks[i].segmentations for i in kept], [t.segmentations for t in true_tracks])
    true_categories = np.array([t.category_id for t in true_tracks], np.int64)
    crowd = np.array([t.crowd for t in true_tracks], bool)
    same = categories[kept][:, None] == true_categories
    matched = match(np.where(same, overlap.iou, 0), crowd[None], crowd, np.array([FOREGROUND]))[0, 0]
    used = np.zeros(len(true_tracks), bool)
    used[matched[matched >= 0]] = True
    claimed = np.zeros(len(true_tracks), bool)
    for row, at in enumerate(kept.tolist()):  # highest score first: it is the one to be repaired
        if matched[row] >= 0:
            kinds[at] = "ignored" if crowd[matched[row]] else "hit"
            continue
        kinds[at], target = _kind(row, overlap, same[row], used, crowd)
        if target is not None and not used[target]:
            if not claimed[target]:
                repaired_as[at] = true_categories[target]
            claimed[target] = True
    missed = [t for t, gone in zip(true_tracks, ~(used | claimed | crowd), strict=True) if gone]
    return _Findings(
        categories=categories,
        scores=scores,
        kinds=kinds,
        repaired_as=repaired_as,
        expected=true_categories[~crowd],
        missed=[t.id for t in missed],
        missed_categories=[t.category_id for t in missed],
    )


def _kept(categories: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Positions of the best 100 of each category, all by falling score."""
    order = np.argsort(-scores, kind="stable")
    best = [order[categories[order] == category][: FOUND_LIMITS[-1]] for category in np.unique(categories)]
    chosen = np.isin(order, np.concatenate(best)) if best else np.zeros(len(order), bool)
    return order[chosen]


class _Overlap:
    """Every found with every true track of a video: `iou` (d, g), and how much of the time they meet."""

    def __init__(self, found: Sequence[Masks], truth: Sequence[Masks]) -> None:
        self.shared = frame_shared(found, truth)  # (t, d, g)
        self.found, self.truth = (  # (d, t), (g, t)
            np.array([mask_areas(masks) for masks in tracks], np.int64).reshape(len(tracks), len(self.shared))
            for tracks in (found, truth)
        )
        both = self.shared.sum(axis=0)
        either = self.found.sum(axis=1)[:, None] + self.truth.sum(axis=1) - both
        self.iou = np.divide(both, either, out=np.zeros(both.shape), where=either > 0)

    def duration(self, row: int, column: int) -> float:
        """Share of the frames with a pixel of either in which their IoU is above 0.1."""
        both = self.shared[:, row, column]
        either = self.found[row] + self.truth[column] - both
        return float(np.count_nonzero(both[either > 0] / either[either > 0] > FRAME) / np.count_nonzero(either))


def _kind(
    row: int, overlap: _Overlap, same: NDArray[np.bool_], used: NDArray[np.bool_], crowd: NDArray[np.bool_]
) -> tuple[str, int | None]:
    """The kind of an unmatched found track, and the true track that it should have been."""
    iou = np.where(crowd, 0.0, overlap.iou[row])
    if not len(iou):
        return "background", None
    own = int(np.argmax(iou * same))
    if same[own] and BACKGROUND <= iou[own] <= FOREGROUND:
        return ("spatial" if overlap.duration(row, own) >= DURATION else "temporal"), own
    other = int(np.argmax(iou * ~same))
    if not same[other] and iou[other] >= FOREGROUND:
        return "class", other
    if (iou * (same & used)).max() >= FOREGROUND:
        return "duplicate", None
    return ("background" if iou.max() <= BACKGROUND else "both"), None


class _Tally:
    """All videos. Axis d: found tracks that are not "ignored", in the metric's order: score, video, place in it."""

    def __init__(self, findings: Sequence[_Findings], category_ids: Sequence[int]) -> None:
        self.category_ids = category_ids
        expected = np.concatenate([f.expected for f in findings]) if findings else np.zeros(0, np.int64)
        self.expected = {k: int((expected == k).sum()) for k in category_ids}
        missed = [k for f in findings for k in f.missed_categories]
        self.missed = {k: missed.count(k) for k in category_ids}
        kinds, categories, repaired_as, scores = (
            np.concatenate([getattr(f, name) for f in findings]) if findings else np.zeros(0, np.int64)
            for name in ("kinds", "categories", "repaired_as", "scores")
        )
        order = np.argsort(-scores, kind="stable")
        order = order[kinds[order] != "ignored"]
        self.kinds, self.categories, self.repaired_as = kinds[order], categories[order], repaired_as[order]
        self.hit = self.kinds == "hit"
        self.AP50 = self._ap(self.categories, self.hit, np.ones(len(order), bool), self.expected)

    def gain(self, kind: str) -> float:
        """What AP50 gains when this kind alone is repaired."""
        if kind == "missed":
            return self._gain(expected={k: n - self.missed[k] for k, n in self.expected.items()})
        wrong = self.kinds == kind
        repaired = wrong & (self.repaired_as >= 0)
        categories = np.where(repaired, self.repaired_as, self.categories)
        return self._gain(categories, self.hit | repaired, ~wrong | repaired)

    def gain_without_false(self) -> float:
        return self._gain(kept=self.hit)

    def gain_without_unmatched(self) -> float:
        return self._gain(expected={k: int((self.hit & (self.categories == k)).sum()) for k in self.category_ids})

    def _gain(self, categories=None, hit=None, kept=None, expected=None) -> float:
        if self.AP50 == UNDEFINED:
            return 0.0
        return (
            self._ap(
                self.categories if categories is None else categories,
                self.hit if hit is None else hit,
                np.ones(len(self.hit), bool) if kept is None else kept,
                self.expected if expected is None else expected,
            )
            - self.AP50
        )

    def _ap(
        self,
        categories: NDArray[np.int64],
        hit: NDArray[np.bool_],
        kept: NDArray[np.bool_],
        expected: Mapping[int, int],
    ) -> float:
        """AP over the categories that have a true track; 0 for one of which nothing is expected any more."""
        precision = np.full((len(RECALLS), len(self.category_ids)), UNDEFINED)
        for at, k in enumerate(self.category_ids):
            if not self.expected[k]:
                continue
            chosen = hit[kept & (categories == k)][None]
            precision[:, at] = curve(chosen, np.zeros_like(chosen), expected[k])[0][0] if expected[k] else 0
        return mean_defined(precision)
