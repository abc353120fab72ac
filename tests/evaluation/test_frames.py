import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from simvtr.evaluation.frames import FrameOverlap, assign, frame_overlap
from tests.evaluation.tiny import masks

ordinary = np.array([False])


def test_an_empty_mask_is_as_absent_as_none():
    video = frame_overlap([masks("##.. .... -")], [masks("#... #... #...")], ordinary)
    assert video.iou[:, 0, 0].tolist() == [0.5, 0.0, 0.0]
    assert video.found[:, 0].tolist() == [True, False, False]
    assert video.truth.all()


def test_masks_of_one_frame_may_overlap():
    video = frame_overlap([masks("####"), masks("##..")], [masks("###.")], ordinary)
    assert video.iou[0, :, 0].tolist() == [3 / 4, 2 / 3]


def test_what_lies_in_a_crowd_is_dropped_frame_by_frame():
    crowd = masks("..#### ..#### ..####")
    # 2 of 2 pixels in the crowd; 1 of 2, which is not more than half; outside
    video = frame_overlap([masks("...##. .##... ##....")], [crowd], np.array([True]))
    assert video.found[:, 0].tolist() == [False, True, True]
    assert video.truth.shape == (3, 0)


def test_a_match_of_an_ordinary_object_is_kept_inside_a_crowd():
    truth = [masks("..####"), masks("...##.")]
    # the second object to the pixel; one pixel of it, IoU 0.5; and one beside it, IoU 0
    video = frame_overlap([masks("...##."), masks("...#.."), masks("..#...")], truth, np.array([True, False]))
    assert video.found[0].tolist() == [True, True, False]
    assert video.iou[0, :, 0].tolist() == [1.0, 0.5, 0.0]


def test_a_video_without_found_or_true_tracks_keeps_its_frames():
    assert frame_overlap([], [masks("# # #")], ordinary).iou.shape == (3, 0, 1)
    assert frame_overlap([masks("# # #")], [], ordinary[:0]).iou.shape == (3, 1, 0)


def test_shapes_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match=r"iou must be \(t, d, g\).* got \(2, 1, 1\), \(2, 1\) and \(3, 1\)"):
        FrameOverlap(np.ones((2, 1, 1)), np.ones((2, 1), bool), np.ones((3, 1), bool))


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 4), st.floats(0.2, 1.0))
def test_no_assignment_is_better(seed, d, g, share):
    random = np.random.default_rng(seed)
    # few distinct values, so that many are equal
    score = random.integers(1, 6, (8, d, g)) / 5 * (random.random((8, d, g)) < share)
    frames, rows, columns = assign(score, np.ones((8, d), bool), np.ones((8, g), bool))
    for frame in range(8):
        mine = frames == frame
        assert len(set(rows[mine])) == len(set(columns[mine])) == mine.sum()  # one to one
        best = score[frame][linear_sum_assignment(score[frame], maximize=True)].sum()
        assert score[frame, rows[mine], columns[mine]].sum() == pytest.approx(best)
    assert (score[frames, rows, columns] > 0).all()
