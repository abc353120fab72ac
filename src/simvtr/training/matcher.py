"""Which query is which object: one Hungarian assignment of whole tracks per clip (paper §3.1, VisTR, DETR).

    logits, boxes + targets -> match_clip (here) -> which queries get masks, and losses.py

Axes: b clips, t frames, n queries, m objects of a clip, k classes ("no object" last).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from simvtr.config import LossConfig
from simvtr.errors import DataError
from simvtr.training.boxes import generalized_iou

if TYPE_CHECKING:
    from simvtr.data.dataset import Target

Match = tuple[Tensor, Tensor]  # indices of queries, and of the targets they belong to; both (m,) int64


def match(logits: Tensor, boxes: Tensor, targets: Sequence["Target"], config: LossConfig) -> list[Match]:
    """`match_clip` for every clip: logits (b, t, n, k+1), boxes (b, t, n, 4)."""
    return [match_clip(*clip, config) for clip in zip(logits, boxes, targets, strict=True)]


@torch.no_grad()
def match_clip(logits: Tensor, boxes: Tensor, target: "Target", config: LossConfig) -> Match:
    """Assign every object of a clip to a query of its own, at the least total cost.

    cost = label * (-mean over frames of the class probability)
         + l1 * (mean absolute difference of the four box numbers) + giou * (-mean GIoU),
    with the two box means over the frames in which the object is present. VisTR lets absent frames in, with boxes of
    zeros. Masks are not in the cost.

    Args:
        logits: (t, n, k+1), the last class is "no object"; boxes: (t, n, 4) cx, cy, w, h in [0, 1].
        target: objects that are present in no frame stay unmatched.
        config: the weights `label`, `l1` and `giou`.
    Returns: (query indices ascending, target indices), on the device of `logits`. With more objects than queries the
        dearest objects stay unmatched.
    Raises: DataError when a cost is not finite, which means that the network's outputs are not.
    """
    # One label a track: for repeated queries the mean over frames is any frame's value.
    probability = (logits[:1] if logits.stride(0) == 0 else logits).float().softmax(-1).mean(0)  # (n, k+1)
    seen = target.present.any(1).nonzero().flatten()  # (m,) of the clip's targets
    present = target.present[seen].float()  # (m, t)
    share = (present / present.sum(1, keepdim=True)).T[:, None]  # (t, 1, m), weights of a mean over the present frames
    truth = target.boxes[seen].transpose(0, 1)[:, None]  # (t, 1, m, 4)
    found = boxes.float()[:, :, None]  # (t, n, 1, 4)
    l1 = ((found - truth).abs().mean(-1) * share).sum(0)  # (n, m)
    giou = (generalized_iou(found, truth) * share).sum(0)
    cost = -config.label * probability[:, target.labels[seen]] + config.l1 * l1 - config.giou * giou
    if not cost.isfinite().all():
        raise DataError(
            "matching: class logits and boxes must be finite, got NaN or infinity: the training has diverged. Lower "
            "train.lr or train.clip_norm, or add train.warmup."
        )
    queries, objects = linear_sum_assignment(cost.cpu().numpy())
    device = logits.device
    return torch.as_tensor(queries, device=device), seen[torch.as_tensor(objects, device=device)]
