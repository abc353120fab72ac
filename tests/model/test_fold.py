"""Norms folded into convolutions."""

import copy
import pickle

import pytest
import timm
import torch
from torch import nn

from simvtr.model import SimVTR
from simvtr.model.fold import Folded, fold
from tests.model.conftest import shaken, small


@pytest.mark.parametrize("backbone", ["resnet18", "resnet50"])
@pytest.mark.parametrize("frozen", [False, True], ids=["trainable", "frozen"])
def test_a_folded_backbone_has_no_norm_and_the_same_numbers(backbone, frozen):
    model = shaken(small(backbone=backbone, frozen_norm=frozen)).double()
    body, folded = model.backbone.body, fold(model.backbone.body)
    assert not any("Norm" in type(layer).__name__ for layer in folded.modules())
    pictures = torch.randn(1, 3, 64, 96, dtype=torch.float64)
    with torch.inference_mode():
        for ours, plain in zip(folded(pictures), body(pictures), strict=True):
            assert (ours - plain).abs().max() <= 2e-14 * plain.abs().max()


def test_a_convolution_that_others_read_too_keeps_its_norm():
    """Residual networks with norms first add a convolution's output elsewhere."""
    network = timm.create_model("resnetv2_18", features_only=True, channels=(16, 16, 16, 16)).eval()
    pictures = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        for ours, plain in zip(fold(network)(pictures), network(pictures), strict=True):
            assert torch.allclose(ours, plain, atol=1e-4 * float(plain.abs().max()))


def test_a_network_that_cannot_be_traced_stays_as_it_is():
    class Choosing(nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    network = Choosing().eval()
    assert fold(network) is network


@torch.inference_mode()
def test_changed_weights_are_folded_anew(frames):
    with torch.inference_mode(False):
        model, other = shaken(small(frozen_norm=True)), SimVTR(small(frozen_norm=True)).eval()
    before = model(frames).masks
    with torch.inference_mode(False):
        model.load_state_dict(other.state_dict())
    after = model(frames).masks
    assert not torch.equal(before, after)
    assert torch.equal(after, other(frames).masks)


def test_the_folded_copy_is_no_part_of_the_network(frames):
    model = shaken(small(frozen_norm=True))
    names = list(model.state_dict())
    with torch.inference_mode():
        model(frames)
    assert list(model.state_dict()) == names
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert again.backbone._folded._made is None


def test_weights_whose_changes_nobody_counts_are_not_folded():
    with torch.inference_mode():
        network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).eval()
        assert Folded().of(network) is network


def test_folding_leaves_the_network_as_it_was():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1), nn.ReLU()).eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fold(network)
    assert all(parameter.requires_grad and parameter.is_contiguous() for parameter in network.parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert [type(layer).__name__ for layer in network] == ["Conv2d", "BatchNorm2d", "Conv2d", "ReLU"]


@torch.inference_mode()
def test_folded_for_good_gives_the_same_masks_with_the_weights_once(frames):
    with torch.inference_mode(False):
        model = shaken(small(frozen_norm=True))
    before = model(frames).masks
    convolutions = sum(p.numel() for p in model.backbone.parameters() if p.dim() == 4)
    with torch.inference_mode(False):
        model.backbone.fold()
    assert torch.equal(model(frames).masks, before)
    assert sum(p.numel() for p in model.backbone.parameters() if p.dim() == 4) == convolutions
