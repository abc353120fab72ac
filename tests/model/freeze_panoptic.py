"""Run DETR's published panoptic post-processing on scores and masks by rule, and freeze who gets which pixel.

    git clone https://github.com/facebookresearch/detr
    python -m tests.model.freeze_panoptic detr

Needs torch and torchvision that belong together, scipy and pillow, nothing of this package. Frozen from detr 29901c5
with torch 2.14.1 and torchvision 0.29.1 on a CPU. What is replaced, in memory only: the two functions of panopticapi
that write numbers into three bytes of a picture and read them again; torchvision's `interpolate`, which is gone, by
torch's.
"""

import importlib
import io
import sys
import types
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image

from tests.model.published import FIXTURES, PANOPTIC, masks_and_scores


def id2rgb(numbers: np.ndarray) -> np.ndarray:
    return np.stack([numbers // 256**i % 256 for i in range(3)], -1).astype(np.uint8)


def rgb2id(colours: np.ndarray) -> np.ndarray:
    return (colours.astype(np.uint32) * np.array([1, 256, 65536], np.uint32)).sum(-1).astype(np.int64)


def freeze(folder: Path) -> None:
    sys.path.insert(0, str(folder))
    api, utils = types.ModuleType("panopticapi"), types.ModuleType("panopticapi.utils")
    utils.id2rgb, utils.rgb2id = id2rgb, rgb2id  # type: ignore[attr-defined]
    sys.modules.update({"panopticapi": api, "panopticapi.utils": utils})
    torchvision.ops.misc.interpolate = torch.nn.functional.interpolate  # type: ignore[attr-defined]
    segmentation = importlib.import_module("models.segmentation")
    process = segmentation.PostProcessPanoptic({i: i <= 90 for i in range(250)}, threshold=0.85)
    arrays = {}
    for name, (grid, size) in PANOPTIC.items():
        logits, masks = masks_and_scores(name)
        outputs = {"pred_logits": torch.from_numpy(logits)[None], "pred_masks": torch.from_numpy(masks)[None]}
        (found,) = process(outputs | {"pred_boxes": torch.zeros(1, len(logits), 4)}, [grid], [size])
        arrays[f"{name}_owner"] = rgb2id(np.asarray(Image.open(io.BytesIO(found["png_string"])))).astype(np.uint8)
        arrays[f"{name}_labels"] = np.array([one["category_id"] for one in found["segments_info"]])
    np.savez_compressed(FIXTURES / "panoptic.npz", **arrays)


if __name__ == "__main__":
    freeze(Path(sys.argv[1]))
