"""Whole numbers in JSON text, read all at once, much faster than by `np.fromstring`. For `track`."""

import re

import numpy as np
from numpy.typing import NDArray

_COMMA, _CLOSE, _BLANK = b",] "
_DIGITS = 9  # of the longest number: 2**27, the most pixels of a mask
_LEAST = np.array([0, 0, *(10**digits for digits in range(1, _DIGITS))], np.uint32)  # of a number of so many digits
_TORN = re.compile(rb"[0-9][ \t\r\n]+[0-9]")


def listed_numbers(text: bytes, lists: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]] | None:
    """The numbers of lists that stand side by side.

    Args:
        text: JSON lists of numbers, one after the other, nothing in between, each without its first bracket.
        lists: how many they are, at least 1.
    Returns: all numbers, an array of its own; where each list begins among them, and the end (lists + 1,). None when a
        list is empty or holds anything but whole numbers of at most 9 digits without sign, as JSON writes them.

    >>> numbers, starts = listed_numbers(b"1, 20]300]", 2)
    >>> numbers.tolist(), starts.tolist()
    ([1, 20, 300], [0, 2, 3])
    """
    characters = np.frombuffer(text, np.uint8)
    padded = np.zeros(len(text) + 4, np.uint8)  # so that every character has four before it
    digits = np.subtract(characters, np.uint8(48), out=padded[4:])
    is_digit = digits < 10
    ended, closes = characters == _COMMA, np.flatnonzero(characters == _CLOSE)
    commas = np.count_nonzero(ended)
    blanks = len(text) - np.count_nonzero(is_digit) - commas - len(closes)
    if blanks and (blanks != commas or np.greater(ended[:-1], characters[1:] == _BLANK).any()):
        tight = text.translate(None, b" \t\r\n")  # other blanks than one behind each comma
        return None if len(tight) == len(text) or _TORN.search(text) else listed_numbers(tight, lists)
    ended[closes] = True
    ends = np.flatnonzero(ended)
    starts = np.concatenate(([0], np.searchsorted(ends, closes) + 1))
    if len(closes) != lists or starts[-1] != len(ends):
        return None
    length = np.diff(ends, prepend=-1)
    length -= 2 if blanks else 1
    length[starts[:-1]] += 1 if blanks else 0  # no blank before the first of a list
    if length.min() < 1 or length.max() > _DIGITS:
        return None

    # Of every two characters the number they make; of each number its last two, and the two before those.
    digits *= is_digit.view(np.uint8)
    two = padded[:-1] * np.uint8(10)
    two += padded[1:]
    upper = two.take(ends)
    upper *= (length > 2).view(np.uint8)
    numbers = upper.astype(np.uint32)
    numbers *= np.uint32(100)
    numbers += two[2:].take(ends)
    long = np.flatnonzero(length > 4)
    last, long_length, longer = ends[long] + 3, length[long], numbers[long]
    for digit in range(4, _DIGITS):
        longer += padded[last - digit] * (long_length > digit) * np.uint32(10**digit)
    numbers[long] = longer
    return None if (numbers < _LEAST.take(length)).any() else (numbers, starts)  # none begins with a 0
