"""Intervals and differences over drawn videos."""

import math
from dataclasses import replace

import pytest

from simvtr.errors import DataError
from simvtr.evaluation import evaluate
from simvtr.evaluation.bootstrap import compare, intervals, least_videos, per_video
from tests.evaluation import tiny
from tests.evaluation.test_weighted import drawn_pair

TWO = tiny.truth({1: ["##.."], 2: ["##.."]})
FIRST_ONLY = {1: [tiny.found("##..", 0.9)]}  # video 1 found, video 2 missed
SIX = tiny.truth({v: ["##.."] for v in range(1, 7)})


def test_two_videos_drawn_twice_have_three_outcomes():
    """AR100 is 1 where video 1 is drawn twice, 1/2 where both are, 0 where video 2 is: 1/4, 1/2, 1/4 of the draws."""
    interval = intervals(evaluate(TWO, FIRST_ONLY), samples=4000)["AR100"]
    assert (interval.value, interval.low, interval.high) == (0.5, 0, 1)
    assert interval.mean == pytest.approx(0.5, abs=0.03)  # sd of the mean: 0.35 / sqrt(4000) = 0.006
    narrow = intervals(evaluate(TWO, FIRST_ONLY), samples=4000, confidence=0.4)["AR100"]
    assert (narrow.low, narrow.high) == (0.5, 0.5)  # the middle half and less is all 1/2


def test_a_perfect_result_is_certain():
    truth, _ = drawn_pair(5)
    found = {v: [tiny.Track(t.category_id, 0.5, t.segmentations) for t in ts] for v, ts in truth.tracks.items()}
    sure = intervals(evaluate(truth, found), samples=50)["AR100"]
    assert (sure.low, sure.high) == pytest.approx((sure.value, sure.value))


def test_equal_seeds_draw_equal_videos():
    result = evaluate(*drawn_pair(2, videos=9))
    assert intervals(result, 40, seed=1) == intervals(result, 40, seed=1)
    assert intervals(result, 40, seed=1) != intervals(result, 40, seed=2)


def test_videos_without_any_track_are_drawn_too():
    """One video of a hundred has the only fish: in e^-1 of the draws nothing is defined, they are left out."""
    truth = tiny.truth({1: ["##.."]})
    truth.videos.update({v: replace(truth.videos[1], id=v) for v in range(2, 101)})
    truth.tracks.update({v: [] for v in range(2, 101)})
    found = intervals(evaluate(truth, FIRST_ONLY), samples=100)
    assert (found["AP"].low, found["AP"].high) == pytest.approx((1, 1))
    assert found["APl"].as_dict() == {"value": -1, "low": -1, "high": -1, "mean": -1}


def test_a_result_does_not_differ_from_itself():
    result = evaluate(*drawn_pair(4))
    for difference in compare(result, result, samples=30).values():
        assert not difference.survives
        assert difference.difference in (0, None)
        assert difference.share in (0.5, -1)


def test_a_result_that_is_better_on_every_video_survives():
    perfect = {v: [tiny.found("##..", 0.9)] for v in SIX.videos}
    half = {v: [tiny.found("#...", 0.9)] for v in SIX.videos}  # IoU 1/2: a hit at the first threshold of ten
    difference = compare(evaluate(SIX, half), evaluate(SIX, perfect), samples=30)["AP"]
    assert (difference.first, difference.second) == pytest.approx((0.1, 1))
    assert (difference.low, difference.high) == pytest.approx((0.9, 0.9))
    assert difference.survives and difference.share == 1


def test_a_difference_of_one_video_in_six_does_not_survive():
    """It is in a third of the draws not at all, (5/6)^6; in 6 % three times or more, in 1 % four times or more."""
    difference = compare(evaluate(SIX, {}), evaluate(SIX, FIRST_ONLY), samples=400)["AR100"]
    assert (difference.difference, difference.low, difference.high) == pytest.approx((1 / 6, 0, 3 / 6))
    assert not difference.survives


def test_of_fewer_videos_than_chance_takes_nothing_survives():
    """2 / 2^5 is above 1 - 0.95, and not above 1 - 0.9: five videos say nothing at 95 %, and something at 90 %."""
    five = tiny.truth({v: ["##.."] for v in range(1, 6)})
    none, all_ = evaluate(five, {}), evaluate(five, dict.fromkeys(five.videos, FIRST_ONLY[1]))
    told = compare(none, all_, 30)["AP"]
    assert told.as_dict() == {
        "first": 0, "second": pytest.approx(1), "difference": pytest.approx(1), "low": None, "high": None,
        "survives": False, "share": -1,
    }  # fmt: skip
    assert compare(none, all_, 30, confidence=0.9)["AP"].survives
    assert [least_videos(share) for share in (0.5, 0.8, 0.9, 0.95, 0.99)] == [2, 4, 5, 6, 8]


def test_a_figure_needs_videos_with_a_true_track_of_its_own_size():
    """Of six videos five have a small track and one a medium one, of more than 128² pixels."""
    drawn = {v: ("##.." if v < 6 else "#" * (128**2 + 1)) for v in range(1, 7)}
    truth = tiny.truth({v: [text] for v, text in drawn.items()})
    found = {v: [tiny.found(text, 0.9)] for v, text in drawn.items()}
    told = compare(evaluate(truth, {}), evaluate(truth, found), 30)
    assert [told[name].survives for name in ("AP", "APs", "APm")] == [True, False, False]
    assert [told[name].difference for name in ("AP", "APs", "APm")] == pytest.approx([1, 1, 1])


def test_pairs_are_drawn_together():
    """Each result swings with the draw, their difference does not."""
    truth = tiny.truth({v: ["####"] for v in range(1, 9)})
    one = {v: [tiny.found("##..", 0.9)] for v in range(1, 5)}  # IoU 1/2
    two = {v: [tiny.found("###.", 0.9)] for v in range(1, 5)}  # IoU 3/4
    a, b = evaluate(truth, one), evaluate(truth, two)
    spread = intervals(b, 300)["AR100"]
    paired = compare(a, b, 300)["AR100"]
    assert paired.high is not None and paired.low is not None
    assert paired.high - paired.low < spread.high - spread.low
    assert paired.survives


def test_results_of_another_truth_are_refused():
    other = tiny.truth({1: ["##.."], 2: ["##..", "..##"]})
    with pytest.raises(DataError, match=r"of the same truth: the true tracks of video 2 differ\. Score both"):
        compare(evaluate(TWO, FIRST_ONLY), evaluate(other, FIRST_ONLY), samples=5)
    with pytest.raises(DataError, match="number of videos is 2 for the first, 1 for the second"):
        compare(evaluate(TWO, FIRST_ONLY), evaluate(tiny.truth({1: ["##.."]}), FIRST_ONLY), samples=5)
    with pytest.raises(DataError, match="dialect is strict for the first, ytvos for the second"):
        per_video(evaluate(TWO, FIRST_ONLY), evaluate(TWO, FIRST_ONLY, "ytvos"))


def test_samples_and_confidence_are_checked():
    result = evaluate(TWO, FIRST_ONLY)
    with pytest.raises(ValueError, match=r"samples must be at least 1, got 0\. A thousand is usual"):
        intervals(result, 0)
    with pytest.raises(ValueError, match="confidence must be above 0 and below 1, got 95"):
        compare(result, result, 10, confidence=95)


def test_a_video_by_itself_scores_what_evaluate_says_of_it():
    truth, found = drawn_pair(6)
    better = {v: tracks[1:] for v, tracks in found.items()}
    rows = per_video(evaluate(truth, found), evaluate(truth, better))
    assert [r.difference for r in rows] == sorted((r.difference for r in rows), reverse=True)
    for row in rows:
        v = row.video_id
        alone = tiny.Truth({v: truth.videos[v]}, {v: truth.tracks[v]}, truth.categories, truth.path)
        assert row.first == pytest.approx(evaluate(alone, {v: found[v]}).stats["AP"], abs=1e-12)
        assert row.second == pytest.approx(evaluate(alone, {v: better[v]}).stats["AP"], abs=1e-12)


def test_an_unknown_figure_is_refused():
    result = evaluate(TWO, FIRST_ONLY)
    with pytest.raises(ValueError, match=r"figure must be one of AP, AP50, .*, got 'HOTA'"):
        per_video(result, result, "HOTA")


def test_results_that_are_not_scored_yet_are_refused():
    with pytest.raises(ValueError, match=r"must be results of simvtr.evaluate"):
        compare(TWO, FIRST_ONLY)  # type: ignore[arg-type]


def test_tables_have_a_line_for_each_figure():
    result = evaluate(TWO, FIRST_ONLY)
    assert len(intervals(result, 5).table().splitlines()) == 13
    lines = compare(result, result, 5).table().splitlines()
    assert lines[6].split() == ["APl", *"-------"]
    assert not math.isnan(intervals(result, 5)["AP"].low)
