"""Boxes as the network gives them, (cx, cy, w, h) in [0, 1], compared two by two."""

import torch
from torch import Tensor


def corners(boxes: Tensor) -> Tensor:
    """(..., 4) centre and size to (..., 4) left, top, right, bottom.

    >>> corners(torch.tensor([0.5, 0.5, 0.5, 1.0])).tolist()
    [0.25, 0.0, 0.75, 1.0]
    """
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return torch.cat((centre - half, centre + half), dim=-1)


def generalized_iou(a: Tensor, b: Tensor) -> Tensor:
    """GIoU of boxes (cx, cy, w, h) that broadcast against each other: (..., 4), (..., 4) -> (...) in (-1, 1].

    Boxes without area have GIoU at most 0 and finite gradients. Source: arXiv 1902.09630.

    >>> left, right = torch.tensor([0.25, 0.5, 0.5, 1.0]), torch.tensor([0.75, 0.5, 0.5, 1.0])
    >>> generalized_iou(left, left).item(), generalized_iou(left, right).item()  # they touch: hull = union
    (1.0, 0.0)
    """
    a, b = torch.broadcast_tensors(corners(a), corners(b))
    tiny = torch.finfo(a.dtype).tiny
    overlap = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    hull = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - overlap
    return overlap / union.clamp(min=tiny) - (hull - union) / hull.clamp(min=tiny)
