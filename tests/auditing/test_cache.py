"""The cache's numbers are those of `track_ious` and `frame_overlap`, to the last bit, whatever the lists are like."""

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simvtr.auditing import cache as cache_module
from simvtr.auditing.cache import OverlapCache
from simvtr.evaluation.frames import frame_overlap
from simvtr.evaluation.overlap import mask_areas, track_ious
from simvtr.rle import MaskTrack, Rle, encode
from simvtr.schema import Track, Truth, TruthTrack, Video
from tests.evaluation.tiny import found, masks, truth

LENGTH = 3
rows = st.lists(st.booleans(), min_size=4, max_size=4)
fitting = st.one_of(st.none(), rows.map(lambda row: encode(np.array([row]))))
other_size = st.integers(1, 3).map(lambda width: encode(np.ones((1, width), bool)))
whole = st.lists(fitting, min_size=LENGTH, max_size=LENGTH).map(tuple)
ragged = st.lists(st.one_of(fitting, other_size), min_size=1, max_size=LENGTH + 2).map(tuple)


def true_track(number: int, masks: tuple[Rle | None, ...], crowd: bool = False) -> TruthTrack:
    return TruthTrack(number, 1, 1, masks, tuple(map(float, mask_areas(masks))), (None,) * LENGTH, crowd)


def pair(true: list[tuple[tuple[Rle | None, ...], bool]]) -> Truth:
    tracks = [true_track(i, masks, crowd) for i, (masks, crowd) in enumerate(true, start=1)]
    return Truth({1: Video(1, 4, 1, LENGTH)}, {1: tracks}, {}, Path("truth.json"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(whole, st.booleans()), max_size=3), st.lists(ragged, max_size=4), st.integers(1, 40))
def test_track_ious_are_the_same_to_the_last_bit(true, lists, chunk):
    made = pair(true)
    before, cache_module.CHUNK = cache_module.CHUNK, chunk  # of a few cells: in many parts
    try:
        areas, iou = OverlapCache(made).track_ious(1, [Track(1, 0.5, one) for one in lists], made.tracks[1])
    finally:
        cache_module.CHUNK = before
    np.testing.assert_array_equal(iou, track_ious(lists, [t.segmentations for t in made.tracks[1]]))
    assert [area.tolist() for area in areas] == [mask_areas(one).tolist() for one in lists]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(whole, st.booleans()), max_size=3), st.lists(whole, max_size=4))
def test_frame_overlaps_are_the_same_to_the_last_bit(true, lists):
    made = pair(true)
    crowd = np.array([crowd for _, crowd in true], bool)
    ours = OverlapCache(made).frame_overlap(1, [Track(1, 0.5, one) for one in lists], made.tracks[1], crowd)
    if not lists and not true:
        return  # frame_overlap cannot know how many frames there are
    theirs = frame_overlap(lists, [t.segmentations for t in made.tracks[1]], crowd)
    if not lists or not true:
        assert ours.iou.size == theirs.iou.size == 0
        return
    np.testing.assert_array_equal(ours.iou, theirs.iou)
    np.testing.assert_array_equal(ours.found, theirs.found)
    np.testing.assert_array_equal(ours.truth, theirs.truth)


def test_some_of_the_true_tracks_can_be_asked_for_in_any_order():
    made = truth({1: ["##.. ##..", "..## ..##", "#### ####"]})
    one, _, three = made.tracks[1]
    iou = OverlapCache(made).track_ious(1, [found("##.. ..##", 0.9)], [three, one])[1]
    assert iou.tolist() == [[4 / 8, 2 / 6]]  # 2 + 2 px of 8; 2 px of 2 + 4


def test_one_mask_in_other_frames_is_compared_anew():
    made = truth({1: ["##.. ..##"]})
    (left,) = masks("##..")
    cache = OverlapCache(made)
    assert cache.track_ious(1, [Track(1, 0.9, (left, None))], made.tracks[1])[1].tolist() == [[2 / 4]]
    assert cache.track_ious(1, [Track(1, 0.9, (None, left))], made.tracks[1])[1].tolist() == [[0.0]]  # 0 of 6


def test_packed_tracks_are_compared_too():
    made = truth({1: ["##.. ##.."]})
    packed = Track(1, 0.9, MaskTrack.of(masks("##.. -")))
    for _ in range(2):  # its masks are other objects each time
        assert OverlapCache(made).track_ious(1, [packed], made.tracks[1])[1].tolist() == [[2 / 4]]


def test_what_is_learnt_briefly_is_forgotten_and_can_be_learnt_again():
    made = truth({1: ["##.. ##.."]})
    cache = OverlapCache(made)
    kept, brief = found("##.. ##..", 0.9), found("#... -", 0.8)
    cache.learn({1: [kept]})
    known = cache._videos[1].known
    for _ in range(2):
        with cache.briefly():
            assert cache.track_ious(1, [brief, kept], made.tracks[1])[1].tolist() == [[1 / 4], [1.0]]
        assert cache._videos[1].known == known == (2, 1)
    assert len(cache._videos[1].shared) == 1 + 2  # masks, and the row of none


def test_nothing_is_compared_twice(monkeypatch):
    made = truth({1: ["##.. ##.."]})
    cache = OverlapCache(made)
    track = found("##.. -", 0.9)
    cache.learn({1: [track]})
    monkeypatch.setattr(cache_module, "frame_shared", None)  # would fail
    again = Track(2, 0.1, track.segmentations)
    held = Track(1, 0.9, track.segmentations[::-1][1:])  # the same mask in the same frame, a shorter list
    assert cache.track_ious(1, [again, held], made.tracks[1])[1].tolist() == [[2 / 4], [1.0]]
