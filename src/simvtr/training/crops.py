"""Crops first: the backbone learns to tell the categories from pictures of one object each (ours, not the report's).

Boxes and masks are learned from scratch within minutes, but through a whole network the classes get hardly any signal
before that; a batch of crops is all signal. The backbone is the only thing that is kept.

Objects that fill the middle of their crops are learned fast, but a backbone that knows no others does not recognise
them in whole frames (docs/LOG.md): so in the second half of the steps they begin to roam, at their own size.
"""

from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from simvtr.config import AugmentConfig, TrainConfig
from simvtr.data.dataset import JoinedDataset
from simvtr.data.transforms import normalised
from simvtr.errors import DataError
from simvtr.model import SimVTR

SIDE = 48  # pixels of a crop: about as large as its object was in a picture of 160 x 96
BATCH = 64  # crops of a step
MARGIN = 1.25  # side of a crop over the longer side of its object's box
LEAST = 0.004  # share of the picture that an object must cover to be cropped
RATE = 1e-3  # largest learning rate
SETTLED, ROAMING = 0.5, 0.75  # shares of the steps: objects fill the middle until the first, roam fully from the second
SPREAD, INSIDE = 0.3, 0.8  # of a roaming object: logarithm of its size, and the share of it that stays inside
_STREAM = 7  # of the seed, apart from those that draw clips


def learn_crops(
    model: SimVTR, dataset: JoinedDataset, config: TrainConfig, step_done: Callable[[int, float], None]
) -> float:
    """Teach `model.backbone` to classify crops for `config.crop_steps` steps, by its maps at strides 16 and 32.

    Args: step_done: is told the steps done and the running share of crops whose class was right at stride 16.
    Returns: that share at the end, a mean over about 50 steps.
    Raises: DataError when a frame cannot be read, or no object is large enough to be cropped.
    """
    device = next(model.parameters()).device
    rng = np.random.default_rng((config.seed, _STREAM))
    torch.manual_seed(config.seed)
    heads = nn.ModuleList(nn.Linear(c, model.config.classes) for c in model.backbone.channels[-2:]).to(device)
    learner = nn.ModuleList([model.backbone, heads]).train()
    optimizer = torch.optim.AdamW(learner.parameters(), lr=RATE, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, RATE, total_steps=max(20, config.crop_steps), pct_start=0.1
    )
    right = 0.0
    for step in range(config.crop_steps):
        roam = min(1.0, max(0.0, (step / config.crop_steps - SETTLED) / (ROAMING - SETTLED)))
        crops = draw_crops(dataset, rng, BATCH, config.augment, roam)
        pictures, covers, labels = (part.to(device) for part in crops)
        with torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
            levels = model.backbone(pictures)[-2:]
            logits = [head(within(level, covers)) for head, level in zip(heads, levels, strict=True)]
        optimizer.zero_grad(set_to_none=True)
        torch.stack([F.cross_entropy(each.float(), labels) for each in logits]).sum().backward()
        optimizer.step()
        schedule.step()
        share = (logits[0].argmax(1) == labels).float().mean().item()
        right += (share - right) / min(step + 1, 50)
        step_done(step + 1, right)
    return right


def within(level: torch.Tensor, covers: torch.Tensor) -> torch.Tensor:
    """The mean of a map (p, c, h, w) over the cells of each crop's object, whose masks are (p, SIDE, SIDE); (p, c)."""
    share = F.adaptive_avg_pool2d(covers[:, None].to(level.dtype), (level.shape[-2], level.shape[-1]))
    return (level * share).sum(dim=(2, 3)) / share.sum(dim=(2, 3)).clamp(min=1e-6)  # what is seen may be outside


def draw_crops(
    dataset: JoinedDataset, rng: np.random.Generator, count: int, augment: AugmentConfig, roam: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """`count` crops (count, 3, SIDE, SIDE), normalised, their objects' masks (count, SIDE, SIDE), 0 or 1, and classes
    (count,), from frames drawn at random, flipped and with swapped colours as often as a clip would be.

    Args: roam: as for `crop_of`.
    Raises: DataError when a thousand frames in a row show no object large enough.
    """
    crops: list[np.ndarray] = []
    covers: list[np.ndarray] = []
    labels: list[int] = []
    empty = 0
    while len(crops) < count:
        key, length = dataset.videos[rng.integers(len(dataset.videos))]
        clip = dataset.clip(key, [int(rng.integers(length))])
        before = len(crops)
        for mask, label in zip(clip.masks[:, 0], clip.labels, strict=True):
            if np.count_nonzero(mask) >= LEAST * mask.size:
                crop, cover = crop_of(clip.frames[0], mask, rng, roam)
                if rng.random() < augment.flip:
                    crop, cover = crop[:, ::-1], cover[:, ::-1]
                if rng.random() < augment.permute_channels:
                    crop = crop[:, :, rng.permutation(3)]
                crops.append(crop)
                covers.append(cover)
                labels.append(int(label))
        empty = 0 if len(crops) > before else empty + 1
        if empty > 1000:
            raise DataError(
                f"train.crop_steps: objects must cover {LEAST:.1%} of their picture to be cropped, none of a thousand "
                "frames shows one. Set crop_steps to 0."
            )
    masks = torch.as_tensor(np.stack(covers[:count]).astype(np.float32))
    return normalised(np.stack(crops[:count])), masks, torch.as_tensor(labels[:count])


def crop_of(
    frame: np.ndarray, mask: np.ndarray, rng: np.random.Generator, roam: float
) -> tuple[np.ndarray, np.ndarray]:
    """A square with the object of a mask (H, W) in a frame (H, W, 3): uint8 (SIDE, SIDE, 3) and its mask (SIDE, SIDE).

    Args: roam: 0: the object fills the middle. 1: it has about its own size, if that fits, and is anywhere inside.
        Between, it is so far on the way. Outside the picture is grey.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    first = np.array((columns[0], rows[0]))
    size = np.array((columns[-1], rows[-1])) + 1 - first
    filling = SIDE / (MARGIN * size.max())
    own = min(1.0, filling) * np.exp(rng.uniform(-SPREAD, SPREAD))
    scale = filling ** (1 - roam) * own**roam
    room = np.maximum(0, SIDE / 2 - INSIDE * scale * size / 2)
    move = SIDE / 2 + roam * room * rng.uniform(-1, 1, 2) - scale * (first + size / 2)
    matrix = np.array([[scale, 0, move[0]], [0, scale, move[1]]])
    crop = cv2.warpAffine(frame, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderValue=(124, 116, 104))
    cover = cv2.warpAffine(mask.astype(np.uint8), matrix, (SIDE, SIDE), flags=cv2.INTER_NEAREST)
    return crop, cover
