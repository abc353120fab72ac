"""Deformable 3x3 convolution, "the key operation" of the mask head (paper §3.2), in plain torch: nothing to compile.

Sampling is linear over channels, so a tap's weights may be applied before its samples are taken. Projecting first and
sampling `outputs` channels instead of `inputs` gives the same numbers as sampling first, and on a CPU is many times
faster than a kernel that gathers scalars, most of all where outputs are few.
Source: Deformable ConvNets v1 (arXiv 1703.06211) and v2 (1811.11168); offset channels in torchvision's order.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn


class DeformConv(nn.Module):
    """3x3 convolution, stride 1, whose taps move by learned offsets; (b, inputs, h, w) -> (b, outputs, h, w).

    kind "v1": offsets; "v2": offsets and a weight in (0, 1) for every tap; "plain": neither, an ordinary convolution.
    The offsets start at zero: an untrained v1 layer equals the plain one.

    >>> layer = DeformConv(4, 2, "v1")
    >>> x = torch.randn(1, 4, 5, 6)
    >>> torch.allclose(layer(x), F.conv2d(x, layer.weight, layer.bias, padding=1), atol=1e-5)
    True
    """

    def __init__(self, inputs: int, outputs: int, kind: Literal["v1", "v2", "plain"]) -> None:
        super().__init__()
        self.kind = kind
        self.weight = nn.Parameter(torch.empty(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.kaiming_uniform_(self.weight, a=1)
        if kind != "plain":
            self.offset = nn.Conv2d(inputs, 18 if kind == "v1" else 27, kernel_size=1)
            for parameter in self.offset.parameters():
                nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        if self.kind == "plain":
            return F.conv2d(x, self.weight, self.bias, padding=1)
        moves = self.offset(x)
        gates = moves[:, 18:].sigmoid() if self.kind == "v2" else None
        return deform_conv(x, moves[:, :18], self.weight, self.bias, gates)


def deform_conv(x: Tensor, offsets: Tensor, weight: Tensor, bias: Tensor, gates: Tensor | None = None) -> Tensor:
    """The operation itself, the numbers of `torchvision.ops.deform_conv2d(padding=1)`.

    Args:
        x: (b, inputs, h, w).
        offsets: (b, 18, h, w), pixels: dy, dx of tap 0, dy, dx of tap 1, ... in row-major order of the 3x3 taps.
        weight: (outputs, inputs, 3, 3); bias: (outputs,).
        gates: (b, 9, h, w) factor of every tap, or None.
    Returns: (b, outputs, h, w). Samples outside the picture are 0.
    """
    taps = F.conv2d(x, rearrange(weight, "o i ky kx -> (ky kx o) i 1 1"))  # every tap's share, before it moves
    taps = F.pad(rearrange(taps, "b (k o) h w -> (b k) o h w", k=9), (0, 1, 0, 1))  # a grid of one pixel has no extent
    h, w = taps.shape[-2:]
    exact = torch.promote_types(x.dtype, torch.float32)  # half precision would move every tap by up to half a pixel
    place = rearrange(offsets, "b (k yx) h w -> b k h w yx", yx=2).to(exact) + _taps(*x.shape[-2:], device=x.device)
    y, x_ = rearrange(place, "b k h w yx -> (b k) h w yx").unbind(-1)
    grid = torch.stack([2 * x_ / (w - 1) - 1, 2 * y / (h - 1) - 1], dim=-1)  # grid_sample counts from -1 to 1
    moved = F.grid_sample(taps.to(exact), grid, align_corners=True)
    moved = rearrange(moved, "(b k) o h w -> b k o h w", k=9)
    if gates is not None:
        moved = moved * gates[:, :, None]
    return moved.sum(dim=1) + bias[:, None, None]


def _taps(h: int, w: int, device: torch.device) -> Tensor:
    """Where the nine taps of every pixel stand before they move: (9, h, w, 2), y and x in pixels."""
    near = torch.tensor([-1.0, 0.0, 1.0], device=device)
    tap = torch.stack(torch.meshgrid(near, near, indexing="ij"), dim=-1).reshape(9, 1, 1, 2)
    pixel = torch.stack(
        torch.meshgrid(torch.arange(h, device=device), torch.arange(w, device=device), indexing="ij"), dim=-1
    )
    return tap + pixel
