"""Deformable 3x3 convolution, "the key operation" of the mask head (paper §3.2), in plain torch: nothing to compile.

Sampling is linear over channels, so a tap's weights may be applied before its samples are taken. Projecting first and
sampling `outputs` channels instead of `inputs` gives the same numbers as sampling first, and on a CPU is many times
faster than a kernel that gathers scalars, most of all where outputs are few.

    x -> every tap's share -> sampled where the taps moved -> summed over taps
         (1x1 convolution)    one map a tap, `grid_sample` (gradients, GPUs, narrow outputs)
                              or all 36 neighbours of a pixel in one weighted sum of rows, `embedding_bag`

Measured: `python -m benchmarks.against_vistr`. Source: Deformable ConvNets v1 (arXiv 1703.06211) and v2 (1811.11168);
offset channels in torchvision's order.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

WIDE = 8  # outputs from which rows are faster than maps
PICTURES = 2  # whose tables are made at a time: they stay in the cache


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
    if x.device.type != "cpu" or len(weight) < WIDE or torch.is_grad_enabled():
        return _by_maps(x, offsets, weight, gates) + bias[:, None, None]
    some = [slice(i, i + PICTURES) for i in range(0, max(1, len(x)), PICTURES)]
    parts = [_by_rows(x[i], offsets[i], weight, None if gates is None else gates[i]) for i in some]
    return torch.cat(parts) + bias[:, None, None]


def _by_maps(x: Tensor, offsets: Tensor, weight: Tensor, gates: Tensor | None) -> Tensor:
    """Each tap's map is sampled alone, then all are added."""
    h, w = x.shape[-2:]
    taps = rearrange(weight, "o i ky kx -> (ky kx o) i") @ x.flatten(2)  # every tap's share, before it moves
    taps = rearrange(taps, "b (k o) (h w) -> (b k) o h w", k=9, o=len(weight), h=h, w=w)
    taps = F.pad(taps, (0, 1, 0, 1))  # a grid of one pixel has no extent
    exact = torch.promote_types(x.dtype, torch.float32)  # half precision would move every tap by up to half a pixel
    y, x_ = rearrange(offsets, "b (k yx) h w -> yx b k h w", yx=2).to(exact)
    row, column = _taps(h, w, y)
    # grid_sample counts from -1 to 1
    grid = torch.stack([torch.add(column, x_, alpha=2 / w), torch.add(row, y, alpha=2 / h)], dim=-1)
    moved = F.grid_sample(taps.to(exact), rearrange(grid, "b k h w xy -> (b k) h w xy"), align_corners=True)
    moved = rearrange(moved, "(b k) o h w -> b k o h w", k=9)
    if gates is not None:
        moved = moved * gates[:, :, None]
    return moved.sum(dim=1)


def _by_rows(x: Tensor, offsets: Tensor, weight: Tensor, gates: Tensor | None) -> Tensor:
    """A pixel is a weighted sum of 36 rows of a table, four neighbours of nine taps: contiguous reads, no maps between.

    The table has a margin of zeros, one cell before and two behind; taps from farther outside are put onto it.
    """
    b, _, h, w = x.shape
    exact = torch.promote_types(x.dtype, torch.float32)
    padded = F.pad(rearrange(x, "b i h w -> b h w i"), (0, 0, 1, 2, 1, 2))
    table = (padded @ rearrange(weight, "o i ky kx -> i (ky kx o)").to(x.dtype)).to(exact)  # (b, h + 3, w + 3, 9·o)
    moves = rearrange(offsets, "b k h w -> b h w k").to(exact).nan_to_num()
    tap = torch.arange(9, dtype=torch.int32)
    y = moves[..., 0::2] + (torch.arange(h, dtype=torch.int32)[:, None, None] + tap // 3)  # (b, h, w, 9), as padded
    x_ = moves[..., 1::2] + (torch.arange(w, dtype=torch.int32)[:, None] + tap % 3)
    y, x_ = y.clamp_(0, h + 1), x_.clamp_(0, w + 1)
    top, left = y.floor(), x_.floor()
    below, right = y.sub_(top), x_.sub_(left)  # shares of the lower and of the right neighbours
    across, down = 9, 9 * (w + 3)  # from a row of the table to that of the next cell, and of the cell below
    first = top.int().mul_(down).add_(left.int(), alpha=across)
    first += tap + torch.arange(0, b * (h + 3) * down, (h + 3) * down, dtype=torch.int32).view(b, 1, 1, 1)
    rows = first[..., None, :] + torch.tensor([[0], [across], [down], [down + across]], dtype=torch.int32)
    above, before = 1 - below, 1 - right
    if gates is not None:
        gates = rearrange(gates, "b k h w -> b h w k").to(exact)
        above, below = above * gates, below * gates
    shares = torch.stack([above * before, above * right, below * before, below * right], dim=-2)
    rows, shares = rows.reshape(b * h * w, 36), shares.reshape(b * h * w, 36)
    found = F.embedding_bag(rows, table.view(-1, len(weight)), mode="sum", per_sample_weights=shares)
    return rearrange(found, "(b h w) o -> b o h w", b=b, h=h, w=w)


def _taps(h: int, w: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Where the nine taps of every pixel stand before they move: y (9, h, 1) and x (9, 1, w), -1 and 1 at the ends of
    h + 1 and of w + 1 pixels."""
    tap = torch.arange(9, device=like.device)[:, None, None]
    row = torch.arange(h, device=like.device, dtype=like.dtype)[:, None] + (tap // 3 - 1)
    column = torch.arange(w, device=like.device, dtype=like.dtype) + (tap % 3 - 1)
    return row * (2 / h) - 1, column * (2 / w) - 1
