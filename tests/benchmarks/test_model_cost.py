"""Multiply-adds, checked by hand and against a real forward pass."""

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.model_cost import bilinear_flops, multiply_adds, parameters
from simvtr.config import simvtr_tiny
from simvtr.model import SimVTR


def test_a_bilinear_sample_is_four_products_and_four_sums():
    picture, grid = torch.zeros(1, 2, 8, 8), torch.zeros(1, 3, 5, 2)  # 2 channels at 15 places
    counter = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.grid_sampler_2d: bilinear_flops})
    with counter:
        nn.functional.grid_sample(picture, grid, align_corners=True)
    assert counter.get_total_flops() == 8 * 2 * 15


def test_the_count_without_content_is_that_of_a_real_pass():
    config = simvtr_tiny(backbone_width=16, channels=64, instances=3, short_side=64, long_side=96)
    model = SimVTR(config).eval().requires_grad_(False)
    counter = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.grid_sampler_2d: bilinear_flops})
    math = nn.attention.sdpa_kernel(nn.attention.SDPBackend.MATH)
    with torch.inference_mode(), math, counter:
        model(torch.zeros(1, 2, 3, 64, 96))
    assert multiply_adds(config, 2) == counter.get_total_flops() // 2 > 0
    assert parameters(config) == sum(p.numel() for p in model.parameters())
