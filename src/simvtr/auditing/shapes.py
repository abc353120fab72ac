"""Masks moved, joined and intersected on their runs, a track at a time: the pictures are never drawn.

    track -> stretches, one column each -> moved copies -> how many cover a pixel -> track
             line       split                              covered                   pack

All masks of a track are one long line of pixels, column after column, mask after mask; a stretch is [begin, end) on it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simvtr.auditing.packed import MadeTrack, laid_out
from simvtr.rle import MaskTrack

Line = NDArray[np.signedinteger]
Move = tuple[int, int]  # pixels down, pixels right


def combine(track: MaskTrack, moves: Sequence[Move], at_least: int) -> MaskTrack:
    """The pixels that at least so many of a mask's moved copies cover; what leaves the picture is lost.

    Args:
        track: masks, each changed for itself.
        moves: one copy each. With `at_least` 1 the copies are joined (dilation), with their number intersected
            (erosion), where nothing outside of the picture covers a pixel.
    Returns: the masks in their frames, None where no pixel is left.

    >>> from simvtr.rle import decode, encode
    >>> (right,) = combine(MaskTrack.of([encode(np.array([[True, False, False]]))]), [(0, 0), (0, 1)], at_least=1)
    >>> decode(right).astype(int).tolist()
    [[1, 1, 0]]
    """
    height, width = track.height, track.width
    begins, ends, frames = line(track)
    begins, ends = split(begins, ends, height)
    column = begins // height
    top, bottom, left = begins - column * height, ends - column * height, column % width

    copies = []
    for down, right in moves:
        begin, end = np.maximum(top + down, 0), np.minimum(bottom + down, height)
        base = (column + right) * height
        kept = (begin < end) & (left >= -right) & (left < width - right)
        begin, end = base + begin, base + end
        copies.append((begin, end) if kept.all() else (begin[kept], end[kept]))
    begins, ends = covered(copies, at_least)
    return pack(*split(begins, ends, height * width), track, frames)


def line(track: MaskTrack) -> tuple[Line, Line, NDArray[np.intp]]:
    """The stretches of all masks that are present: begins, ends; and the frames of the masks."""
    runs, records = laid_out(track)
    frames = np.flatnonzero(records["m"])
    lengths = records["m"][frames].astype(np.int64)
    small = 2 * len(frames) * track.height * track.width < 1 << 31  # a fifth less time than with int64
    ends = np.cumsum(runs, dtype=np.int32 if small else np.int64)
    odd = (np.cumsum(lengths) - lengths) % 2 == 1  # masks whose first run, of background, stands at an odd place
    inside = np.repeat(odd, lengths)
    inside[1::2] ^= True
    ends = ends[inside]
    return ends - runs[inside].astype(ends.dtype), ends, frames


def boxes(track: MaskTrack) -> NDArray[np.int64]:
    """`rle.box` of each frame's mask, (t, 4): x, y, width, height; zeros where it has no pixel.

    >>> from simvtr.rle import encode
    >>> boxes(MaskTrack.of([None, encode(np.array([[False, True, True], [False, False, True]]))])).tolist()
    [[0, 0, 0, 0], [1, 0, 2, 2]]
    """
    made = np.zeros((len(track), 4), np.int64)
    begins, ends, frames = line(track)
    if not len(begins):
        return made
    first, last = begins // track.height, (ends - 1) // track.height  # columns, on from mask to mask
    owner = first // track.width
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    across = first != last  # a stretch over several columns reaches the top and the bottom
    top = np.minimum.reduceat(np.where(across, 0, begins % track.height), starts)
    bottom = np.maximum.reduceat(np.where(across, track.height - 1, (ends - 1) % track.height), starts)
    left, right = np.minimum.reduceat(first, starts), np.maximum.reduceat(last, starts)
    sides = (left % track.width, top, right - left + 1, bottom - top + 1)
    made[frames[owner[starts]]] = np.stack(sides, axis=1)
    return made


def split(begins: Line, ends: Line, every: int) -> tuple[Line, Line]:
    """The same stretches, none of them across a multiple of `every`.

    >>> [side.tolist() for side in split(np.array([1]), np.array([7]), 3)]
    [[1, 3, 6], [3, 6, 7]]
    """
    first = begins // every
    parts = (ends - 1) // every - first + 1
    if not (parts > 1).any():
        return begins, ends
    begins, ends, first = (np.repeat(side, parts) for side in (begins, ends, first))
    cell = first + np.arange(len(first)) - np.repeat(np.cumsum(parts) - parts, parts)
    cell = cell.astype(begins.dtype)
    return np.maximum(begins, cell * every), np.minimum(ends, (cell + 1) * every)


def covered(copies: Sequence[tuple[Line, Line]], at_least: int) -> tuple[Line, Line]:
    """Where at least so many of the copies lie on each other: begins and ends, rising, apart from one another.

    Args:
        copies: begins and ends of the stretches of each, none of which lies on another of its copy.

    >>> low, middle, high = ((np.array([a]), np.array([b])) for a, b in ((0, 4), (2, 5), (4, 6)))
    >>> [side.tolist() for side in covered([low, middle, high], 1)]
    [[0], [6]]
    >>> [side.tolist() for side in covered([low, middle, high], 2)]
    [[2], [5]]
    """
    # position and, in the last bit, whether it is an end; "stable" merges what is in order already, as each copy is
    events = np.sort(
        np.concatenate([side for begins, ends in copies for side in (begins * 2, ends * 2 + 1)]), kind="stable"
    )
    change = 1 - 2 * (events & 1).astype(np.int8)
    inside = np.cumsum(change, dtype=np.int16) >= at_least
    edges = events[np.flatnonzero(np.diff(inside, prepend=False))] >> 1
    begins, ends = edges[::2], edges[1::2]
    some = begins < ends  # where one begins as another ends, both cover nothing
    return begins[some], ends[some]


def pack(begins: Line, ends: Line, like: MaskTrack, frames: NDArray[np.intp]) -> MadeTrack:
    """A track from rising stretches that stay inside their mask and do not touch each other within it.

    Args:
        like: the track whose size the masks have.
        frames: where the masks on the line belong.

    >>> from simvtr.rle import encode
    >>> three = MaskTrack.of([encode(np.ones((2, 3), bool))] * 3)
    >>> list(pack(np.array([0, 6]), np.array([2, 9]), three, np.arange(3)))  # pixels 0 and 1 of the first, 0 to 2
    [Rle(height=2, width=3, counts=b'024'), Rle(height=2, width=3, counts=b'033'), None]
    """
    pixels = like.height * like.width
    owner = begins // pixels
    stretches = np.bincount(owner, minlength=len(frames))
    shown = np.flatnonzero(stretches)
    areas = np.zeros(len(like), np.int64)
    areas[frames] = np.bincount(owner, ends - begins, minlength=len(frames))
    borders = (shown + 1) * pixels
    open_ = np.ones(len(frames), bool)  # the mask does not end in foreground: one more run of background
    open_[ends[ends % pixels == 0] // pixels - 1] = False
    edges = np.sort(np.concatenate([begins, ends, borders[open_[shown]]]), kind="stable")
    lengths = 2 * stretches[shown] + open_[shown]
    runs = np.diff(edges, prepend=0)
    starts = np.cumsum(lengths) - lengths
    runs[starts] = edges[starts] - shown * pixels
    return MadeTrack(runs.astype(np.uint32), lengths, frames[shown], areas, like.height, like.width)
