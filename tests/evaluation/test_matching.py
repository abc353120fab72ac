import numpy as np

from simvtr.evaluation.matching import THRESHOLDS, match, mean_area, outcomes, outside


def matched(iou, set_aside=None, crowd=None, threshold=0.5):
    iou = np.array(iou)
    none = np.zeros(iou.shape[1], bool)
    aside = none if set_aside is None else np.array(set_aside)
    crowd = none if crowd is None else np.array(crowd)
    return match(iou, aside[None], crowd, np.array([threshold]))[0, 0].tolist()


def test_the_best_scored_track_chooses_first():
    assert matched([[0.6, 0.7], [0.1, 0.9]]) == [1, -1]  # the second would fit column 1 better, but comes later


def test_a_taken_track_leaves_the_next_best():
    assert matched([[0.9, 0.1], [0.8, 0.6]]) == [0, 1]


def test_on_equal_overlap_the_later_true_track_wins():
    assert matched([[0.6, 0.6, 0.2]]) == [1]


def test_an_overlap_that_equals_the_threshold_matches():
    assert matched([[0.5]]) == [0]
    assert matched([[np.nextafter(0.5, 0)]]) == [-1]


def test_a_threshold_of_one_accepts_a_hair_less():
    assert matched([[1 - 1e-10]], threshold=1.0) == [0]


def test_a_track_set_aside_is_taken_only_where_no_other_is_near():
    assert matched([[0.6, 0.9]], set_aside=[False, True]) == [0]  # 0.9 is better, but does not count
    assert matched([[0.4, 0.9]], set_aside=[False, True]) == [1]


def test_a_crowd_is_matched_many_times_and_another_track_once():
    assert matched([[0.9], [0.8], [0.7]], set_aside=[True], crowd=[True]) == [0, 0, 0]
    assert matched([[0.9], [0.8], [0.7]], set_aside=[True]) == [0, -1, -1]


def test_each_threshold_and_size_is_matched_on_its_own():
    iou = np.array([[0.6, 0.9], [0.1, 0.95]])
    aside = np.array([[False, False], [False, True]])  # of the second size, column 1 does not count
    rows = match(iou, aside, np.zeros(2, bool), np.array([0.5, 0.92]))
    assert rows.tolist() == [[[1, -1], [-1, 1]], [[0, 1], [-1, 1]]]


def test_without_true_tracks_nothing_is_matched():
    assert (match(np.zeros((2, 0)), np.zeros((4, 0), bool), np.zeros(0, bool)) == -1).all()
    assert match(np.zeros((0, 3)), np.zeros((4, 3), bool), np.zeros(3, bool)).shape == (4, len(THRESHOLDS), 0)


def test_a_match_with_a_track_set_aside_counts_neither_way():
    hit, ignored = outcomes(np.array([[[0]]]), np.array([[True]]), np.array([[False]]), np.array([False]))
    assert (hit.item(), ignored.item()) == (False, True)


def test_an_unmatched_track_of_another_size_counts_neither_way():
    hit, ignored = outcomes(np.array([[[-1]]]), np.array([[False]]), np.array([[True]]), np.array([False]))
    assert (hit.item(), ignored.item()) == (False, True)


def test_a_matched_track_of_another_size_is_a_hit():
    hit, ignored = outcomes(np.array([[[0]]]), np.array([[False]]), np.array([[True]]), np.array([False]))
    assert (hit.item(), ignored.item()) == (True, False)


def test_the_size_of_a_track_is_its_mean_area_where_it_has_one():
    assert mean_area([100, None, 0, 300]) == 200.0  # null and 0 do not pull it down
    assert mean_area([]) == mean_area([None, 0]) == 0.0


def test_size_ranges_are_closed_at_both_ends():
    within = ~outside(np.array([128.0**2, 256.0**2, 128.0**2 - 0.5]))
    assert within[1:].T.tolist() == [[True, True, False], [False, True, True], [True, False, False]]
