"""Less memory by doing things again: the same losses, and the same gradient of every parameter."""

from dataclasses import replace

import pytest
import torch

from simvtr.config import LossConfig, ModelConfig, TrainConfig
from simvtr.data.clips import Batches, BatchPlan
from simvtr.data.dataset import open_data
from simvtr.model import SimVTR
from simvtr.schema import read_truth
from simvtr.training.losses import Losses
from simvtr.training.matcher import match_clip

SMALL = ModelConfig(
    backbone="resnet18",
    backbone_width=16,
    channels=64,
    feedforward=32,
    instances=3,
    encoder_layers=1,
    decoder_layers=2,
    dropout=0.1,
    dense_class=True,
    classes=8,
)


@pytest.fixture
def batch(tiny_recipe):
    """Two clips of three frames."""
    data = open_data(tiny_recipe.data, [read_truth(d.truth) for d in tiny_recipe.data])
    stages = (replace(tiny_recipe.train.stages[0], share=1.0, frames=(3,)),)
    return Batches(data, BatchPlan(data.videos, stages, 1, 0), tiny_recipe.train.augment)[0]


def losses_and_gradients(config: ModelConfig, batch, checkpointing: bool, precision=torch.float64):
    torch.manual_seed(0)
    model = SimVTR(config).to(precision).train()
    model.checkpointing = checkpointing
    loss, matches = LossConfig(dense=1.0, mask_stride=2), []

    def matched(clip, logits, boxes):
        matches.append(match_clip(logits, boxes, batch.targets[clip], loss))
        return matches[-1][0]

    torch.manual_seed(1)  # of dropout
    outputs = model(batch.frames.to(precision), batch.padding, matched)
    found = Losses(loss, checkpointing=checkpointing)(outputs, batch.targets, matches)
    found["total"].backward()
    return found, {name: p.grad for name, p in model.named_parameters()}


@pytest.mark.parametrize(
    "change",
    [{}, {"frozen_norm": False}, {"conv3d_head": True}, {"memory_stride": 8, "mask_stride": 2, "pre_norm": True}],
    ids=str,
)
def test_what_is_done_again_gives_the_same_losses_and_gradients(batch, change):
    config = replace(SMALL, **change)
    kept, ours = (losses_and_gradients(config, batch, checkpointing) for checkpointing in (False, True))
    for name, loss in kept[0].items():
        assert ours[0][name].item() == pytest.approx(loss.item(), rel=1e-6)
    for name, gradient in kept[1].items():
        # masks and boxes are compared in float32
        torch.testing.assert_close(ours[1][name], gradient, rtol=1e-5, atol=1e-6 * float(gradient.abs().max() + 1e-3))


def test_a_clip_without_objects_has_a_gradient_for_every_parameter(batch):
    empty = [
        replace(t, labels=t.labels[:0], boxes=t.boxes[:0], masks=t.masks[:0], present=t.present[:0])
        for t in batch.targets
    ]
    for checkpointing in (False, True):  # ranks wait for the gradients of all parameters
        _, gradients = losses_and_gradients(SMALL, replace(batch, targets=empty), checkpointing)
        assert [name for name, gradient in gradients.items() if gradient is None] == []


@pytest.mark.parametrize(("stages", "moving"), [(0, "conv1"), (1, "layer2"), (4, None)])
def test_frozen_stages_move_neither_weights_nor_statistics(batch, stages, moving):
    model = SimVTR(replace(SMALL, frozen_norm=False)).train()
    model.backbone.freeze(stages)
    before = {name: value.clone() for name, value in model.backbone.state_dict().items()}
    model(batch.frames)
    moved = {name for name, value in model.backbone.state_dict().items() if not torch.equal(value, before[name])}
    learning = {name.split(".")[1] for name, p in model.backbone.named_parameters() if p.requires_grad}
    assert (next(iter(sorted(learning)), None)) in ({"conv1", "bn1"} if moving == "conv1" else {moving})
    assert {name.split(".")[1] for name in moved} <= learning


def test_stages_to_freeze_are_none_to_four():
    with pytest.raises(ValueError, match=r"train\.freeze must be 0 to 4 stages, got 5"):
        TrainConfig(freeze=5)
