"""A 3x3 convolution of a map enlarged twofold, read from the small map: the mask head's top-down steps (paper §3.6).

Every other row of the enlarged map is a copy, so each of an output's four positions (even or odd row, even or odd
column) sees a 2x2 patch of the small map under sums of the nine weights: 16 multiplications in place of 36.
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor


def conv_enlarged(x: Tensor, weight: Tensor, size: tuple[int, int]) -> Tensor:
    """The numbers of `conv2d(interpolate(x, size, mode="nearest"), weight, padding=1)`.

    Args:
        x: (b, inputs, h, w).
        weight: (outputs, inputs, 3, 3).
        size: height 2·h or 2·h - 1, width 2·w or 2·w - 1, as between two levels of a backbone; or that of `x`.
    Returns: (b, outputs, *size).
    Raises: ValueError for another size.

    >>> x, weight = torch.randn(2, 3, 4, 5), torch.randn(6, 3, 3, 3)
    >>> plain = F.conv2d(F.interpolate(x, (7, 10), mode="nearest"), weight, padding=1)
    >>> torch.allclose(conv_enlarged(x, weight, (7, 10)), plain, atol=1e-5)
    True
    """
    h, w = x.shape[-2:]
    if size == (h, w):
        return F.conv2d(x, weight, padding=1)
    if size[0] not in (2 * h - 1, 2 * h) or size[1] not in (2 * w - 1, 2 * w):
        raise ValueError(f"conv_enlarged: size must be twice {h} x {w}, or one less, got {size[0]} x {size[1]}")
    outputs = len(weight)
    both = F.conv2d(x, _phases(_phases(weight, 2), 3), padding=1)  # (b, 4·outputs, h + 1, w + 1), (column row o)
    both = rearrange(both, "b (d a o) h w -> a d b h w o", a=2, d=2)
    out = x.new_empty(x.shape[0], h, 2, w, 2, outputs, dtype=both.dtype)
    for a in range(2):
        for d in range(2):
            out[:, :, a, :, d] = both[a, d, :, a : a + h, d : d + w]
    out = rearrange(out, "b h a w d o -> b o (h a) (w d)")[..., : size[0], : size[1]]
    if size[0] % 2:  # what follows the last row is padding, not its copy
        last = F.interpolate(x[..., -2:, :], (min(h, 2), size[1]), mode="nearest")  # of the enlarged rows, too
        out[..., -1, :] = F.conv2d(last, weight[..., 2 - min(h, 2) : 2, :], padding=(0, 1))[..., 0, :]
    if size[1] % 2:
        last = F.interpolate(x[..., -2:], (size[0], min(w, 2)), mode="nearest")
        out[..., -1] = F.conv2d(last, weight[..., 2 - min(w, 2) : 2], padding=(1, 0))[..., 0]
    return out


def _phases(weight: Tensor, dim: int) -> Tensor:
    """(o, ...) with three taps along `dim` -> (2·o, ...) with two: what even outputs see, then what odd ones see."""
    first, middle, last = weight.split(1, dim)
    return torch.cat([torch.cat([first, middle + last], dim), torch.cat([first + middle, last], dim)])
