import numpy as np
import pytest

from simvtr.evaluation.overlap import mask_areas, track_iou, track_ious
from simvtr.rle import decode, encode
from tests.evaluation.tiny import masks


def test_a_missed_frame_costs_its_whole_area():
    truth = np.ones((4, 2, 2), bool)  # 4 frames x 4 px = 16
    predicted = truth.copy()
    predicted[3] = False  # 12 px left
    assert track_iou(truth, predicted) == 12 / 16


def test_short_track_is_refused():
    with pytest.raises(ValueError, match=r"same \(t, H, W\), got truth \(36, 2, 2\).*do not drop them"):
        track_iou(np.ones((36, 2, 2), bool), np.ones((1, 2, 2), bool))


def test_two_tracks_without_a_pixel_overlap_by_zero():
    assert track_iou(np.zeros((2, 1, 4), bool), np.zeros((2, 1, 4), bool)) == 0.0
    assert track_ious([masks("- -")], [masks("- ....")]).tolist() == [[0.0]]


def test_pixels_are_summed_over_frames_before_the_division():
    # 1 px of 4 in frame 0, 2 of 2 in frame 1: 3 of 6, not the mean of 1/4 and 2/2
    assert track_ious([masks("#... ##..")], [masks("#### ##..")]).tolist() == [[0.5]]


def test_every_found_track_meets_every_true_one():
    iou = track_ious([masks("##.."), masks("####")], [masks("##.."), masks("..#."), masks("-")])
    assert iou.tolist() == [[1.0, 0.0, 0.0], [0.5, 0.25, 0.0]]


def test_nothing_found_or_nothing_true_gives_an_empty_table():
    assert track_ious([], [masks("#")]).shape == (0, 1)
    assert track_ious([masks("#")], []).shape == (1, 0)


def test_the_shorter_list_decides_what_is_counted():
    # of 3 true frames only the first is compared: 2 px of 2
    assert track_ious([masks("##..")], [masks("##.. ##.. ##..")]).tolist() == [[1.0]]


def test_lists_of_several_lengths_are_cut_pair_by_pair():
    iou = track_ious([masks("##"), masks("## ##")], [masks("## -"), masks("#.")])
    assert iou.tolist() == [[1.0, 0.5], [0.5, 0.5]]


def test_a_frame_of_another_size_counts_on_neither_side():
    # frame 0 agrees (2 px of 2); frame 1 has 1 px of a 1 x 1 picture against 2 px: both are left out
    assert track_ious([masks("##.. #")], [masks("##.. ##..")]).tolist() == [[1.0]]


def test_a_frame_of_another_size_counts_where_the_truth_is_absent():
    # 2 px of 2 in frame 0, and 1 px of the 1 x 1 picture in frame 1, where nothing is true
    assert track_ious([masks("##.. #")], [masks("##.. -")]).tolist() == [[2 / 3]]


def test_an_empty_mask_of_another_size_still_removes_the_frame():
    assert track_ious([masks("##.. .")], [masks("##.. ##..")]).tolist() == [[1.0]]
    assert track_ious([masks("##.. ....")], [masks("##.. ##..")]).tolist() == [[0.5]]


def test_pixel_counts_are_exact_on_large_masks():
    random = np.random.default_rng(0)
    truth = random.random((3, 211, 307)) < 0.5
    predicted = truth ^ (random.random(truth.shape) < 0.2)

    a, b = [encode(frame) for frame in truth], [encode(frame) for frame in predicted]
    assert track_ious([b], [a])[0, 0] == track_iou(truth, predicted)
    assert mask_areas(a).tolist() == [int(decode(mask).sum()) for mask in a]
