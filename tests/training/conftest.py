"""Small hand-made targets and outputs in the shape of the data and model rooms'."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from simvtr.config import AugmentConfig, DataConfig, LossConfig, Recipe, Stage, TrainConfig, simvtr_tiny
from simvtr.data.synth import SynthConfig, write_dataset


@dataclass
class FakeTarget:
    labels: Tensor  # (m,)
    boxes: Tensor  # (m, t, 4)
    masks: Tensor  # (m, t, H, W)
    present: Tensor  # (m, t)


@dataclass
class FakeOutputs:
    logits: Tensor
    boxes: Tensor
    masks: list[Tensor] | Tensor
    aux: tuple = ()
    dense: tuple = ()


@pytest.fixture
def make_target():
    """Objects given as {label: [box or None per frame]} with boxes (cx, cy, w, h), on an 8 x 8 picture."""

    def make(objects: dict[int, list], size: int = 8) -> FakeTarget:
        frames = len(next(iter(objects.values()))) if objects else 1
        boxes, masks = torch.zeros(len(objects), frames, 4), torch.zeros(len(objects), frames, size, size).bool()
        present = torch.zeros(len(objects), frames).bool()
        for i, track in enumerate(objects.values()):
            for t, box in enumerate(track):
                if box is not None:
                    boxes[i, t], present[i, t] = torch.tensor(box), True
                    (cx, cy, w, h) = (round(v * size) for v in box)
                    masks[i, t, cy - h // 2 : cy + h // 2, cx - w // 2 : cx + w // 2] = True
        return FakeTarget(torch.tensor(list(objects), dtype=torch.long), boxes, masks, present)

    return make


@pytest.fixture
def make_outputs():
    """Outputs of queries given as (class, [box per frame]): logit 20 on that class, of `classes` + 1 classes."""

    def make(queries: list[tuple[int, list]], classes: int = 3, masks=None, **rest) -> FakeOutputs:
        frames = len(queries[0][1])
        logits = torch.zeros(1, 1, len(queries), classes + 1)
        for i, (label, _) in enumerate(queries):
            logits[0, 0, i, label] = 20
        boxes = torch.tensor([boxes for _, boxes in queries]).transpose(0, 1)[None]
        masks = torch.zeros(1, frames, len(queries), 2, 2) if masks is None else masks
        return FakeOutputs(logits.expand(1, frames, -1, -1), boxes, masks, **rest)

    return make


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory) -> DataConfig:
    """Two synthetic videos of four frames."""
    out = tmp_path_factory.mktemp("synth")
    truth = write_dataset(out, SynthConfig(width=64, height=48, frames=4, objects=(1, 2)), videos=2, seed=3)
    return DataConfig(str(truth), str(out / "JPEGImages"))


@pytest.fixture
def tiny_recipe(tiny_data, tmp_path) -> Recipe:
    """Six steps of the smallest network, with everything random switched on."""
    model = simvtr_tiny(
        backbone_width=16, channels=64, feedforward=32, instances=3, encoder_layers=1, decoder_layers=2, dropout=0.1
    )
    train = TrainConfig(
        optimizer="adamw",
        lr=1e-3,
        steps=6,
        schedule="cosine",
        ema=0.9,
        stages=(Stage(0.5, (1, 2), 2), Stage(0.5, (3,), 1)),
        loss=LossConfig(dense=1.0, mask_stride=2),
        augment=AugmentConfig(crop=0.0, short_sides=(), permute_channels=0.5),
        device="cpu",
    )
    return Recipe(out=str(tmp_path / "run"), model=model, data=(tiny_data,), train=train)
