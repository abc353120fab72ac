"""Position: a 3-D sine code over (t, y, x) that tells the tokens apart (VisTR's, SPEC §1)."""

import math

import torch
from torch import Tensor


def sine_position(t: int, h: int, w: int, channels: int, *, temperature: float = 10000.0) -> Tensor:
    """Code of every token of a clip, (t, h, w, c); coordinates run over (0, 2π] along each axis.

    Every axis gets a third of the channels; what 3 does not divide goes to t. With one frame the code along t is that
    of a last frame (2π), as in VisTR.
    Source: VisTR (arXiv 2011.14503), `PositionEmbeddingSine`.

    >>> sine_position(2, 3, 5, 384).shape
    torch.Size([2, 3, 5, 384])
    >>> torch.allclose(sine_position(1, 3, 5, 12)[0], sine_position(4, 3, 5, 12)[-1], atol=1e-5)
    True
    """
    spatial = 2 * (channels // 6)  # even, so that sines and cosines pair up
    codes = [
        _axis(t, channels - 2 * spatial, temperature),
        _axis(h, spatial, temperature),
        _axis(w, spatial, temperature),
    ]
    z, y, x = codes
    return torch.cat(
        [
            z[:, None, None].expand(t, h, w, -1),
            y[None, :, None].expand(t, h, w, -1),
            x[None, None, :].expand(t, h, w, -1),
        ],
        dim=-1,
    )


def _axis(length: int, channels: int, temperature: float) -> Tensor:
    """Code of positions 1..length along one axis, (length, channels): sin, cos, sin, cos, ..."""
    place = torch.arange(1, length + 1, dtype=torch.float32) / (length + 1e-6) * 2 * math.pi
    exponent = 2 * (torch.arange(channels, dtype=torch.float32) // 2) / channels
    phase = place[:, None] / temperature**exponent
    code = torch.empty_like(phase)
    code[:, 0::2] = phase[:, 0::2].sin()
    code[:, 1::2] = phase[:, 1::2].cos()
    return code
