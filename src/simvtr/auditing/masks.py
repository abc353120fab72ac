"""Attacks on masks: grown, shrunk and moved by 1 % of the short side of their picture, at least 1 pixel."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simvtr.auditing.frames import Tampered
from simvtr.auditing.packed import lane, unpacked
from simvtr.auditing.shapes import Move, combine
from simvtr.evaluation.dialects import Found
from simvtr.rle import Rle
from simvtr.schema import Track, Truth

CROSS: tuple[Move, ...] = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))  # times the step


def dilated(found: Found, truth: Truth, rng: np.random.Generator) -> Tampered:
    """Every mask joined with itself moved one step up, down, left and right."""
    return _changed(found, CROSS, at_least=1)


def eroded(found: Found, truth: Truth, rng: np.random.Generator) -> Tampered:
    """Every mask cut down to what it shares with itself moved one step up, down, left and right.

    A mask of which nothing is left becomes None. Outside of the picture is background.
    """
    return _changed(found, CROSS, at_least=len(CROSS))


def shifted(found: Found, truth: Truth, rng: np.random.Generator) -> Tampered:
    """Every mask moved one step down and one to the right; a mask that leaves the picture becomes None."""
    return _changed(found, ((1, 1),), at_least=1)


def step(height: int, width: int) -> int:
    """Pixels that the attacks move a mask by.

    >>> step(720, 1280), step(4, 4)
    (7, 1)
    """
    return max(1, round(min(height, width) / 100))


def _changed(found: Found, moves: Sequence[Move], at_least: int) -> Tampered:
    return {video: [_changed_track(track, moves, at_least) for track in tracks] for video, tracks in found.items()}


def _changed_track(track: Track, moves: Sequence[Move], at_least: int) -> Track:
    masks: list[Rle | None] = list(track.segmentations)
    sizes = {(mask.height, mask.width) for mask in masks if mask is not None}
    for size in sizes:  # one, but in files read as the reference reads them
        scaled = [(down * step(*size), right * step(*size)) for down, right in moves]
        chosen = [mask is not None and (mask.height, mask.width) == size for mask in masks]
        old = lane([mask if some else None for mask, some in zip(masks, chosen, strict=True)])
        changed = unpacked(combine(old, scaled, at_least))
        masks = [new if some else mask for mask, some, new in zip(masks, chosen, changed, strict=True)]
    return replace(track, segmentations=tuple(masks))
