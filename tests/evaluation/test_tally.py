from dataclasses import astuple, replace

import numpy as np
from pytest import approx

from simvtr.evaluation.frames import frame_overlap
from simvtr.evaluation.tally import NOTHING, Tally, tally
from tests.evaluation.tiny import masks


def of(found: list[str], truth: list[str]) -> Tally:
    overlap = frame_overlap([masks(t) for t in found], [masks(t) for t in truth], np.zeros(len(truth), bool))
    return tally(overlap)


def test_videos_together_are_their_sum():
    both = NOTHING + of(["# # - -", "- - # #"], ["# # # #"]) + of(["# #"], ["# #"])
    assert both.figures.DetA == 1.0
    assert both.figures.AssA == approx((4 * 2 / 4 + 2 * 2 / 2) / 6)
    assert both.figures.IDF1 == 2 * (2 + 2) / (6 + 6)
    assert (both.figures.switches, both.figures.fragments) == (1, 0)


def test_without_truth_nothing_is_defined():
    assert astuple(of(["# #"], []).figures) == (-1.0,) * 5 + (0, 0)
    assert astuple(NOTHING.figures) == (-1.0,) * 5 + (0, 0)


def test_without_a_match_there_is_no_localisation():
    assert astuple(of([".# .#"], ["#. #."]).figures) == (0.0, 0.0, 0.0, -1.0, 0.0, 0, 0)


def test_changed_results_are_scored_from_overlaps_alone():
    # as the audit does: the same masks, but the last two frames taken out of the found track
    right = masks("# # # #")
    video = frame_overlap([right], [right], np.zeros(1, bool))
    assert tally(video).figures.HOTA == 1.0
    iou, present = video.iou.copy(), video.found.copy()
    iou[2:], present[2:] = 0, False
    cut = tally(replace(video, iou=iou, found=present)).figures
    assert astuple(cut)[:5] == approx((1 / 2, 1 / 2, 1 / 2, 1, 2 / 3))
