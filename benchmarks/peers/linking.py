"""Objects found frame by frame -> tracks, by the overlap of masks alone: no learning, no appearance.

detections of a frame -> distinct -> Linker (Hungarian, IoU with each track's last mask) -> TrackBuilder -> Track
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from simvtr.inference import FrameResult, FrameTrack, TrackBuilder, Vote
from simvtr.schema import Track

LEAST_IOU = 0.3  # of a mask with its track's last one; below they are different objects
GAP = 5  # frames that a track may miss; its last mask says little about later ones
MOST_IOU = 0.6  # of two masks in one frame; above they are one object


@dataclass(frozen=True, slots=True)
class Detection:
    """One object in one frame: score in [0, 1], mask bool (H, W) with at least one pixel set."""

    category_id: int
    score: float
    mask: NDArray[np.bool_]


class Linker:
    """Names the detections of one video, frame after frame.

    Args:
        least: IoU in [0, 1] that a mask needs with the last mask of the track that it continues.
        gap: frames that a track may miss and still be continued.

    >>> box = lambda at: Detection(1, 0.9, np.arange(8)[None] // 4 == at)
    >>> linker = Linker(gap=1)
    >>> [linker(frame) for frame in ([box(0)], [box(1), box(0)], [box(1)], [], [box(0)])]  # the first came too late
    [[0], [1, 0], [1], [], [2]]
    """

    def __init__(self, least: float = LEAST_IOU, gap: int = GAP) -> None:
        self._least, self._gap = least, gap
        self._last: dict[int, tuple[int, NDArray[np.bool_]]] = {}  # identity -> frame, mask
        self._frame, self._named = -1, 0

    def __call__(self, detections: Sequence[Detection]) -> list[int]:
        """Identity of each detection of the next frame: of the track it continues, or a new number."""
        self._frame += 1
        self._last = {i: (f, mask) for i, (f, mask) in self._last.items() if self._frame - f <= self._gap + 1}
        tracks = list(self._last)
        worth = ious([d.mask for d in detections], [self._last[i][1] for i in tracks])
        worth[worth < self._least] = 0
        pairs = {int(d): tracks[t] for d, t in zip(*linear_sum_assignment(-worth), strict=True) if worth[d, t] > 0}
        identities = []
        for d, detection in enumerate(detections):
            identity = pairs.get(d, self._named)
            self._named += identity == self._named
            self._last[identity] = (self._frame, detection.mask)
            identities.append(identity)
        return identities


def ious(a: Sequence[NDArray[np.bool_]], b: Sequence[NDArray[np.bool_]]) -> NDArray[np.float64]:
    """IoU of every mask of one list with every one of the other: float64 (len(a), len(b)).

    >>> ious([np.array([[True, True]])], [np.array([[True, False]]), np.array([[False, False]])]).tolist()
    [[0.5, 0.0]]
    """
    if not len(a) or not len(b):
        return np.zeros((len(a), len(b)))
    x, y = (np.stack(masks).reshape(len(masks), -1).astype(np.float32) for masks in (a, b))
    shared = (x @ y.T).astype(np.float64)
    union = x.sum(1)[:, None] + y.sum(1)[None] - shared
    return np.divide(shared, union, out=np.zeros(shared.shape), where=union > 0)


def distinct(detections: Sequence[Detection], most: float = MOST_IOU) -> list[Detection]:
    """The detections without those that overlap a better one by more than `most`, whatever their categories.

    A detector names an object once for every category that it might be; a track has one category, as SimVTR's.
    """
    kept: list[Detection] = []
    for detection in sorted(detections, key=lambda d: -d.score):
        if not kept or ious([detection.mask], [k.mask for k in kept]).max() <= most:
            kept.append(detection)
    return kept


def link(frames: Iterable[Sequence[Detection]], *, least: float = LEAST_IOU, gap: int = GAP) -> list[Track]:
    """Tracks of one video, highest score first, each with one entry a frame.

    A track's category is the one with the largest sum of scores; its score is that sum over the track's frames.

    Args: frames: the detections of each frame, in order; frames without any count as well.
    """
    linker, builder = Linker(least, gap), TrackBuilder()
    for index, found in enumerate(frames):
        detections = distinct(found)
        named = list(zip(linker(detections), detections, strict=True))
        tracks = [FrameTrack(i, d.category_id, str(d.category_id), d.score, d.mask) for i, d in named]
        builder.add(FrameResult(index, tracks, {i: Vote({d.category_id: d.score}) for i, d in named}))
    return builder.tracks()
