import numpy as np
import pytest

from simvtr.evaluation.frames import FrameOverlap, frame_overlap
from simvtr.evaluation.switches import identity_matches, switches_and_fragments
from tests.evaluation.tiny import masks


def compare(found: list[str], truth: list[str]) -> FrameOverlap:
    return frame_overlap([masks(t) for t in found], [masks(t) for t in truth], np.zeros(len(truth), bool))


@pytest.mark.parametrize(
    ("rule", "found", "truth", "switches", "fragments"),
    [
        ("followed throughout", ["# # # #"], ["# # # #"], 0, 0),
        ("cut in two", ["# # - -", "- - # #"], ["# # # #"], 1, 0),
        ("cut in three", ["# - -", "- # -", "- - #"], ["# # #"], 2, 0),
        ("there and back", ["# - #", "- # -"], ["# # #"], 2, 0),
        ("two swapped", ["#. #. .# .#", ".# .# #. #."], ["#. #. #. #.", ".# .# .# .#"], 2, 0),
        ("lost and found again, while another is seen", ["#. - #.", ".# .# .#"], ["#. #. #.", ".# .# .#"], 0, 1),
        ("lost, then found by another", ["#. - -", "- - #.", ".# .# .#"], ["#. #. #.", ".# .# .#"], 1, 1),
        ("absent and back, while another is seen", ["#. - #.", ".# .# .#"], ["#. - #.", ".# .# .#"], 0, 1),
        ("found late", ["- #.", ".# .#"], ["#. #.", ".# .#"], 0, 0),
        ("nothing found for a frame", ["# - #"], ["# # #"], 0, 0),  # passed over, as TrackEval does
        ("never found", ["-  -"], ["# #"], 0, 0),
        ("below IoU 0.5", ["### ###"], ["#.. #.."], 0, 0),
    ],
)
def test_switches_and_fragments_as_counted_by_hand(rule, found, truth, switches, fragments):
    assert switches_and_fragments(compare(found, truth)) == (switches, fragments), rule


def test_a_pair_goes_on_though_another_overlaps_more():
    # frame 0: only the first track; frame 1: it has IoU 2/3, the second 1
    assert switches_and_fragments(compare(["###. ##..", "- ###."], ["###. ###."])) == (0, 0)


def test_a_pair_ends_where_its_iou_is_below_half():
    # frame 1: the first has IoU 1/3, the second 2/3
    assert switches_and_fragments(compare(["###. #...", "- ##.."], ["###. ###."])) == (1, 0)


@pytest.mark.parametrize(
    ("found", "truth", "frames"),
    [
        (["# # # #"], ["# # # #"], 4),
        (["# # # -", "- - - #"], ["# # # #"], 3),  # only one of the two may have the identity
        (["#. #. .# .#", ".# .# #. #."], ["#. #. #. #.", ".# .# .# .#"], 4),
        (["# # #", "# # -"], ["# # #"], 3),
        ([".# .#"], ["#. #."], 0),
        (["## ##"], ["#. #."], 2),  # IoU 0.5 is enough
        ([], ["# #"], 0),
    ],
)
def test_identity_matches_as_counted_by_hand(found, truth, frames):
    assert identity_matches(compare(found, truth)) == frames
