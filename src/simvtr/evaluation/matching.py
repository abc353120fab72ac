"""Matching of found to true tracks in one video and category, at every IoU threshold and size range at once."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

THRESHOLDS = np.linspace(0.5, 0.95, 10)  # t, track IoU
# a, mean pixels of a track over the frames where it has any; both ends belong to the range. Three times COCO's sizes
# in each direction, rounded: the values of youtubevos/cocoapi.
SIZE_RANGES = {"all": (0, 10**10), "small": (0, 128**2), "medium": (128**2, 256**2), "large": (256**2, 10**10)}
FOUND_LIMITS = (1, 10, 100)  # m, the best-scored tracks counted per video and category


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What was found and what is true of one category in one video, compared. Axes: a sizes, t thresholds."""

    video_id: int
    category_id: int | None  # None when categories are not told apart
    found: NDArray[np.int64]  # (d,) position of each track in the video's list, best score first, at most 100
    truth: NDArray[np.int64]  # (g,) ids of the true tracks
    crowd: NDArray[np.bool_]  # (g,) never count, may be matched many times
    scores: NDArray[np.float64]  # (d,) falling
    iou: NDArray[np.float64]  # (d, g)
    matched: NDArray[np.int64]  # (a, t, d) column of `iou` a found track was matched with, -1 for none
    hit: NDArray[np.bool_]  # (a, t, d) counts as a true positive
    ignored: NDArray[np.bool_]  # (a, t, d) counts neither way
    expected: NDArray[np.int64]  # (a,) true tracks that count


def mean_area(areas: Iterable[float | None]) -> float:
    """A track's size: mean of its areas over the frames where it has one; 0.0 if it never has.

    >>> mean_area([10, None, 0, 30])
    20.0
    """
    present = [area for area in areas if area]
    return float(np.add.reduce(np.array(present, float)) / len(present)) if present else 0.0  # np.mean, sooner


def mean_pixels(areas: NDArray[np.int64]) -> float:
    """`mean_area` of counted pixels, (t,). Their sum is exact, so this rounds as the mean does.

    >>> mean_pixels(np.array([10, 0, 30]))
    20.0
    """
    return int(areas.sum()) / max(1, int(np.count_nonzero(areas)))


_LOW, _HIGH = np.array(list(SIZE_RANGES.values()), float).T[:, :, None]


def outside(area: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which tracks fall outside each size range: bool (a, n) from mean areas (n,).

    >>> outside(np.array([128.0**2]))[:, 0].tolist()   # both ends are closed: small and medium at once
    [False, False, False, True]
    """
    return (area < _LOW) | (area > _HIGH)


def match(
    iou: NDArray[np.float64],
    set_aside: NDArray[np.bool_],
    crowd: NDArray[np.bool_],
    thresholds: NDArray[np.float64] = THRESHOLDS,
) -> NDArray[np.int64]:
    """Greedy matching, best score first: each found track takes the free true track it overlaps most.

    A true track that is set aside (crowd, or of another size) is taken only where no other one is near enough; a crowd
    may be taken many times. On equal IoU the later true track wins.

    Args:
        iou: (d, g), rows by falling score.
        set_aside: bool (a, g), true tracks that do not count, per size range.
        crowd: bool (g,).
        thresholds: (t,), least IoU of a match; 1 is read as 1 - 1e-10.
    Returns: int64 (a, t, d), column of the match or -1.
    Source: SPEC §6.3; `evaluateVid` of youtubevos/cocoapi.

    >>> overlap = np.array([[0.8, 0.6], [0.9, 0.1]])   # the first row takes column 0 from the second
    >>> match(overlap, np.zeros((1, 2), bool), np.zeros(2, bool), np.array([0.5])).tolist()
    [[[0, -1]]]
    """
    limits = np.minimum(thresholds, 1 - 1e-10)
    least = limits.min()
    matched = np.full((len(set_aside), len(limits), len(iou)), -1, np.int64)
    if not iou.size or iou.max() < least:
        return matched
    taken = np.zeros((len(set_aside), len(limits), iou.shape[1]), bool)
    for row in np.flatnonzero(iou.max(axis=1) >= least).tolist():
        near = np.flatnonzero(iou[row] >= least)
        if len(near) > 1:
            near = near[np.lexsort((-near, -iou[row, near]))]  # best first, the later one on a tie
        free = (iou[row, near] >= limits[:, None]) & (crowd[near] | ~taken[:, :, near])  # (a, t, near)
        if len(near) == 1:  # nothing to choose
            sizes, levels = np.nonzero(free[:, :, 0])
            chosen = near[0]
        else:
            counting, lesser = free & ~set_aside[:, None, near], free & set_aside[:, None, near]
            first = np.where(counting.any(-1), counting.argmax(-1), lesser.argmax(-1))
            sizes, levels = np.nonzero(free.any(-1))
            chosen = near[first[sizes, levels]]
        matched[sizes, levels, row] = chosen
        taken[sizes, levels, chosen] = True
    return matched


def outcomes(
    matched: NDArray[np.int64],
    set_aside: NDArray[np.bool_],
    found_outside: NDArray[np.bool_],
    invisible: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Turn matches into hits and ignored tracks, each bool (a, t, d); what is neither is a false positive.

    Args:
        matched: (a, t, d) from `match`.
        set_aside: bool (a, g).
        found_outside: bool (a, d), found tracks outside the size range: ignored unless matched.
        invisible: bool (g,), true tracks whose match goes unseen (id 0 in the `ytvos` dialect).

    >>> none = np.zeros((1, 1), bool)
    >>> hit, ignored = outcomes(np.array([[[0, -1]]]), none, np.array([[True, True]]), none[0])
    >>> hit.tolist(), ignored.tolist()
    ([[[True, False]]], [[[False, True]]])
    """
    some = matched >= 0
    if invisible.size and some.any():
        aside = np.take_along_axis(set_aside[:, None, :], np.maximum(matched, 0), axis=2) & some
        seen = some & ~invisible[np.maximum(matched, 0)]
    else:
        aside = seen = some
    ignored = aside | (~seen & found_outside[:, None, :])
    return seen & ~ignored, ignored
