"""Whole tracks share what their masks share, however they are compared."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simvtr import rle
from simvtr.rle import MaskTrack
from tests.test_rle_track import TRACKS


def drawn(found, truth):
    """Pixels that tracks share, counted on the pictures of the frames that both have."""
    shared = np.zeros((len(found), len(truth)), int)
    for i, j in np.ndindex(shared.shape):
        both = [(a, b) for a, b in zip(found[i], truth[j], strict=False) if a is not None and b is not None]
        shared[i, j] = sum((rle.decode(a) & rle.decode(b)).sum() for a, b in both)
    return shared


SIDES = st.lists(TRACKS, min_size=1, max_size=3)


@given(SIDES, SIDES)
def test_tracks_share_what_their_masks_share(found, truth):
    shared = rle.track_shared([MaskTrack.of(m) for m in found], [MaskTrack.of(m) for m in truth])
    np.testing.assert_array_equal(shared, drawn(found, truth))


@given(SIDES, SIDES, st.integers(0, 90))
def test_only_pairs_that_share_less_than_enough_may_come_as_none(found, truth, least):
    exact = drawn(found, truth)
    enough = np.full(exact.shape, least)
    shared = rle.track_shared([MaskTrack.of(m) for m in found], [MaskTrack.of(m) for m in truth], enough)
    assert ((shared == exact) | ((exact < least) & (shared == 0))).all()


def test_more_pixels_than_32_bits_count():
    wide = rle.compress([1, 5, rle.MAX_PIXELS - 6], 1, rle.MAX_PIXELS, where="here")
    whole = rle.compress([0, rle.MAX_PIXELS], 1, rle.MAX_PIXELS, where="here")
    found, truth = MaskTrack.of([wide] * 40), MaskTrack.of([None, *[whole] * 39])
    assert rle.track_shared([found], [truth, found]).tolist() == [[39 * 5, 40 * 5]]


def test_tracks_that_are_made_otherwise_are_compared_as_well():
    class Doubled(MaskTrack):
        """As other tracks that say only what their masks are."""

        def __init__(self, mask):
            self.mask, self.height, self.width = mask, mask.height, mask.width

        def __getitem__(self, key):
            return self.mask

        def __len__(self):
            return 2

        def __iter__(self):
            return iter([self.mask, self.mask])

    mask = rle.encode(np.eye(3, dtype=bool))
    assert rle.track_shared([Doubled(mask)], [MaskTrack.of([mask, mask])]).tolist() == [[6]]


def test_tracks_of_two_sizes_share_nothing_that_counts():
    small, large = (MaskTrack.of([rle.encode(np.ones((n, 2), bool))]) for n in (2, 3))
    with pytest.raises(ValueError, match=r"track_shared: all masks must have one size, got \[\(2, 2\), \(3, 2\)\]"):
        rle.track_shared([small], [large])
    assert rle.track_shared([], []).shape == (0, 0)
