"""Lists of whole numbers are read as JSON reads them, or left to the careful reader."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simvtr.rle.numbers import listed_numbers

numbers = st.one_of(st.integers(0, 12), st.integers(0, 10**9 - 1))


def read(*texts):
    return listed_numbers("".join(text.removeprefix("[") for text in texts).encode(), len(texts))


@given(st.lists(st.lists(numbers, min_size=1), min_size=1), st.sampled_from([None, 0, 2]), st.sampled_from(", "))
def test_numbers_are_those_of_the_json_reader(lists, indent, blank):
    texts = [json.dumps(values, indent=indent, separators=("," + blank.strip(","), ": ")) for values in lists]
    found = read(*texts)
    assert found is not None
    assert found[0].tolist() == [value for values in lists for value in values]
    assert found[1].tolist() == [0, *np.cumsum([len(values) for values in lists]).tolist()]


@pytest.mark.parametrize(
    "odd",
    [
        "[]",
        "[ ]",
        "[-1]",
        "[1.5]",
        "[1e3]",
        "[[1]]",
        "[[1],2]",
        '["1"]',
        "[1234567890]",
        "[null]",
        "{}",
        "1",
        '"1"',
        "[1 2]",
        "[1, 2 3]",
        "[1,, 2]",
        "[1, ]",
        "[, 1]",
        "[1,2, 3 ]]",
        "[01]",
        "[1, 00]",
        "[1\n2]",
        "[1]]",
        "[1, 2",
        "[1,\t]",
    ],
)
def test_anything_else_is_left_to_the_careful_reader(odd):
    assert read(odd) is None
    assert read("[1, 2]", odd) is None
    assert read(odd, "[1, 2]") is None
