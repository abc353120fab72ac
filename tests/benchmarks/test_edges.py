"""Rules of `benchmarks.edges`, on squares."""

import numpy as np
import pytest

from benchmarks.edges import near, sharper
from simvtr.rle import decode, encode
from simvtr.schema import Track, TruthTrack


def square(first, last):
    mask = np.zeros((20, 20), bool)
    mask[first:last, first:last] = True
    return encode(mask)


@pytest.mark.parametrize("found", [square(4, 14), square(6, 12), square(5, 14)])
def test_a_mask_whose_edges_are_off_by_one_pixel_becomes_the_truth_within_one(found):
    assert near(found, square(5, 13), 1) == square(5, 13)


def test_what_is_farther_from_the_edge_stays_wrong():
    assert decode(near(square(9, 10), square(5, 13), 1)).sum() == 64 - 36 + 1  # the ring of one pixel, and its own
    assert decode(near(square(9, 10), square(5, 13), 2)).sum() == 64 - 16 + 1


def test_only_tracks_that_are_of_something_and_frames_that_both_have_change():
    truth = TruthTrack(1, 1, 1, (square(5, 13), None, square(5, 13)), (None,) * 3, (None,) * 3, False, None)
    found = Track(1, 0.9, (square(4, 14), square(4, 14), None))
    elsewhere = Track(1, 0.9, (square(0, 2), None, None))
    better, same = sharper([found, elsewhere], [truth], 1)
    assert list(better.segmentations) == [square(5, 13), square(4, 14), None]
    assert same is elsewhere
    assert sharper([], [truth], 1) == []
