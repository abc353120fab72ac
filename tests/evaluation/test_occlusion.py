"""How occluded a track is: the organisers' score of labels, BOR of a frame, and our crowding of a track."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simvtr.evaluation import occlusion
from simvtr.evaluation.occlusion import covered_shares, crowding, occlusion_rate, occlusion_score
from simvtr.schema import TruthTrack, Video
from tests.evaluation.tiny import masks

NO, SLIGHT, SEVERE = "no_occlusion", "slight_occlusion", "severe_occlusion"
integer_boxes = st.integers(1, 6).flatmap(lambda n: arrays(np.int64, (1, n, 4), elements=st.integers(0, 7)))


@pytest.mark.parametrize(
    ("labels", "score"),
    [
        ([NO, NO], 0.0),
        ([SLIGHT, NO], 0.25),  # the upper half is one of two
        ([SEVERE, NO, NO], 0.375),  # two of three: (0.75 + 0) / 2
        ([NO, SEVERE, None, SLIGHT, None], 0.5),  # two of the three labelled ones: (0.75 + 0.25) / 2
        ([SEVERE, None], 0.75),
        ([None, None], None),
        ([], None),
    ],
)
def test_the_score_is_the_mean_of_the_more_occluded_half_of_labelled_frames(labels, score):
    assert occlusion_score(labels) == score


def test_occlusion_rate_counts_a_pixel_under_three_boxes_once():
    boxes = np.array([(0, 0, 2, 2), (0, 0, 2, 2), (0, 0, 2, 2), (2, 0, 2, 2)])
    assert occlusion_rate(boxes) == 4 / 8


def test_boxes_that_only_touch_do_not_occlude():
    assert occlusion_rate(np.array([(0, 0, 2, 2), (2, 0, 2, 2)])) == 0.0


@given(integer_boxes)
def test_rate_and_shares_are_those_of_painted_pixels(boxes):
    painted = np.zeros((len(boxes[0]), 14, 14), bool)
    for mask, (x, y, width, height) in zip(painted, boxes[0].tolist(), strict=True):
        mask[y : y + height, x : x + width] = True
    twice = painted.sum(axis=0) > 1
    union = painted.any(axis=0).sum()
    assert occlusion_rate(boxes[0]) == (twice.sum() / union if union else 0)
    areas = painted.sum(axis=(1, 2))
    shares = np.divide((painted & twice).sum(axis=(1, 2)), areas, out=np.zeros(len(areas)), where=areas > 0)
    assert covered_shares(boxes)[0].tolist() == shares.tolist()


def test_a_share_is_at_most_one_where_edges_are_rounded():
    assert (0.1 + 0.2) - 0.1 > 0.2
    assert covered_shares(np.array([[(0.1, 0, 0.2, 1), (0.0, 0, 1, 1)]]))[0, 0] == 1.0


def _track(text: str, boxes=None, crowd: bool = False) -> TruthTrack:
    drawn = masks(text)
    return TruthTrack(1, 1, 1, drawn, tuple(None for _ in drawn), boxes or tuple(None for _ in drawn), crowd)


def test_crowding_is_the_mean_over_the_frames_where_the_track_is():
    tracks = [_track("##.. ###. -"), _track(".#.. ...# -"), _track("...# ...# ####")]
    # the first: 1 of 2 px, then 0 of 3; the second: all, then all; the third: none, all, none
    assert crowding(tracks, Video(1, 4, 1, 3)) == [1 / 4, 1.0, 1 / 3]


def test_crowds_and_tracks_that_never_show_have_no_crowding():
    assert crowding([_track("##.."), _track("###.", crowd=True), _track("-")], Video(1, 4, 1, 1)) == [0.0, None, None]
    assert crowding([], Video(1, 4, 1, 1)) == []


def test_boxes_are_the_files_cut_at_the_edge_and_only_where_a_mask_is():
    beyond = _track("..## -", boxes=((2.0, 0.0, 1e300, 1.0), (0.0, 0.0, 4.0, 1.0)))  # 2 px remain
    other = _track("...# ####", boxes=((3.0, 0.0, 1.0, 1.0), (0.0, 0.0, 4.0, 1.0)))
    assert crowding([beyond, other], Video(1, 4, 1, 2)) == [1 / 2, 1 / 2]  # of the other: all, then none


def test_long_videos_are_cut_into_pieces_without_a_trace(monkeypatch):
    tracks = [_track("##.. ###. #... ####"), _track(".#.. ...# ##.. ##.."), _track("...# ...# #### -")]
    whole = crowding(tracks, Video(1, 4, 1, 4))
    monkeypatch.setattr(occlusion, "CHUNK", 1)
    assert crowding(tracks, Video(1, 4, 1, 4)) == whole
