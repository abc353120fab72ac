"""Run the published DETR and VisTR on weights and pictures by rule, and freeze what they say.

    git clone https://github.com/facebookresearch/detr && git clone https://github.com/Epiphqny/VisTR
    python -m tests.model.freeze_published detr VisTR

Needs torch and torchvision that belong together, scipy and pillow, nothing of this package. Frozen from detr 29901c5
and VisTR 445c9e4 with torch 2.15.0 and torchvision 0.29.2 on a CPU. What is replaced, in memory only, so that they run
there: VisTR's compiled deformable convolution, which refuses a CPU, by `torchvision.ops.deform_conv2d`; the version
number of torchvision that VisTR reads as 0.2; the download of ImageNet weights.
"""

import importlib
import sys
import types
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision
from torch import nn
from torchvision.ops import deform_conv2d

from tests.model.published import CASES, FIXTURES, Case, pictures, weight


class DeformConv(nn.Module):
    """VisTR's layer: no bias, padding 1."""

    def __init__(self, inputs: int, outputs: int, size: int, padding: int) -> None:
        super().__init__()
        self.weight, self.padding = nn.Parameter(torch.empty(outputs, inputs, size, size)), padding

    def forward(self, x: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
        return deform_conv2d(x, offset, self.weight, padding=self.padding)


def published(case: Case, folders: dict[str, Path]) -> tuple[nn.Module, Any]:
    """The network as its own `build` makes it, and the class of a padded batch."""
    for name in [name for name in sys.modules if name.split(".")[0] in ("models", "util")]:
        del sys.modules[name]
    sys.path.insert(0, str(folders[case.code]))
    torchvision.__version__ = "0.9.0"  # type: ignore[assignment]
    stub = types.ModuleType("models.dcn.deform_conv")
    stub.DeformConv = DeformConv  # type: ignore[attr-defined]
    sys.modules["models.dcn.deform_conv"] = stub
    models = importlib.import_module("models")
    sys.modules["models.backbone"].is_main_process = lambda: False  # type: ignore[attr-defined]
    panoptic = case.code == "detr" and case.masks
    settings = Namespace(
        dataset_file="ytvos" if case.code == "vistr" else "coco_panoptic" if panoptic else "coco",
        device="cpu",
        backbone=case.backbone,
        lr_backbone=1e-5,
        masks=case.masks,
        dilation=False,
        position_embedding="sine",
        enc_layers=case.layers,
        dec_layers=case.layers,
        dim_feedforward=2048,
        hidden_dim=case.channels,
        dropout=0.1,
        nheads=8,
        num_frames=case.frames,
        num_queries=case.instances * case.frames,
        pre_norm=False,
        aux_loss=False,
        frozen_weights=None,
        set_cost_class=1,
        set_cost_bbox=5,
        set_cost_giou=2,
        bbox_loss_coef=5,
        giou_loss_coef=2,
        mask_loss_coef=1,
        dice_loss_coef=1,
        eos_coef=0.1,
    )
    model = models.build_model(settings)[0]
    nested = sys.modules["util.misc"].NestedTensor
    sys.path.remove(str(folders[case.code]))
    return model.eval(), nested


@torch.no_grad()
def freeze(name: str, case: Case, folders: dict[str, Path]) -> None:
    """One file a case: names and shapes of the weights, logits, boxes, masks; (b, t·n, ...), frame-major."""
    model, nested = published(case, folders)
    shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    model.load_state_dict({key: torch.from_numpy(weight(key, shape)) for key, shape in shapes.items()})
    frames, padding = pictures(case)
    folded = torch.from_numpy(frames).flatten(0, 1)
    padded = torch.from_numpy(padding).repeat_interleave(case.frames, 0)
    outputs = model(nested(folded, padded))
    arrays = {"logits": outputs["pred_logits"].numpy(), "boxes": outputs["pred_boxes"].numpy()}
    if case.masks:
        arrays["masks"] = outputs["pred_masks"].numpy()[:, :: case.kept]
    names = np.array([f"{key} {' '.join(map(str, shape))}" for key, shape in shapes.items()])
    np.savez_compressed(FIXTURES / f"{name}.npz", names=names, **arrays)


if __name__ == "__main__":
    where = {"detr": Path(sys.argv[1]), "vistr": Path(sys.argv[2])}
    for which in sys.argv[3:] or CASES:
        freeze(which, CASES[which], where)
