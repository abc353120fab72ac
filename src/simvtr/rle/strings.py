"""COCO's compressed strings read as one array of characters, without a branch a character. For `track`.

pycocotools' own reader goes character by character and guesses wrong at every other run; this takes a third as long.
"""

import numpy as np
from numpy.typing import NDArray

FENCE = "0"  # the character behind each mask


def spelled(text: bytes, ends: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]] | None:
    """The runs of masks that stand side by side, each with a 1 behind them.

    Args:
        text: the compressed runs of all masks, `FENCE` behind each.
        ends: (n,), where each mask ends in the text, behind its fence; n is at least 1.
    Returns: all runs modulo 2**32, an array of its own; where each mask begins among them, and the end (n + 1,). None
        when the text of some mask cannot be split into runs. From a sound run to the next no step reaches 2**30: where
        any run is malformed, some run is above 2**31.

    >>> runs, starts = spelled(b"06011120", np.array([3, 8]))   # 0, 6; 1, 1, 1, then 2 + 1
    >>> runs.tolist(), starts.tolist()
    ([0, 6, 1, 1, 1, 1, 3, 1], [0, 3, 8])
    """
    groups = np.frombuffer(text, np.uint8) - np.uint8(48)
    ends_run = groups < 32
    more = ~ends_run  # another character of the same run follows
    if np.diff(ends, prepend=0).min() < 2 or groups.max() >= 64 or more[ends - 2].any():
        return None
    two = more[1:] & more[:-1]
    three = two[1:] & more[:-2]  # three characters from this one on say "more": a run of four or longer
    if (three[3:] & three[:-3]).any():  # a run of seven
        return None
    long = np.flatnonzero(three) + 3
    long = long[ends_run[long]]
    at_every, places = _short_steps(groups, more, two), np.flatnonzero(ends_run)
    starts = np.concatenate(([0], np.searchsorted(places, ends)))
    steps = np.empty(starts[-1] + starts[-1] % 2, np.int32)
    steps[: starts[-1]] = at_every.take(places)
    steps[starts[-1] :] = 0
    steps[np.searchsorted(places, long)] = _lengthened(at_every[long], groups, more, long)
    steps[starts[1:] - 1] = 0
    runs = _summed(steps, starts)[: starts[-1]]
    runs[starts[1:] - 1] = 1
    return runs, starts


def _short_steps(groups: NDArray[np.uint8], more: NDArray[np.bool_], two: NDArray[np.bool_]) -> NDArray[np.int16]:
    """At every character the number that ends there, if it has at most three: int16 holds their 15 bits.

    Groups of 5 bits, least first; the highest bit of the last is the sign. Bytes as long as possible, then few arrays
    of int16: more of them would not fit a core's own cache.

    Args:
        more, two: where a character says that another follows, and where the next says so too.
    """
    value = groups & np.uint8(31)
    made = ((value ^ np.uint8(16)) - np.uint8(16)).view(np.int8).astype(np.int16)
    value, added = value.astype(np.int16), np.empty_like(made)
    for back, follows in ((1, more[:-1]), (2, two[:-1])):  # times 32, plus the group that far before
        part = np.multiply(made[back:], np.int16(31), out=added[back:])
        part += value[:-back]
        part *= follows.view(np.uint8).astype(np.int16)  # once: a product of two types takes several times as long
        made[back:] += part
    return made


def _lengthened(
    made: NDArray[np.int16], groups: NDArray[np.uint8], more: NDArray[np.bool_], at: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Numbers of four to six characters, from what their last three (`made`), up to places `at`, say."""
    longer, number = np.ones(len(at), bool), made.astype(np.int32)
    for back in (3, 4, 5):
        if back > 3:
            longer &= more[at - back]  # before the text stands, in Python's way, its last character: it says no more
        number = np.where(longer, number * 32 + (groups[at - back] & 31), number)
    return number


def _summed(steps: NDArray[np.int32], starts: NDArray[np.int64]) -> NDArray[np.uint32]:
    """From the fourth on a number is the difference to the run two before: undone for all masks at once.

    Two running sums, over even and over odd places, in the lower and the upper half of one 64-bit number (where these
    lie in memory already: least byte first). The first number of a mask is left out of them, so that the third stands
    for itself. A lower half that is negative takes 1 from the upper one, but then the mask is malformed and the lower
    half says so.

    Args:
        steps: an even number of them; every mask has at least two.
    """
    begins = starts[:-1]
    first = steps[begins]
    steps[begins] = 0
    sums = steps.view(np.int64)
    borrowed = sums & (1 << 31)  # the sign of the lower half
    borrowed <<= 1
    sums -= borrowed
    pairs = (begins + 1) // 2  # from here on both halves are of the mask
    reached = np.add.reduceat(sums, pairs)[:-1]
    sums[pairs[1:]] -= reached  # each mask begins anew
    np.cumsum(sums, out=sums)
    runs = steps.view(np.uint32)
    runs[begins] = first.view(np.uint32)
    return runs
