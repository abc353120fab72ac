"""Heads: class, box, attention maps and masks of every instance (paper Fig. 1, §3.5, §3.6; DETR's and VisTR's)."""

import itertools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from simvtr.config import ModelConfig
from simvtr.model.deform import DeformConv
from simvtr.model.enlarge import conv_enlarged


class BoxHead(nn.Module):
    """Three linear layers; (..., c) -> (..., 4) as (cx, cy, w, h), shares of the picture in [0, 1]."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        c = config.channels
        self.layers = nn.Sequential(nn.Linear(c, c), nn.ReLU(), nn.Linear(c, c), nn.ReLU(), nn.Linear(c, 4))

    def forward(self, slots: Tensor) -> Tensor:
        return self.layers(slots).sigmoid()


class AttentionMaps(nn.Module):
    """Where each instance looks in each frame: this is where the frames of a repeated query differ.

    Tracks (p, t, c) against memory (p, t, c, h, w) -> maps (p, t, heads, h, w). As in DETR one softmax spans heads, h
    and w together, so values average 1 / (heads·h·w): at the start of training from scratch that is too small to tell
    instances apart. `unit_maps` multiplies by heads·h·w; the average is then 1 at any picture size.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.heads, self.unit = config.heads, config.unit_maps
        self.query = nn.Linear(config.channels, config.channels)
        self.key = nn.Linear(config.channels, config.channels)
        for layer in (self.query, self.key):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def keys(self, memory: Tensor) -> Tensor:
        """The memory (b, t, c, h, w) as keys, once per frame whatever the number of instances."""
        return torch.einsum("btihw,oi->btohw", memory, self.key.weight) + self.key.bias[:, None, None]

    def forward(self, tracks: Tensor, keys: Tensor, hidden: Tensor | None = None) -> Tensor:
        """`hidden`: bool (p, h, w), where no instance may look; None: nowhere."""
        query = rearrange(self.query(tracks), "p t (e d) -> p t e d", e=self.heads)
        keys = rearrange(keys, "p t (e d) h w -> p t e d h w", e=self.heads)
        scores = torch.einsum("pted,ptedhw->ptehw", query * query.shape[-1] ** -0.5, keys)
        if hidden is not None:
            scores = scores.masked_fill(hidden[:, None, None], -torch.inf)
        maps = scores.flatten(2).softmax(-1).view_as(scores)
        return maps * scores[0, 0].numel() if self.unit and len(scores) else maps


class MaskHead(nn.Module):
    """Memory and maps of a frame and an instance -> mask logits at stride 4, or 2 (§3.6).

    Two convolutions at the memory's stride, three top-down steps that add the finer backbone levels, then two
    deformable convolutions, the second of which is the mask; or, with `conv3d_head`, one and VisTR's 3-D convolutions
    over time. Masks at stride 2 take a fourth step and a convolution between the two.
    Only what depends on the instance is computed per instance. What is added before a convolution may be added after
    it instead, so the memory's share of the first convolution, the 1x1 adapters of the levels and the next convolution
    of what they give are computed once per frame, and the instance's share from the map before it is enlarged.
    """

    def __init__(self, config: ModelConfig, level_channels: list[int]) -> None:
        super().__init__()
        c, mixed = config.channels, config.channels + config.heads
        self.memory_channels = c
        self.lay1, self.norm1 = _conv(mixed, mixed, 3), _norm(mixed)
        self.lay2, self.norm2 = _conv(mixed, c // 2, 3), _norm(c // 2)
        self.lay3, self.norm3 = _conv(c // 2, c // 4, 3), _norm(c // 4)
        self.lay4, self.norm4 = _conv(c // 4, c // 8, 3), _norm(c // 8)
        levels = level_channels[-2::-1]  # coarse to fine, from stride 16 on
        self.adapters = nn.ModuleList(
            _conv(level, c // width, 1) for level, width in zip(levels, (2, 4, 8, 16)[: len(levels)], strict=True)
        )
        self.deform1, self.norm5 = DeformConv(c // 8, c // 16, config.deformable), _norm(c // 16)
        if config.mask_stride == 2:
            self.lay5, self.norm6 = _conv(c // 16, c // 16, 3), _norm(c // 16)
        last = config.deformable if config.deformables == 2 else "plain"
        self.out = _Conv3dHead(c // 16) if config.conv3d_head else DeformConv(c // 16, 1, last)
        with torch.no_grad():  # most pixels are none of the object's: start there instead of learning it first
            self.out.bias.fill_(-2.0)

    def adapt(self, levels: list[Tensor], tokens: tuple[int, ...]) -> list[Tensor]:
        """Backbone maps (b·t, c_i, h_i, w_i), fine to coarse -> what each adds to every instance, coarse to fine.

        A map that is coarser than the memory, (h, w) of which are `tokens`, is enlarged to it.

        Where a convolution follows the top-down step, that is the convolution's share; the one before the deformable
        convolution is not one of a sum.
        """
        added = [adapter(level) for adapter, level in zip(self.adapters, reversed(levels), strict=True)]
        added = [
            F.interpolate(level, size=tokens, mode="nearest") if level.shape[-2] < tokens[0] else level
            for level in added
        ]
        after = [self.lay3, self.lay4, nn.Identity(), *([self.lay5] if len(added) == 4 else [])]
        return [layer(level) for layer, level in zip(after, added, strict=True)]

    def forward(self, memory: Tensor, maps: Tensor, finer: Sequence[Tensor], clip: Tensor) -> Tensor:
        """Masks of p instances; with `conv3d_head`, what `over_time` makes masks of. No frame needs another one.

        Args:
            memory: (b, t, c, h, w).
            maps: (p, t, heads, h, w), of instance p in every frame.
            finer: what `adapt` gave, each (b, t, c_i, h_i, w_i), coarse to fine.
            clip: (p,), which of the b clips each instance belongs to.
        Returns: logits (p, t, h, w) of the finest level's size; with `conv3d_head` features (p, t, c/16, h, w).
        """
        t = memory.shape[1]
        frame = (clip[:, None] * t + torch.arange(t, device=clip.device)).flatten()  # (p·t,), index of a frame in b·t
        levels = [rearrange(level, "b t c h w -> (b t) c h w") for level in finer]
        # conv(memory ⊕ maps) = conv(memory) + conv(maps): the first term once per frame
        of_memory, of_maps = self.lay1.weight.split([self.memory_channels, maps.shape[2]], dim=1)
        shared = F.conv2d(rearrange(memory, "b t c h w -> (b t) c h w"), of_memory, padding=1)
        maps = rearrange(maps, "p t e h w -> (p t) e h w").contiguous(memory_format=torch.channels_last)
        own = F.conv2d(maps, of_maps, self.lay1.bias, padding=1)
        x = F.relu(self.norm1(_of(shared, frame) + own))
        x = F.relu(self.norm2(self.lay2(x)))
        x = F.relu(self.norm3(_step_down(x, self.lay3, levels[0], frame)))
        x = F.relu(self.norm4(_step_down(x, self.lay4, levels[1], frame)))
        x = F.interpolate(x, size=levels[2].shape[-2:], mode="nearest") + _of(levels[2], frame)
        x = F.relu(self.norm5(self.deform1(x)))
        if len(levels) == 4:
            x = F.relu(self.norm6(_step_down(x, self.lay5, levels[3], frame)))
        if isinstance(self.out, _Conv3dHead):
            return rearrange(x, "(p t) c h w -> p t c h w", t=t)
        return rearrange(self.out(x), "(p t) 1 h w -> p t h w", t=t)

    def over_time(self, x: Tensor) -> Tensor:
        """What needs all frames at once: VisTR's 3-D convolutions, or nothing. Logits (p, t, h, w)."""
        return self.out(rearrange(x, "p t c h w -> p c t h w")) if isinstance(self.out, _Conv3dHead) else x


class _Conv3dHead(nn.Module):
    """VisTR's last step, which the report removes: three dilated 3-D convolutions, then 1x1x1 to the mask."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        widths = (channels, channels // 2, channels // 2, channels // 2)
        steps: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(widths):
            steps += [
                nn.Conv3d(inputs, outputs, 3, padding=2, dilation=2),
                nn.GroupNorm(math.gcd(4, outputs), outputs),
                nn.ReLU(),
            ]
        last = nn.Conv3d(widths[-1], 1, 1, bias=False)
        self.layers, self.bias = nn.Sequential(*steps, last), nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return rearrange(self.layers(x) + self.bias, "p 1 t h w -> p t h w")


def _step_down(x: Tensor, layer: nn.Conv2d, share: Tensor, frame: Tensor) -> Tensor:
    """Enlarge to the finer level, add it, convolve: `share` is the layer's output on the level alone."""
    return conv_enlarged(x, layer.weight, (share.shape[-2], share.shape[-1])) + _of(share, frame)


def _of(frames: Tensor, frame: Tensor) -> Tensor:
    """The maps of these frames; of the only one there is, without a copy."""
    return frames if len(frames) == 1 else frames[frame]


def _conv(inputs: int, outputs: int, size: int) -> nn.Conv2d:
    """A convolution that keeps the picture's size, with DETR's first weights."""
    layer = nn.Conv2d(inputs, outputs, size, padding=size // 2)
    nn.init.kaiming_uniform_(layer.weight, a=1)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _norm(channels: int) -> nn.GroupNorm:
    """DETR's GroupNorm(8); narrow layers get at most 4 groups, and as many as divide their channels."""
    return nn.GroupNorm(math.gcd(channels, 8 if channels >= 16 else 4), channels)
