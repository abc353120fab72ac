"""Whole numbers in JSON text, read all at once: a third of the cost of `np.fromstring`. For `track`."""

import numpy as np
from numpy.typing import NDArray

_OPEN, _CLOSE, _COMMA, _BLANK = b"[], "
_DIGITS = 9  # of the longest number: 2**27, the most pixels of a mask


def listed_numbers(text: bytes, ends: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]] | None:
    """The numbers of lists that stand side by side.

    Args:
        text: well-formed JSON lists, one after the other, nothing in between.
        ends: (n,), where each list ends in the text.
    Returns: all numbers; where each list begins among them, and the end (n + 1,). None when a list is empty or holds
        anything but whole numbers of at most 9 digits without sign.

    >>> numbers, starts = listed_numbers(b"[1, 20][300]", np.array([7, 12]))
    >>> numbers.tolist(), starts.tolist()
    ([1, 20, 300], [0, 2, 3])
    """
    characters = np.frombuffer(text, np.uint8)
    digits = characters - np.uint8(48)
    is_digit = digits < 10
    commas = np.count_nonzero(characters == _COMMA)
    others = len(text) - np.count_nonzero(is_digit) - commas - np.count_nonzero(characters <= _BLANK)
    begins = np.concatenate(([0], ends[:-1]))
    if others != 2 * len(ends) or (characters[begins] != _OPEN).any() or (characters[ends - 1] != _CLOSE).any():
        return None
    last = np.flatnonzero(is_digit[:-1] > is_digit[1:])  # of each number
    starts = np.append(np.searchsorted(last, begins), len(last))
    if len(last) != commas + len(ends) or (starts[1:] == starts[:-1]).any():
        return None
    # At every character at once: the number of up to two digits that ends there, then of up to four.
    digits *= is_digit
    two = digits[1:] * np.uint8(1)
    two += digits[:-1] * np.uint8(10)  # at place i of the text: two[i - 1]
    two *= is_digit[1:]
    four = two.astype(np.uint16)
    four[2:] += (two[:-2] * is_digit[2:-1]) * np.uint16(100)
    numbers = four[last - 1].astype(np.uint32)
    place = np.flatnonzero(np.diff(last, prepend=-_DIGITS) > 5)  # these may be longer
    at = last[place]
    for digit in range(1, _DIGITS + 1):  # the digit that many places before the last
        at = at - 1
        longer = is_digit[at]
        at, place = at[longer], place[longer]
        if not len(at):
            return numbers, starts
        if digit >= 4:
            numbers[place] += digits[at] * np.uint32(10**digit)
    return None
