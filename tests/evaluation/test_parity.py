"""The reference's digits: what youtubevos/cocoapi computed, frozen by freeze_reference.py, equals ours bit for bit."""

import json
from pathlib import Path

import numpy as np
import pytest

from simvtr.evaluation import evaluate
from simvtr.evaluation.scoring import deciding_overlaps
from simvtr.schema import read_predictions, read_truth
from tests.evaluation.reference_cases import CASES, digest, draw

FIXTURES = Path(__file__).parent / "fixtures"
CLEAN = ("clean", "clean-many", "agnostic", "empty", "ties", "crowd", "negative-ids", "crowded", "range-ends")


def read(folder: Path, name: str):
    pair = draw(CASES[name])
    for file, value in zip(("truth.json", "results.json"), pair, strict=True):
        (folder / file).write_text(json.dumps(value))
    truth = read_truth(folder / "truth.json", strict=False)
    return truth, read_predictions(folder / "results.json", truth, strict=False)


@pytest.mark.parametrize("name", CASES)
def test_the_cases_are_those_the_reference_saw(name):
    assert digest(*draw(CASES[name])) == str(np.load(FIXTURES / f"{name}.npz")["input"])


@pytest.mark.parametrize("name", CASES)
def test_ytvos_equals_the_reference_to_the_last_bit(name, tmp_path):
    frozen = np.load(FIXTURES / f"{name}.npz")
    result = evaluate(*read(tmp_path, name), "ytvos", class_agnostic=CASES[name].class_agnostic)
    ious = np.concatenate([c.iou.ravel() for c in result.comparisons])
    np.testing.assert_array_equal(ious, frozen["iou"])
    np.testing.assert_array_equal(result.precision, frozen["precision"])
    np.testing.assert_array_equal(result.recall, frozen["recall"])
    assert list(result.stats.values()) == frozen["stats"].tolist()


@pytest.mark.parametrize("name", CLEAN)
def test_strict_equals_the_reference_on_clean_input(name, tmp_path):
    result = evaluate(*read(tmp_path, name), "strict", class_agnostic=CASES[name].class_agnostic)
    assert list(result.stats.values()) == np.load(FIXTURES / f"{name}.npz")["stats"].tolist()


@pytest.mark.parametrize("name", CASES)
def test_the_overlaps_of_the_command_give_the_same_figures(name, tmp_path):
    """An IoU that they may leave out decides nothing; all others are exact."""
    frozen = np.load(FIXTURES / f"{name}.npz")
    agnostic = CASES[name].class_agnostic
    result = evaluate(*read(tmp_path, name), "ytvos", class_agnostic=agnostic, overlaps=deciding_overlaps)
    ious = np.concatenate([c.iou.ravel() for c in result.comparisons])
    near = frozen["iou"] >= 0.5
    np.testing.assert_array_equal(ious[near], frozen["iou"][near])
    assert set(ious[~near]) <= {0.0, *frozen["iou"][~near]}
    np.testing.assert_array_equal(result.precision, frozen["precision"])
    np.testing.assert_array_equal(result.recall, frozen["recall"])


@pytest.mark.shared
@pytest.mark.parametrize("dialect", ["strict", "ytvos"])
def test_sam3_results_score_as_published(shared, dialect):
    folder = shared / "data" / "sam3_veval_toy"
    truth = read_truth(folder / "gt_compact.json")
    stats = evaluate(truth, read_predictions(folder / "pred.json", truth), dialect).stats
    published = json.loads((folder / "eval_res.json").read_text())["dataset_results"]["video_mask_mAP_50_95"]
    assert stats["AP"] == published
    assert [round(stats[k], 6) for k in ("AP", "AP50", "AP75")] == [0.341914, 0.566478, 0.370580]
