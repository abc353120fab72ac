"""The losses of the network, given its outputs and which query is which object (SPEC §2 after DETR and VisTR).

    Outputs + targets + matches -> Losses (here) -> dict of scalars, "total" is the one to differentiate

Axes: b clips, t frames, n queries, m matched queries, k classes ("no object" last), p masks of present frames,
h w feature height and width, H W picture height and width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from simvtr.config import LossConfig
from simvtr.model.memory import in_parts
from simvtr.training.boxes import generalized_iou
from simvtr.training.matcher import Match, match

if TYPE_CHECKING:
    from simvtr.data.dataset import Target
    from simvtr.model.network import Outputs

MASKS = 8  # compared at a time, where nothing of it is kept


@dataclass(frozen=True, slots=True)
class Counts:
    """What the losses of a step are divided by: sums over all its clips, also those of other parts and other ranks.

    They follow from the targets alone, so they are known before the first forward pass. Each of r ranks divides by an
    r-th of them: the mean of the ranks' gradients is then the gradient of one big batch.
    """

    boxes: float  # one per object and frame that it is present in
    labels: float  # class weights: 1 for a query with an object, `no_object` for one without
    clips: float

    @classmethod
    def of(cls, targets: Sequence["Target"], queries: int, no_object: float) -> "Counts":
        """Those of some targets. Of more objects than `queries` in a clip, the rest get no query."""
        found = sum(min(queries, int(target.present.any(1).sum())) for target in targets)
        boxes = sum(int(target.present.sum()) for target in targets)
        return cls(float(boxes), found + no_object * (queries * len(targets) - found), float(len(targets)))


class Losses:
    """Weighted sum of class, box, mask and dense class losses. See `LossConfig` for the weights.

    Boxes and masks count only in the frames in which the *matched* target is present. (VisTR looks the frames up under
    another target's index, its issue 80.) The class is one label for the whole track, present or not. Earlier decoder
    layers get class and box losses by matchings of their own. `checkpointing` compares a few masks at a time and keeps
    nothing of it: the same numbers from less memory.
    """

    def __init__(self, config: LossConfig, *, checkpointing: bool = False) -> None:
        self.config, self.checkpointing = config, checkpointing

    def __call__(
        self,
        outputs: "Outputs",
        targets: Sequence["Target"],
        matches: Sequence[Match],
        counts: Counts | None = None,
    ) -> dict[str, Tensor]:
        """Unweighted losses of the last layer by name, `aux` (weighted, all earlier layers) and the weighted `total`.

        Args:
            outputs: of the network; `masks` either those of the matched queries, a list over clips of (t, m, h, w) in
                the order of `matches`, or those of all queries (b, t, n, h, w) of clips without padding.
            targets: one per clip, on the device of the outputs.
            matches: what `match` gave for `outputs.logits` and `outputs.boxes`.
            counts: of the step that these clips are a part of; None: they are all of it.
        Returns: scalars label, l1, giou, focal, dice, dense, aux, total. A clip without objects costs class loss only.
        """
        counts = counts or Counts.of(targets, outputs.logits.shape[2], self.config.no_object)
        losses = self._label_and_boxes(outputs.logits, outputs.boxes, targets, matches, counts)
        losses["focal"], losses["dice"] = self._masks(outputs.masks, targets, matches, counts)
        losses["dense"] = torch.zeros_like(losses["label"])
        if outputs.dense:
            losses["dense"] = self._dense(outputs.dense, targets) / counts.clips
        total = self._weighted(losses)
        losses["aux"] = torch.zeros_like(total)
        for logits, boxes in outputs.aux:
            own = match(logits, boxes, targets, self.config)
            layer = self._label_and_boxes(logits, boxes, targets, own, counts)
            losses["aux"] = losses["aux"] + self._weighted(layer)
        return {**losses, "total": total + losses["aux"]}

    def _weighted(self, losses: dict[str, Tensor]) -> Tensor:
        return torch.stack([getattr(self.config, name) * loss for name, loss in losses.items()]).sum()

    @staticmethod
    def _dense(grids: Sequence[Tensor | list[Tensor]], targets: Sequence["Target"]) -> Tensor:
        """Sum over the grids of tokens, each with its own stride; their truth is pooled once per stride."""
        cells: dict[int, list[Tensor]] = {}
        total = []
        for tokens in grids:
            stride = stride_of(tokens[0].shape[-2], targets[0].masks.shape[-2])
            if stride not in cells:
                cells[stride] = [cell_classes(target, tokens[0].shape[1], stride) for target in targets]
            total.append(dense_class_loss(tokens, cells[stride]))
        return torch.stack(total).sum()

    def _label_and_boxes(
        self, logits: Tensor, boxes: Tensor, targets: Sequence["Target"], matches: Sequence[Match], counts: Counts
    ) -> dict[str, Tensor]:
        logits = (logits[:, :1] if logits.stride(1) == 0 else logits).float()  # t equal copies have the mean of one
        labels = logits.new_full((logits.shape[0], logits.shape[2]), logits.shape[-1] - 1, dtype=torch.long)  # (b, n)
        found, truth = [], []
        for i, (target, (queries, objects)) in enumerate(zip(targets, matches, strict=True)):
            labels[i, queries] = target.labels[objects]
            present = target.present[objects]  # (m, t) of the matched targets, in the order of the queries
            found.append(boxes[i].transpose(0, 1)[queries][present])  # (p, 4)
            truth.append(target.boxes[objects][present])
        weight = logits.new_ones(logits.shape[-1])
        weight[-1] = self.config.no_object
        wanted = labels[:, None].expand(logits.shape[:3])
        label = F.cross_entropy(logits.flatten(0, 2), wanted.flatten(), weight, reduction="sum") / logits.shape[1]
        a, b = torch.cat(found).float(), torch.cat(truth)
        return {
            "label": label / (counts.labels or 1.0),  # a mean weighted by class
            "l1": (a - b).abs().sum() / (counts.boxes or 1.0),
            "giou": (1 - generalized_iou(a, b)).sum() / (counts.boxes or 1.0),
        }

    def _masks(
        self,
        masks: Sequence[Tensor] | Tensor,
        targets: Sequence["Target"],
        matches: Sequence[Match],
        counts: Counts,
    ) -> tuple[Tensor, Tensor]:
        total = torch.zeros(2, device=targets[0].masks.device)
        for i, (target, (queries, objects)) in enumerate(zip(targets, matches, strict=True)):
            logits = masks[i][:, queries] if isinstance(masks, Tensor) else masks[i]
            which, frame = target.present[objects].nonzero(as_tuple=True)  # (p,) twice
            part = MASKS if self.checkpointing else None
            compared = partial(self._compare, target)
            total = total + torch.stack(in_parts(compared, part, 0, logits[frame, which], objects[which], frame)).sum(0)
        focal, dice = total / (counts.boxes or 1.0)
        return focal, dice

    def _compare(self, target: "Target", logits: Tensor, objects: Tensor, frame: Tensor) -> Tensor:
        """Focal and dice loss, summed over p masks: logits (p, h, w) of these objects in these frames -> (2,)."""
        truth = at_stride(target.masks[objects, frame], self.config.mask_stride)
        logits = F.interpolate(logits[:, None].float(), truth.shape[1:], mode="bilinear", align_corners=False)
        focal, dice = mask_losses(logits.flatten(1), truth.flatten(1))
        return torch.stack([focal.sum(), dice.sum()])


def at_stride(masks: Tensor, stride: int) -> Tensor:
    """bool (p, H, W) to float 0/1 (p, ceil(H/stride), ceil(W/stride)): 1 where at least half of the cell is covered.

    >>> at_stride(torch.tensor([[[True, False, True], [True, False, False]]]), 2)  # 2 of 4 and 1 of 2 pixels
    tensor([[[1., 1.]]])
    """
    return (F.avg_pool2d(masks[:, None].float(), stride, ceil_mode=True)[:, 0] >= 0.5).float()


def mask_losses(logits: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Sigmoid focal (alpha .25, gamma 2, mean over pixels) and dice loss: (p, pixels), 0/1 (p, pixels) -> (p,) twice.

    Source: arXiv 1708.02002 and 1606.04797, as in DETR. At logit 0 on an empty truth: .75 · .5² · ln 2.

    >>> focal, dice = mask_losses(torch.zeros(1, 4), torch.zeros(1, 4))  # dice: 1 - (0 + 1) / (2 + 0 + 1)
    >>> round(focal.item(), 4), round(dice.item(), 4)
    (0.13, 0.6667)
    """
    probability = logits.sigmoid()
    wrong = (truth - probability).abs()
    alpha = 0.75 - 0.5 * truth
    focal = alpha * wrong.square() * F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    overlap = 2 * (probability * truth).sum(1)
    dice = 1 - (overlap + 1) / (probability.sum(1) + truth.sum(1) + 1)
    return focal.mean(1), dice


def stride_of(tokens: int, pixels: int) -> int:
    """Pixels of a token's side, a power of two, where a side of `pixels` has ceil(pixels / stride) tokens.

    >>> stride_of(4, 128), stride_of(7, 100)
    (32, 16)
    """
    stride = 1
    while -(-pixels // stride) > tokens:
        stride *= 2
    return stride


def cell_classes(target: "Target", classes: int, stride: int) -> Tensor:
    """What covers the cell of each token of a clip: float32 (t, k+1, ceil(H/s), ceil(W/s)), shares that add up to 1.

    Where objects overlap they share the cell; what no object covers is "no object". `classes` is k+1.
    """
    share = F.avg_pool2d(target.masks.float(), stride, ceil_mode=True).transpose(0, 1)  # (t, m, h, w)
    cells = share.new_zeros((share.shape[0], classes, *share.shape[2:])).index_add_(1, target.labels, share)
    cells[:, -1] = (1 - cells.sum(1)).clamp(min=0)
    return cells / cells.sum(1, keepdim=True)


def dense_class_loss(tokens: Tensor | Sequence[Tensor], cells: Sequence[Tensor]) -> Tensor:
    """Soft cross-entropy of the class of every token: the mean over a clip's tokens, summed over clips. Ours.

    Args:
        tokens: one (t, k+1, h, w) a clip, logits.
        cells: one (t, k+1, h, w) a clip, of `cell_classes`.
    """
    means = [-(truth * x.float().log_softmax(1)).sum(1).mean() for x, truth in zip(tokens, cells, strict=True)]
    return torch.stack(means).sum()
