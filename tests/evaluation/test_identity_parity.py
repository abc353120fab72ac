"""TrackEval's digits: what its release computed, frozen by freeze_trackeval.py, equals ours."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from simvtr.evaluation.frames import frame_overlap
from simvtr.evaluation.identities import Identity, identity
from simvtr.evaluation.tally import Tally, tally
from simvtr.rle import from_json
from simvtr.schema import Category, Track, Truth, TruthTrack, Video
from tests.evaluation.freeze_trackeval import ALL_VIDEOS
from tests.evaluation.identity_cases import CASES, draw
from tests.evaluation.reference_cases import digest

FIXTURES = Path(__file__).parent / "fixtures"
close = np.testing.assert_allclose
exact = {"rtol": 0, "atol": 1e-12}


def masks(segmentations):
    return tuple(from_json(s, where="drawn") for s in segmentations)


def read(drawn: dict, results: list) -> tuple[Truth, dict[int, list[Track]]]:
    true: dict[int, list[TruthTrack]] = {v["id"]: [] for v in drawn["videos"]}
    found: dict[int, list[Track]] = {v["id"]: [] for v in drawn["videos"]}
    for a in drawn["annotations"]:
        track = TruthTrack(a["id"], a["video_id"], a["category_id"], masks(a["segmentations"]), tuple(a["areas"]), ())
        true[a["video_id"]].append(track)
    for r in results:
        found[r["video_id"]].append(Track(r["category_id"], r["score"], masks(r["segmentations"])))
    videos = {v["id"]: Video(v["id"], v["width"], v["height"], v["length"]) for v in drawn["videos"]}
    return Truth(videos, true, {c["id"]: Category(**c) for c in drawn["categories"]}, Path("truth.json")), found


@cache
def pair(name: str) -> tuple[Truth, dict[int, list[Track]]]:
    return read(*draw(CASES[name]))


@cache
def ours(name: str) -> Identity:
    return identity(*pair(name), threshold=CASES[name].threshold)


@cache
def frozen(name: str) -> dict:
    return json.loads((FIXTURES / f"identity_{name}.json").read_text())


def equal(mine: Tally, theirs: dict) -> None:
    """Counts to the unit, fractions to 1e-12; at every level of IoU where theirs has them all."""
    hota = mine.hota
    at = np.asarray if np.ndim(theirs["HOTA"]) else np.mean
    assert (mine.switches, mine.fragments) == (theirs["IDSW"], theirs["Frag"])
    assert mine.identity_matches == theirs["IDTP"]
    close(at(hota.matches), theirs["HOTA_TP"], **exact)
    close(at(hota.truth - hota.matches), theirs["HOTA_FN"], **exact)
    close(at(hota.found - hota.matches), theirs["HOTA_FP"], **exact)
    close(at(hota.hota), theirs["HOTA"], **exact)
    close(at(hota.detection_accuracy), theirs["DetA"], **exact)
    close(at(hota.association_accuracy), theirs["AssA"], **exact)
    close(at(hota.localisation_accuracy), theirs["LocA"], **exact)
    if hota.truth:
        close(mine.figures.IDF1, theirs["IDF1"], **exact)


@pytest.mark.parametrize("name", CASES)
def test_the_cases_are_those_trackeval_saw(name):
    assert digest(*draw(CASES[name])) == frozen(name)["input"]


@pytest.mark.parametrize("name", CASES)
def test_every_category_equals_trackeval(name):
    for row in ours(name).categories:
        equal(row.tally, frozen(name)["numbers"][ALL_VIDEOS][row.name])


@pytest.mark.parametrize("name", CASES)
def test_every_video_and_category_equals_trackeval(name):
    truth, found = pair(name)
    for video in truth.videos:
        for category in truth.categories.values():
            true = [t for t in truth.tracks[video] if t.category_id == category.id]
            kept = [t for t in found[video] if t.category_id == category.id and t.score >= CASES[name].threshold]
            if true or kept:
                crowd = np.zeros(len(true), bool)
                compared = frame_overlap([t.segmentations for t in kept], [t.segmentations for t in true], crowd)
                equal(tally(compared), frozen(name)["numbers"][f"v{video:02d}"][category.name])


@pytest.mark.parametrize("name", CASES)
def test_detection_averages_equal_trackeval(name):
    rows, theirs = ours(name).categories, frozen(name)["numbers"][ALL_VIDEOS]["cls_comb_det_av"]
    equal(sum((row.tally for row in rows[1:]), rows[0].tally), theirs)
    close(ours(name).detection_averaged.HOTA, np.mean(theirs["HOTA"]), **exact)


@pytest.mark.parametrize("name", CASES)
def test_class_averages_equal_trackeval_where_every_category_has_truth_and_matches(name):
    rows, theirs = ours(name).categories, frozen(name)["numbers"][ALL_VIDEOS]["cls_comb_cls_av"]
    if CASES[name].bare:
        # TrackEval counts a category without truth as 0, we leave it out of the mean, as AP does
        assert any(row.figures.HOTA == -1 for row in rows)
        assert np.mean(theirs["HOTA"]) < ours(name).class_averaged.HOTA
        return
    assert all(row.tally.hota.matches.any() for row in rows)
    for figure in ("HOTA", "DetA", "AssA", "LocA", "IDF1"):
        close(getattr(ours(name).class_averaged, figure), np.mean(theirs[figure]), **exact)
