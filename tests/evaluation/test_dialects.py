"""What the dialects disagree on: one test a row of the table in docs/metric.md, and the text of every refusal."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from simvtr.errors import DataError
from simvtr.evaluation import evaluate
from tests.evaluation.tiny import found, masks, only, truth


def refusal(*arguments) -> str:
    with pytest.raises(DataError) as caught:
        evaluate(*arguments)
    return str(caught.value)


def test_a_short_list_is_scored_on_its_first_frames():
    four = truth({1: ["##.. ##.. ##.. ##.."]})
    first_frame = {1: [found("##..", 0.9)]}
    assert evaluate(four, first_frame, "ytvos").stats["AP"] == pytest.approx(1.0)  # 2 px of 2
    padded = {1: [found("##.. - - -", 0.9)]}
    assert evaluate(four, padded, "ytvos").stats["AP"] == 0.0  # 2 px of 8: what it is worth
    assert refusal(four, first_frame) == (
        "results, video 1, track 0 of that video: there must be one mask or null for each of 4 frames, got 1. 1 of 1"
        " tracks are shorter than their video: the public evaluator would score these on their first frames alone, 1 of"
        " 4. Pad absent frames with null, or see its number with the dialect ytvos."
    )


def test_the_refusal_counts_all_short_tracks_and_their_frames():
    two = truth({1: ["## ## ##"], 2: ["## ##"]})
    results = {1: [found("## ## ##", 0.9), found("##", 0.8)], 2: [found("##", 0.7)]}
    text = refusal(two, results)
    assert "video 1, track 1" in text
    assert "2 of 3 tracks are shorter" in text
    assert "their first frames alone, 2 of 5." in text


def test_extra_frames_leave_the_overlap_but_not_the_size():
    two = truth({1: ["##.. ##.."]})
    results = {1: [found("##.. ##.. ####", 0.9)]}
    assert only(evaluate(two, results, "ytvos")).iou.tolist() == [[1.0]]
    assert "for each of 2 frames, got 3. The public evaluator would leave the extra" in refusal(two, results)


def test_a_frame_of_another_size_is_an_abstention():
    two = truth({1: ["##.. ##.."]})
    results = {1: [found("##.. #", 0.9)]}
    assert only(evaluate(two, results, "ytvos")).iou.tolist() == [[1.0]]  # 2 of 2; null there would make it 2 of 4
    assert (
        "results, video 1, track 0 of that video, frame 1: masks must have the video's size, 1x4 (height x width),"
        " got 1x1." in refusal(two, results)
    )


def test_a_frame_of_another_size_costs_its_area_where_nothing_is_true():
    two = truth({1: ["##.. -"]})
    results = {1: [found("##.. #", 0.9)]}
    assert only(evaluate(two, results, "ytvos")).iou.tolist() == [[2 / 3]]
    assert "frame 1: masks must have the video's size" in refusal(two, results)


def test_a_found_track_of_an_unlisted_category_is_dropped():
    one = truth({1: ["##.."]})
    results = {1: [found("..##", 0.9, category=7), found("##..", 0.8)]}
    assert evaluate(one, results, "ytvos").stats["AP"] == pytest.approx(1.0)  # not a false positive
    assert "track 0 of that video: the category must be one of the 1 of truth.json, got 7." in refusal(one, results)
    assert "Write the ids that its categories have, 1." in refusal(one, results)


def test_a_true_track_with_id_0_is_never_matched():
    one = truth({1: ["##.."]})
    one = replace(one, tracks={1: [replace(one.tracks[1][0], id=0)]})
    results = {1: [found("##..", 0.9)]}
    assert evaluate(one, results, "ytvos").stats["AP"] == 0.0  # a miss and a false positive
    assert evaluate(one, results, "strict").stats["AP"] == pytest.approx(1.0)


def test_of_a_repeated_id_the_last_track_counts_twice():
    two = truth({1: ["##..", "..##"]})
    two = replace(two, tracks={1: [replace(track, id=5) for track in two.tracks[1]]})
    results = {1: [found("..##", 0.9), found("..##", 0.8), found("##..", 0.7)]}
    assert only(evaluate(two, results, "ytvos")).iou.tolist() == [[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]]
    assert "truth.json, video 1, track 5: ids of true tracks must be unique, this one came before." in refusal(
        two, results
    )


def test_a_true_track_of_an_unlisted_category_is_dropped():
    one = truth({1: ["##..", "9: ..##"]})
    results = {1: [found("##..", 0.9)]}
    assert evaluate(one, results, "ytvos").stats["AR100"] == 1.0  # one of one
    assert "truth.json, video 1, track 2: the category must be one of the 1 of truth.json, got 9." in refusal(
        one, results
    )


def test_a_true_list_shorter_than_its_video_cuts_what_is_found():
    two = truth({1: ["##.."]}, length=2)
    results = {1: [found("##.. ####", 0.9)]}
    assert only(evaluate(two, results, "ytvos")).iou.tolist() == [[1.0]]
    assert "truth.json, video 1, track 1: there must be one mask or null for each of 2 frames, got 1." in refusal(
        two, results
    )


def test_true_masks_of_another_size_are_refused():
    one = truth({1: ["##.."]})
    one = replace(one, tracks={1: [replace(one.tracks[1][0], segmentations=masks("##"))]})
    assert "truth.json, video 1, track 1, frame 0: masks must have the video's size, 1x4" in refusal(one, {})


def test_a_refusal_counts_the_other_breaches():
    one = truth({1: ["##.."]})
    assert "got 7 (and 2 more)." in refusal(one, {1: [found("##..", 0.5, category=k) for k in (7, 8, 7)]})


def test_a_score_that_is_no_number_is_refused():
    text = refusal(truth({1: ["##.."]}), {1: [found("##..", 0.5), found("##..", float("nan"))]})
    assert text == "results, video 1, track 1 of that video: the score must be finite, got nan."


@pytest.mark.parametrize("dialect", ["strict", "ytvos"])
def test_results_of_an_unknown_video_are_refused_in_both(dialect):
    text = refusal(truth({1: ["##"]}), {3: [found("##", 0.5)], 4: []}, dialect)
    assert text.startswith(
        "results, video 3: results must be of videos in truth.json, which has no such id (and 1 more)."
    )


def test_a_dialect_nobody_speaks_is_refused():
    with pytest.raises(ValueError, match=r"dialect must be one of \('strict', 'ytvos'\), got 'coco'"):
        evaluate(truth({1: ["##"]}), {}, "coco")  # type: ignore[arg-type]


def test_every_row_of_the_documentation_is_a_test_here():
    document = (Path(__file__).parents[2] / "docs" / "metric.md").read_text(encoding="utf-8")
    rows = [line for line in document.split("## 5.")[1].split("## 6.")[0].splitlines() if line.startswith("| a")]
    named = [re.findall(r"`(test_\w+)`", row) for row in rows]
    assert len(rows) == 9
    assert all(len(names) == 1 and names[0] in globals() for names in named)
