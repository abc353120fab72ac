"""COCO's compressed strings read as one array of characters, without a branch a character. For `track`.

pycocotools' own reader goes character by character and guesses wrong at every other run; this takes half as long.
"""

import numpy as np
from numpy.typing import NDArray


def spelled(text: bytes, ends: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]] | None:
    """The runs of masks that stand side by side.

    Args:
        text: the compressed runs of all masks.
        ends: (n,), where each mask ends in the text; n is at least 1.
    Returns: all runs modulo 2**32; where each mask begins among them, and the end (n + 1,). None when the text of some
        mask cannot be split into runs. From a sound run to the next no step reaches 2**30: where any run is
        malformed, some run is above 2**31.

    >>> runs, starts = spelled(b"061112", np.array([2, 6]))   # 0, 6; 1, 1, 1, then 2 + 1
    >>> runs.tolist(), starts.tolist()
    ([0, 6, 1, 1, 1, 3], [0, 2, 6])
    """
    groups = np.frombuffer(text, np.uint8) - np.uint8(48)
    more = groups >= 32  # another character of the same run follows
    if not ends[0] or (ends[1:] == ends[:-1]).any() or groups.max() >= 64 or more[ends - 1].any():
        return None
    two = more[1:] & more[:-1]
    three = two[1:] & more[:-2]  # three characters from this one on say "more": a run of four or longer
    if (three[3:] & three[:-3]).any():  # a run of seven
        return None
    last = np.flatnonzero(~more)  # of each run
    starts = np.concatenate(([0], np.searchsorted(last, ends)))
    steps = _short_steps(groups)[last].astype(np.int32)
    _lengthen(steps, groups, more, last, np.flatnonzero(three) + 3)
    return _summed(steps, starts), starts


def _short_steps(groups: NDArray[np.uint8]) -> NDArray[np.int16]:
    """At every character the number that ends there, if it has at most three: int16 holds their 15 bits.

    Groups of 5 bits, least first; the highest bit of the last is the sign.
    """
    wide = groups.astype(np.int16)  # once: a product of two types takes several times as long
    value = wide & np.int16(31)
    more = wide >> np.int16(5)
    made = (value ^ np.int16(16)) - np.int16(16)
    for back in (1, 2):  # of a second and a third group: times 32, plus the group that far before
        if back == 2:
            more = more[1:] * more[:-1]
        added = made[back:] * np.int16(31)
        added += value[:-back]
        added *= more[: len(added)]
        made[back:] += added
    return made


def _lengthen(
    steps: NDArray[np.int32],
    groups: NDArray[np.uint8],
    more: NDArray[np.bool_],
    last: NDArray[np.int64],
    candidates: NDArray[np.int64],
) -> None:
    """Complete the numbers of four to six characters, of which `candidates` are the fourth and later ones."""
    at = candidates[~more[candidates]]
    place = np.searchsorted(last, at)
    made = steps[place]  # of the last three characters
    longer = np.ones(len(at), bool)
    for back in (3, 4, 5):
        if back > 3:
            longer &= more[at - back]  # before the text stands, in Python's way, its last character: it says no more
        made = np.where(longer, made * 32 + (groups[at - back] & 31), made)
    steps[place] = made


def _summed(steps: NDArray[np.int32], starts: NDArray[np.int64]) -> NDArray[np.uint32]:
    """From the fourth on a number is the difference to the run two before: undone for all masks at once.

    Two running sums, over even and over odd places, in the lower and the upper half of one 64-bit number. The first
    number of a mask is left out of them, so that the third stands for itself. A lower half that is negative takes 1
    from the upper one, but then the mask is malformed and the lower half says so.
    """
    begins = starts[:-1]
    first = steps[begins]
    steps[begins] = 0
    sums = np.zeros(len(steps) // 2 + 1, np.int64)
    sums[: len(steps) // 2] = steps[1::2]
    sums <<= 32
    sums[: (len(steps) + 1) // 2] += steps[::2]
    pairs = (begins + 1) // 2  # from here on both halves are of the mask
    reached = np.add.reduceat(sums, pairs)[:-1]
    reached[pairs[1:] == pairs[:-1]] = 0  # a mask of one run
    np.subtract.at(sums, pairs[1:], reached)  # each mask begins anew
    np.cumsum(sums, out=sums)
    runs = sums.view(np.uint32)[: starts[-1]]
    runs[begins] = first.view(np.uint32)
    return runs
