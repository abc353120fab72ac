"""Small checkpoints with the published names, made from small networks of ours: for what needs no published numbers."""

from argparse import Namespace
from pathlib import Path

import numpy as np
import torch

from simvtr.config import ModelConfig
from simvtr.model import SimVTR
from simvtr.model.published import rename
from tests.model.published import FIXTURES

SMALL = {
    "backbone": "resnet18",
    "channels": 32,
    "feedforward": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "queries": "coupled",
    "padding": "masked",
}
DETR = {"frames": 1, "instances": 6, "classes": 250, "position": "yx", "mask_input": "features", "deformable": "plain"}
VISTR = {"frames": 2, "instances": 10, "classes": 41, "conv3d_head": True}


def network(kind: dict, **changes) -> SimVTR:
    """With random weights; the deformable convolution's bias is 0, as VisTR has none."""
    torch.manual_seed(0)
    model = SimVTR(ModelConfig(**{**SMALL, **kind, **changes})).eval()
    if model.mask_head is not None:
        torch.nn.init.zeros_(model.mask_head.deform1.bias)
        torch.nn.init.constant_(model.mask_head.out.bias, 1)  # untrained, it would find nothing
    return model


def save_published(model: SimVTR, path: Path, settings: Namespace | None = None, **more) -> Path:
    """As the published codes save it: {"model": state_dict} in the format of that time, its settings beside it."""
    vistr = model.config.conv3d_head
    with np.load(FIXTURES / f"{'vistr_r50' if vistr else 'detr_r50_panoptic'}.npz") as arrays:
        published = {rename(name): name for name in (row.split()[0] for row in arrays["names"])}
    bare = not model.config.masks
    state = {
        published[name].removeprefix("detr." if bare else ""): value
        for name, value in model.state_dict().items()
        if not (vistr and name == "mask_head.deform1.bias")
    }
    saved = {"model": {**state, **more}} | ({"args": settings} if settings else {})
    torch.save(saved, path, _use_new_zipfile_serialization=False)
    return path
