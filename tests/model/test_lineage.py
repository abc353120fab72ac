"""DETR and VisTR in this package say what their own code says (freeze_published.py), padding included."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from simvtr.model import load
from tests.model.published import CASES, FIXTURES, pictures, weight


@cache
def frozen(name: str) -> dict[str, np.ndarray]:
    with np.load(FIXTURES / f"{name}.npz") as arrays:
        return dict(arrays)


def checkpoint(name: str) -> dict[str, Tensor]:
    """The state dict that the published code had, by its rule."""
    rows = [row.split() for row in frozen(name)["names"]]
    return {key: torch.from_numpy(weight(key, tuple(map(int, shape)))) for key, *shape in rows}


@torch.inference_mode()
@pytest.mark.parametrize("name", CASES)
def test_published_numbers(name, tmp_path):
    case = CASES[name]
    path = tmp_path / f"{name}.pth"
    torch.save({"model": checkpoint(name)}, path)
    model = load(path)
    assert (model.config.backbone, model.config.classes, model.config.instances, model.config.frames) == (
        case.backbone,
        case.classes,
        case.instances,
        case.frames,
    )
    frames, padding = (torch.from_numpy(array) for array in pictures(case))
    outputs = model(frames, padding)
    outputs_of = {"logits": outputs.logits, "boxes": outputs.boxes, "masks": outputs.masks}
    for key, tolerance in (("logits", 1e-5), ("boxes", 1e-5), ("masks", 1e-4)):
        found = outputs_of[key].flatten(1, 2)
        if key == "masks":
            found = found[:, :: case.kept]
            if not case.masks:
                assert found.shape[-2:] == (0, 0)
                continue
        assert (found - torch.from_numpy(frozen(name)[key])).abs().max() <= tolerance, key
