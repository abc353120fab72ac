"""Probes: the truth itself as results, whole or linked anew. How much of the score of a data set needs tracking?"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import numpy as np

from simvtr.auditing.frames import Tampered
from simvtr.auditing.packed import unpacked
from simvtr.evaluation.dialects import Found
from simvtr.evaluation.overlap import mask_areas
from simvtr.rle import Rle, area, box, intersections
from simvtr.schema import Track, Truth

How = Literal["overlap", "slot", "class"]
_Frame = list[tuple[Rle, int]]  # mask and category of the objects that have pixels, in the order of the file


def truth_as_results(found: Found, truth: Truth, rng: np.random.Generator) -> Tampered:
    """Oracle: every true track that is no crowd, with score 1."""
    return {
        video: [
            Track(t.category_id, 1.0, unpacked(t.segmentations)) for t in truth.tracks.get(video, ()) if not t.crowd
        ]
        for video in truth.videos
    }


def relinked(truth: Truth, how: How) -> dict[int, list[Track]]:
    """The truth's own masks, perfect in every frame, linked to tracks by a rule that knows nothing of identity.

    Crowds are left out. A track has score 1 and the category of most of its frames (of the earlier one on a tie).

    Args:
        how: what links a mask to a track.
            "overlap": the IoU with the track's mask in the frame before, assigned one to one so that the sum is
                highest (Hungarian algorithm), categories unseen. Without any overlap a track ends and a new one begins.
            "slot": the place among the objects seen in the frame, from left to right.
            "class": the category; of several objects of one category it is drawn at random in every frame (seeded by
                video and frame) which goes on with which track.
            The order of the file decides between equal overlaps alone: it mostly is the same in every frame, and so
                tells who is who.
    Returns: tracks by video id, to be scored by `evaluate`.
    Raises: ValueError for another `how`.

    >>> from pathlib import Path
    >>> from simvtr.rle import encode
    >>> from simvtr.schema import Category, TruthTrack, Video
    >>> left, right = encode(np.array([[True, False]])), encode(np.array([[False, True]]))
    >>> fish = TruthTrack(1, 1, 1, (left, None), (1.0, None), (None, None))
    >>> crab = TruthTrack(2, 1, 2, (right, right), (1.0, 1.0), (None, None))
    >>> truth = Truth({1: Video(1, 2, 1, 2)}, {1: [fish, crab]}, {1: Category(1, "fish"), 2: Category(2, "crab")},
    ...     Path("truth.json"))
    >>> fish_then_crab, crab_at_first = relinked(truth, "slot")[1]
    >>> [mask is right for mask in fish_then_crab.segmentations]
    [False, True]
    """
    if how not in get_args(How):
        raise ValueError(f"relinked: how must be one of {get_args(How)}, got {how!r}")
    links = {"overlap": _by_overlap, "slot": _by_slot, "class": _by_class}[how]
    return {
        video: _tracks(frames, links(frames, video)) for video in truth.videos for frames in [_frames(truth, video)]
    }


def _frames(truth: Truth, video: int) -> list[_Frame]:
    frames: list[_Frame] = [[] for _ in range(truth.videos[video].length)]
    for track in truth.tracks.get(video, ()):
        if not track.crowd:
            for frame, mask in zip(frames, track.segmentations, strict=False):  # hand-made lists may be shorter
                if mask is not None and area(mask):
                    frame.append((mask, track.category_id))
    return frames


def _by_overlap(frames: Sequence[_Frame], video: int) -> list[list[int]]:
    from scipy.optimize import linear_sum_assignment

    links: list[list[int]] = []
    before: _Frame = []
    count = 0
    for frame in frames:
        tracks = [-1] * len(frame)
        iou = _ious([mask for mask, _ in before], [mask for mask, _ in frame])
        for i, j in zip(*linear_sum_assignment(iou, maximize=True), strict=True):
            if iou[i, j] > 0:
                tracks[j] = links[-1][i]
        for j, track in enumerate(tracks):
            if track < 0:
                tracks[j], count = count, count + 1
        links.append(tracks)
        before = frame
    return links


def _ious(a: Sequence[Rle], b: Sequence[Rle]) -> np.ndarray:
    shared = intersections(a, b)
    return shared / (mask_areas(a)[:, None] + mask_areas(b) - shared)


def _by_slot(frames: Sequence[_Frame], video: int) -> list[list[int]]:
    links: list[list[int]] = []
    for frame in frames:
        order = sorted(range(len(frame)), key=lambda j: _across(frame[j][0]))
        links.append(np.argsort(order).tolist())
    return links


def _across(mask: Rle) -> tuple[float, float, int]:
    """Middle of the mask's box from left to right; of equals the upper one is first, then the smaller one."""
    x, y, width, height = box(mask)
    return x + width / 2, y + height / 2, area(mask)


def _by_class(frames: Sequence[_Frame], video: int) -> list[list[int]]:
    links: list[list[int]] = []
    numbers: dict[tuple[int, int], int] = {}  # track of each category and place
    for t, frame in enumerate(frames):
        rng = np.random.default_rng([abs(video), t])
        seen = Counter(category for _, category in frame)
        places = {category: iter(rng.permutation(count).tolist()) for category, count in seen.items()}
        links.append([numbers.setdefault((category, next(places[category])), len(numbers)) for _, category in frame])
    return links


def _tracks(frames: Sequence[_Frame], links: Iterable[Sequence[int]]) -> list[Track]:
    """Tracks from the number of the track that each mask of each frame belongs to."""
    masks: dict[int, list[Rle | None]] = {}
    categories: dict[int, Counter[int]] = {}
    for t, (frame, numbers) in enumerate(zip(frames, links, strict=True)):
        for (mask, category), number in zip(frame, numbers, strict=True):
            masks.setdefault(number, [None] * len(frames))[t] = mask
            categories.setdefault(number, Counter())[category] += 1
    return [Track(categories[number].most_common(1)[0][0], 1.0, tuple(masks[number])) for number in sorted(masks)]
