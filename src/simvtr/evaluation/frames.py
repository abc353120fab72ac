"""Overlap frame by frame: what the identity measures see of one video and category, and its one-to-one assignments.

masks -> FrameOverlap -> hota.py      HOTA and its parts
              (here)  -> switches.py  IDF1, identity switches, fragments
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simvtr.evaluation.overlap import Masks, frame_shared, mask_areas

CROWD_SHARE = 0.5  # a found mask with more than this share of its pixels in a crowd is dropped; KITTI MOTS does so


@dataclass(frozen=True, slots=True, eq=False)
class FrameOverlap:
    """IoU of every found with every true mask in every frame of one video. Axes: t frames, d found, g true tracks.

    Args:
        iou: float64 (t, d, g) in [0, 1]; 0 where either mask is absent.
        found: bool (t, d), the found track has a mask with pixels in this frame.
        truth: bool (t, g), likewise.
    Raises: ValueError when the shapes do not belong together.

    >>> FrameOverlap(np.ones((3, 1, 1)), np.ones((3, 1), bool), np.ones((3, 2), bool))
    Traceback (most recent call last):
    ValueError: FrameOverlap: iou must be (t, d, g), found (t, d), truth (t, g), got (3, 1, 1), (3, 1) and (3, 2). ...
    """

    iou: NDArray[np.float64]
    found: NDArray[np.bool_]
    truth: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.iou.ndim != 3 or self.found.shape != self.iou.shape[:2] or self.truth.shape != self.iou.shape[::2]:
            raise ValueError(
                f"FrameOverlap: iou must be (t, d, g), found (t, d), truth (t, g), got {self.iou.shape},"
                f" {self.found.shape} and {self.truth.shape}. Make it with `frame_overlap`."
            )

    def keep(self, kept: NDArray[np.bool_]) -> "FrameOverlap":
        """The same video with only the found tracks `kept`, bool (d,)."""
        return self if kept.all() else FrameOverlap(self.iou[:, kept], self.found[:, kept], self.truth)


def frame_overlap(found: Sequence[Masks], truth: Sequence[Masks], crowd: NDArray[np.bool_]) -> FrameOverlap:
    """Compare tracks of one video, frame by frame; crowds, and what lies in them, are left out.

    A crowd is a region of many objects. In each frame a found mask is dropped when more than half of its pixels lie in
    one crowd, unless its IoU with an ordinary true mask is at least 0.5. Then the crowds are dropped.

    Args:
        found: d tracks, each one mask or None per frame.
        truth: g' tracks, likewise; all lists of one length, all masks of one size.
        crowd: bool (g',).
    Returns: `FrameOverlap` of the d found and the g ordinary true tracks.

    >>> from simvtr.rle import encode
    >>> left, whole = encode(np.array([[True, False]])), encode(np.array([[True, True]]))
    >>> frame_overlap([[left, None]], [[whole, left]], np.array([False])).iou.tolist()
    [[[0.5]], [[0.0]]]
    """
    shared = frame_shared(found, truth)
    found_areas = np.array([mask_areas(masks) for masks in found], np.int64).reshape(len(found), len(shared)).T
    truth_areas = np.array([mask_areas(masks) for masks in truth], np.int64).reshape(len(truth), len(shared)).T
    return frame_overlap_of(shared, found_areas, truth_areas, crowd)


def frame_overlap_of(
    shared: NDArray[np.int64],
    found_areas: NDArray[np.int64],
    truth_areas: NDArray[np.int64],
    crowd: NDArray[np.bool_],
) -> FrameOverlap:
    """`frame_overlap` from pixels that are counted already.

    Args:
        shared: (t, d, g') pixels in both masks.
        found_areas, truth_areas: (t, d) and (t, g') pixels, 0 where absent.
        crowd: bool (g',).

    >>> two = np.full((1, 1), 2)
    >>> frame_overlap_of(np.ones((1, 1, 1), int), two, two, np.array([False])).iou[0].round(3).tolist()
    [[0.333]]
    """
    union = found_areas[:, :, None] + truth_areas[:, None, :] - shared
    iou = np.divide(shared, union, out=np.zeros(shared.shape), where=union > 0)
    present = found_areas > 0
    if crowd.any():
        inside = (shared[:, :, crowd] > CROWD_SHARE * found_areas[:, :, None]).any(axis=2)
        present &= ~inside | (iou[:, :, ~crowd] >= 0.5).any(axis=2)
        iou = np.where(present[:, :, None], iou, 0.0)[:, :, ~crowd]
    return FrameOverlap(iou, present, truth_areas[:, ~crowd] > 0)


def assign(
    score: NDArray[np.float64], found: NDArray[np.bool_], truth: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """In every frame the one-to-one pairs of found and true masks with the highest total score.

    Args:
        score: (t, d, g), at least 0; pairs of score 0 are never made.
        found, truth: bool (t, d) and (t, g), masks that are present.
    Returns: frame, found track and true track of each pair, by frame.

    >>> score = np.array([[[0.8, 0.7], [0.6, 0.0]]])   # 0.7 + 0.6 is more than 0.8 + 0.0
    >>> [index.tolist() for index in assign(score, np.ones((1, 2), bool), np.ones((1, 2), bool))]
    [[0, 0], [0, 1], [1, 0]]
    """
    from scipy.optimize import linear_sum_assignment

    if not score.size:
        none = np.zeros(0, np.intp)
        return none, none, none
    # Where the favourites of all found tracks are distinct, and none has two, no other assignment is as good: the total
    # is the sum of the rows' maxima. The same holds for the true tracks. Few frames are left for the general method.
    positive = score > 0
    of_found = positive & (score == score.max(axis=2, keepdims=True))
    of_truth = positive & (score == score.max(axis=1, keepdims=True))
    clear_found, clear_truth = one_to_one(of_found), one_to_one(of_truth)
    pairs = np.where(clear_found[:, None, None], of_found, of_truth)
    for frame in np.flatnonzero(~clear_found & ~clear_truth):
        rows, columns = np.flatnonzero(truth[frame]), np.flatnonzero(found[frame])
        # true tracks as rows, in the order of the file: on equal totals this is the choice that TrackEval makes
        g, d = linear_sum_assignment(-score[frame].T[rows[:, None], columns])
        pairs[frame] = False
        pairs[frame, columns[d], rows[g]] = True
    frames, rows, columns = np.nonzero(pairs & positive)
    return frames, rows, columns


def one_to_one(pairs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Frames in which no found and no true mask is in two pairs: bool (t,) from (t, d, g).

    >>> one_to_one(np.array([[[True, False]], [[True, True]]])).tolist()
    [True, False]
    """
    return (np.count_nonzero(pairs, axis=1) <= 1).all(axis=1) & (np.count_nonzero(pairs, axis=2) <= 1).all(axis=1)
