"""The twelve figures with a weight for every video: 2 counts a video twice, 0 leaves it out. No new comparison.

result.comparisons, weights -> per category: matches in order of score, weighted -> figures (s,) each
                               (all weightings at once; bootstrap.py draws them)

Axes: s weightings, v videos, h hits of one category in all size ranges and thresholds, k a t d as everywhere.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simvtr.evaluation.matching import FOUND_LIMITS, SIZE_RANGES, THRESHOLDS, Comparison
from simvtr.evaluation.precision import RECALLS, UNDEFINED
from simvtr.evaluation.result import Result

_CELLS = 1 << 19  # hits x weightings worked on at once: a few megabytes
Floats = NDArray[np.float64]


def weighted_figures(result: Result, videos: Sequence[int], weights: NDArray[np.int64]) -> dict[str, Floats]:
    """The twelve figures under each weighting of the videos.

    The same as `evaluate` on data in which a video with weight 2 is there twice, one of weight 0 not at all. Found
    tracks of equal score keep their order; the copies of one follow each other directly.

    Args:
        result: what was compared.
        videos: (v,) ids; all that `result` has comparisons of must be there.
        weights: whole numbers from 0, (s, v).
    Returns: (s,) each, fractions in [0, 1] or -1 where undefined, by the names of `Result.stats`.
    Raises: ValueError when weights and videos do not fit each other, or a video of the result is not among them.

    >>> from pathlib import Path
    >>> from simvtr.evaluation import evaluate
    >>> from simvtr.rle import encode
    >>> from simvtr.schema import Category, Track, Truth, TruthTrack, Video
    >>> mask = encode(np.ones((1, 2), bool))
    >>> videos = {v: Video(v, 2, 1, 1) for v in (1, 2)}
    >>> fish = {v: [TruthTrack(v, v, 1, (mask,), (2.0,), (None,))] for v in (1, 2)}
    >>> truth = Truth(videos, fish, {1: Category(1, "fish")}, Path("truth.json"))
    >>> result = evaluate(truth, {1: [Track(1, 0.9, (mask,))]})            # found in video 1, missed in video 2
    >>> weighted_figures(result, [1, 2], np.array([[1, 1], [3, 1], [0, 2]]))["AR1"].tolist()
    [0.5, 0.75, 0.0]
    """
    column = {video: at for at, video in enumerate(videos)}
    if weights.ndim != 2 or weights.shape[1] != len(column):
        raise ValueError(
            f"weighted_figures: weights must be (s, {len(column)}), a column for each video, got {weights.shape}."
        )
    strange = next((c.video_id for c in result.comparisons if c.video_id not in column), None)
    if strange is not None:
        raise ValueError(f"weighted_figures: videos must name all that the result has, video {strange} is missing.")
    categories: dict[int | None, list[Comparison]] = {}
    for comparison in result.comparisons:
        categories.setdefault(comparison.category_id, []).append(comparison)

    samples = len(weights)
    precision = np.zeros((len(SIZE_RANGES), len(THRESHOLDS), samples))  # summed over categories
    recall = np.zeros((len(_RECALL_FIGURES), samples))  # idem, mean over thresholds
    defined = np.zeros((len(SIZE_RANGES), samples), np.int64)  # categories with a true track that counts
    for comparisons in categories.values():
        drawn = weights[:, [column[c.video_id] for c in comparisons]].T.astype(float)  # (v, s)
        expected = np.stack([c.expected for c in comparisons], axis=1).astype(float) @ drawn  # (a, s)
        defined += expected > 0
        recall += _recall(comparisons, drawn, expected)
        _add_precision(precision, _Curves(comparisons), drawn, expected)
    return _figures(precision, recall, defined)


_EVERYTHING = 0  # all sizes
_RECALL_FIGURES = {  # name: size range, limit
    **{f"AR{limit}": (_EVERYTHING, limit) for limit in FOUND_LIMITS},
    **{name: (a, FOUND_LIMITS[-1]) for a, name in enumerate(("ARs", "ARm", "ARl"), start=1)},
}


def _recall(comparisons: Sequence[Comparison], drawn: Floats, expected: Floats) -> Floats:
    """Recall reached, mean over thresholds: (figures, s); 0 where nothing is expected."""
    hits = np.array(
        [[c.hit[a, :, :limit].sum() for c in comparisons] for a, limit in _RECALL_FIGURES.values()], float
    )  # (figures, v), summed over thresholds
    sizes = [a for a, _ in _RECALL_FIGURES.values()]
    return hits @ drawn / np.maximum(expected[sizes], 1) / len(THRESHOLDS)


class _Curves:
    """One category's found tracks in order of score, as counts per video up to every hit.

    Only hits are kept: the best precision at a recall or beyond is always that of a hit, and so is the first found
    track that reaches a recall. `right` and `wrong` (h, v): found tracks of a video up to and with this hit.
    """

    def __init__(self, comparisons: Sequence[Comparison]) -> None:
        order = np.argsort(-np.concatenate([c.scores for c in comparisons]), kind="stable")
        video = np.repeat(np.arange(len(comparisons)), [len(c.scores) for c in comparisons])[order]  # (d,)
        hit = np.concatenate([c.hit for c in comparisons], axis=2)[:, :, order]
        ignored = np.concatenate([c.ignored for c in comparisons], axis=2)[:, :, order]
        hits, wrong = np.flatnonzero(hit), np.flatnonzero(~(hit | ignored))  # of (a, t, d) laid flat
        many = max(1, len(order))
        curve = hits // many  # (h,) each size range and threshold is a curve of its own
        wrong = wrong[wrong < hits[-1]] if len(hits) else wrong[:0]
        row = np.searchsorted(hits, wrong)  # the hit that follows
        same = wrong // many == curve[row]  # else it comes after the last hit of its curve
        self.starts = np.flatnonzero(np.diff(curve, prepend=-1))
        self.ends = np.append(self.starts, len(hits))[1:].astype(int)
        self.size, self.level = np.divmod(curve[self.starts], len(THRESHOLDS))
        self.right = self._running(np.arange(len(hits)), video[hits % many], len(comparisons))
        self.wrong = self._running(row[same], video[wrong[same] % many], len(comparisons))

    def _running(self, rows: NDArray[np.int64], video: NDArray[np.int64], videos: int) -> Floats:
        """How many entries (row, video) there are up to each row of its curve: (h, v)."""
        hits = int(self.ends[-1]) if len(self.ends) else 0
        counts = np.bincount(rows * videos + video, minlength=hits * videos).reshape(hits, videos)
        for start, end in zip(self.starts, self.ends, strict=True):
            np.cumsum(counts[start:end], axis=0, out=counts[start:end])
        return counts.astype(float)


def _add_precision(total: Floats, curves: _Curves, drawn: Floats, expected: Floats) -> None:
    """Add the precision of each curve, mean over the recalls, to `total` (a, t, s)."""
    hits, samples = len(curves.right), drawn.shape[1]
    size = np.repeat(curves.size, curves.ends - curves.starts)  # (h,)
    step = max(1, _CELLS // max(1, hits))
    for part in (slice(at, at + step) for at in range(0, samples if hits else 0, step)):
        right = curves.right @ drawn[:, part]  # (h, s), whole numbers
        best = curves.wrong @ drawn[:, part]
        best += right
        best += np.spacing(1)
        np.divide(right, best, out=best)
        right /= np.maximum(expected[:, part], 1)[size]  # a hit that nothing expects has weight 0
        reached = _recalls_reached(right)
        gained = np.diff(reached, axis=0, prepend=0)
        for start, end, a, t in zip(curves.starts, curves.ends, curves.size, curves.level, strict=True):
            gained[start] = reached[start]
            for row in range(end - 2, start - 1, -1):
                np.maximum(best[row], best[row + 1], out=best[row])  # here or beyond
            total[a, t, part] += np.einsum("hs,hs->s", gained[start:end], best[start:end]) / len(RECALLS)


def _recalls_reached(recall: Floats) -> Floats:
    """How many of the 101 recalls are at most `recall`, as np.searchsorted counts them.

    A recall is a fraction of whole numbers: it is a hundredth, or further than 1e-9 from any (up to 10^7 true tracks).
    """
    hundredth = (recall * 100 + 1e-9).astype(np.intp)
    return (hundredth + (RECALLS[hundredth] <= recall)).astype(float)


def _figures(precision: Floats, recall: Floats, defined: NDArray[np.int64]) -> dict[str, Floats]:
    def mean(total: Floats, a: int) -> Floats:
        return np.where(defined[a] > 0, total / np.maximum(defined[a], 1), UNDEFINED)

    by_size = precision.mean(axis=1)  # (a, s)
    stats = {"AP": mean(by_size[_EVERYTHING], _EVERYTHING)}
    for name, threshold in (("AP50", 0.5), ("AP75", 0.75)):
        stats[name] = mean(precision[_EVERYTHING, np.equal(THRESHOLDS, threshold)][0], _EVERYTHING)
    for a, name in enumerate(("APs", "APm", "APl"), start=1):
        stats[name] = mean(by_size[a], a)
    for row, (name, (a, _)) in enumerate(_RECALL_FIGURES.items()):
        stats[name] = mean(recall[row], a)
    return stats
