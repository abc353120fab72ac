"""IDF1, identity switches and fragments: the older measures of identity, counted at IoU 0.5.

Source: IDF1 arXiv 1609.01775; switches and fragments CLEAR MOT (10.1155/2008/246309); digits as TrackEval's
`metrics/identity.py` and `metrics/clear.py`.
"""

import numpy as np
from numpy.typing import NDArray

from simvtr.evaluation.frames import FrameOverlap, one_to_one

LEAST_IOU = 0.5  # of a match
_CONTINUES = 1000.0  # worth of staying with the found track of the frame before: more than any IoU
_EPSILON = np.finfo(float).eps


def identity_matches(video: FrameOverlap) -> int:
    """IDTP: frames that agree when each found track is given to at most one true track, once for the whole video.

    Returns: the most frames with IoU >= 0.5 that any such assignment has.

    >>> always = np.ones((4, 2), bool)
    >>> halves = np.zeros((4, 2, 1)); halves[:3, 0], halves[3:, 1] = 1, 1   # frames 0-2 by one track, 3 by another
    >>> identity_matches(FrameOverlap(halves, always, always[:, :1]))
    3
    """
    from scipy.optimize import linear_sum_assignment

    common = np.count_nonzero(video.iou >= LEAST_IOU, axis=0)
    return int(common[linear_sum_assignment(common, maximize=True)].sum())


def switches_and_fragments(video: FrameOverlap) -> tuple[int, int]:
    """How often a true track changes its found track, and how often it is lost and found again.

    In each frame masks are paired one to one at IoU >= 0.5: first as in the frame before, then for the greatest sum of
    IoU. A switch is counted against the last found track, however long ago that was. As in TrackEval, frames without
    any true or without any found mask are passed over: a gap in which nothing at all is found is no fragment.

    >>> one = np.ones((4, 1), bool)
    >>> halves = np.zeros((4, 2, 1)); halves[:2, 0], halves[2:, 1] = 1, 1
    >>> switches_and_fragments(FrameOverlap(halves, np.ones((4, 2), bool), one))
    (1, 0)
    """
    followed = _followed(video)
    switches = 0
    for track in followed.T:
        seen = track[track >= 0]
        switches += np.count_nonzero(seen[1:] != seen[:-1])
    tracked = followed >= 0
    starts = np.count_nonzero(tracked[1:] & ~tracked[:-1], axis=0) + tracked[:1].sum(axis=0)
    return int(switches), int(np.maximum(starts - 1, 0).sum())


def _followed(video: FrameOverlap) -> NDArray[np.intp]:
    """The found track that each true track is paired with, -1 for none: (frames with masks of both kinds, g)."""
    busy = video.found.any(axis=1) & video.truth.any(axis=1)
    if not busy.any():
        return np.full((0, video.truth.shape[1]), -1)
    iou = video.iou[busy]
    near = iou >= LEAST_IOU - _EPSILON
    followed = np.where(near.any(axis=1), near.argmax(axis=1), -1)
    for frame in np.flatnonzero(~one_to_one(near)):  # elsewhere there is no choice
        before = followed[frame - 1] if frame else np.full(followed.shape[1], -1)
        followed[frame] = _pair(iou[frame], near[frame], before, video.found[busy][frame], video.truth[busy][frame])
    return followed


def _pair(
    iou: NDArray[np.float64],
    near: NDArray[np.bool_],
    before: NDArray[np.intp],
    found: NDArray[np.bool_],
    truth: NDArray[np.bool_],
) -> NDArray[np.intp]:
    from scipy.optimize import linear_sum_assignment

    continues = before == np.arange(len(iou))[:, None]  # (d, g)
    score = np.where(near, iou + _CONTINUES * continues, 0.0)
    rows, columns = np.flatnonzero(truth), np.flatnonzero(found)
    g, d = linear_sum_assignment(-score.T[rows[:, None], columns])
    paired = np.full(len(before), -1)
    made = score[columns[d], rows[g]] > 0
    paired[rows[g][made]] = columns[d][made]
    return paired
