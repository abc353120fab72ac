"""VisTR as it was published (https://github.com/Epiphqny/VisTR), from a checkout that is left as it is.

What a CPU and today's torch lack is put in its place while it is imported: torchvision's deformable convolution for the
code's own, which is for CUDA alone; no download of backbone weights; today's `interpolate`. Nothing else is changed.
Needs a torchvision that fits its torch.
"""

import importlib
import sys
from argparse import Namespace
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import torch
import torchvision
from torch import Tensor, nn

CLASSES = 41  # of YouTube-VIS, as its code has it


class _DeformConv(nn.Module):
    """The interface of VisTR's layer, computed by torchvision."""

    def __init__(self, inputs: int, outputs: int, size: int, padding: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs, size, size))
        nn.init.kaiming_uniform_(self.weight, a=1)
        self.padding = padding

    def forward(self, x: Tensor, offset: Tensor) -> Tensor:
        return torchvision.ops.deform_conv2d(x, offset, self.weight, padding=self.padding)


def build(folder: Path, frames: int, *, backbone: str = "resnet50") -> tuple[Any, Any]:
    """Its network with masks and its criterion, for windows of so many frames, weights random; defaults of its main.py.

    Args: folder: the checkout.
    """
    sys.path.insert(0, str(folder))
    layers: Any = ModuleType("models.dcn.deform_conv")
    layers.DeformConv = _DeformConv
    sys.modules.setdefault("models.dcn.deform_conv", layers)
    with patch("torchvision.__version__", "1.0"):  # read as a number, to learn what torchvision lacks
        vistr = importlib.import_module("models.vistr")
        importlib.import_module("models.backbone").is_main_process = lambda: False  # which would download weights
    vistr.interpolate = nn.functional.interpolate
    args = Namespace(
        backbone=backbone, dilation=False, position_embedding="sine", lr_backbone=1e-5, masks=True, device="cpu",
        enc_layers=6, dec_layers=6, dim_feedforward=2048, hidden_dim=384, dropout=0.1, nheads=8, pre_norm=False,
        num_frames=frames, num_queries=10 * frames, aux_loss=True, dataset_file="ytvos", frozen_weights=None,
        set_cost_class=1, set_cost_bbox=5, set_cost_giou=2, mask_loss_coef=1, dice_loss_coef=1, bbox_loss_coef=5,
        giou_loss_coef=2, eos_coef=0.1,
    )  # fmt: skip
    model, criterion, _ = vistr.build(args)
    return model, criterion
