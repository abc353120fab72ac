"""Groups: the organisers' occlusion figures to the last bit, and parts of a data set that can be counted by hand."""

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simvtr.errors import DataError
from simvtr.evaluation import evaluate
from simvtr.evaluation.groups import NOTES, GroupScore, by_groups
from simvtr.schema import Truth, Video, read_predictions, read_truth
from tests.evaluation import tiny
from tests.evaluation.freeze_ovis import NAMES, draw_labelled
from tests.evaluation.reference_cases import CASES, digest

FROZEN = json.loads((Path(__file__).parent / "fixtures" / "ovis.json").read_text())
LETTERS = {"n": "no_occlusion", "s": "slight_occlusion", "S": "severe_occlusion", "-": None}
FIGURES = ("AP", "AP50", "AP75", "AR1", "AR10", "AR100")


def labelled(truth: Truth, labels: list[str]) -> Truth:
    """The truth with labels for its tracks in their order: n no, s slight, S severe, - none, one letter a frame."""
    left = iter(labels)
    tracks = {
        video: [dataclasses.replace(track, occlusion=tuple(LETTERS[c] for c in next(left))) for track in of_video]
        for video, of_video in truth.tracks.items()
    }
    return dataclasses.replace(truth, tracks=tracks)


def scored(truth: Truth, found: dict) -> dict[tuple[str, str], GroupScore]:
    return {(group.kind, group.name): group for group in by_groups(truth, evaluate(truth, found))}


def figures(group: GroupScore) -> list[float]:
    return [getattr(group, name) for name in FIGURES]


@pytest.mark.parametrize("name", NAMES)
def test_occlusion_groups_equal_the_organisers_to_the_last_bit(name, tmp_path):
    pair = draw_labelled(name)
    assert digest(*pair) == FROZEN[name]["input"]
    for file, value in zip(("truth.json", "results.json"), pair, strict=True):
        (tmp_path / file).write_text(json.dumps(value))
    truth = read_truth(tmp_path / "truth.json", strict=False)
    found = read_predictions(tmp_path / "results.json", truth, strict=False)
    result = evaluate(truth, found, "ytvos", class_agnostic=CASES[name].class_agnostic)
    groups = [group for group in by_groups(truth, result) if group.kind == "occlusion"]
    assert {group.name: figures(group) for group in groups} == FROZEN[name]["figures"]


def test_the_worked_example_of_the_documentation():
    truth = labelled(
        tiny.truth({1: ["##...... ##......", "..##.... ..##....", "....#### ....####"]}), ["nn", "ss", "nS"]
    )
    found = {1: [tiny.found("##...... ##......", 0.9), tiny.found("....#### -", 0.8), tiny.found("...#.... -", 0.7)]}
    groups = scored(truth, found)
    light, medium, heavy = (groups["occlusion", name] for name in ("light", "medium", "heavy"))
    assert (light.tracks, medium.tracks, heavy.tracks) == (2, 1, 1)  # the second is on a bound, in two groups
    assert figures(light) == pytest.approx([51 / 101, 51 / 101, 51 / 101, 0.5, 0.5, 0.5])
    assert figures(medium) == [0, 0, 0, 0, 0, 0]
    assert figures(heavy) == pytest.approx([0.1, 1, 0, 0, 0.1, 0.1])  # the best found track, alone in AR1, is another's


def test_what_finds_nothing_is_false_in_every_group():
    truth = labelled(tiny.truth({1: ["##......", "......##"]}), ["n", "S"])
    perfect = [tiny.found("##......", 0.5), tiny.found("......##", 0.4)]
    false = tiny.found("...##...", 0.9)
    for found, AP in ((perfect, 1.0), ([*perfect, false], 0.5)):  # precision 1/2 at every recall: one false before one
        groups = scored(truth, {1: found})
        assert [groups["occlusion", name].AP for name in ("light", "heavy")] == pytest.approx([AP, AP])


def test_a_track_without_any_label_is_in_no_occlusion_group():
    truth = labelled(tiny.truth({1: ["##...... ##......", "......## ......##"]}), ["nn", "--"])
    found = {1: [tiny.found("......## ......##", 0.9), tiny.found("##...... ##......", 0.8)]}
    groups = scored(truth, found)
    assert [groups["occlusion", name].tracks for name in ("light", "medium", "heavy")] == [1, 0, 0]
    assert figures(groups["occlusion", "light"])[:3] == pytest.approx([1, 1, 1])  # the other counts neither way
    assert set(figures(groups["occlusion", "heavy"])) == {-1.0}


shapes = st.sampled_from(["##.. ##..", ".##. .##.", "..## -", "#### ####", "- ...#"])
drawn = st.lists(shapes, min_size=1, max_size=4)
found_lists = st.lists(st.tuples(shapes, st.sampled_from([0.2, 0.5, 0.9])), max_size=6)


@settings(max_examples=40)
@given(st.lists(st.tuples(drawn, found_lists), min_size=1, max_size=3))
def test_where_all_tracks_are_light_the_light_figures_are_the_plain_ones(videos):
    truth = tiny.truth(dict(enumerate([true for true, _ in videos], 1)))
    truth = labelled(truth, ["nn"] * sum(len(true) for true, _ in videos))
    result = evaluate(truth, {v: [tiny.found(*track) for track in found] for v, (_, found) in enumerate(videos, 1)})
    light, medium, heavy = by_groups(truth, result)[:3]
    assert figures(light) == [result.stats[name] for name in FIGURES]
    assert (medium.AP, heavy.AP) == (-1.0, -1.0)


@settings(max_examples=40)
@given(st.lists(st.tuples(drawn, found_lists), min_size=1, max_size=3))
def test_a_group_of_videos_scores_as_these_videos_alone(videos):
    found = {v: [tiny.found(*track) for track in tracks] for v, (_, tracks) in enumerate(videos, 1)}
    groups = scored(tiny.truth(dict(enumerate([true for true, _ in videos], 1))), found)
    few = {v: true for v, (true, _) in enumerate(videos, 1) if 2 <= len(true) <= 3}
    alone = evaluate(tiny.truth(few), {v: found[v] for v in few})
    assert figures(groups["count (ours)", "few"]) == [alone.stats[name] for name in FIGURES]


def test_without_labels_tracks_are_grouped_by_crowding_and_the_name_says_it_is_ours():
    # shares under the other boxes: 1 of 2 px, 1 of 4 px, 0
    truth = tiny.truth({1: ["##......", ".####...", "......##"]})
    groups = by_groups(truth, evaluate(truth, {1: [tiny.found("......##", 0.9)]}))
    assert [(g.kind, g.name, g.tracks) for g in groups[:3]] == [
        ("crowding (ours)", "low", 1),
        ("crowding (ours)", "medium", 1),
        ("crowding (ours)", "high", 1),
    ]
    assert [g.AP for g in groups[:3]] == pytest.approx([1.0, 0.0, 0.0])
    assert [g.kind for g in by_groups(labelled(truth, ["-", "-", "s"]), evaluate(truth, {}))][:3] == ["occlusion"] * 3


def test_videos_are_grouped_by_their_length_and_by_their_tracks():
    truth = tiny.truth({1: ["#."], 2: ["#.", ".#"], 3: ["#."] * 7, 4: []})
    lengths = {1: 24, 2: 25, 3: 101, 4: 25}
    truth = dataclasses.replace(truth, videos={v: Video(v, 2, 1, n) for v, n in lengths.items()})
    found = {v: [tiny.found("#.", 0.9)] for v in lengths}
    result = evaluate(truth, found, "ytvos")  # the masks are of the first frame alone
    rows = [(g.name, g.bounds, g.videos, g.tracks) for g in by_groups(truth, result)[3:]]
    assert rows == [
        ("short", "1 to 24 frames", 1, 1),
        ("medium", "25 to 36 frames", 1, 2),
        ("long", "37 to 100 frames", 0, 0),
        ("longest", "101 and more frames", 1, 7),
        ("one", "1 track", 1, 1),
        ("few", "2 to 3 tracks", 1, 2),
        ("several", "4 to 6 tracks", 0, 0),
        ("many", "7 and more tracks", 1, 7),
    ]
    by_name = {g.name: g for g in by_groups(truth, result)[3:]}
    assert figures(by_name["few"]) == pytest.approx([51 / 101] * 3 + [0.5] * 3)  # one of two, nothing false
    assert figures(by_name["medium"]) == pytest.approx([51 / 101] * 3 + [0.5] * 3)  # one false, but after the other
    assert figures(by_name["long"]) == [-1] * 6


def test_crowds_do_not_count_as_tracks_of_a_video():
    truth = tiny.truth({1: ["##..", "..##"]})
    truth.tracks[1][1] = dataclasses.replace(truth.tracks[1][1], crowd=True)
    groups = scored(truth, {1: [tiny.found("##..", 0.9)]})
    assert (groups["count (ours)", "one"].tracks, groups["count (ours)", "few"].tracks) == (1, 0)
    assert groups["crowding (ours)", "low"].tracks == 1


def test_an_unknown_label_is_refused_by_name():
    truth = labelled(tiny.truth({1: ["##.."]}), ["n"])
    truth.tracks[1][0] = dataclasses.replace(truth.tracks[1][0], occlusion=("heavy",))
    rule = r"truth.json, video 1, track 1: occlusion labels must be no_occlusion.* or null, got 'heavy'\. Correct them"
    with pytest.raises(DataError, match=rule):
        by_groups(truth, evaluate(truth, {}))


def test_a_result_of_another_truth_is_refused():
    result = evaluate(tiny.truth({1: ["##..", "..##"]}), {})
    with pytest.raises(
        ValueError, match=r"must be scored against truth.json, which lacks video 1 or tracks of it\. Give"
    ):
        by_groups(tiny.truth({1: ["##.."]}), result)


def test_the_table_is_in_percent_and_the_dictionary_in_fractions():
    truth = labelled(tiny.truth({1: ["##..", "..##"]}), ["n", "S"])
    groups = by_groups(truth, evaluate(truth, {1: [tiny.found("##..", 0.9)]}))
    occlusion = groups.table().split("\n\n")[0]
    assert occlusion.splitlines() == [
        "occlusion               videos  tracks      AP    AP50    AP75     AR1    AR10   AR100",
        "light        [0, 0.25]       1       1  100.00  100.00  100.00  100.00  100.00  100.00",
        "medium     [0.25, 0.5]       0       0       -       -       -       -       -       -",
        "heavy         [0.5, 1]       1       1    0.00    0.00    0.00    0.00    0.00    0.00",
        NOTES["occlusion"],
    ]
    first = groups[0].as_dict()
    assert (first["kind"], first["bounds"], first["AP"]) == ("occlusion", "[0, 0.25]", groups[0].AP)
    assert json.loads(json.dumps(groups[1].as_dict()))["AP"] == -1.0
