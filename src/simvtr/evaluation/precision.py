"""From matches to precision over recall, and from those to the twelve figures of COCO, YouTube-VIS and OVIS."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simvtr.evaluation.matching import FOUND_LIMITS, SIZE_RANGES, THRESHOLDS, Comparison

RECALLS = np.linspace(0.0, 1.0, 101)  # r
UNDEFINED = -1.0  # of a figure without any true track


def curve(
    hit: NDArray[np.bool_], ignored: NDArray[np.bool_], expected: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Precision at 101 recalls, and the recall reached.

    Args:
        hit, ignored: bool (t, d), found tracks of all videos by falling score.
        expected: number of true tracks that count, at least 1.
    Returns: precision (t, 101) in [0, 1], the best at this recall or beyond, 0 where the recall is not reached;
        recall (t,).

    >>> hit = np.array([[True, False, True]])                   # two true tracks, both found, one false in between
    >>> precision, recall = curve(hit, np.zeros_like(hit), 2)
    >>> precision[0, [50, 51]].round(6).tolist(), recall.tolist()   # 2 of 3 from the second half on
    ([1.0, 0.666667], [1.0])
    """
    if not hit.shape[1]:
        return np.zeros((len(hit), len(RECALLS))), np.zeros(len(hit))
    right = np.cumsum(hit & ~ignored, axis=1).astype(float)
    wrong = np.cumsum(~hit & ~ignored, axis=1).astype(float)
    recall = right / expected
    envelope = np.maximum.accumulate((right / (wrong + right + np.spacing(1)))[:, ::-1], axis=1)[:, ::-1]
    # A recall is reached with the k-th hit: at which place that is in each row of hits, for all levels and recalls.
    needed = np.searchsorted(np.arange(expected + 1) / expected, RECALLS)
    counts = right[:, -1].astype(np.int64)
    places = np.append(np.nonzero(hit & ~ignored)[1], 0)
    kth = np.minimum((np.cumsum(counts) - counts)[:, None] + np.maximum(needed, 1) - 1, len(places) - 1)
    at = np.where(needed, places[kth], 0)
    reached = needed <= counts[:, None]
    return np.where(reached, np.take_along_axis(envelope, at, axis=1), 0.0), recall[:, -1]


def accumulate(categories: Sequence[Sequence[Comparison]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Precision (t, 101, k, a, m) and recall (t, k, a, m) of all videos together; -1 where nothing was to be found.

    Args:
        categories: for each category its comparisons, one per video, in the order that decides ties of score.

    >>> precision, recall = accumulate([[], []])
    >>> precision.shape, recall.max().item()
    ((10, 101, 2, 4, 3), -1.0)
    """
    axes = (len(categories), len(SIZE_RANGES), len(FOUND_LIMITS))
    precision = np.full((len(THRESHOLDS), len(RECALLS), *axes), UNDEFINED)
    recall = np.full((len(THRESHOLDS), *axes), UNDEFINED)
    for k, comparisons in enumerate(categories):
        if not comparisons:
            continue
        expected = np.sum([c.expected for c in comparisons], axis=0)  # (a,)
        scores = np.concatenate([c.scores for c in comparisons])
        order = np.argsort(-scores, kind="stable")
        rank = np.concatenate([np.arange(len(c.scores)) for c in comparisons])[order]  # within its video
        hit = np.concatenate([c.hit for c in comparisons], axis=2)[:, :, order]
        ignored = np.concatenate([c.ignored for c in comparisons], axis=2)[:, :, order]
        count = 0
        for m, limit in enumerate(FOUND_LIMITS):
            kept = rank < limit
            before, count = count, np.count_nonzero(kept)
            if m and count == before:  # few tracks: the higher limit keeps the same
                precision[:, :, k, :, m], recall[:, k, :, m] = precision[:, :, k, :, m - 1], recall[:, k, :, m - 1]
                continue
            for a in np.flatnonzero(expected):
                precision[:, :, k, a, m], recall[:, k, a, m] = curve(
                    hit[a][:, kept], ignored[a][:, kept], int(expected[a])
                )
    return precision, recall


def mean_defined(values: NDArray[np.float64]) -> float:
    """Mean of the values that are defined (above -1), in the array's own order; -1.0 if none is.

    >>> mean_defined(np.array([-1.0, 0.5, 1.0])), mean_defined(np.array([-1.0]))
    (0.75, -1.0)
    """
    defined = values[values > UNDEFINED]
    return float(np.mean(defined)) if defined.size else UNDEFINED


def figures(precision: NDArray[np.float64], recall: NDArray[np.float64]) -> dict[str, float]:
    """The twelve figures, fractions in [0, 1] or -1 where undefined.

    >>> list(figures(np.full((10, 101, 1, 4, 3), -1.0), np.full((10, 1, 4, 3), -1.0)))
    ['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'AR1', 'AR10', 'AR100', 'ARs', 'ARm', 'ARl']
    """
    everything, most = 0, len(FOUND_LIMITS) - 1  # all sizes, 100 found tracks
    stats = {"AP": mean_defined(precision[:, :, :, everything, most])}
    for name, threshold in (("AP50", 0.5), ("AP75", 0.75)):
        stats[name] = mean_defined(precision[np.equal(THRESHOLDS, threshold), :, :, everything, most])
    for a, name in enumerate(("APs", "APm", "APl"), start=1):
        stats[name] = mean_defined(precision[:, :, :, a, most])
    for m, limit in enumerate(FOUND_LIMITS):
        stats[f"AR{limit}"] = mean_defined(recall[:, :, everything, m])
    for a, name in enumerate(("ARs", "ARm", "ARl"), start=1):
        stats[name] = mean_defined(recall[:, :, a, most])
    return stats
