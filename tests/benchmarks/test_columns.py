"""Kept slots and duplicates, on tracks of two pixels."""

import math
from pathlib import Path

import numpy as np

from benchmarks.columns import duplicates, kept_slots, scores
from simvtr.rle import Rle, encode
from simvtr.schema import Category, Track, Truth, TruthTrack, Video

LEFT, RIGHT = (encode(np.array([row], bool)) for row in ([1, 0], [0, 1]))


def truth_of(*tracks: tuple[Rle | None, ...]) -> Truth:
    length = len(tracks[0])
    label = ("no_occlusion",) * length
    made = [
        TruthTrack(i + 1, 1, 1, masks, (1.0,) * length, ((0, 0, 1, 1),) * length, False, label)
        for i, masks in enumerate(tracks)
    ]
    return Truth({1: Video(1, 2, 1, length)}, {1: made}, {1: Category(1, "cat")}, Path("truth.json"))


def test_a_slot_is_kept_where_the_same_track_goes_on():
    truth = truth_of((LEFT,) * 4)
    cut = [Track(1, 0.9, (LEFT, LEFT, None, None)), Track(1, 0.8, (None, None, LEFT, LEFT))]
    assert kept_slots(truth, {1: cut}) == 2 / 3  # of the pairs 0-1, 1-2, 2-3 the middle one is lost


def test_pairs_in_which_the_object_is_not_found_do_not_count():
    truth = truth_of((LEFT,) * 4, (None, None, RIGHT, RIGHT))
    late = [Track(1, 0.9, (LEFT, None, LEFT, LEFT)), Track(1, 0.8, (None, None, None, RIGHT))]
    assert kept_slots(truth, {1: late}) == 1.0  # one pair, 2-3 of the left object
    assert math.isnan(kept_slots(truth, {}))


def test_only_the_worse_of_two_tracks_on_one_object_is_a_duplicate():
    found = [Track(1, 0.8, (LEFT, LEFT)), Track(1, 0.9, (LEFT, LEFT)), Track(1, 0.7, (RIGHT, RIGHT))]
    assert duplicates({1: found}) == 1 / 3
    assert duplicates({1: [found[0]], 2: [found[1]]}) == 0  # another video is another object
    assert math.isnan(duplicates({1: []}))


def test_a_track_below_its_categorys_threshold_is_no_duplicate():
    truth = truth_of((LEFT,) * 2)
    best, double = Track(1, 0.9, (LEFT, LEFT)), Track(1, 0.1, (LEFT, LEFT))
    row = scores(truth, {1: [best, double]})
    assert (round(row["AP light"], 9), row["duplicates"]) == (100, 0)
    assert "AP heavy" not in row  # no track is
