"""All rewrites at once: the product's path gives the numbers of the plain one."""

import pytest
import torch
from torch import Tensor

from tests.model.conftest import shaken, small
from tests.model.plain import plain


def apart(ours: Tensor, plainly: Tensor) -> float:
    """Greatest difference, relative to the greatest number."""
    return ((ours - plainly).abs().max() / plainly.abs().max()).item()


CHANGES = [
    {"frozen_norm": True},
    {"frozen_norm": False, "deformable": "v2"},
    {"deformable": "plain", "unit_maps": False},
    {"memory_stride": 16, "mask_stride": 2, "deformables": 1},
    {"memory_stride": 8, "mask_stride": 2},
    {"conv3d_head": True, "channels": 128, "pre_norm": False},
]


@pytest.mark.parametrize("learning", [False, True], ids=["inference", "training"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: "-".join(change))
def test_no_rewrite_changes_a_number(change, learning):
    model = shaken(small(**{"dense_class": False, **change})).double()
    frames = torch.randn(2, 3, 3, 75, 134, generator=torch.Generator().manual_seed(1), dtype=torch.float64)  # odd maps
    with torch.set_grad_enabled(learning):
        ours, plainly = model(frames), plain(model, frames)
    assert apart(ours.logits, plainly.logits) < 1e-12
    assert apart(ours.boxes, plainly.boxes) < 1e-12
    assert apart(ours.masks, plainly.masks) < 1e-10
    assert apart(ours.embeddings, plainly.embeddings) < 1e-12


@torch.inference_mode()
def test_masks_in_single_precision_are_the_plain_ones_to_four_digits(frames):
    torch.manual_seed(0)
    model = shaken(small())
    assert apart(model(frames).masks, plain(model, frames).masks) < 1e-4


def test_gradients_of_every_parameter_are_the_plain_ones():
    model = shaken(small(dense_class=False, frozen_norm=True, mask_stride=2)).double()
    frames = torch.randn(1, 2, 3, 75, 102, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    gradients = []
    for outputs in (model(frames), plain(model, frames)):
        model.zero_grad()
        loss = outputs.masks.sigmoid().square().mean() + outputs.logits.square().mean() + outputs.boxes.mean()
        (loss + sum(logits.square().mean() for logits, _ in outputs.aux)).backward()
        gradients.append({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, plainly in gradients[1].items():
        torch.testing.assert_close(gradients[0][name], plainly, rtol=1e-6, atol=1e-9 * float(plainly.abs().max() + 1))
