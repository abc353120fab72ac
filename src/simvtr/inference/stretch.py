"""From a mask's logits on the network's grid to the pixels of the frame."""

import cv2
import numpy as np


def stretched(logits: np.ndarray, size: tuple[int, int], level: float) -> np.ndarray | None:
    """Logits float32 (h, w) at `mask_stride` -> bool (H, W) of `size`; None when no pixel is set.

    The grid is stretched to the picture, as in VisTR and in our losses, also where its last cell reaches over the edge.
    OpenCV gives `torch.nn.functional.interpolate`'s numbers ten times as fast; the picture is made lying on its side,
    because run-length encoding reads columns.
    """
    mask = (cv2.resize(np.ascontiguousarray(logits.T), size, interpolation=cv2.INTER_LINEAR) > level).T
    return mask if mask.any() else None


def sureness(logits: np.ndarray, level: float) -> float:
    """Mean probability over the cells that exceed the level; half where a mask lies between cells alone."""
    inside = logits[logits > level]
    return float((1 / (1 + np.exp(-inside))).mean()) if inside.size else 0.5
