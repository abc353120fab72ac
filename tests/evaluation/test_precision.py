import numpy as np
import pytest

from simvtr.evaluation.precision import UNDEFINED, accumulate, curve, figures, mean_defined


def at_recalls(hits, expected, ignored=None):
    hit = np.array([hits], bool)
    precision, recall = curve(hit, np.zeros_like(hit) if ignored is None else np.array([ignored], bool), expected)
    return precision[0], recall[0]


def test_precision_at_a_recall_is_the_best_from_there_on():
    precision, recall = at_recalls([1, 0, 1], expected=2)  # precisions 1, 1/2, 2/3 at recalls 1/2, 1/2, 1
    assert recall == 1.0
    np.testing.assert_allclose(precision[:51], 1.0)  # recalls 0.00 to 0.50
    np.testing.assert_allclose(precision[51:], 2 / 3)


def test_a_recall_that_is_not_reached_has_precision_zero():
    precision, recall = at_recalls([1], expected=4)
    assert recall == 0.25
    assert np.count_nonzero(precision) == 26  # 0.00 to 0.25


def test_ignored_tracks_leave_no_trace():
    assert at_recalls([1, 0, 1], 2, ignored=[0, 1, 0])[0].tolist() == at_recalls([1, 1], 2)[0].tolist()


def test_nothing_found_is_zero_and_not_undefined():
    precision, recall = at_recalls([], expected=3)
    assert (precision.max(), recall) == (0.0, 0.0)


def test_a_category_without_truth_is_undefined():
    precision, recall = accumulate([[]])
    assert set(precision.ravel()) == set(recall.ravel()) == {UNDEFINED}


def test_undefined_values_do_not_enter_a_mean():
    assert mean_defined(np.array([[-1.0, 0.25], [0.75, -1.0]])) == 0.5
    assert mean_defined(np.full(3, -1.0)) == UNDEFINED


def test_each_figure_reads_its_own_part_of_the_arrays():
    precision = np.zeros((10, 101, 2, 4, 3))
    recall = np.zeros((10, 2, 4, 3))
    precision[0, :, :, 0, 2] = 1.0  # IoU 0.50, all sizes, 100 found
    precision[5, :, :, 0, 2] = 0.5  # IoU 0.75
    precision[:, :, :, 2, 2] = 0.3  # medium
    precision[:, :, :, 0, 0] = 9.0  # read by no figure
    recall[:, :, 0, 1] = 0.7  # 10 found
    recall[:, :, 3, 2] = 0.9  # large
    stats = figures(precision, recall)
    assert stats.pop("AP") == pytest.approx(0.15)
    assert {name: value for name, value in stats.items() if value} == pytest.approx(
        {"AP50": 1.0, "AP75": 0.5, "APm": 0.3, "AR10": 0.7, "ARl": 0.9}
    )
