"""DETR's panoptic merging: every pixel belongs to one thing or one stuff, and small change goes to the next best.

Source: DETR (arXiv 2005.12872) §4.4 and `PostProcessPanoptic` of facebookresearch/detr, whose digits these are; it
takes queries that are surer than 0.85.
"""

from collections.abc import Collection, Sequence

import numpy as np
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

SURE = 0.85  # the published threshold
_SMALL = 4  # pixels: a segment of so many or fewer is dropped


def merged(
    masks: Tensor, labels: Sequence[int], things: Collection[int], grid: tuple[int, int], size: tuple[int, int]
) -> list[np.ndarray | None]:
    """The pixels that each mask keeps: those it was given, as far as it claims them.

    The published code gives away every pixel, so that one sure object without sure stuff around it is the whole
    picture. As an object it is what its own mask has there, too.

    Args:
        masks: (m, h, w) logits.
        labels: the class of each.
        things: the classes that are objects; masks of one other class are one segment.
        grid: (H, W) of the network's picture, on which pixels are given away.
        size: (H, W) of the result, by nearest neighbour.
    Returns: of each mask bool `size`; None for stuff and for what keeps nothing.

    >>> import torch
    >>> left, right = torch.full((2, 4, 8), -9.0)
    >>> left[:, :5] = 2.0; right[:, 3:7] = 1.0                # both claim columns 3 and 4, nobody claims column 7
    >>> [int(mask.sum()) for mask in merged(torch.stack((left, right)), [1, 1], {1}, (4, 8), (4, 8))]
    [20, 8]
    """
    owner, fine = segments(masks, labels, things, grid, size)
    kept = [(owner == k) & _resized(fine[k] > 0, size) if label in things else None for k, label in enumerate(labels)]
    return [mask if mask is not None and mask.any() else None for mask in kept]


def segments(
    masks: Tensor, labels: Sequence[int], things: Collection[int], grid: tuple[int, int], size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Whose each pixel of `size` is, by the masks' numbers, -1: nobody's; and the masks (m, H, W) on `grid`."""
    if not len(masks):
        return np.full(size, -1), np.zeros((0, *grid))
    fine = F.interpolate(masks[:, None], grid, mode="bilinear")[:, 0].numpy()
    left = list(range(len(labels)))
    owner = _owners(fine, left)
    for label in set(labels) - set(things):
        same = [k for k in left if labels[k] == label]
        owner[np.isin(owner, same)] = same[0]
    while True:
        big = _resized(owner, size)
        kept = [k for k in left if np.count_nonzero(big == k) > _SMALL]
        if len(kept) == len(left):
            return big, fine
        left = kept  # stuff that was given to another mask of its class is gone here, and its pixels are free again
        if not left:
            return np.full(size, -1), fine
        owner = _owners(fine, left)


def _owners(masks: np.ndarray, left: list[int]) -> np.ndarray:
    """The number of the mask with the highest logit at each pixel."""
    return np.array(left, np.int32)[masks[left].argmax(0)]


def _resized(owner: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(owner).resize((size[1], size[0]), Image.Resampling.NEAREST))
