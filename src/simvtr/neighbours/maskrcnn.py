"""Mask R-CNN of torchvision, as a `Segmenter`: `torchvision:NAME`, or a file of its tensors.

frame -> the library's model -> boxes' labels, scores and masks -> Instances (no queries, no embeddings)
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import simvtr.model.backbone  # noqa: F401 - makes a torchvision of another torch importable, to say what is wrong
from simvtr.errors import DataError
from simvtr.inference.instances import Instances
from simvtr.model.categories import COCO
from simvtr.model.published import NO_CHECKPOINT
from simvtr.schema import Category

SCHEME = "torchvision:"
_NAMES = ("maskrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn_v2")
_MASKS = "roi_heads.mask_predictor.mask_fcn_logits.weight"  # (k + 1, c, 1, 1), the first class is background
_COCO = 91  # classes with background: ids 0 to 90
_BATCHES = "num_batches_tracked"  # norms that were trained have it


@dataclass(frozen=True, slots=True)
class BoxSegmenter:
    """A `Segmenter`, of a model that takes a list of pictures in [0, 1] and gives torchvision's dictionaries."""

    model: nn.Module  # in eval mode, on its device
    categories: Sequence[Category]  # of the classes 1, 2, ...
    objects: Sequence[int]  # these classes
    precision: str = "float32"
    slots: bool = field(default=False, init=False)
    remembers: bool = field(default=False, init=False)

    def find(self, frames: Iterable[np.ndarray], least: float = 0.0) -> Iterator[Instances]:
        """See `Segmenter`. Candidates below the model's own `box_score_thresh` (0.05) it does not tell."""
        for frame in frames:
            yield self._instances(frame, least)

    def _instances(self, frame: np.ndarray, least: float) -> Instances:
        device = next((p.device for p in self.model.parameters()), torch.device("cpu"))
        picture = torch.from_numpy(np.ascontiguousarray(frame.transpose(2, 0, 1))).to(device).float() / 255
        half = torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bfloat16")
        with torch.inference_mode(), half:
            found = self.model([picture])[0]
        labels, scores = found["labels"].tolist(), found["scores"].tolist()
        place = {label: i for i, label in enumerate(self.objects)}
        kept = [i for i, score in enumerate(scores) if score >= least and labels[i] in place]
        masks = found["masks"][kept, 0].float().cpu().numpy() > 0.5  # (n, H, W)
        kept = [i for i, mask in zip(kept, masks, strict=True) if mask.any()]
        masks = masks[masks.any(axis=(1, 2))]
        kinds = [place[labels[i]] for i in kept]
        return Instances.scored(masks, [scores[i] for i in kept], kinds, len(self.objects), picture=frame)


def maskrcnn(source: str, device: torch.device, precision: str = "float32") -> BoxSegmenter:
    """Mask R-CNN with the weights that torchvision offers, or with those of a file.

    Args: source: "torchvision:maskrcnn_resnet50_fpn" or "..._v2", whose weights are fetched or taken from torch's
        cache; or a .pth with a state dict of one of the two, of any number of classes. With 91 these are COCO's.
    Raises: DataError for another name, when nothing can be fetched, or when a tensor is missing, unknown or of another
        shape; when torchvision's operators do not load.
    """
    from torchvision import extension, models

    if not extension._has_ops():
        raise DataError(
            f"weights {source}: Mask R-CNN needs the operators of torchvision, which belong to another torch here. "
            "Install torch and torchvision of one release."
        )
    name = source.removeprefix(SCHEME)
    if source.startswith(SCHEME):
        if name not in _NAMES:
            raise DataError(f"weights {source}: must be {' or '.join(SCHEME + n for n in _NAMES)}.")
        try:
            model: Any = models.get_model(name, weights="DEFAULT")
        except (OSError, RuntimeError) as error:
            raise DataError(f"weights {source}: cannot be fetched: {error}. Name a file of its weights.") from error
        classes = _COCO
    else:
        state = torch.load(source, map_location="cpu", weights_only=True)
        model, classes = _of(state, source), len(state[_MASKS])
    kinds = COCO if classes == _COCO else {i: f"class {i}" for i in range(1, classes)}
    return BoxSegmenter(
        model=model.to(device).eval(),
        categories=[Category(number, kind) for number, kind in kinds.items()],
        objects=list(kinds),
        precision=precision,
    )


def is_maskrcnn(path: str | Path) -> bool:
    """Whether a file is a state dict of Mask R-CNN. Of today's files nothing but the index is read."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except (OSError, *NO_CHECKPOINT):  # whoever reads it in earnest says what is wrong
        return False
    return isinstance(found, dict) and isinstance(found.get(_MASKS), Tensor)


def _of(state: dict[str, Tensor], source: str) -> nn.Module:
    """The network of these tensors: the second version has norms in its heads."""
    from torchvision.models import detection

    v2 = "roi_heads.mask_head.0.1.weight" in state
    build = detection.maskrcnn_resnet50_fpn_v2 if v2 else detection.maskrcnn_resnet50_fpn
    model = build(weights=None, weights_backbone=None, num_classes=len(state[_MASKS]))
    trained = any(name.endswith(_BATCHES) for name in state)
    if not trained:  # fixed norms, which torchvision's weights divide without eps
        for module in model.backbone.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = 0.0
    try:
        said = model.load_state_dict(state, strict=False)
    except RuntimeError as error:  # of another shape
        raise DataError(f"weights {source}: {' '.join(str(error).split())[:300]}") from error
    missing = [name for name in said.missing_keys if not name.endswith(_BATCHES)]
    if missing or said.unexpected_keys:
        few = [
            f"{len(names)} {what} ({names[0]})"
            for names, what in ((missing, "missing"), (said.unexpected_keys, "unknown"))
            if names
        ]
        raise DataError(f"weights {source}: every tensor of Mask R-CNN must be there once, got {', '.join(few)}.")
    return model
