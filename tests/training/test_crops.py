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
from simvtr.training.crops import INSIDE, SIDE, SPREAD, crop_of, draw_crops, learn_crops, within


@pytest.fixture
def bar():
    """A white bar of 8 x 20 pixels on black: frame and mask."""
    frame, mask = np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60), bool)
    mask[10:30, 20:28] = True
    frame[mask] = 255
    return frame, mask


def sides(picture):
    """Height and width of what is bright."""
    return (picture > 0.5).any(1).sum(), (picture > 0.5).any(0).sum()


def test_a_settled_object_fills_the_middle_of_its_crop(bar):
    crop, cover = crop_of(*bar, np.random.default_rng(0), roam=0)
    assert crop.shape == (SIDE, SIDE, 3)
    # 20 pixels high, so the square's side is 25 = 1.25 x 20: the object fills 20/25 of the height, 8/25 of the width
    for picture in (crop[..., 0] / 255, cover):
        assert sides(picture) == pytest.approx((SIDE * 20 / 25, SIDE * 8 / 25), abs=1)
    rows, columns = np.nonzero(cover)
    assert (rows.mean(), columns.mean()) == pytest.approx((SIDE / 2, SIDE / 2), abs=1)


def test_a_roaming_object_has_about_its_own_size_and_goes_anywhere(bar):
    rng, centres = np.random.default_rng(0), []
    for _ in range(200):
        crop, cover = crop_of(*bar, rng, roam=1)
        height, width = sides(cover)
        assert 20 * np.exp(-SPREAD) * INSIDE - 2 <= height <= 20 * np.exp(SPREAD) + 1
        assert 8 * np.exp(-SPREAD) * INSIDE - 2 <= width <= 8 * np.exp(SPREAD) + 1
        assert np.mean((crop[..., 0] > 127) != (cover > 0.5)) < 0.03  # the mask goes with it, but for its rim
        centres.append([axis.mean() for axis in np.nonzero(cover)])
    assert np.ptp(centres, axis=0).min() > SIDE / 2


def test_crops_are_a_function_of_the_seed(tiny_data):
    dataset = open_data([tiny_data], [read_truth(tiny_data.truth)])
    first, covers, labels = draw_crops(dataset, np.random.default_rng(3), 12, AugmentConfig(), 0.5)
    again, *_ = draw_crops(dataset, np.random.default_rng(3), 12, AugmentConfig(), 0.5)
    assert first.shape == (12, 3, SIDE, SIDE)
    assert (covers.shape, labels.shape) == ((12, SIDE, SIDE), (12,))
    assert torch.equal(first, again)


def test_an_object_is_known_by_its_own_cells():
    level = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])  # four cells of two pixels
    right = torch.zeros(1, 4, 4)
    right[:, :, 2:] = 1
    assert within(level, right).item() == 3.0  # of 2 and 4
    right[:, 2:, 2:] = 0
    assert within(level, right).item() == 2.0
    assert within(level, torch.zeros(1, 4, 4)).item() == 0.0


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
        draw_crops(
            open_data([tiny_data], [read_truth(tiny_data.truth)]), np.random.default_rng(0), 1, AugmentConfig(), 0.0
        )
