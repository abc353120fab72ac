"""Parameters and multiply-adds of every preset, and of the packaged weights, at its own picture size.

Counted on tensors without content, so nothing is computed. Half of what torch's FLOP counter says, and four
multiply-adds for every bilinear sample of a deformable convolution, which that counter leaves out. Not counted by
either: normalisation, activations, softmax, additions, enlarging by copying. All n instances get masks; inference
makes only those that it keeps.
"""

import math
import sys
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.record import Figure, parser, report
from simvtr.config import PRESETS, ModelConfig
from simvtr.model import SimVTR, load

WINDOWS = (1, 16)  # frames; coupled queries read config.frames only


def main() -> int:
    args = parser(__doc__).parse_args()
    figures = []
    configs = {name: preset() for name, preset in PRESETS.items()}
    for name, config in {**configs, "packaged simvtr-tiny": load("simvtr-tiny").config}.items():
        figures.append(Figure(f"{name}: parameters", parameters(config) / 1e6, "million"))
        size = f"{config.short_side}×{config.long_side}"
        for t in (config.frames,) if config.queries == "coupled" else WINDOWS:
            frames = "1 frame" if t == 1 else f"{t} frames"
            count = multiply_adds(config, t) / 1e9
            figures.append(Figure(f"{name}: multiply-adds, {frames} {size}", count, "G"))
            if t > 1:
                figures.append(Figure(f"{name}: multiply-adds a frame in a window of {t}", count / t, "G"))
    report(figures, keep=not args.no_record)
    return 0


def parameters(config: ModelConfig) -> int:
    """Numbers that training may change, or could: frozen ones count, statistics of BatchNorm do not."""
    with torch.device("meta"):
        return sum(p.numel() for p in SimVTR(config).parameters())


def multiply_adds(config: ModelConfig, t: int) -> int:
    """Of one forward pass over t frames of the config's size, all instances with masks."""
    with torch.device("meta"):
        model = SimVTR(config).eval().requires_grad_(False)
        frames = torch.zeros(1, t, 3, config.short_side, config.long_side)
    flops = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.grid_sampler_2d: bilinear_flops})
    # MATH: attention as the matrix products that the counter knows; fused kernels do the same ones
    with torch.inference_mode(), sdpa_kernel(SDPBackend.MATH), flops:
        model(frames)
    return flops.get_total_flops() // 2


def bilinear_flops(picture: Any, grid: Any, *_: Any, out_shape: torch.Size, **__: Any) -> int:
    """Four products and four sums for each value sampled."""
    return 8 * math.prod(out_shape)


if __name__ == "__main__":
    sys.exit(main())
