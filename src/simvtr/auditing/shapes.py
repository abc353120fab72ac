"""Masks moved, joined and intersected on their runs, a track at a time: the pictures are never drawn.

    masks -> runs -> stretches, one column each -> moved copies -> how many cover a pixel -> runs -> masks
             simvtr.rle    split                   covered          (here)                  pack

All masks of a track are one long line of pixels, column after column, mask after mask; a stretch is [begin, end) on it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simvtr.rle import Rle, decoded_runs

Line = NDArray[np.signedinteger]
Move = tuple[int, int]  # pixels down, pixels right


def combine(masks: Sequence[Rle], moves: Sequence[Move], at_least: int) -> list[Rle | None]:
    """The pixels that at least so many of a mask's moved copies cover; what leaves the picture is lost.

    Args:
        masks: at least one, all of one size.
        moves: one copy each. With `at_least` 1 the copies are joined (dilation), with their number intersected
            (erosion), where nothing outside of the picture covers a pixel.
    Returns: one mask each, None where no pixel is left.

    >>> from simvtr.rle import decode, encode
    >>> (right,) = combine([encode(np.array([[True, False, False]]))], [(0, 0), (0, 1)], at_least=1)
    >>> decode(right).astype(int).tolist()
    [[1, 1, 0]]
    """
    height, width = masks[0].height, masks[0].width
    runs, starts = decoded_runs([mask.counts for mask in masks])
    small = 2 * len(masks) * height * width < 1 << 31  # a fifth less time than with int64
    ends = np.cumsum(runs, dtype=np.int32 if small else np.int64)
    place = np.arange(len(runs)) - np.repeat(starts, np.diff(starts, append=len(runs)))
    inside = place % 2 == 1
    begins, ends = split(ends[inside] - runs[inside], ends[inside], height)
    column = begins // height
    top, bottom, left = begins - column * height, ends - column * height, column % width

    copies = []
    for down, right in moves:
        first, last = np.maximum(top + down, 0), np.minimum(bottom + down, height)
        kept = (first < last) & (left >= -right) & (left < width - right)
        base = (column[kept] + right) * height
        copies.append((base + first[kept], base + last[kept]))
    begins, ends = (np.concatenate(side) for side in zip(*copies, strict=True))
    begins, ends = covered(begins, ends, at_least)
    begins, ends = split(begins, ends, height * width)
    return pack(begins, ends, len(masks), height, width)


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
    return np.maximum(begins, cell * every), np.minimum(ends, (cell + 1) * every)


def covered(begins: Line, ends: Line, at_least: int) -> tuple[Line, Line]:
    """Where at least so many of the stretches lie on each other: begins and ends, rising, apart from one another.

    >>> [side.tolist() for side in covered(np.array([0, 2, 4]), np.array([4, 5, 6]), 1)]
    [[0], [6]]
    >>> [side.tolist() for side in covered(np.array([0, 2, 4]), np.array([4, 5, 6]), 2)]
    [[2], [5]]
    """
    # position and, in the last bit, whether it is an end; "stable" merges what is in order already, as each copy is
    events = np.sort(np.concatenate([begins * 2, ends * 2 + 1]), kind="stable")
    position = events >> 1
    count = np.cumsum(1 - 2 * (events & 1))
    last = np.append(position[1:] != position[:-1], True)[: len(position)]  # of the events at one position
    enough, position = count[last] >= at_least, position[last]
    edges = position[enough != np.concatenate(([False], enough[:-1]))[: len(enough)]]
    return edges[::2], edges[1::2]


def pack(begins: Line, ends: Line, count: int, height: int, width: int) -> list[Rle | None]:
    """Masks from rising stretches that stay inside their mask and do not touch each other within it.

    >>> pack(np.array([0, 6]), np.array([2, 9]), 3, 2, 3)   # pixels 0 and 1 of the first, 0 to 2 of the second
    [Rle(height=2, width=3, counts=b'024'), Rle(height=2, width=3, counts=b'033'), None]
    """
    pixels = height * width
    owner = begins // pixels
    stretches = np.bincount(owner, minlength=count)
    borders = np.arange(1, count + 1) * pixels
    open_ = np.ones(count, bool)  # the mask does not end in foreground: one more run of background
    open_[ends[ends % pixels == 0] // pixels - 1] = False
    edges = np.sort(np.concatenate([begins, ends, borders[open_]]), kind="stable")
    runs = np.diff(edges, prepend=0)
    lengths = 2 * stretches + open_
    starts = np.cumsum(lengths) - lengths
    place = np.arange(len(runs)) - np.repeat(starts, lengths)

    values = runs.copy()  # from the fourth on it is the difference to the run two before
    later = np.flatnonzero(place > 2)
    values[later] -= runs[later - 2]
    size = np.where(values < 0, ~values, values)  # the bits it takes, but for the sign
    groups = np.searchsorted(1 << (5 * np.arange(1, 7) - 1), size, side="right") + 1  # of 5 bits, with the sign
    offsets = np.cumsum(groups) - groups
    text = np.empty(int(groups.sum()), np.uint8)
    rest = np.arange(len(values))  # values with a group left
    for k in range(int(groups.max(initial=0))):
        rest = rest[groups[rest] > k]
        text[offsets[rest] + k] = 48 + ((values[rest] >> 5 * k) & 31) + 32 * (groups[rest] > k + 1)
    data = text.tobytes()
    cuts = [*offsets[starts].tolist(), len(data)]
    return [
        Rle(height, width, data[cuts[i] : cuts[i + 1]]) if some else None for i, some in enumerate(stretches.tolist())
    ]
