"""HOTA: are the objects found (DetA), and are they the same objects throughout (AssA)? Counts that add up over videos.

Source: arXiv 2009.07736, sections 5 and 6; digits as TrackEval's `metrics/hota.py`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simvtr.evaluation.frames import FrameOverlap, assign

ALPHAS = np.arange(0.05, 0.99, 0.05)  # a, the least IoU of a match: 19 levels up to 0.95
_EPSILON = np.finfo(float).eps  # an IoU this close below a level reaches it


@dataclass(frozen=True, slots=True, eq=False)
class HotaCounts:
    """Counts at each level of IoU, (a,); those of several videos are added to score them together."""

    matches: NDArray[np.int64]  # true positives: pairs of masks
    found: int  # found masks, matched or not
    truth: int  # true masks
    association: NDArray[np.float64]  # summed over the matches: how far the two tracks stay with each other, in [0, 1]
    overlap: NDArray[np.float64]  # summed over the matches: IoU

    def __add__(self, other: "HotaCounts") -> "HotaCounts":
        return HotaCounts(
            self.matches + other.matches,
            self.found + other.found,
            self.truth + other.truth,
            self.association + other.association,
            self.overlap + other.overlap,
        )

    @property
    def detection_accuracy(self) -> NDArray[np.float64]:
        """DetA at each level: matches over matches, missed and false masks; 0 without any."""
        return self.matches / np.maximum(1, self.found + self.truth - self.matches)

    @property
    def association_accuracy(self) -> NDArray[np.float64]:
        """AssA at each level; 0 without matches."""
        return self.association / np.maximum(1, self.matches)

    @property
    def localisation_accuracy(self) -> NDArray[np.float64]:
        """LocA at each level, the mean IoU of the matches; 1 without matches, as in TrackEval."""
        return np.divide(self.overlap, self.matches, out=np.ones(len(ALPHAS)), where=self.matches > 0)

    @property
    def hota(self) -> NDArray[np.float64]:
        """HOTA at each level: the geometric mean of DetA and AssA. The figure is the mean over the levels."""
        return np.sqrt(self.detection_accuracy * self.association_accuracy)


NO_COUNTS = HotaCounts(np.zeros(len(ALPHAS), np.int64), 0, 0, np.zeros(len(ALPHAS)), np.zeros(len(ALPHAS)))


def hota_counts(video: FrameOverlap) -> HotaCounts:
    """What one video and category adds to HOTA.

    In each frame masks are paired one to one so that the sum of (IoU x how well the two tracks align over the whole
    video) is greatest; a pair is a match at every level that its IoU reaches.

    >>> always = np.ones((4, 1), bool)
    >>> perfect = hota_counts(FrameOverlap(np.ones((4, 1, 1)), always, always))
    >>> perfect.hota.mean().item(), perfect.matches[0].item()
    (1.0, 4)
    """
    iou, levels = video.iou, len(ALPHAS)
    found_frames, true_frames = video.found.sum(axis=0), video.truth.sum(axis=0)  # (d,), (g,)
    found, truth = int(found_frames.sum()), int(true_frames.sum())
    if not found or not truth:
        return HotaCounts(NO_COUNTS.matches, found, truth, NO_COUNTS.association, NO_COUNTS.overlap)

    frames, d, g = assign(iou * _alignment(iou, found_frames, true_frames), video.found, video.truth)
    reached = np.searchsorted(ALPHAS - _EPSILON, iou[frames, d, g], side="right")  # levels each pair is a match at
    pair, index = np.unique(d * len(true_frames) + g, return_inverse=True)  # tracks that are ever paired
    matches = _at_least(np.bincount(index * (levels + 1) + reached, minlength=len(pair) * (levels + 1)), len(pair))
    overlap = _at_least(np.bincount(reached, iou[frames, d, g], minlength=levels + 1), 1)[0]
    either = found_frames[pair // len(true_frames)] + true_frames[pair % len(true_frames)]
    association = (matches * (matches / np.maximum(1, either[:, None] - matches))).sum(axis=0)
    return HotaCounts(matches.sum(axis=0), found, truth, association, overlap)


def _alignment(
    iou: NDArray[np.float64], found_frames: NDArray[np.int64], true_frames: NDArray[np.int64]
) -> NDArray[np.float64]:
    """How well two tracks align over all frames, before any pairing: (d, g) in [0, 1]. A Jaccard index of frames, in
    which a frame counts as common by the pair's share of all IoU that its two masks have in that frame."""
    rivals = iou.sum(axis=2)[:, :, None] + iou.sum(axis=1)[:, None, :] - iou
    common = np.divide(iou, rivals, out=np.zeros(iou.shape), where=rivals > _EPSILON).sum(axis=0)
    either = found_frames[:, None] + true_frames - common
    return np.divide(common, either, out=np.zeros(common.shape), where=either > 0)


def _at_least(histogram: NDArray, rows: int) -> NDArray:
    """Counts by the number of levels reached, flattened (rows, a + 1), to counts at each level: (rows, a)."""
    return np.cumsum(histogram.reshape(rows, len(ALPHAS) + 1)[:, :0:-1], axis=1)[:, ::-1]
