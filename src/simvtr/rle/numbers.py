"""Whole numbers in JSON text, read all at once: a fifth of the cost of `np.fromstring`. For `track`."""

import numpy as np
from numpy.typing import NDArray

_OPEN, _CLOSE, _COMMA, _BLANK = b"[], "
_DIGITS = 9  # of the longest number: 2**27, the most pixels of a mask
_LONG = (1 << 16) - 1  # no number of four digits


def listed_numbers(text: bytes, lists: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]] | None:
    """The numbers of lists that stand side by side, with a 1 behind those of each.

    Args:
        text: well-formed JSON lists, one after the other, nothing in between.
        lists: how many they are, at least 1.
    Returns: all numbers, an array of its own; where each list begins among them, and the end (lists + 1,). None when a
        list is empty or holds anything but whole numbers of at most 9 digits without sign.

    >>> numbers, starts = listed_numbers(b"[1, 20][300]", 2)
    >>> numbers.tolist(), starts.tolist()
    ([1, 20, 1, 300, 1], [0, 3, 5])
    """
    characters = np.frombuffer(text, np.uint8)
    digits = characters - np.uint8(48)
    is_digit = digits < 10
    closed = np.flatnonzero(characters == _CLOSE)
    commas = np.count_nonzero(characters == _COMMA)
    others = len(text) - np.count_nonzero(is_digit) - commas - np.count_nonzero(characters <= _BLANK)
    opened = np.concatenate(([0], closed[:-1] + 1))
    if others != 2 * lists or len(closed) != lists or (characters[opened] != _OPEN).any():
        return None
    last = np.empty(len(text), bool)  # of each number; a closing bracket is the number 1
    np.greater(is_digit[:-1], is_digit[1:], out=last[:-1])
    last[closed] = True
    # At every character at once: the number of up to two digits that ends there, then of up to four.
    digits *= is_digit
    two = digits.copy()
    two[1:] += digits[:-1] * np.uint8(10)
    two *= is_digit
    upper = (two[:-2] * is_digit[1:-1]).astype(np.uint16)
    upper *= np.uint16(100)
    four = two.astype(np.uint16)
    four[2:] += upper
    places = _ends_of_long(is_digit, last)
    longer = _lengthened(four[places], digits, is_digit, places)
    if longer is None:
        return None
    four[places], four[closed] = _LONG, _LONG - 1  # they are found again by that among the last ones
    read = four.compress(last)
    fences = np.flatnonzero(read == _LONG - 1)
    starts = np.concatenate(([0], fences + 1))
    if len(read) != commas + 2 * lists or (fences == starts[:-1]).any():
        return None
    numbers = read.astype(np.uint32)
    numbers[np.flatnonzero(read == _LONG)] = longer
    numbers[fences] = 1
    return numbers, starts


def _ends_of_long(is_digit: NDArray[np.bool_], last: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Where numbers of more than four digits end."""
    two = is_digit[1:] & is_digit[:-1]
    five = two[3:] & two[1:-2]
    five &= two[:-3]  # at place i of these: the digits i to i + 4
    return np.flatnonzero(five & last[4:]) + 4


def _lengthened(
    numbers: NDArray[np.uint16], digits: NDArray[np.uint8], is_digit: NDArray[np.bool_], at: NDArray[np.int64]
) -> NDArray[np.uint32] | None:
    """Numbers that end at places `at`, from what their last four digits say; None where one has more than nine."""
    made, longer = numbers.astype(np.uint32), np.ones(len(at), bool)
    for digit in range(4, _DIGITS):  # before the text's first bracket stands, in Python's way, its last: no digit
        longer &= is_digit[at - digit]
        made += digits[at - digit] * longer * np.uint32(10**digit)
    return None if (longer & is_digit[at - _DIGITS]).any() else made
