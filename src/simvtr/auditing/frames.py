"""Attacks on frames: lists cut short, masks held, dropped, shuffled. None of them looks at a mask."""

from dataclasses import replace

import numpy as np

from simvtr.evaluation.dialects import Found
from simvtr.evaluation.overlap import Masks
from simvtr.schema import Track, Truth

Tampered = dict[int, list[Track]]


def first_frames(found: Found, truth: Truth, rng: np.random.Generator, *, frames: int, padded: bool) -> Tampered:
    """Only the first `frames` entries of every list.

    Args:
        padded: fill up with None to the length of the video, as is honest. False leaves the list short.
    """
    return {
        video: [_with(track, _filled(track.segmentations[:frames], truth, video, padded)) for track in tracks]
        for video, tracks in found.items()
    }


def one_mask(found: Found, truth: Truth, rng: np.random.Generator) -> Tampered:
    """A track's first mask in every frame of the video; tracks without a mask stay as they are."""
    made: Tampered = {}
    for video, tracks in found.items():
        first = [next((mask for mask in track.segmentations if mask is not None), None) for track in tracks]
        made[video] = [
            track if mask is None else _with(track, (mask,) * truth.videos[video].length)
            for track, mask in zip(tracks, first, strict=True)
        ]
    return made


def every_nth(found: Found, truth: Truth, rng: np.random.Generator, *, step: int, held: bool) -> Tampered:
    """Frames 0, `step`, 2 · `step`, ...; between them the last of these repeated (`held`), or None."""

    def thinned(masks: Masks) -> Masks:
        return tuple(masks[t - t % step] if held or t % step == 0 else None for t in range(len(masks)))

    return {video: [_with(track, thinned(track.segmentations)) for track in tracks] for video, tracks in found.items()}


def shuffled(found: Found, truth: Truth, rng: np.random.Generator) -> Tampered:
    """The frames of a video in random order, the same for all of its tracks."""
    made: Tampered = {}
    for video, own in _generators(found, rng).items():
        tracks = found[video]
        order = own.permutation(max((len(track.segmentations) for track in tracks), default=0)).tolist()
        made[video] = [
            _with(track, [track.segmentations[t] for t in order if t < len(track.segmentations)]) for track in tracks
        ]
    return made


def flicker(found: Found, truth: Truth, rng: np.random.Generator, *, percent: int) -> Tampered:
    """Every track loses `percent` of its masks (to the nearest whole number, half upwards), drawn at random."""
    made: Tampered = {}
    for video, own in _generators(found, rng).items():
        made[video] = []
        for track in found[video]:
            present = [t for t, mask in enumerate(track.segmentations) if mask is not None]
            lost = set(own.permutation(present)[: (percent * len(present) + 50) // 100].tolist())
            made[video].append(
                _with(track, [None if t in lost else mask for t, mask in enumerate(track.segmentations)])
            )
    return made


def _with(track: Track, masks: Masks) -> Track:
    return replace(track, segmentations=tuple(masks))


def _filled(masks: Masks, truth: Truth, video: int, padded: bool) -> Masks:
    return (*masks, *[None] * (truth.videos[video].length - len(masks))) if padded else masks


def _generators(found: Found, rng: np.random.Generator) -> dict[int, np.random.Generator]:
    """A generator for each video that depends on its id and on one number of `rng`, not on the other videos."""
    root = int(rng.integers(2**63))
    return {video: np.random.default_rng([root, video % 2**64]) for video in found}  # a seed must not be negative
