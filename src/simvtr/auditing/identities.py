"""Attacks on identities: tails of tracks exchanged, tracks cut into pieces. Every mask stays in its frame."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simvtr.auditing.frames import Tampered
from simvtr.evaluation.dialects import Found
from simvtr.schema import Track, Truth


def swapped_tails(found: Found, truth: Truth, rng: np.random.Generator, *, percent: int) -> Tampered:
    """Pairs of tracks of a video exchange their masks in the last `percent` of the frames (rounded up).

    Pairs are made by falling score: first and second of a category, third and fourth, and so on; then, of the tracks
    that are left over, one a category at most, likewise. A last single one stays as it is. Scores and categories stay.
    """
    made: Tampered = {}
    for video, tracks in found.items():
        made[video] = list(tracks)
        for i, j in pairs(tracks):
            a, b = tracks[i].segmentations, tracks[j].segmentations
            end = min(len(a), len(b))
            start = end - -(-percent * end // 100)
            made[video][i] = replace(tracks[i], segmentations=(*a[:start], *b[start:end], *a[end:]))
            made[video][j] = replace(tracks[j], segmentations=(*b[:start], *a[start:end], *b[end:]))
    return made


def cut(found: Found, truth: Truth, rng: np.random.Generator, *, pieces: int) -> Tampered:
    """Every track as `pieces` tracks in a row, which share its masks evenly; the score and category are those of all.

    The first pieces take one mask more where they cannot be even. Tracks with fewer masks become as many tracks as
    they have masks; a track without stays as it is.
    """
    made: Tampered = {}
    for video, tracks in found.items():
        made[video] = []
        for track in tracks:
            present = [t for t, mask in enumerate(track.segmentations) if mask is not None]
            parts = [set(part.tolist()) for part in np.array_split(np.array(present, int), pieces) if len(part)]
            for part in parts or [set()]:
                masks = tuple(mask if t in part else None for t, mask in enumerate(track.segmentations))
                made[video].append(replace(track, segmentations=masks))
    return made


def pairs(tracks: Sequence[Track]) -> list[tuple[int, int]]:
    """Positions of the tracks that `swapped_tails` pairs.

    >>> pairs([Track(1, 0.2, ()), Track(2, 0.5, ()), Track(1, 0.9, ()), Track(1, 0.7, ()), Track(3, 0.1, ())])
    [(2, 3), (1, 0)]
    """
    ranked = sorted(range(len(tracks)), key=lambda i: -tracks[i].score)
    waiting: dict[int, int] = {}  # the track of each category that has no partner yet
    made: list[tuple[int, int]] = []
    for i in ranked:
        category = tracks[i].category_id
        if category in waiting:
            made.append((waiting.pop(category), i))
        else:
            waiting[category] = i
    left = [i for i in ranked if i in waiting.values()]
    return made + list(zip(left[0:-1:2], left[1::2], strict=True))
