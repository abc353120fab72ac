"""Segmenters of other libraries behind one protocol (`inference/instances.py`), one file a library."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simvtr.errors import DataError

if TYPE_CHECKING:
    from simvtr.inference.instances import Segmenter

_HUB = "hf://"
_TORCH = (".pth", ".pt", ".bin")


def segmenter(
    source: str | Path,
    *,
    device: str = "cpu",
    precision: str = "float32",
    panoptic: bool | None = None,
) -> "Segmenter":
    """A model of another library, ready to find objects in frames: for `simvtr.link` and `FramePredictor`.

    Args:
        source: folder or "hf://user/name" of DETR segmentation, Mask2Former or VidEoMT as `transformers` saves them;
            "torchvision:maskrcnn_resnet50_fpn", or a .pth of its tensors.
        device: "auto", "cpu", "cuda", "mps".
        precision: "bfloat16" is faster where the processor has it, and not exact.
        panoptic: merge masks as DETR does, so that each pixel is one object's at most; None: for DETR's weights of
            COCO panoptic segmentation.
    Raises: DataError when the source is none of these, or not whole, or not of a supported kind. ModuleNotFoundError
        where its library is not installed.

    >>> segmenter("simvtr-tiny")
    Traceback (most recent call last):
    simvtr.errors.DataError: weights simvtr-tiny: must be a folder or hf:// id of transformers, torchvision:NAME or ...
    """
    found = of_neighbour(source, device=device, precision=precision, panoptic=panoptic)
    if found is None:
        raise DataError(
            f"weights {source}: must be a folder or hf:// id of transformers, torchvision:NAME or Mask R-CNN's .pth. "
            "Weights of ours, of DETR and of VisTR as published are read by simvtr.load."
        )
    return found


def of_neighbour(source: str | Path, *, device: str, precision: str, panoptic: bool | None) -> "Segmenter | None":
    """As `segmenter`, but None where the source is none of these: perhaps `simvtr.load` knows it."""
    source = str(source)
    where: dict[str, Any] = {}
    if source.startswith("torchvision:") or _boxes(source):
        from simvtr.model.device import pick_device
        from simvtr.neighbours.maskrcnn import maskrcnn

        return maskrcnn(source, pick_device(device), precision)
    if source.startswith(_HUB):
        from simvtr.model.hub import repository

        hub = repository(source)
        config, source, where = hub.file("config.json"), hub.name, hub.where
    else:
        config = Path(source) / "config.json"
    if not _of_transformers(config):
        return None
    from simvtr.model.device import pick_device
    from simvtr.neighbours.huggingface import huggingface

    return huggingface(source, pick_device(device), precision, panoptic, **where)


def _boxes(source: str) -> bool:
    path = Path(source)
    if path.suffix not in _TORCH or not path.is_file():
        return False
    from simvtr.neighbours.maskrcnn import is_maskrcnn

    return is_maskrcnn(path)


def _of_transformers(config: Path) -> bool:
    """Whether a config.json is one of `transformers`: ours has no `model_type`."""
    try:
        found = json.loads(config.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and "model_type" in found
