"""From one network's weights to a network of another shape: what it keeps, what starts anew, what is left over.

COCO-DETR or VisTR -> tensors of the same name and shape -> SimVTR, the rest as a new network has it
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from simvtr.config import ModelConfig
from simvtr.errors import DataError
from simvtr.model.network import SimVTR

# Parts in the order of Figure 1: how the names of their tensors begin
PARTS = (
    "backbone",
    "project",
    "query",
    "transformer.encoder",
    "transformer.decoder",
    "class_head",
    "box_head",
    "maps",
    "mask_head",
    "dense_heads",
)
ANEW = ("class_head.", "query.")  # of other classes and other instances: VisTR starts these anew, too


@dataclass(frozen=True, slots=True)
class Part:
    """What became of the tensors of one part of the network, by our names."""

    name: str
    kept: tuple[str, ...]
    fresh: tuple[str, ...]  # of the network, not in the weights to start from or of another shape there
    left: tuple[str, ...]  # of the weights to start from, not used


def started(source: dict[str, Tensor], shape: ModelConfig, config: ModelConfig, seed: int) -> tuple[SimVTR, list[Part]]:
    """A network of `config` that begins with what fits it of `source`, the tensors of a network of `shape`.

    The width of its transformer is that of `shape`, as otherwise nothing but the backbone would fit. Layers go by
    number: of DETR's six the first four are kept. Class head and queries start anew, and so does a bias whose weight
    does. New parameters are a function of `seed`.

    Returns: the network in eval mode, and what became of every tensor of both sides.
    Raises: DataError when the backbones differ.
    """
    if (config.backbone, config.backbone_width) != (shape.backbone, shape.backbone_width):
        raise DataError(f"the weights to start from must have the backbone {config.backbone}, got {shape.backbone}.")
    width = {name: getattr(shape, name) for name in ("channels", "heads", "feedforward", "pre_norm")}
    torch.manual_seed(seed)
    model = SimVTR(replace(config, **width))
    wanted = model.state_dict()
    kept = {
        name: value
        for name, value in source.items()
        if not name.startswith(ANEW) and name in wanted and wanted[name].shape == value.shape
    }
    for name in [name for name in kept if name.endswith(".bias")]:
        weight = name.removesuffix("bias") + "weight"
        if weight in wanted and weight not in kept:
            del kept[name]
    model.load_state_dict(kept, strict=False)
    return model.eval(), parts_of(kept, wanted, source)


def parts_of(kept: Collection[str], wanted: Collection[str], source: Collection[str]) -> list[Part]:
    """Every name of both sides, by parts."""
    parts = []
    for part in PARTS:
        new, old = ([name for name in names if name.startswith(part)] for names in (wanted, source))
        if new or old:
            fresh, left = ([name for name in names if name not in kept] for names in (new, old))
            parts.append(Part(part, tuple(name for name in new if name in kept), tuple(fresh), tuple(left)))
    return parts
