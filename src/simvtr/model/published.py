"""Checkpoints of DETR and VisTR as they were published: which network they are, and what their tensors are called here.

    {"model": state_dict} -> names (`rename`) -> shapes (`_config`) -> ModelConfig, state_dict of `SimVTR`

Nothing of a checkpoint but tensors and plain settings is read (`weights_only`). Sources: the key names of
facebookresearch/detr and Epiphqny/VisTR. What is said and not said by such a file: docs/lineage.md.
"""

import argparse
import pickle
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from simvtr.config import ModelConfig
from simvtr.errors import DataError
from simvtr.model.categories import COCO, PANOPTIC, YTVIS19

SUFFIXES = (".pth", ".pt", ".bin")
INSTANCES = 10  # of a frame in VisTR, where a file does not say how many frames it reads

# published name -> ours; the first that matches. VisTR's names begin with "vistr.", those of DETR with masks "detr."
_NAMES = tuple(
    (re.compile(f"{published}(?=\\.|_|$)"), ours)
    for published, ours in (
        (r"backbone\.0\.body", "backbone.body"),
        (r"input_proj", "project"),
        (r"query_embed", "query"),
        (r"class_embed", "class_head"),
        (r"bbox_embed\.layers\.0", "box_head.layers.0"),
        (r"bbox_embed\.layers\.1", "box_head.layers.2"),
        (r"bbox_embed\.layers\.2", "box_head.layers.4"),
        (r"transformer\.(en|de)coder\.norm", r"transformer.\1coder_norm"),
        (r"transformer\.(en|de)coder\.layers\.(\d+)\.self_attn", r"transformer.\1coder.\2.attentions.0"),
        (r"transformer\.decoder\.layers\.(\d+)\.multihead_attn", r"transformer.decoder.\1.attentions.1"),
        (r"transformer\.(en|de)coder\.layers\.(\d+)\.linear1", r"transformer.\1coder.\2.feedforward.0"),
        (r"transformer\.(en|de)coder\.layers\.(\d+)\.linear2", r"transformer.\1coder.\2.feedforward.3"),
        (r"transformer\.(en|de)coder\.layers\.(\d+)\.norm1", r"transformer.\1coder.\2.norms.0"),
        (r"transformer\.(en|de)coder\.layers\.(\d+)\.norm2", r"transformer.\1coder.\2.norms.1"),
        (r"transformer\.decoder\.layers\.(\d+)\.norm3", r"transformer.decoder.\1.norms.2"),
        (r"bbox_attention\.q_linear", "maps.query"),
        (r"bbox_attention\.k_linear", "maps.key"),
        (r"mask_head\.lay([1-4])", r"mask_head.lay\1"),
        (r"mask_head\.gn([1-5])", r"mask_head.norm\1"),
        (r"mask_head\.adapter1", "mask_head.adapters.0"),
        (r"mask_head\.adapter2", "mask_head.adapters.1"),
        (r"mask_head\.adapter3", "mask_head.adapters.2"),
        (r"mask_head\.(?:lay5|dcn)", "mask_head.deform1"),  # DETR's is plain, VisTR's deformable
        (r"mask_head\.conv_offset", "mask_head.deform1.offset"),
        (r"mask_head\.out_lay", "mask_head.out"),
        (r"insmask_head\.9\.bias", "mask_head.out.bias"),
        (r"insmask_head", "mask_head.out.layers"),
    )
)
# What torch.load says of other files
NO_CHECKPOINT = (
    pickle.UnpicklingError,
    struct.error,
    EOFError,
    RuntimeError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
)
_RESNETS: dict[tuple[int, ...], str] = {
    (2, 2, 2, 2): "resnet18",
    (3, 4, 6, 3): "resnet50",
    (3, 4, 23, 3): "resnet101",
    (3, 8, 36, 3): "resnet152",
}


@dataclass(frozen=True, slots=True)
class Published:
    """A checkpoint read: the network it is of, its tensors by our names, and what they were called."""

    config: ModelConfig
    state: dict[str, Tensor]
    names: dict[str, str]  # ours -> published


def rename(name: str) -> str:
    """Our name of a published tensor; the name itself where we have none.

    >>> rename("detr.transformer.decoder.layers.5.multihead_attn.in_proj_weight")
    'transformer.decoder.5.attentions.1.in_proj_weight'
    >>> rename("vistr.backbone.0.body.layer1.0.conv1.weight"), rename("insmask_head.3.weight")
    ('backbone.body.layer1.0.conv1.weight', 'mask_head.out.layers.3.weight')
    """
    bare = re.sub(r"^(detr|vistr)\.", "", name)
    for pattern, ours in _NAMES:
        if match := pattern.match(bare):
            return match.expand(ours) + bare[match.end() :]
    return name


def read_published(path: str | Path, *, frames: int | None = None) -> Published:
    """A published checkpoint, with our names and the `ModelConfig` that gives the published numbers.

    Args:
        path: {"model": state_dict} of DETR (detection, or with the mask head of panoptic segmentation) or VisTR.
        frames: t of VisTR's windows, which no tensor tells; None: as the file's settings say, else 10 queries a frame.
    Raises: DataError when the file is no such checkpoint, or of a network that is not supported.
    """
    path = Path(path)
    state, settings = _tensors(path)
    shapes = {rename(name): tuple(value.shape) for name, value in state.items()}
    if len(shapes) < len(state):
        twice = [name for name in state if sum(rename(other) == rename(name) for other in state) > 1]
        raise DataError(f"weights {path}: two tensors must not mean the same, got {', '.join(twice[:4])}.")
    if settings.get("dilation") or "dc5" in path.name.lower():  # its tensors have the names and shapes of the others
        raise DataError(f"weights {path}: DETR-DC5 (a dilated last stage) is not supported. Take the one without DC5.")
    needed = ("class_head.weight", "query.weight", "backbone.body.conv1.weight", "transformer.encoder.0.norms.0.weight")
    if gone := [name for name in needed if name not in shapes]:
        raise DataError(
            f"weights {path}: must be a checkpoint of DETR or VisTR, got {len(state)} tensors without {gone[0]}. "
            "Name one, or a folder that `simvtr train` wrote."
        )
    config = _config(path, shapes, settings, frames)
    tensors = {rename(name): value for name, value in state.items()}
    if config.deformable == "v1":  # a norm follows, and VisTR's convolution has no bias
        tensors.setdefault("mask_head.deform1.bias", torch.zeros(config.channels // 16))
    return Published(config, tensors, {rename(name): name for name in state})


def _tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The state dict, and the settings of the command that trained it where they are there."""
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):  # as both codes save their settings
            found = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise DataError(f"weights {path}: must be a file that can be read, got: {error.strerror or error}.") from error
    except NO_CHECKPOINT as error:
        # what torch says advises to load whatever it is; that can run any code
        raise DataError(
            f"weights {path}: must be a whole file that `torch.save` wrote, of tensors and plain settings alone, got "
            f"{_looks(path)}"
        ) from error
    state = found.get("model") if isinstance(found, dict) else None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        keys = f"the keys {', '.join(map(str, found))[:80]}" if isinstance(found, dict) else f"a {type(found).__name__}"
        raise DataError(f'weights {path}: must be {{"model": state_dict}} as DETR and VisTR save it, got {keys}.')
    settings = found.get("args")
    return state, vars(settings) if isinstance(settings, argparse.Namespace) else {}


def _looks(path: Path) -> str:
    """What a file is that torch does not read, and what to do."""
    with path.open("rb") as file:
        begin = file.read(9)
    if begin.lstrip()[:1] in (b"{", b"["):
        return "JSON. Name the file with the tensors."
    if begin[8:] == b"{":
        return "safetensors. Name the folder with config.json, or the file with this ending."
    return "another one. Copy it again."


def _config(
    path: Path, shapes: dict[str, tuple[int, ...]], settings: dict[str, Any], frames: int | None
) -> ModelConfig:
    """The network that has these shapes and gives the published numbers."""
    queries, channels = shapes["query.weight"]
    classes = shapes["class_head.weight"][0] - 1
    masks = "mask_head.lay1.weight" in shapes
    vistr = "mask_head.out.layers.0.weight" in shapes
    t = int(frames or settings.get("num_frames") or max(1, queries // INSTANCES)) if vistr else 1
    if t < 1 or queries % t:
        raise DataError(f"weights {path}: {queries} queries must be those of a number of frames, got {t} frames.")
    names = (YTVIS19 if classes == 41 else {}) if vistr else COCO if classes in (91, PANOPTIC) else {}
    named = names or {number: f"class {number}" for number in range(classes)}
    try:
        return ModelConfig(
            backbone=_backbone(path, shapes),
            channels=channels,
            instances=queries // t,
            classes=classes,
            categories=tuple((number, named.get(number, "")) for number in range(classes)),  # class i is category i
            encoder_layers=_count(r"transformer\.encoder\.(\d+)\.", shapes),
            decoder_layers=_count(r"transformer\.decoder\.(\d+)\.", shapes),
            heads=shapes["mask_head.lay1.weight"][1] - channels if masks else settings.get("nheads") or 8,
            feedforward=shapes["transformer.encoder.0.feedforward.0.weight"][0],
            pre_norm="transformer.encoder_norm.weight" in shapes,
            queries="coupled",
            frames=t,
            masks=masks,
            mask_input="memory" if vistr else "features",
            deformable="v1" if vistr else "plain",
            conv3d_head=vistr,
            position="tyx" if vistr else "yx",
            padding="masked",
            short_side=300 if vistr else 800,
            long_side=540 if vistr else 1333,
        )
    except (KeyError, IndexError, ValueError) as error:
        raise DataError(f"weights {path}: the tensors must be those of a DETR or VisTR, got: {error}") from error


def _backbone(path: Path, shapes: dict[str, tuple[int, ...]]) -> str:
    blocks = tuple(_count(rf"backbone\.body\.layer{stage}\.(\d+)\.", shapes) for stage in (1, 2, 3, 4))
    deep = "backbone.body.layer1.0.conv3.weight" in shapes
    name = "resnet34" if blocks == (3, 4, 6, 3) and not deep else _RESNETS.get(blocks)
    if name is None or deep != (name not in ("resnet18", "resnet34")):
        raise DataError(f"weights {path}: the backbone must be a ResNet, got stages of {blocks} blocks.")
    return name


def _count(pattern: str, shapes: dict[str, tuple[int, ...]]) -> int:
    """How many layers or blocks there are: one more than the highest number."""
    return 1 + max((int(match[1]) for name in shapes if (match := re.match(pattern, name))), default=-1)
