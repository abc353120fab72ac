"""The network as the report's Figure 1 draws it, nothing saved: what every rewrite in simvtr.model is held against.

It takes the weights of a `SimVTR` and computes with them what VisTR's code would: norms unfolded, attention matrices
stored, heads on queries that were repeated first, and for each instance the memory beside its maps through the whole
mask head, the adapters' maps copied for each. benchmarks/against_vistr.py times it, with torchvision's convolution.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from simvtr.model import Outputs, SimVTR
from simvtr.model.deform import DeformConv
from simvtr.model.heads import MaskHead
from simvtr.model.position import sine_position

Deform = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor | None], Tensor]
"""(x, offsets, weight, bias, gates) -> what `simvtr.model.deform.deform_conv` gives."""


def sample_first(x: Tensor, offsets: Tensor, weight: Tensor, bias: Tensor, gates: Tensor | None) -> Tensor:
    """All inputs are sampled where a tap moved, then weighted, tap by tap: Deformable ConvNets' equation 2."""
    h, w = x.shape[-2:]
    rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    padded, total = F.pad(x, (1, 2, 1, 2)), bias.view(1, -1, 1, 1)
    for k in range(9):
        y = (rows + k // 3 + offsets[:, 2 * k]).clamp(0, h + 2)  # of the padded picture
        z = (columns + k % 3 + offsets[:, 2 * k + 1]).clamp(0, w + 2)
        grid = torch.stack([2 * z / (w + 2) - 1, 2 * y / (h + 2) - 1], dim=-1)
        sample = F.grid_sample(padded, grid, align_corners=True)
        gate = 1 if gates is None else gates[:, k : k + 1]
        total = total + gate * torch.einsum("bihw,oi->bohw", sample, weight[:, :, k // 3, k % 3])
    return total


def plain(model: SimVTR, frames: Tensor, deform: Deform = sample_first) -> Outputs:
    """Every output of `model(frames)`, without `dense`; frames (b, t, 3, H, W)."""
    b, t = frames.shape[:2]
    every = model.backbone.body(rearrange(frames, "b t c H W -> (b t) c H W"))
    levels = [every[i] for i in model.backbone.taken]
    features = model._features(levels)
    h, w = features.shape[-2:]
    position = rearrange(sine_position(t, h, w, model.config.channels).to(frames), "t h w c -> (t h w) c")
    with sdpa_kernel(SDPBackend.MATH):  # stores the matrices
        tokens = rearrange(features, "(b t) c h w -> b (t h w) c", b=b)
        memory, slots = model.transformer(model.query.weight, tokens, position)
    memory = rearrange(memory, "b (t h w) c -> b t c h w", t=t, h=h)
    if model.config.queries == "decoupled":
        tracks = repeat(slots, "l b n c -> l b t n c", t=t).contiguous()
    else:
        tracks = rearrange(slots, "l b (t n) c -> l b t n c", t=t)
    logits, boxes = model.class_head(tracks), model.box_head(tracks)
    finer = [rearrange(level, "(b t) c h w -> b t c h w", b=b) for level in levels[:-1]]
    n = tracks.shape[3]
    drawn = []
    for i in range(t):
        own = repeat(memory[:, i], "b c h w -> (b n) 1 c h w", n=n)
        maps = model.maps(rearrange(tracks[-1, :, i], "b n c -> (b n) 1 c"), model.maps.keys(own))
        x = torch.cat([own, maps], dim=2)[:, 0]
        drawn.append(_mask_head(model.mask_head, x, [level[:, i] for level in finer], deform))
    masks = torch.stack(drawn, dim=1)  # (b·n, t, c, h, w)
    masks = model.mask_head.over_time(masks) if model.config.conv3d_head else masks[:, :, 0]
    return Outputs(
        logits=logits[-1],
        boxes=boxes[-1],
        masks=rearrange(masks, "(b n) t h w -> b t n h w", b=b),
        aux=tuple(zip(logits[:-1], boxes[:-1], strict=True)),
        embeddings=tracks[-1].mean(dim=1),
        dense=(),
    )


def _mask_head(head: MaskHead, x: Tensor, finer: list[Tensor], deform: Deform) -> Tensor:
    """Memory and maps of one frame (b·n, c + heads, h, w) -> (b·n, 1 or c/16, h, w)."""

    def step_down(x: Tensor, which: int) -> Tensor:
        level = head.adapters[which](finer[-1 - which])
        level = repeat(level, "b c h w -> (b n) c h w", n=len(x) // len(level))
        finest = max(x.shape[-2:], level.shape[-2:])  # the memory may be the finer one
        x, level = (F.interpolate(grid, size=finest, mode="nearest") for grid in (x, level))
        return x + level

    x = F.relu(head.norm1(head.lay1(x)))
    x = F.relu(head.norm2(head.lay2(x)))
    x = F.relu(head.norm3(head.lay3(step_down(x, 0))))
    x = F.relu(head.norm4(head.lay4(step_down(x, 1))))
    x = F.relu(head.norm5(_deformed(head.deform1, step_down(x, 2), deform)))
    if len(finer) == 4:
        x = F.relu(head.norm6(head.lay5(step_down(x, 3))))
    return _deformed(head.out, x, deform) if isinstance(head.out, DeformConv) else x


def _deformed(layer: DeformConv, x: Tensor, deform: Deform) -> Tensor:
    if layer.kind == "plain":
        return F.conv2d(x, layer.weight, layer.bias, padding=1)
    moves = layer.offset(x)
    gates = moves[:, 18:].sigmoid() if layer.kind == "v2" else None
    return deform(x, moves[:, :18].contiguous(), layer.weight, layer.bias, gates)
