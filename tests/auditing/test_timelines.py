"""What became of every track, letter by letter, on videos of 1 x 4 pixels."""

from dataclasses import replace

import pytest

from simvtr.auditing.audit import Timeline
from simvtr.auditing.cache import OverlapCache
from simvtr.auditing.timelines import SHOWN, timelines
from simvtr.evaluation import evaluate
from simvtr.evaluation.identities import identity
from simvtr.schema import Track, Truth
from tests.evaluation.tiny import found, truth


def lines(true: Truth, tracks: dict[int, list[Track]]) -> list[Timeline]:
    return timelines(true, tracks, evaluate(true, tracks), identity(true, tracks), OverlapCache(true))


def line(true: list[str], *tracks: Track) -> Timeline:
    (only,) = lines(truth({1: true}), {1: list(tracks)})
    return only


def test_a_true_track_is_met_missed_or_absent():
    # met in frames 0 and 1, missed in 2 (1 of 3 px), absent in 3: 2 + 2 + 1 px of 2 + 2 + 3 = 5 / 7
    made = line(["##.. ##.. ###. -"], found("##.. ##.. #... -", 0.9))
    assert (made.true[0].states, made.found[0].states) == ("ppm.", "ggb.")
    assert (made.true[0].partner, made.found[0].partner) == (0, 0)
    assert (made.hits, made.missed, made.false, made.switches) == (1, 0, 0, 0)
    assert made.mean_iou == 5 / 7


def test_a_found_track_on_another_true_track_is_an_identity_error():
    # its partner is the left one: 2 + 2 + 2 px of 2 + 2 + 2 + (2 + 2) = 6 / 10; in the last frame it lies on the right
    made = line(["##.. ##.. ##.. ##..", "..## ..## ..## ..##"], found("##.. ##.. ##.. ..##", 0.9))
    assert made.found[0].states == "gggx"
    assert [bar.states for bar in made.true] == ["pppm", "mmmo"]
    assert [bar.partner for bar in made.true] == [0, None]
    assert (made.hits, made.missed) == (1, 1)


def test_an_object_that_changes_its_name_is_not_missed():
    # two found tracks change places in the last of five frames
    made = line(
        ["##.. ##.. ##.. ##.. ##..", "..## ..## ..## ..## ..##"],
        found("##.. ##.. ##.. ##.. ..##", 0.9),
        found("..## ..## ..## ..## ##..", 0.8),
    )
    assert [bar.states for bar in made.true] == ["ppppo", "ppppo"]
    assert [bar.states for bar in made.found] == ["ggggx", "ggggx"]


def test_an_object_met_by_tracks_without_a_partner_is_not_missed():
    # track IoU 1 / 4 each: none is its partner
    made = line(["##.. ##.. ##.. ##.."], found("##.. - - -", 0.9), found("- ##.. - -", 0.8), found("- - ##.. -", 0.7))
    assert (made.true[0].states, made.true[0].partner, made.missed) == ("ooom", None, 1)
    assert [bar.states for bar in made.found] == ["u...", ".u..", "..u."]


def test_a_found_track_may_lie_on_nothing():
    made = line(["##.. ##.. ##.."], found("##.. ##.. ...#", 0.9))  # 4 px of 2 + 2 + 3
    assert made.found[0].states == "ggf"


def test_without_a_partner_nothing_is_good():
    made = line(["##.. ##.. ##.. ##.."], found("##.. - - -", 0.9))  # 2 px of 8
    assert (made.found[0].states, made.found[0].partner, made.found[0].label) == ("u...", None, "#0 · fish · 0.90")
    assert (made.true[0].states, made.true[0].label) == ("ommm", "1 · fish")
    assert made.mean_iou is None


def test_tracks_below_the_threshold_of_their_category_are_not_called_false():
    right, wrong = found("##.. ##..", 0.9), found("...# ...#", 0.3)
    made = line(["##.. ##.."], right, wrong)  # best by HOTA: 0.9, without the wrong one
    assert (made.hits, made.false) == (1, 0)
    assert [bar.track for bar in made.found] == [0, 1]
    made = line(["##.. ##.."], right, found("...# ...#", 0.95))  # above the right one it cannot be left out
    assert (made.hits, made.false) == (1, 1)
    assert [bar.track for bar in made.found] == [0, 1]  # partners first


def test_a_switch_is_a_change_of_the_found_track():
    made = line(["##.. ##.. ##.. ##.."], found("##.. ##.. - -", 0.9), found("- - ##.. ##..", 0.9))
    assert made.switches == 1
    assert made.hits == 1  # IoU 1/2 each, the first is taken


def test_partners_all_come_and_others_up_to_twenty():
    others = [found("...# ...#", 0.1 + i / 100) for i in range(SHOWN + 5)]
    made = line(["##.. ##.."], *others, found("##.. ##..", 0.9))
    assert len(made.found) == SHOWN
    assert [bar.track for bar in made.found[:3]] == [SHOWN + 5, SHOWN + 4, SHOWN + 3]
    assert made.true[0].partner == 0


def test_crowds_are_no_tracks():
    one = truth({1: ["##.. ##..", "..## ..##"]})
    crowded = replace(one, tracks={1: [one.tracks[1][0], replace(one.tracks[1][1], crowd=True)]})
    (made,) = lines(crowded, {1: [found("##.. ##..", 0.9), found("..## ..##", 0.9)]})
    assert [bar.track for bar in made.true] == [1]
    assert made.found[1].states == "ff"


@pytest.mark.parametrize("tracks", [{}, {1: [found("##.. ##..", 0.9)]}])
def test_every_video_has_a_line_also_one_without_results(tracks):
    made = lines(truth({2: ["##.. ##.."], 1: ["##.. ##.."]}), tracks)
    assert [one.video_id for one in made] == [1, 2]
    assert (made[1].found, made[1].missed, made[1].name) == ((), 1, "video 2")
