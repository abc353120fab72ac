"""An audit as a whole: complete, the same for the same seed, and one line for what cannot be audited."""

import json
import math
from dataclasses import fields, replace

import pytest

import simvtr
from simvtr.auditing.attacks import ATTACKS
from simvtr.auditing.audit import MEASURES, Audit
from simvtr.auditing.run import audit
from simvtr.errors import DataError
from simvtr.evaluation import evaluate
from simvtr.schema import Track, TruthTrack
from tests.evaluation.tiny import found, truth

TRUTH = truth(
    {1: ["##.. ##.. ##.. ##..", "..## ..## ..## ..##"], 2: ["2: #### #### - ####"], 3: ["##.. ##.. ##.."]},
    {1: "fish", 2: "crab", 3: "eel"},
)
FOUND = {
    1: [found("##.. ##.. ##.. ..##", 0.9), found("..## ..## .### ..##", 0.8)],
    2: [found("#### ###. - ####", 0.7, 2), found("...# - - -", 0.1)],
}


@pytest.fixture(scope="module")
def made() -> Audit:
    return audit(TRUTH, FOUND, samples=50, workers=1)


def without_clock(made: Audit) -> str:
    return replace(made, seconds=0.0).to_json()


def test_it_is_complete(made):
    assert (made.truth_name, made.results_name) == ("truth.json", "results")
    assert (made.videos, made.true_tracks, made.found_tracks) == (3, 4, 4)
    assert made.refusal is None
    assert made.strict == evaluate(TRUTH, FOUND).stats
    assert made.ytvos == evaluate(TRUTH, FOUND, "ytvos").stats
    assert len(made.verdict) == 3
    assert all(made.verdict)
    assert [row.slug for row in made.rows] == [attack.slug for attack in ATTACKS]
    assert len(made.probes) == 3
    assert all(list(row.values) == list(MEASURES) for row in (made.honest, *made.rows, *made.probes))
    assert [step["name"] for step in made.ladder][:2] == ["as found", "identities"]
    assert all(step["says"] for step in made.ladder)
    assert [row["name"] for row in made.categories] == ["fish", "crab", "eel"]
    assert [line.video_id for line in made.timelines] == [1, 2, 3]
    assert made.groups
    assert made.findings
    assert [f.severity for f in made.findings] == sorted((f.severity for f in made.findings), reverse=True)


def test_the_truth_as_results_is_the_ceiling_and_a_probe_that_tracks_is_perfect(made):
    (ceiling,) = [row for row in made.rows if row.slug == "truth"]
    assert ceiling.values["strict.AP"] == pytest.approx(1.0)
    assert made.probes[0].values["DetA"] == pytest.approx(1.0)


def test_intervals_are_of_both_readings_and_hold_the_figure(made):
    assert {"AP", "ytvos.AP"} <= made.intervals.keys()
    assert made.intervals["AP"]["low"] <= made.strict["AP"] <= made.intervals["AP"]["high"]
    assert audit(TRUTH, FOUND, samples=0, workers=1).intervals == {}


def test_the_same_seed_gives_the_same_audit_and_another_one_another(made):
    assert without_clock(audit(TRUTH, FOUND, samples=50, workers=2)) == without_clock(made)
    assert any(audit(TRUTH, FOUND, samples=0, seed=seed, workers=1).rows != made.rows for seed in (1, 2, 3))


def test_progress_is_told_attack_by_attack():
    steps = []
    audit(TRUTH, FOUND, samples=0, workers=1, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(i, len(ATTACKS)) for i in range(1, len(ATTACKS) + 1)]


def test_json_holds_everything_and_no_number_that_json_lacks(made):
    def never(name):
        raise AssertionError(name)

    document = json.loads(made.to_json(), parse_constant=never)
    assert document.keys() == {field.name for field in fields(Audit)}
    assert len(document["rows"]) == len(ATTACKS)


def test_the_table_has_the_verdict_every_finding_and_every_attack(made):
    table = made.table()
    assert " ".join(made.verdict) in table
    assert all(finding.sentence in table for finding in made.findings)
    names = {line.split("  ")[0].rstrip("!= ") for line in table.splitlines()}
    assert {attack.name for attack in ATTACKS} <= names


def test_results_that_strict_refuses_are_audited_as_they_are_and_with_what_is_missing_as_missing():
    short = {1: [found("##..", 0.9)], 2: [found("#### #### - ####", 0.7, 2), found("#### #### - ####", 0.6, 77)]}
    made = audit(TRUTH, short, samples=0, workers=1)
    assert made.refusal is not None
    assert made.honest.refused
    assert "refuses" in made.verdict[0]
    assert made.ytvos == evaluate(TRUTH, short, "ytvos").stats
    padded = {1: [found("##.. - - -", 0.9)], 2: short[2][:1]}
    assert made.strict == evaluate(TRUTH, padded).stats
    assert made.errors == audit(TRUTH, padded, samples=0, workers=1).errors
    assert {remark.kind for remark in made.remarks} >= {"short", "unknown-category"}


@pytest.mark.parametrize("tracks", [{}, {1: []}])
def test_no_tracks_are_nothing_to_audit(tracks):
    with pytest.raises(DataError, match=r"^results: there must be at least one true and one found track, got none\."):
        audit(TRUTH, tracks)
    with pytest.raises(DataError, match="at least one true and one found"):
        audit(replace(TRUTH, tracks={}), FOUND)


def test_an_unknown_video_is_an_error():
    with pytest.raises(DataError, match=r"results, video 9: results must be of videos in truth\.json"):
        audit(TRUTH, {9: FOUND[1]})


def test_a_truth_that_is_not_in_order_is_an_error():
    (crab,) = TRUTH.tracks[2]
    short = TruthTrack(9, 2, 2, crab.segmentations[:2], crab.areas[:2], crab.boxes[:2])
    with pytest.raises(
        DataError, match=r"^truth\.json, video 2, track 9: there must be one mask or null for each of 4"
    ):
        audit(replace(TRUTH, tracks={**TRUTH.tracks, 2: [short]}), FOUND)


def test_a_score_that_is_no_number_is_no_result():
    whole = found("##.. ##.. ##.. ##..", 0.9)
    made = audit(TRUTH, {1: [whole, Track(1, math.nan, whole.segmentations)]}, samples=0, workers=1)
    assert made.refusal is not None
    assert made.strict == evaluate(TRUTH, {1: [whole]}).stats
    json.loads(made.to_json())


def test_nothing_found_right_is_audited_too():
    made = audit(TRUTH, {1: [found("...# - - -", 0.5, 3)]}, samples=20, workers=1)
    assert made.strict["AP"] == 0.0
    assert made.table()
    json.loads(made.to_json())


def test_the_package_s_own_name_adds_the_page(tmp_path):
    made = simvtr.audit(TRUTH, FOUND, samples=20, workers=1)
    assert made.table()
    assert made.findings
    assert json.loads(made.to_json())["videos"] == 3
    page = made.to_html(tmp_path / "deep" / "audit.html")
    text = page.read_text()
    assert text.startswith("<!doctype html>")
    assert made.verdict[0] in text
    assert [path.name for path in page.parent.iterdir()] == ["audit.html"]


@pytest.mark.parametrize("wrong", [("truth.json", FOUND), (TRUTH, [])], ids=["a path", "a list"])
def test_what_is_not_read_yet_is_refused_with_the_way_to_read_it(wrong):
    with pytest.raises(ValueError, match=r"audit: (truth|found) must be .* Read it with simvtr.read_"):
        audit(*wrong)
