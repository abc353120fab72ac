"""Crops first: the backbone learns to tell the categories from pictures of one object each (ours, not the report's).

Boxes and masks are learned from scratch within minutes, but through a whole network the classes get hardly any signal
before that; a batch of crops is all signal. The backbone is the only thing that is kept.
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
_STREAM = 7  # of the seed, apart from those that draw clips


def learn_crops(
    model: SimVTR, dataset: JoinedDataset, config: TrainConfig, step_done: Callable[[int, float], None]
) -> float:
    """Teach `model.backbone` to classify crops for `config.crop_steps` steps.

    Args: step_done: is told the steps done and the running share of crops whose class was right.
    Returns: that share at the end, a mean over about 50 steps.
    Raises: DataError when a frame cannot be read, or no object is large enough to be cropped.
    """
    device = next(model.parameters()).device
    rng = np.random.default_rng((config.seed, _STREAM))
    torch.manual_seed(config.seed)
    head = nn.Linear(model.backbone.channels[-1], model.config.classes).to(device)
    learner = nn.ModuleList([model.backbone, head]).train()
    optimizer = torch.optim.AdamW(learner.parameters(), lr=RATE, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, RATE, total_steps=max(20, config.crop_steps), pct_start=0.1
    )
    right = 0.0
    for step in range(config.crop_steps):
        pictures, labels = draw_crops(dataset, rng, BATCH, config.augment)
        with torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
            logits = head(model.backbone(pictures.to(device))[-1].mean(dim=(2, 3)))
        optimizer.zero_grad(set_to_none=True)
        labels = labels.to(device)
        F.cross_entropy(logits.float(), labels).backward()
        optimizer.step()
        schedule.step()
        share = (logits.argmax(1) == labels).float().mean().item()
        right += (share - right) / min(step + 1, 50)
        step_done(step + 1, right)
    return right


def draw_crops(
    dataset: JoinedDataset, rng: np.random.Generator, count: int, augment: AugmentConfig
) -> tuple[torch.Tensor, torch.Tensor]:
    """`count` crops (count, 3, SIDE, SIDE), normalised, and their classes (count,), from frames drawn at random.

    A crop is a square around an object's visible part, flipped and with swapped colours as often as a clip would be.
    Raises: DataError when a thousand frames in a row show no object large enough.
    """
    crops: list[np.ndarray] = []
    labels: list[int] = []
    empty = 0
    while len(crops) < count:
        key, length = dataset.videos[rng.integers(len(dataset.videos))]
        clip = dataset.clip(key, [int(rng.integers(length))])
        before = len(crops)
        for mask, label in zip(clip.masks[:, 0], clip.labels, strict=True):
            if np.count_nonzero(mask) >= LEAST * mask.size:
                crop = square(clip.frames[0], mask)
                if rng.random() < augment.flip:
                    crop = crop[:, ::-1]
                if rng.random() < augment.permute_channels:
                    crop = crop[:, :, rng.permutation(3)]
                crops.append(crop)
                labels.append(int(label))
        empty = 0 if len(crops) > before else empty + 1
        if empty > 1000:
            raise DataError(
                f"train.crop_steps: objects must cover {LEAST:.1%} of their picture to be cropped, none of a thousand "
                "frames shows one. Set crop_steps to 0."
            )
    return normalised(np.stack(crops[:count])), torch.as_tensor(labels[:count])


def square(frame: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The square around a mask (H, W) of a frame (H, W, 3), as uint8 (SIDE, SIDE, 3); outside the picture is grey."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    side = MARGIN * max(bottom - top, right - left)
    scale = SIDE / side
    move = (SIDE / 2 - scale * (left + right) / 2, SIDE / 2 - scale * (top + bottom) / 2)
    matrix = np.array([[scale, 0, move[0]], [0, scale, move[1]]])
    return cv2.warpAffine(frame, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderValue=(124, 116, 104))
