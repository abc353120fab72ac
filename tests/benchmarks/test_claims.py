"""The report's claims: what makes a network noisy, and the table of docs/paper.md."""

import copy
import json

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks import ablations, claims_table
from benchmarks.ablations import ABLATIONS, STEPS, UNCHANGED, figures, recipe
from benchmarks.claims import left_on
from benchmarks.claims_table import BEGIN, CLAIMS, END, PAPER, filled, table
from benchmarks.figures import rewritten
from benchmarks.record import RESULTS
from simvtr.config import simvtr_tiny
from simvtr.inference import Predictor
from simvtr.model import SimVTR

SMALL = simvtr_tiny(backbone_width=16, channels=64, feedforward=64, encoder_layers=1, decoder_layers=1, instances=2)


def test_dropout_left_on_depends_on_the_seed_and_nothing_else_does():
    torch.manual_seed(0)
    model = SimVTR(SMALL).eval()
    before = copy.deepcopy(model.state_dict())
    predictor, frames = left_on(model), torch.randn(1, 1, 3, 32, 32)
    noisy = predictor.model

    def logits(network: SimVTR, seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        with torch.inference_mode():
            return network(frames).logits

    assert torch.equal(logits(model, 1), logits(model, 2))
    assert torch.equal(logits(noisy, 1), logits(noisy, 1))
    assert not torch.equal(logits(noisy, 1), logits(noisy, 2))
    assert not any(m.training for m in noisy.modules() if isinstance(m, nn.BatchNorm2d))
    assert all(torch.equal(value, before[name]) for name, value in noisy.state_dict().items())
    scores = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        found = list(predictor.stream([np.full((32, 32, 3), 90, np.uint8)]))
        scores.append([list(vote) for vote in found[0].votes.values()])
    assert scores[0] != scores[1]


def test_a_predictor_of_the_network_alone_has_no_dropout_left_on():
    model = left_on(SimVTR(SMALL)).model
    Predictor(model)
    assert not any(module.training for module in model.modules())


def test_variants_differ_from_the_unchanged_one_only_where_they_say(tmp_path, monkeypatch):
    monkeypatch.setattr(ablations, "start", lambda seed: tmp_path)
    unchanged = recipe(UNCHANGED, 25, 100, tmp_path)
    v2 = recipe(ABLATIONS["deformable"]["v2"], 25, 100, tmp_path)
    assert (v2.train, v2.data) == (unchanged.train, unchanged.data)
    assert v2.model == simvtr_tiny(deformable="v2")
    assert ABLATIONS["layers"]["4"] is ABLATIONS["deformable"]["v1"]  # one run serves both


def test_variants_of_one_ablation_see_as_many_frames_a_step():
    for name in ("windows", "queries"):
        for variant in ABLATIONS[name].values():
            (stage,) = variant.train["stages"]
            assert stage.frames[0] * stage.clips == (16 if name == "windows" else 8)


def test_a_finished_run_is_read_not_repeated(tmp_path, monkeypatch):
    monkeypatch.setattr(ablations, "RUNS", tmp_path)
    monkeypatch.setattr(ablations, "train", pytest.fail)
    folder = tmp_path / "5-steps" / "unchanged-25"
    folder.mkdir(parents=True)
    (folder / "scores.json").write_text(json.dumps({"AP": 12.5}))
    assert ablations.run(UNCHANGED, 25, 5) == {"AP": 12.5}


def test_spread_is_over_seeds():
    (figure,) = figures("layers", 1000, {"4": [{"AP": 10.0}, {"AP": 20.0}, {"AP": 12.0}]})
    assert (figure.value, figure.spread) == (14.0, (10.0, 20.0))


def test_a_claim_without_all_its_figures_is_not_measured():
    assert filled("AP {a}, {b|c}", {"a": "1", "c": "2"}) == "AP 1, 2"
    assert filled("AP {a}, {b}", {"a": "1"}) is None
    rows = table([]).splitlines()[2:]
    assert len(rows) == len(CLAIMS)
    assert all("not measured" in row for row, claim in zip(rows, CLAIMS, strict=True) if claim.command)


def test_the_names_of_trained_claims_are_those_that_ablations_write():
    named = {name for claim in CLAIMS for name in claim.shown.replace("}", "{").split("{")[1::2]}
    for ablation, variants in ABLATIONS.items():
        one = {"AP": 1.0, "AP heavy": 1.0, "dice loss": 1.0, "kept slots": 1.0}
        written = {f.name for f in figures(ablation, STEPS, {name: [one, one, one] for name in variants})}
        wanted = {name for name in named if name.startswith(f"{ablation},")}
        assert wanted and wanted <= written


def test_the_table_shows_the_trainings_that_ablations_make():
    assert claims_table.STEPS == STEPS


def test_the_table_of_the_paper_is_that_of_the_results():
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    text = PAPER.read_text(encoding="utf-8")
    assert rewritten(text, table(lines), BEGIN, END) == text, "run: python -m benchmarks.claims_table"
