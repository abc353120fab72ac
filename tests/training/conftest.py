"""Small hand-made targets and outputs in the shape of the data and model rooms'."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor


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
