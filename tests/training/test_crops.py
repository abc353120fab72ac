"""Crops of single objects, and a backbone that learns from them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from simvtr.config import AugmentConfig
from simvtr.data.dataset import open_data
from simvtr.errors import DataError
from simvtr.model import SimVTR
from simvtr.schema import read_truth
from simvtr.training.crops import SIDE, draw_crops, learn_crops, square


def test_a_crop_is_the_square_around_its_object():
    frame, mask = np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60), bool)
    mask[10:30, 20:28] = True  # 20 pixels high, so the square's side is 25 = 1.25 x 20
    frame[mask] = 255
    crop = square(frame, mask)
    assert crop.shape == (SIDE, SIDE, 3)
    # the object fills 20/25 of the height and 8/25 of the width of its crop
    assert (crop > 127).any(1).any(1).sum() == pytest.approx(SIDE * 20 / 25, abs=1)
    assert (crop > 127).any(0).any(1).sum() == pytest.approx(SIDE * 8 / 25, abs=1)


def test_crops_are_a_function_of_the_seed(tiny_data):
    dataset = open_data([tiny_data], [read_truth(tiny_data.truth)])
    first, labels = draw_crops(dataset, np.random.default_rng(3), 12, AugmentConfig())
    again, _ = draw_crops(dataset, np.random.default_rng(3), 12, AugmentConfig())
    assert first.shape == (12, 3, SIDE, SIDE)
    assert labels.shape == (12,)
    assert torch.equal(first, again)


def test_the_backbone_learns_and_nothing_else_changes(tiny_recipe, tiny_data):
    torch.manual_seed(0)
    model = SimVTR(tiny_recipe.model)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    shares = []
    config = replace(tiny_recipe.train, crop_steps=3)
    learn_crops(
        model,
        open_data([tiny_data], [read_truth(tiny_data.truth)]),
        config,
        lambda done, right: shares.append((done, right)),
    )
    assert [done for done, _ in shares] == [1, 2, 3]
    changed = {name.split(".")[0] for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"backbone"}


def test_a_data_set_of_tiny_objects_is_refused(tiny_data, monkeypatch):
    monkeypatch.setattr("simvtr.training.crops.LEAST", 1.1)
    with pytest.raises(DataError, match=r"must cover 110.0% of their picture.*Set crop_steps to 0"):
        draw_crops(open_data([tiny_data], [read_truth(tiny_data.truth)]), np.random.default_rng(0), 1, AugmentConfig())
