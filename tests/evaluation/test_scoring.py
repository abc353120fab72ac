import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simvtr.evaluation import evaluate
from simvtr.schema import Category, Predictions
from tests.evaluation.tiny import found, only, truth


def worked_example():
    """The example of docs/metric.md: two videos, three true fish, three found."""
    return (
        truth({1: ["##.. ##.. ##.."], 2: [".### .###", "#... #..."]}),
        {
            1: [found("##.. ##.. -", 0.9), found("..## - -", 0.6)],
            2: [found(".### ..##", 0.8)],
        },
    )


def test_the_worked_example_of_the_documentation():
    result = evaluate(*worked_example())
    assert result.comparison(1, 1).iou.tolist() == [[4 / 6], [0.0]]
    assert result.comparison(2, 1).iou.tolist() == [[5 / 6, 0.0]]
    # IoU 0.50 to 0.65: hit, hit, miss of 3 -> precision 1 at the recalls 0.00 to 0.66, 67 of the 101
    # IoU 0.70 to 0.80: miss, hit, miss     -> precision 1/2 at 0.00 to 0.33, 34 of them; above: nothing
    assert result.stats["AP50"] == pytest.approx(67 / 101)
    assert result.stats["AP75"] == pytest.approx(34 / 2 / 101)
    assert result.stats["AP"] == pytest.approx((4 * 67 + 3 * 17) / 1010)
    assert result.stats["AR1"] == result.stats["AR100"] == pytest.approx((4 * 2 / 3 + 3 * 1 / 3) / 10)


def test_a_false_track_with_the_best_score_of_its_video_costs_recall_at_one():
    one = truth({1: ["##.."]})
    stats = evaluate(one, {1: [found("..##", 0.9), found("##..", 0.8)]}).stats
    assert (stats["AR1"], stats["AR10"]) == (0.0, 1.0)
    assert stats["AP"] == pytest.approx(0.5)


def test_a_category_without_truth_makes_its_false_tracks_free():
    one = truth({1: ["##.."]}, {1: "fish", 2: "bird"})
    result = evaluate(one, {1: [found("##..", 0.8), found("..##", 0.9, category=2)]})
    assert result.stats["AP"] == pytest.approx(1.0)
    assert [(c.name, c.AP, c.true_tracks, c.found_tracks) for c in result.by_category] == [
        ("fish", pytest.approx(1.0), 1, 1),
        ("bird", -1.0, 0, 1),
    ]


def test_a_wrong_category_is_right_when_categories_are_not_told_apart():
    one = truth({1: ["##..", "2: ..##"]}, {1: "fish", 2: "bird"})
    swapped = {1: [found("##..", 0.9, category=2), found("..##", 0.8, category=1)]}
    assert evaluate(one, swapped).stats["AP"] == 0.0
    result = evaluate(one, swapped, class_agnostic=True)
    assert result.stats["AP"] == pytest.approx(1.0)
    assert result.precision.shape == (10, 101, 1, 4, 3)
    assert result.comparison(1).iou.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert result.by_category == ()


def test_equal_scores_keep_the_order_of_the_list():
    one = truth({1: ["##.."]})
    right_first = [found("##..", 0.5), found("..##", 0.5)]
    assert evaluate(one, {1: right_first}).stats["AP"] == pytest.approx(1.0)
    assert evaluate(one, {1: right_first[::-1]}).stats["AP"] == pytest.approx(0.5)


def test_only_the_hundred_best_of_a_video_and_category_count():
    one = truth({1: ["##.."]})
    wrong = [found("..##", 0.9) for _ in range(100)]
    assert evaluate(one, {1: [*wrong, found("##..", 0.1)]}).stats["AR100"] == 0.0
    assert evaluate(one, {1: [*wrong[:99], found("##..", 0.1)]}).stats["AR100"] == 1.0


def test_nothing_found_scores_zero():
    stats = evaluate(truth({1: ["##.."]}), {}).stats
    assert (stats["AP"], stats["AR100"], stats["APl"]) == (0.0, 0.0, -1.0)


def test_nothing_true_is_undefined():
    nothing = truth({1: ["##.."]})
    nothing.tracks[1].clear()
    assert set(evaluate(nothing, {1: [found("##..", 0.9)]}).stats.values()) == {-1.0}


def test_files_and_memory_score_alike(tmp_path):
    one, tracks = worked_example()
    from_file = evaluate(one, Predictions(tracks, tmp_path / "results.json"))
    np.testing.assert_array_equal(from_file.precision, evaluate(one, tracks).precision)


def test_a_path_in_place_of_what_is_in_the_file_is_told():
    true, tracks = worked_example()
    with pytest.raises(ValueError, match=r"got 'truth.json'\. Read it with simvtr.read_truth first"):
        evaluate("truth.json", tracks)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match=r"results.json.*Read it with simvtr.read_predictions first"):
        evaluate(true, Path("results.json"))  # pyright: ignore[reportArgumentType]


def test_comparisons_point_back_at_the_found_and_true_tracks():
    one = truth({1: ["##..", "..##"]})
    pair = only(evaluate(one, {1: [found("..##", 0.3), found("##..", 0.7)]}))
    assert pair.found.tolist() == [1, 0]  # best score first
    assert pair.truth.tolist() == [1, 2]
    assert pair.matched[0, 0].tolist() == [0, 1]


def test_videos_and_categories_without_tracks_cost_no_time_together():
    one = truth({1: ["##.."]})
    many = replace(
        one,
        videos={v: replace(one.videos[1], id=v) for v in range(1, 30_001)},
        categories={k: Category(k, str(k)) for k in range(1, 301)},
    )
    begin = time.process_time()
    assert evaluate(many, {1: [found("##..", 0.9)]}).stats["AP"] == pytest.approx(1.0)
    assert time.process_time() - begin < 1.5  # some 0.1 s; visiting all nine million cells takes several
