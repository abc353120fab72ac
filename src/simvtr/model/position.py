"""Position: a sine code over (t, y, x), or (y, x), that tells the tokens apart (VisTR's and DETR's, SPEC §1)."""

import math

import torch
from torch import Tensor


def sine_position(
    t: int,
    h: int,
    w: int,
    channels: int,
    *,
    over_time: bool = True,
    hidden: Tensor | None = None,
    temperature: float = 10000.0,
    device: torch.device | None = None,
) -> Tensor:
    """Code of every token of a clip, (t, h, w, c); coordinates run over (0, 2π] along each axis.

    Every axis gets a third of the channels; what 3 does not divide goes to t. With one frame the code along t is that
    of a last frame (2π), as in VisTR.

    Args:
        over_time: False: half of the channels for y and for x, none for t, as in DETR.
        hidden: bool (b, h, w), tokens of the padding at the right and below: coordinates run over what is left of each
            clip, and the code is (b, t, h, w, c). None: there is none.
        device: where the code is made; that of `hidden` where there is some.
    Source: DETR (arXiv 2005.12872) and VisTR (arXiv 2011.14503), `PositionEmbeddingSine`.

    >>> sine_position(2, 3, 5, 384).shape
    torch.Size([2, 3, 5, 384])
    >>> torch.allclose(sine_position(1, 3, 5, 12)[0], sine_position(4, 3, 5, 12)[-1], atol=1e-5)
    True
    """
    spatial = 2 * (channels // 6) if over_time else channels // 2  # even, so that sines and cosines pair up
    shape = (t, h, w) if hidden is None else (len(hidden), t, h, w)
    codes = []
    for axis, share in ((-3, channels - 2 * spatial), (-2, spatial), (-1, spatial)):
        if hidden is None:  # all lines along an axis are alike
            size = [t if axis == -3 else 1, h if axis == -2 else 1, w if axis == -1 else 1]
            seen = torch.ones(size, device=device)
        else:
            seen = (~hidden)[:, None].expand(shape)
        codes.append(_code(seen.cumsum(axis, dtype=torch.float32), axis, share, temperature).expand(*shape, -1))
    return torch.cat(codes, dim=-1)


def _code(place: Tensor, axis: int, channels: int, temperature: float) -> Tensor:
    """Code of positions counted from 1 along an axis, (...) -> (..., channels): sin, cos, sin, cos, ..."""
    place = place / (place.narrow(axis, -1, 1) + 1e-6) * 2 * math.pi
    exponent = 2 * (torch.arange(channels, dtype=torch.float32, device=place.device) // 2) / channels
    phase = place[..., None] / temperature**exponent
    code = torch.empty_like(phase)
    code[..., 0::2] = phase[..., 0::2].sin()
    code[..., 1::2] = phase[..., 1::2].cos()
    return code
