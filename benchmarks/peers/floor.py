"""The score of no learning: what differs from the still background, one track for each blob, one category for all.

frames of a video -> median picture -> difference -> blobs -> linking.py -> Track

The background is the median of all frames of the video, so the rule sees the future, as no tracker may. Its settings
were chosen by eye on videos of the training split, its category is that split's most frequent one.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.linking import Detection, link
from simvtr.schema import Track

LEAST = 24.0  # grey levels from the background, mean of the channels
LEAST_AREA = 60  # pixels of a blob
CATEGORY = 2  # of most tracks of the training split


def floor(frames: Sequence[NDArray[np.uint8]], category_id: int = CATEGORY) -> list[Track]:
    """Tracks of what moves in one video.

    Args:
        frames: RGB (H, W, 3), all of one size.
        category_id: of every track.

    >>> video = [np.zeros((32, 96, 3), np.uint8) for _ in range(5)]
    >>> for i, frame in enumerate(video):
    ...     frame[8:24, 16 * i : 16 * i + 16] = 255            # a square that jumps by its own width
    >>> [sum(mask is not None for mask in track.segmentations) for track in floor(video)]
    [1, 1, 1, 1, 1]
    """
    pictures = np.stack(frames)
    still = np.median(pictures, axis=0)
    return link([blobs(picture, still, category_id) for picture in pictures])


def blobs(picture: NDArray[np.uint8], still: NDArray[np.floating], category_id: int) -> list[Detection]:
    """Connected regions that differ from the background; their score is by how much, 1 for all 255 grey levels."""
    difference = cv2.GaussianBlur(np.abs(picture - still).mean(axis=2).astype(np.float32), (5, 5), 0)
    moved = cv2.morphologyEx((difference > LEAST).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, labels, about, _ = cv2.connectedComponentsWithStats(moved, connectivity=8)
    found = []
    for i in range(1, count):  # 0 is the background
        if about[i, cv2.CC_STAT_AREA] >= LEAST_AREA:
            mask = labels == i
            found.append(Detection(category_id, float(difference[mask].mean()) / 255, mask))
    return found
