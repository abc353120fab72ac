"""Packed tracks are the tuples they stand for, and share the pixels that single masks share."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from simvtr import rle
from simvtr.rle import MaskTrack, native

SIZE = (5, 6)
TRACKS = st.lists(st.none() | hnp.arrays(bool, SIZE).map(rle.encode), min_size=1, max_size=6)

ANY_TEXT = st.binary(max_size=12) | st.text("0123456789?@OPQ_`no", max_size=12).map(str.encode)


def texts(masks):
    return [None if mask is None else mask.counts.decode() for mask in masks]


def lists(masks):
    return [None if mask is None else str(rle.decoded_runs([mask.counts])[0].tolist())[1:-1].encode() for mask in masks]


@pytest.fixture(params=["C functions", "NumPy"])
def either_way(request, monkeypatch):
    """With pycocotools' C functions, and as on a platform that does not export them."""
    if request.param == "NumPy":
        monkeypatch.setattr(native, "library", lambda: None)
    elif native.library() is None:
        pytest.skip("pycocotools exports no C functions here")
    return request.param


def without_library(function):
    """Run a property with the C functions, then without them."""

    def both(*arguments):
        function(*arguments)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(native, "library", lambda: None)
            function(*arguments)

    both.__name__ = function.__name__
    return both


@given(TRACKS)
def test_a_packed_track_equals_its_masks(masks):
    def check(masks):
        track = MaskTrack.of(masks)
        assert track == tuple(masks)
        assert tuple(masks) == track
        assert list(track) == masks
        assert track[-1] == masks[-1]
        assert track[1:] == tuple(masks[1:])
        assert hash(track) == hash(tuple(masks))
        assert track.areas.tolist() == [0 if mask is None else rle.area(mask) for mask in masks]
        assert copy.deepcopy(track) == track == pickle.loads(pickle.dumps(track))

    without_library(check)(masks)


@given(TRACKS.filter(any))
def test_strings_and_lists_give_the_same_track(masks):
    def check(masks):
        assert MaskTrack.from_strings([(texts(masks), *SIZE)] * 2) == [tuple(masks)] * 2
        assert MaskTrack.from_lists([(lists(masks), *SIZE)] * 2) == [tuple(masks)] * 2

    without_library(check)(masks)


@given(st.lists(TRACKS, max_size=3), st.lists(TRACKS, max_size=3))
def test_shared_pixels_are_those_of_single_masks(found, truth):
    def check(found, truth):
        shared = rle.frame_shared([MaskTrack.of(m) for m in found], [MaskTrack.of(m) for m in truth])
        for t, i, j in np.ndindex(shared.shape):
            a, b = ((track[t] if t < len(track) else None) for track in (found[i], truth[j]))
            both = a is not None and b is not None
            assert shared[t, i, j] == ((rle.decode(a) & rle.decode(b)).sum() if both else 0)

    without_library(check)(found, truth)


@given(st.lists(ANY_TEXT, min_size=1, max_size=5))
def test_whatever_the_text_only_what_clean_passes_is_packed(counts):
    def check(counts):
        tracks = MaskTrack.from_strings([(["06"], 2, 3), ([text.decode("latin-1") for text in counts], *SIZE)])
        cleaned, problems = rle.clean(counts, [SIZE] * len(counts))
        if tracks is not None:
            assert not problems
            assert [mask.counts for mask in tracks[1]] == cleaned
            assert tracks[0] == (rle.Rle(2, 3, b"06"),)
        elif not problems:
            assert cleaned != counts  # empty runs inside: left to `clean`

    without_library(check)(counts)


@pytest.mark.parametrize(
    "text",
    [b"", b"1, 2", b"1, 2, 4", b"-1, 7", b"1, 0, 5", b"6.0", b"6e0", b'"6"', b"[6]", b"null",
     b"4294967302", b"99999999999999999999", b"6, true", b"{}", b"1 5", b"06", b"6]", b"6], [6"],
)  # fmt: skip
def test_a_list_that_is_wrong_or_odd_is_left_to_the_careful_reader(text, either_way):
    assert MaskTrack.from_lists([([b"6", text], 2, 3)]) is None
    assert MaskTrack.from_lists([([text], 2, 3)]) is None


def test_spaces_in_a_list_do_not_matter(either_way):
    assert MaskTrack.from_lists([([b"1,2,3", b" 1, 2,\n 3", b"1, 2, 3"], 2, 3)]) == [(rle.Rle(2, 3, b"123"),) * 3]


def test_long_runs_are_kept_whole(either_way):
    mask = np.zeros((400, 1000), bool)  # runs beyond 16 bits, in front, inside and behind
    mask[:, 200], mask[:, 700] = True, True
    track = MaskTrack.of([None, rle.encode(mask), rle.encode(~mask)])
    assert track[1:] == (rle.encode(mask), rle.encode(~mask))
    assert track.areas.tolist() == [0, 800, 399_200]
    assert rle.frame_shared([track], [track])[:, 0, 0].tolist() == [0, 800, 399_200]


def test_tracks_of_two_sizes_are_refused():
    small, large = rle.encode(np.ones((2, 2), bool)), rle.encode(np.ones((3, 2), bool))
    with pytest.raises(ValueError, match="must have one size"):
        MaskTrack.of([small, large])
    with pytest.raises(ValueError, match=r"one size, got \[\(2, 2\), \(3, 2\)\]"):
        rle.frame_shared([MaskTrack.of([small])], [MaskTrack.of([large])])


def test_a_track_without_masks_shares_nothing():
    nothing = MaskTrack.of([None, None])
    assert nothing == (None, None)
    assert rle.frame_shared([nothing], [nothing, MaskTrack.of([rle.encode(np.ones((2, 2), bool))])]).sum() == 0
    assert rle.frame_shared([], []).shape == (0, 0, 0)
