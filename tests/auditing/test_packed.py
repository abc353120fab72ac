"""Masks taken out of packed tracks and put together again are the masks they were."""

import copy
import pickle

import numpy as np
import pytest

from simvtr.auditing.packed import Frame, areas, lane, unpacked
from simvtr.rle import MaskTrack, encode, frame_shared
from tests.evaluation.tiny import masks

TRACK = MaskTrack.of(masks("##.. - .##. ...."))
OTHER = MaskTrack.of(masks("#### ...# - -"))


def test_a_track_comes_apart_into_the_masks_it_is_made_of():
    apart = unpacked(TRACK)
    assert apart == tuple(TRACK)
    assert [mask is None for mask in apart] == [False, True, False, False]
    assert apart[0] == apart[0] != apart[2]
    assert len({apart[0], masks("##..")[0]}) == 1  # equal, and found as equal


def test_masks_that_are_single_already_stay():
    single = masks("##.. -")
    assert unpacked(single) is single


def test_a_frame_can_be_sent_and_copied_as_the_mask_it_is():
    (frame, *_) = unpacked(TRACK)
    assert pickle.loads(pickle.dumps(frame)) == copy.deepcopy(frame) == frame == masks("##..")[0]


def test_a_whole_track_in_order_is_that_track():
    assert lane(unpacked(TRACK)) is TRACK
    assert lane(TRACK) is TRACK
    assert lane(unpacked(TRACK)[:3]) is not TRACK
    assert lane((unpacked(TRACK)[0], None, None, unpacked(TRACK)[3])) is not TRACK


@pytest.mark.parametrize("slow", [False, True])
def test_masks_of_several_tracks_in_any_order_share_what_they_share(slow, monkeypatch):
    if slow:
        monkeypatch.setattr("simvtr.rle.native.library", lambda: None)
    a, b = unpacked(TRACK), unpacked(OTHER)
    (loose,) = masks("..##")
    mixed = [b[1], a[2], loose, a[0]]
    truth = [MaskTrack.of(masks("##.# ##.. #### #...")), MaskTrack.of(masks("#### - ...# ####"))]
    made = lane(mixed)
    assert list(made) == mixed
    assert made.areas.tolist() == areas(mixed).tolist() == [1, 2, 2, 2]
    np.testing.assert_array_equal(frame_shared([made], truth), frame_shared([MaskTrack.of(tuple(made))], truth))
    assert frame_shared([made], truth)[:, 0].tolist() == [[1, 1], [1, 0], [2, 1], [1, 2]]


def test_masks_of_two_sizes_are_no_lane():
    wide = encode(np.ones((1, 5), bool))
    with pytest.raises(ValueError, match=r"all masks must have one size, got \[\(1, 4\), \(1, 5\)\]"):
        lane([unpacked(TRACK)[0], wide])
    assert areas([unpacked(TRACK)[0], None, wide]).tolist() == [2, 0, 5]


def test_no_masks_are_a_lane_too():
    assert list(lane([None, None])) == [None, None]
    assert isinstance(unpacked(MaskTrack.of([None]))[0], Frame | None)
