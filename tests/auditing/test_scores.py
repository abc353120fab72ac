from dataclasses import replace

import pytest

from tests.auditing.drawn import attacked, drawn_all, video
from tests.evaluation.tiny import found, truth


def scored(tracks) -> list[tuple[int, float]]:
    return [(category, score) for _, category, score in drawn_all(tracks)]


def test_duplicates_come_below_all_and_in_the_same_order():
    made = attacked("duplicated", found("#...", 0.9), found("##..", 0.4))
    assert drawn_all(made) == [("#...", 1, 0.9), ("##..", 1, 0.4), ("#...", 1, -0.6), ("##..", 1, -1.1)]  # less 1.5


def test_every_track_comes_in_every_other_category_below_all():
    made = attacked("all-categories", found("#...", 0.9, 2), found("##..", 0.4, 1))
    assert scored(made) == [(2, 0.9), (1, 0.4), (1, -0.6), (3, -0.6), (2, -1.1), (3, -1.1)]


def test_copies_of_all_videos_come_below_the_tracks_of_all_videos():
    from simvtr.auditing.scores import duplicated

    made = duplicated({1: [found("#...", 0.9)], 2: [found("#...", 0.1)]}, None, None)
    assert max(made[1][1].score, made[2][1].score) < 0.1


def test_a_category_without_truth_is_filled_with_confident_copies():
    true = truth({1: ["#...", "3: ##.."]}, {1: "fish", 2: "crab", 3: "owl"})
    assert scored(attacked("free-category", found("#...", 0.7, 1), found("##..", 0.2, 3), true=true)) == [
        (1, 0.7), (3, 0.2), (2, 0.7), (2, 0.7)
    ]  # fmt: skip


def test_a_category_of_crowds_alone_is_as_free():
    true = truth({1: ["#...", "2: ##.."]}, {1: "fish", 2: "crab"})
    true.tracks[1][1] = replace(true.tracks[1][1], crowd=True)
    assert scored(attacked("free-category", found("#...", 0.7), true=true)) == [(1, 0.7), (2, 0.7)]


def test_where_every_category_has_truth_nothing_changes():
    tracks = [found("#...", 0.7)]
    assert attacked("free-category", *tracks, true=truth({1: ["#..."]})) == tracks


def test_tied_scores_are_all_1():
    assert scored(attacked("tied", found("#...", 0.7), found("#...", 0.2, 2))) == [(1, 1), (2, 1)]


def test_rescaled_scores_reach_1_in_every_video():
    assert scored(attacked("rescaled", found("#...", 0.5), found("#...", 0.2))) == [(1, 1), (1, 0.4)]


@pytest.mark.parametrize("score", [0.0, -0.5])
def test_scores_that_are_not_positive_cannot_be_rescaled(score):
    assert scored(attacked("rescaled", found("#...", score), true=video(1))) == [(1, score)]
