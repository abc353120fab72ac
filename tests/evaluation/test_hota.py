import numpy as np
import pytest

from simvtr.evaluation.frames import frame_overlap
from simvtr.evaluation.hota import ALPHAS, NO_COUNTS, HotaCounts, hota_counts
from tests.evaluation.tiny import masks


def counts(found: list[str], truth: list[str]) -> HotaCounts:
    return hota_counts(frame_overlap([masks(t) for t in found], [masks(t) for t in truth], np.zeros(len(truth), bool)))


def test_there_are_19_levels_from_5_to_95_percent():
    assert [round(level, 2) for level in ALPHAS] == [round(0.05 * i, 2) for i in range(1, 20)]


def test_perfect_tracks_score_1_at_every_level():
    perfect = counts(["## ## -", ".# #. .#"], ["## ## -", ".# #. .#"])
    for figure in (perfect.hota, perfect.detection_accuracy, perfect.association_accuracy):
        assert figure.tolist() == [1.0] * 19
    assert perfect.localisation_accuracy.tolist() == [1.0] * 19


def test_a_mask_is_a_match_at_the_levels_its_iou_reaches():
    half = counts(["## ##"], ["#. #."])  # IoU 1/2 in both frames: a match at 0.05 ... 0.50, ten levels
    assert half.matches.tolist() == [2] * 10 + [0] * 9
    assert half.localisation_accuracy.tolist() == [0.5] * 10 + [1.0] * 9
    assert half.hota.tolist() == [1.0] * 10 + [0.0] * 9


def test_a_track_cut_in_two_keeps_its_detections_and_loses_association():
    cut = counts(["# # # -", "- - - #"], ["# # # #"])
    assert cut.detection_accuracy.tolist() == [1.0] * 19
    # three matches share 3 of 4 frames, one shares 1 of 4: (3 * 3/4 + 1/4) / 4
    assert cut.association_accuracy.tolist() == [10 / 16] * 19
    assert cut.hota.mean() == pytest.approx(np.sqrt(10 / 16))


def test_identities_swapped_at_half():
    swapped = counts(["#. #. .# .#", ".# .# #. #."], ["#. #. #. #.", ".# .# .# .#"])
    assert swapped.detection_accuracy.tolist() == [1.0] * 19
    # every match is of tracks that share 2 of 4 + 4 - 2 frames
    np.testing.assert_allclose(swapped.association_accuracy, 1 / 3)


def test_a_missed_frame_costs_detection_and_association():
    missed = counts(["# # - #"], ["# # # #"])
    assert missed.detection_accuracy.tolist() == [3 / 4] * 19
    assert missed.association_accuracy.tolist() == [3 / 4] * 19


def test_a_false_track_costs_detection_alone():
    false = counts(["#. #.", ".# .#"], ["#. #."])
    assert false.detection_accuracy.tolist() == [2 / 4] * 19
    assert false.association_accuracy.tolist() == [1.0] * 19


def test_of_two_that_overlap_equally_the_one_that_stays_is_matched():
    # both cover the object to the pixel in frame 0; the first is gone then: 2 matches with the second, 1 false mask
    rival = counts(["# - -", "# # -"], ["# # -"])
    assert rival.matches.tolist() == [2] * 19
    assert rival.association_accuracy.tolist() == [1.0] * 19
    assert rival.detection_accuracy.tolist() == [2 / 3] * 19


def test_a_side_without_masks_leaves_no_match():
    assert counts(["#. #."], [".# .#"]).matches.tolist() == [0] * 19
    nothing = counts(["- -"], ["# #"])
    assert (nothing.found, nothing.truth, nothing.hota.max()) == (0, 2, 0.0)
    assert nothing.localisation_accuracy.tolist() == [1.0] * 19  # as TrackEval says


def test_videos_add_up():
    first, second = counts(["# #"], ["# #"]), counts(["- #"], ["# #"])
    both = NO_COUNTS + first + second
    assert both.detection_accuracy.tolist() == [3 / 4] * 19
    # two matches that share all frames, one that shares 1 of 2
    np.testing.assert_allclose(both.association_accuracy, 2.5 / 3)
