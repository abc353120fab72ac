"""Frames as a model of `transformers` wants them, by its preprocessor_config.json: no torchvision, one at a time."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from simvtr.errors import DataError

# Where the library's versions keep it; the newest nests it under a key.
FILES = ("preprocessor_config.json", "video_preprocessor_config.json", "processor_config.json")
_NESTED = ("video_processor", "image_processor")
_SIDES = ({"shortest_edge", "longest_edge"}, {"shortest_edge"}, {"height", "width"})


@dataclass(frozen=True, slots=True)
class Pictures:
    """Resizes, rescales and normalises; called with a frame uint8 (H, W, 3) it gives float32 (3, h, w).

    >>> Pictures({"shortest_edge": 8, "longest_edge": 12})(np.zeros((10, 20, 3), np.uint8)).shape
    torch.Size([3, 6, 12])
    """

    size: dict[str, int] | None  # None: frames keep their size
    divisor: int = 0  # sides are rounded up to multiples
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)  # of ImageNet
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    factor: float = 1 / 255
    resample: int = Image.Resampling.BILINEAR

    def __call__(self, frame: np.ndarray) -> Tensor:
        image = Image.fromarray(frame)
        width, height = self.fitted(image.width, image.height)
        if (width, height) != image.size:
            image = image.resize((width, height), Image.Resampling(self.resample))
        pixels = np.asarray(image).astype(np.float32) * np.float32(self.factor)
        scaled = (pixels - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)
        return torch.from_numpy(np.ascontiguousarray(scaled.transpose(2, 0, 1)))

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the picture.

        Source: `get_size_with_aspect_ratio` of transformers, which cuts fractions off the longer side.
        """
        if self.size is None:
            return width, height
        if "height" in self.size:
            width, height = self.size["width"], self.size["height"]
        else:
            low, high = min(width, height), max(width, height)
            short = float(self.size["shortest_edge"])
            most = self.size.get("longest_edge")
            if most is not None and high / low * short > most:
                short = most * low / high
            side, other = round(short), int(short * high / low)
            if side != low:
                width, height = (side, other) if width < height else (other, side)
        if self.divisor:
            width, height = (-(-side // self.divisor) * self.divisor for side in (width, height))
        return width, height


def read_pictures(folder: Path, default: Pictures) -> Pictures:
    """What the files of a model's folder say; `default` where they say nothing.

    Raises: DataError when a file is no JSON, or asks for a size that is not supported.
    """
    path = next((folder / name for name in FILES if (folder / name).is_file()), None)
    if path is None:
        return default
    try:
        said: dict[str, Any] = json.loads(path.read_bytes())
        said = next((said[key] for key in _NESTED if key in said), said)
        size = _size(said, path) if "size" in said else default.size
        normal = said.get("do_normalize", True)
        return Pictures(
            size=size if said.get("do_resize", True) else None,
            divisor=int(said.get("size_divisor") or 0) if "size_divisor" in said else default.divisor,
            mean=tuple(said.get("image_mean") or default.mean) if normal else (0.0, 0.0, 0.0),
            std=tuple(said.get("image_std") or default.std) if normal else (1.0, 1.0, 1.0),
            factor=float(said.get("rescale_factor", default.factor)) if said.get("do_rescale", True) else 1.0,
            resample=int(said.get("resample", default.resample)),
        )
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise DataError(f"weights {path}: must say how pictures are made, got: {error}. Copy it again.") from error


def _size(said: dict[str, Any], path: Path) -> dict[str, int]:
    """The size in today's words: a number was the shorter side once, with `max_size` for the longer."""
    size = said["size"]
    if isinstance(size, int):
        size = {"shortest_edge": size}
    size = {key: int(value) for key, value in size.items() if value is not None}
    if "shortest_edge" in size and said.get("max_size"):
        size.setdefault("longest_edge", int(said["max_size"]))
    if set(size) not in _SIDES:
        raise DataError(
            f"weights {path}: size must have shortest_edge and longest_edge, or height and width, got {sorted(size)}."
        )
    return size
