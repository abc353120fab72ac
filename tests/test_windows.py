from itertools import islice

import pytest

from simvtr.windows import windows


def cover(length, window):
    return [(s.start, s.stop) for s in windows(length, window)]


def test_the_last_window_is_what_is_left():
    assert cover(10, 4) == [(0, 4), (4, 8), (8, 10)]


def test_a_window_as_long_as_the_video_or_longer_is_the_video():
    assert cover(5, 5) == cover(5, 99) == cover(5, "all") == [(0, 5)]


def test_a_window_of_one_frame_is_every_frame():
    assert cover(3, 1) == [(0, 1), (1, 2), (2, 3)]


def test_an_empty_video_has_no_window():
    assert cover(0, 3) == cover(0, "all") == []


@pytest.mark.parametrize("length", range(1, 30))
@pytest.mark.parametrize("window", [1, 2, 7, "all"])
def test_every_frame_lies_in_exactly_one_window(length, window):
    assert [i for s in windows(length, window) for i in range(length)[s]] == list(range(length))


def test_an_unknown_length_is_a_plan_without_end():
    assert list(islice(windows(None, 3), 3)) == [slice(0, 3), slice(3, 6), slice(6, 9)]
    assert list(windows(None, "all")) == [slice(0, None)]


def test_impossible_numbers_are_refused_before_the_first_window():
    with pytest.raises(ValueError, match='window must be at least 1 frame, or "all", got 0'):
        windows(5, 0)
    with pytest.raises(ValueError, match="length must be 0 or more, or None when unknown, got -1"):
        windows(-1, 2)
