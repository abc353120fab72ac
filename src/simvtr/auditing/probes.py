"""Probes: the truth itself as results, whole or linked anew. How much of the score of a data set needs tracking?"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import numpy as np

from simvtr.auditing.frames import Tampered
from simvtr.auditing.packed import areas, lane, unpacked
from simvtr.auditing.shapes import boxes
from simvtr.evaluation.dialects import Found
from simvtr.rle import Rle, frame_shared
from simvtr.schema import Track, Truth, TruthTrack

How = Literal["overlap", "slot", "class"]


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
    made = {}
    for video, home in truth.videos.items():
        scene = _Scene([track for track in truth.tracks.get(video, ()) if not track.crowd], home.length)
        made[video] = _tracks(scene, links(scene, video))
    return made


class _Scene:
    """The true tracks of one video that are no crowds.

    Attributes:
        masks: (g) lists, as long as the video.
        frames: the tracks that have pixels in each frame, in the order of the file.
    """

    def __init__(self, tracks: Sequence[TruthTrack], length: int) -> None:
        self.categories = [track.category_id for track in tracks]
        lists = [unpacked(track.segmentations)[:length] for track in tracks]  # hand-made ones may be shorter
        self.masks = [(*masks, *[None] * (length - len(masks))) for masks in lists]
        self.areas = np.array([areas(masks) for masks in self.masks], np.int64).reshape(len(tracks), length).T
        self.frames: list[list[int]] = [np.flatnonzero(row).tolist() for row in self.areas]


def _by_overlap(scene: _Scene, video: int) -> list[list[int]]:
    from scipy.optimize import linear_sum_assignment

    shared = frame_shared([lane(masks[:-1]) for masks in scene.masks], [lane(masks[1:]) for masks in scene.masks])
    links: list[list[int]] = []
    before: list[int] = []
    count = 0
    for t, now in enumerate(scene.frames):
        tracks = [-1] * len(now)
        if before and now:
            both = shared[t - 1][np.ix_(before, now)]
            iou = both / (scene.areas[t - 1, before][:, None] + scene.areas[t, now] - both)
            for i, j in zip(*linear_sum_assignment(iou, maximize=True), strict=True):
                if iou[i, j] > 0:
                    tracks[j] = links[-1][i]
        for j, track in enumerate(tracks):
            if track < 0:
                tracks[j], count = count, count + 1
        links.append(tracks)
        before = now
    return links


def _by_slot(scene: _Scene, video: int) -> list[list[int]]:
    """By the middle of the mask's box from left to right; of equals the upper one is first, then the smaller one."""
    sides = np.array([boxes(lane(masks)) for masks in scene.masks], float).reshape(*scene.areas.T.shape, 4)  # (g, t, 4)
    x, y = sides[..., 0] + sides[..., 2] / 2, sides[..., 1] + sides[..., 3] / 2
    links: list[list[int]] = []
    for t, now in enumerate(scene.frames):
        order = sorted(range(len(now)), key=lambda j: (x[now[j], t], y[now[j], t], scene.areas[t, now[j]]))
        links.append(np.argsort(order).tolist())
    return links


def _by_class(scene: _Scene, video: int) -> list[list[int]]:
    links: list[list[int]] = []
    numbers: dict[tuple[int, int], int] = {}  # track of each category and place
    for t, now in enumerate(scene.frames):
        rng = np.random.default_rng([abs(video), t])
        here = [scene.categories[g] for g in now]
        places = {category: iter(rng.permutation(count).tolist()) for category, count in Counter(here).items()}
        links.append([numbers.setdefault((category, next(places[category])), len(numbers)) for category in here])
    return links


def _tracks(scene: _Scene, links: Iterable[Sequence[int]]) -> list[Track]:
    """Tracks from the number of the track that each mask of each frame belongs to."""
    masks: dict[int, list[Rle | None]] = {}
    categories: dict[int, Counter[int]] = {}
    for t, (now, numbers) in enumerate(zip(scene.frames, links, strict=True)):
        for g, number in zip(now, numbers, strict=True):
            masks.setdefault(number, [None] * len(scene.frames))[t] = scene.masks[g][t]
            categories.setdefault(number, Counter())[scene.categories[g]] += 1
    return [Track(categories[number].most_common(1)[0][0], 1.0, tuple(masks[number])) for number in sorted(masks)]
