"""Kinds of errors, one by one on videos of a few pixels, and all of them beside TIVE."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simvtr.errors import DataError
from simvtr.evaluation import evaluate
from simvtr.evaluation.errors import KINDS, error_types
from simvtr.schema import read_predictions, read_truth
from tests.evaluation import tiny
from tests.evaluation.reference_cases import digest
from tests.evaluation.test_weighted import drawn_pair
from tests.evaluation.tive_cases import SEEDS, draw

FROZEN = json.loads((Path(__file__).parent / "fixtures" / "tive.json").read_text())
TWO = {1: "fish", 2: "shark"}


def kinds(true: list[str], *found: tuple[str, float, int]) -> tuple[str, ...]:
    return error_types(tiny.truth({1: true}, TWO), {1: [tiny.found(*f) for f in found]}).found[1]


def test_poor_masks_in_most_frames_are_a_spatial_error():
    # IoU 1/4 in each of 3 frames: 3 of 3 frames above 0.1
    assert kinds(["#### #### ####"], ("#... #... #...", 0.9, 1)) == ("spatial",)


def test_good_masks_in_few_frames_are_a_temporal_error():
    # IoU 4/12; 1 of 3 frames above 0.1
    assert kinds(["#### #### ####"], ("#### - -", 0.9, 1)) == ("temporal",)


def test_seven_frames_of_ten_are_spatial_and_six_are_temporal():
    true = ["####" + " ####" * 9]
    assert kinds(true, ("##.. " * 7 + "- - -", 0.9, 1)) == ("spatial",)  # 14 px of 40
    assert kinds(true, ("##.. " * 6 + "- - - -", 0.9, 1)) == ("temporal",)  # 12 px of 40


def test_a_hit_on_another_category_is_a_class_error():
    assert kinds(["##.."], ("##..", 0.9, 2)) == ("class",)


def test_a_second_hit_on_a_true_track_is_a_duplicate():
    assert kinds(["####"], ("####", 0.9, 1), ("###.", 0.8, 1)) == ("hit", "duplicate")


def test_a_second_track_at_one_half_is_spatial_because_that_is_tried_first():
    assert kinds(["####"], ("####", 0.9, 1), ("##..", 0.8, 1)) == ("hit", "spatial")


def test_a_found_track_of_nothing_is_background():
    assert kinds(["##.."], ("..##", 0.9, 1)) == ("background",)
    assert kinds(["2: ##.."], ("..##", 0.9, 1)) == ("background",)


def test_videos_without_tracks_have_no_errors():
    truth = tiny.truth({1: ["##.."], 2: ["##.."]})
    truth.tracks[2].clear()
    assert error_types(truth, {1: []}).found == {1: (), 2: ()}
    truth.tracks[1].clear()
    assert error_types(truth, {}).missed == {1: (), 2: ()}


def test_wrong_place_and_wrong_category_are_both():
    assert kinds(["####"], ("#...", 0.9, 2)) == ("both",)  # IoU 1/4 with another category


def test_what_a_crowd_swallows_is_no_error():
    truth = tiny.truth({1: ["####"]})
    truth.tracks[1][0] = replace(truth.tracks[1][0], crowd=True)
    errors = error_types(truth, {1: [tiny.found("####", 0.9)]})
    assert errors.found[1] == ("ignored",)
    assert errors.AP50 == -1
    assert all(e.gain == 0 for e in errors.kinds)


def test_a_true_track_that_an_error_points_at_is_not_missed():
    errors = error_types(tiny.truth({1: ["##.. - -", "..## - -"]}), {1: [tiny.found("#... - -", 0.9)]})
    assert errors.found[1] == ("hit",)  # IoU 1/2
    assert errors.missed == {1: (2,)}
    errors = error_types(tiny.truth({1: ["### -", "..# #.."]}), {1: [tiny.found("#.. -", 0.9)]})
    assert errors.found[1] == ("spatial",)
    assert errors.missed == {1: (2,)}
    assert errors.missed_tracks.count == 2


def test_the_best_scored_of_two_errors_is_repaired_the_other_dropped():
    """A true fish A and B. Two found tracks at a quarter of A: one becomes a hit, one goes; half of AP50 is gained."""
    truth = tiny.truth({1: ["####...."], 2: ["####...."]})
    found = {1: [tiny.found("#.......", 0.5), tiny.found(".#......", 0.9)]}
    errors = {e.name: e for e in error_types(truth, found).kinds}
    assert (errors["spatial"].count, errors["missed"].count) == (2, 1)
    assert errors["spatial"].gain == pytest.approx(51 / 101)  # recall 1/2: 0.00 to 0.50 at precision 1


def test_repairing_the_class_moves_the_track_to_the_category_it_is_of():
    """Fish found as a shark, and the shark found as a shark with a lower score: shark precision 1/2, fish 0."""
    truth = tiny.truth({1: ["1: ##..", "2: ..##"]}, TWO)
    found = {1: [tiny.found("##..", 0.9, 2), tiny.found("..##", 0.5, 2)]}
    errors = error_types(truth, found)
    assert pytest.approx(0.25) == errors.AP50
    assert next(e for e in errors.kinds if e.name == "class").gain == pytest.approx(0.75)
    assert errors.false_tracks.gain == pytest.approx(0.25)  # shark alone becomes perfect
    assert errors.missed_tracks.gain == 0  # nothing of fish is expected any more: it stays at 0


def test_the_example_of_the_documentation():
    truth = tiny.truth({1: ["#### #### ####"], 2: ["##.."]})
    found = {
        1: [tiny.found("#### - -", 0.9), tiny.found("#... #... #...", 0.8)],
        2: [tiny.found("##..", 0.7), tiny.found("..##", 0.95)],
    }
    errors = error_types(truth, found)
    assert errors.found == {1: ("temporal", "spatial"), 2: ("hit", "background")}
    assert pytest.approx(51 / 404) == errors.AP50
    gains = {e.name: e.gain for e in errors.kinds if e.gain}
    third = 51 / 303 - 51 / 404
    assert gains == pytest.approx({"temporal": 0.5 - 51 / 404, "spatial": third, "background": third})
    assert errors.missed == {1: (), 2: ()}


def test_found_tracks_of_another_length_are_refused():
    with pytest.raises(DataError, match="one mask or null for each of 2 frames, got 1"):
        error_types(tiny.truth({1: ["##.. ##.."]}), {1: [tiny.found("##..", 0.9)]})


def test_the_table_lists_every_kind_in_order():
    errors = error_types(tiny.truth({1: ["##.."]}), {1: [tiny.found("##..", 0.9), tiny.found("..##", 0.95)]})
    lines = errors.table().splitlines()
    assert [line.split()[0] for line in lines[1:8]] == list(KINDS)
    assert lines[5].split() == ["background", "1", "+50.00"]
    assert lines[-1] == "AP50 50.00; each kind repaired alone; percent."
    assert errors.as_dict()["errors"]["background"] == {"count": 1, "gain": pytest.approx(0.5)}  # type: ignore[index]


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_every_found_track_has_one_kind_and_no_repair_costs(seed: int):
    truth, found = drawn_pair(seed)
    errors = error_types(truth, found)
    assert evaluate(truth, found).stats["AP50"] == errors.AP50
    assert {v: len(tracks) for v, tracks in found.items()} == {v: len(names) for v, names in errors.found.items()}
    named = [name for names in errors.found.values() for name in names]
    assert all(named.count(e.name) == e.count for e in errors.kinds if e.name != "missed")
    assert errors.false_tracks.count == len(named) - named.count("hit")
    assert all(e.gain > -1e-12 for e in (*errors.kinds, errors.false_tracks, errors.missed_tracks))


@pytest.mark.parametrize("seed", SEEDS)
def test_kinds_and_gains_are_those_of_tive(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # It reads precision at 0.07, 0.14, ...; the metric at 7 x 0.01, 14 x 0.01, ..., some of which round further up.
    monkeypatch.setattr("simvtr.evaluation.precision.RECALLS", np.arange(101) / 100)
    truth_json, results = draw(seed)
    frozen = FROZEN[str(seed)]
    assert frozen["input"] == digest(truth_json, results)
    for name, value in (("truth.json", truth_json), ("results.json", results)):
        (tmp_path / name).write_text(json.dumps(value))
    truth = read_truth(tmp_path / "truth.json")
    errors = error_types(truth, read_predictions(tmp_path / "results.json", truth))

    places: dict[int, list[str]] = {v: [] for v in truth.videos}
    for result, kind in zip(results, frozen["kinds"], strict=True):
        places[result["video_id"]].append(kind)
    assert errors.found == {v: tuple(names) for v, names in places.items()}
    assert sorted(t for ids in errors.missed.values() for t in ids) == sorted(frozen["missed"])
    assert pytest.approx(frozen["AP50"], abs=1e-9) == 100 * errors.AP50
    assert {e.name: 100 * e.gain for e in errors.kinds} == pytest.approx(frozen["gains"], abs=1e-9)
    assert 100 * errors.false_tracks.gain == pytest.approx(frozen["false"], abs=1e-9)
    assert 100 * errors.missed_tracks.gain == pytest.approx(frozen["unmatched"], abs=1e-9)


@pytest.mark.shared
def test_real_results_have_the_published_ap50(shared: Path):
    folder = shared / "data" / "sam3_veval_toy"
    truth = read_truth(folder / "gt_compact.json")
    errors = error_types(truth, read_predictions(folder / "pred.json", truth))
    assert round(errors.AP50, 5) == 0.56648
