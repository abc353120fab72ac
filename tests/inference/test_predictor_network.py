"""Rules of inference that need the real network, small and with random weights."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from simvtr.config import simvtr_tiny
from simvtr.data.transforms import to_input
from simvtr.inference import Predictor as AnyPredictor
from simvtr.model import SimVTR

Predictor = partial(AnyPredictor, identity="slot")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    small = simvtr_tiny(backbone_width=16, channels=64, encoder_layers=1, decoder_layers=1, instances=4, classes=2)
    model = SimVTR(replace(small, short_side=48, long_side=80))
    with torch.no_grad():
        model.class_head.weight.mul_(3)  # scores spread out
        model.mask_head.out.bias.fill_(1)  # untrained, it would find nothing
    return model.eval()


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(1).integers(0, 255, (3, 48, 64, 3), np.uint8)


def test_masks_of_the_chosen_queries_are_those_of_a_full_pass(network, noise):
    clip = to_input(noise, 48, 80)[None]
    with torch.inference_mode():
        full = network(clip)
        some = network(clip, select=lambda clip, logits, boxes: torch.tensor([1, 3]))
    torch.testing.assert_close(some.masks[0], full.masks[0][:, [1, 3]], rtol=1e-5, atol=1e-5)


def test_a_threshold_drops_objects_and_leaves_the_others_as_they_were(network, noise):
    every = list(Predictor(network, window=3, threshold=0).stream(noise))
    scores = sorted({round(vote.score, 6) for result in every for vote in result.votes.values()})
    middle = (scores[0] + scores[-1]) / 2
    assert scores[0] < middle < scores[-1] and all(result.tracks for result in every)
    kept = list(Predictor(network, window=3, threshold=middle).stream(noise))
    for a, b in zip(every, kept, strict=True):
        wanted = [track for track in a.tracks if track.score >= middle]
        assert [t.identity for t in wanted] == [t.identity for t in b.tracks]
        for x, y in zip(wanted, b.tracks, strict=True):
            assert (x.mask != y.mask).mean() < 1e-3  # rounding may move a pixel on the edge


def test_the_seed_changes_nothing(network, noise):
    torch.manual_seed(1)
    one = Predictor(network, window=2)(noise)
    assert one
    torch.manual_seed(2)
    assert one == Predictor(network, window=2)(noise)


def test_half_precision_runs_and_nearly_agrees():
    model = SimVTR(simvtr_tiny(backbone_width=16, channels=64, encoder_layers=1, decoder_layers=1, instances=3))
    video = np.random.default_rng(0).integers(0, 255, (2, 48, 64, 3), np.uint8)
    exact, half = (
        [vote.score for result in Predictor(model, precision=p).stream(video) for vote in result.votes.values()]
        for p in ("float32", "bfloat16")
    )
    assert exact != half
    assert half == pytest.approx(exact, abs=0.02)
