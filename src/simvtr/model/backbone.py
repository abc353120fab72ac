"""Backbone: picture features at strides (2,) 4, 8, 16 and 32 (paper Fig. 1, §3.3), from timm."""

import difflib
from typing import cast

import torch
from torch import Tensor, nn

from simvtr.config import ModelConfig
from simvtr.errors import DataError
from simvtr.model.fold import Folded, fold


def _declare_torchvision() -> torch.library.Library:
    """Name the operators that torchvision registers shapes for while it is imported.

    timm imports torchvision, and a torchvision compiled for another torch (its CUDA wheel beside a CPU torch: the most
    common broken install) dies on import because its operators did not load. Nothing here calls them; declared, the
    Python part imports.
    """
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


try:
    import timm
except RuntimeError as error:
    if "operator torchvision::" not in str(error):
        raise
    _DECLARED = _declare_torchvision()  # the declaration lives as long as this name
    import timm


class Backbone(nn.Module):
    """Any timm network with features, frames folded into the batch.

    Input (b·t, 3, H, W), normalised RGB; output maps (b·t, c_i, ⌈H/s⌉, ⌈W/s⌉), s = 4, 8, 16, 32, fine to coarse, and
    s = 2 before them for masks at stride 2. Class and box read the last map only (and those before it, to 16 or 8,
    where the memory is as fine); the mask head's top-down steps read the others (§3.3).

    Raises: DataError, from the constructor, when timm has no such network, or it lacks a stride.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.backbone_width
        narrow = {} if width == 64 else {"channels": tuple(width * 2**i for i in range(4)), "stem_width": width}
        try:
            body = timm.create_model(config.backbone, pretrained=False, features_only=True, **narrow)
        except (RuntimeError, TypeError, OSError) as error:  # the last: names that lead to files or the Hub
            near = difflib.get_close_matches(config.backbone, timm.list_models(), 1)
            hint = f" Do you mean {near[0]!r}?" if near and near[0] != config.backbone else ""
            raise DataError(
                f"model.backbone must name a timm network with features, got {config.backbone!r} of width {width}: "
                f"{str(error).rstrip('.')}.{hint}"
            ) from error
        about = cast(timm.models.FeatureInfo, body.feature_info)
        reductions = about.reduction()
        strides = (2, 4, 8, 16, 32) if config.mask_stride == 2 else (4, 8, 16, 32)
        if not set(strides) <= set(reductions):  # a plain vision transformer's are all the same
            raise DataError(
                f"model.backbone must have strides {strides}, {config.backbone!r} has {sorted(set(reductions))}. "
                "Take a ResNet, or another network with stages."
            )
        levels = dict(zip(reductions, range(len(about)), strict=True))
        self.taken = [levels[stride] for stride in strides]
        self.channels = [about.channels()[i] for i in self.taken]
        freeze = timm.layers.freeze_batch_norm_2d  # pyright: ignore[reportPrivateImportUsage]
        self.body = freeze(body) if config.frozen_norm else body
        modules = about.module_name()  # where each level ends
        self._folded: Folded | None = Folded()
        self.ends = [modules[levels[stride]].replace(".", "_") for stride in (4, 8, 16, 32)]

    def freeze(self, stages: int) -> None:
        """Fix the stem and the first stages, statistics of their norms included: 1 as DETR and VisTR do, 4 everything.

        To be called after `train()`, which would let the statistics move again. 0: nothing.
        Raises: DataError when the network cannot be cut there.
        """
        if not stages:
            return
        children, end = dict(self.body.named_children()), self.ends[stages - 1]
        if end not in children:
            raise DataError(f"train.freeze must be 0 with a backbone that is no chain of stages, got {stages}")
        for name, module in children.items():
            module.requires_grad_(False).eval()
            if name == end:
                return

    def fold(self) -> None:
        """For inference alone from now on: the norms go into the convolutions for good, no second copy of the weights
        is kept, and neither training nor saving is possible any more."""
        self.eval()
        self.body, self._folded = fold(self.body), None

    def forward(self, pictures: Tensor) -> list[Tensor]:
        if self._folded is None:
            levels = self.body(pictures.contiguous(memory_format=torch.channels_last))
        elif self.training or torch.is_grad_enabled() or torch.compiler.is_compiling():
            levels = self.body(pictures)
        else:
            levels = self._folded.of(self.body)(pictures.contiguous(memory_format=torch.channels_last))
        return [levels[i] for i in self.taken]
