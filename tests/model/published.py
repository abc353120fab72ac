"""What the parity tests of lineage and the script that froze their numbers share: cases, weights and pictures by rule.

Nothing here is of the published codes: a weight is a function of its name, its shape and a seed.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FIXTURES = Path(__file__).parent / "fixtures"


@dataclass(frozen=True, slots=True)
class Case:
    """A network of one of the two published codes, with the pictures it was shown."""

    code: str  # "detr" | "vistr"
    backbone: str
    masks: bool
    layers: int  # of the encoder, and of the decoder
    channels: int
    classes: int
    instances: int  # of a frame
    frames: int
    sizes: tuple[tuple[int, int], ...]  # (height, width) of each clip; smaller ones than the largest are padded
    canvas: tuple[int, int]  # (height, width) of the batch
    kept: int = 1  # of the masks every so many are stored


CASES = {
    "detr_r50": Case("detr", "resnet50", False, 6, 256, 91, 50, 1, ((96, 128), (50, 70)), (96, 128)),
    "detr_r50_panoptic": Case("detr", "resnet50", True, 6, 256, 250, 30, 1, ((96, 128), (50, 70)), (96, 128), 5),
    "detr_r101": Case("detr", "resnet101", False, 2, 256, 91, 20, 1, ((65, 97),), (65, 97)),
    "detr_r101_panoptic": Case("detr", "resnet101", True, 2, 256, 250, 20, 1, ((65, 97),), (65, 97), 4),
    "vistr_r50": Case("vistr", "resnet50", True, 6, 384, 41, 10, 3, ((64, 96),), (64, 96), 2),
    "vistr_r50_padded": Case("vistr", "resnet50", True, 2, 384, 41, 10, 2, ((50, 70),), (96, 128), 4),
    "vistr_r101": Case("vistr", "resnet101", True, 2, 384, 41, 10, 2, ((63, 91),), (63, 91), 2),
}

# Panoptic merging: the network's picture and the result, (height, width) each
PANOPTIC = {"crowded": ((80, 112), (60, 84)), "enlarged": ((40, 56), (101, 143)), "nobody": ((40, 56), (40, 56))}


def masks_and_scores(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Class logits (n, 251) and mask logits (n, h, w) of 24 queries: some are unsure, some nobody, stuff comes twice,
    and some masks win but a few pixels."""
    rng = np.random.default_rng([25, zlib.crc32(name.encode())])
    (height, width), n = PANOPTIC[name][0], 24
    logits = rng.standard_normal((n, 251), np.float32)
    labels = rng.choice([1, 18, 18, 90, 100, 100, 184, 250], n)
    logits[np.arange(n), labels] += np.where(rng.random(n) < 0.7, 12, 6) if name != "nobody" else 2
    rows, columns = np.mgrid[: height // 4, : width // 4].astype(np.float32)
    centres, sizes = rng.uniform(0, 1, (n, 2)) * (height // 4, width // 4), rng.uniform(0.5, 6, (n, 2))
    far = ((rows - centres[:, :1, None]) / sizes[:, :1, None]) ** 2
    far = far + ((columns - centres[:, 1:, None]) / sizes[:, 1:, None]) ** 2
    return logits, (3 - far + rng.standard_normal(far.shape)).astype(np.float32)


def weight(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """One tensor of a checkpoint, float32. Norms and statistics differ from 1 and 0, offsets reach several pixels."""
    rng = np.random.default_rng([25, zlib.crc32(name.removeprefix("detr.").removeprefix("vistr.").encode())])
    if name.endswith("running_var"):
        value = rng.uniform(0.5, 1.5, shape)
    elif len(shape) == 1 and name.endswith("weight"):  # of a norm; small where a residual ends, so that sums stay small
        value = rng.uniform(0.1, 0.4, shape) if "bn3" in name else rng.uniform(0.5, 1.5, shape)
    elif len(shape) == 1:
        value = (1.5 if "conv_offset" in name else 0.1) * rng.standard_normal(shape, np.float32)
    else:
        sharp = "in_proj" in name or "bbox_attention" in name  # attention that is not uniform, so that queries differ
        faint = any(
            part in name for part in ("self_attn.out_proj", "linear2", "input_proj", "adapter")
        )  # and stay different
        gain = 2 if sharp else 0.01 if faint else 2 if "backbone" in name else 1
        share = 16 if "query_embed" in name else gain / np.prod(shape[1:])
        value = np.sqrt(share) * rng.standard_normal(shape, np.float32)
        if "mask_head.lay1" in name:
            value[:, -8:] *= 200  # the attention maps, so that masks of one picture differ
    return value.astype(np.float32)


def pictures(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Normalised frames float32 (b, t, 3, H, W), zero in the padding, and the padding bool (b, H, W)."""
    b, (height, width) = len(case.sizes), case.canvas
    frames = np.random.default_rng(7).standard_normal((b, case.frames, 3, height, width), np.float32)
    padding = np.ones((b, height, width), bool)
    for i, (h, w) in enumerate(case.sizes):
        padding[i, :h, :w] = False
    return np.where(padding[:, None, None], np.float32(0), frames), padding
