"""SimVTR: instance queries that know no frame, repeated over frames (paper Fig. 1).

    frames -> backbone -> project -> transformer -> repeat -> heads -> Outputs
             backbone.py            transformer.py  (here)   heads.py
    in training only: Outputs + targets -> training/matcher.py -> training/losses.py

Axes, in every comment of this package:
    b clips   t frames   n instances   k classes ("no object" last)   l decoder layers
    c channels   h w feature height, width   H W image height, width (pixels)
    p pairs (clip, instance) whose masks are wanted
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor, nn

from simvtr.config import ModelConfig
from simvtr.model.backbone import Backbone
from simvtr.model.heads import AttentionMaps, BoxHead, MaskHead
from simvtr.model.hub import OnHub
from simvtr.model.memory import in_parts, joined
from simvtr.model.position import sine_position
from simvtr.model.transformer import Transformer

FRAMES = 2  # of a part, where pictures are forgotten and looked at again

Select = Callable[[int, Tensor, Tensor], Tensor]
"""(index of a clip, its logits (t, n, k+1), its boxes (t, n, 4)) -> indices of the instances whose masks are wanted."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the network says about b clips of t frames. Logits and boxes of repeated queries are views, not copies."""

    logits: Tensor  # (b, t, n, k+1), "no object" last
    boxes: Tensor  # (b, t, n, 4), (cx, cy, w, h) as shares of the picture without its padding
    masks: Tensor | list[Tensor]  # (b, t, n, h, w) logits at mask_stride; with `select` one (t, n_i, h, w) a clip;
    # h and w are 0 where `config.masks` is false
    aux: tuple[tuple[Tensor, Tensor], ...]  # logits and boxes of the earlier decoder layers
    embeddings: Tensor  # (b, n, c), last decoder layer; coupled queries: their mean over frames
    dense: tuple[Tensor | list[Tensor], ...]  # (b, t, k+1, h, w) class logits at stride 16 of the backbone, and of
    # every token of features and memory, or one a clip where clips were padded; in training with dense_class only


class SimVTR(nn.Module, OnHub):
    """The network; every switch the report reasons about is in `config`.

    >>> from simvtr.config import simvtr_tiny
    >>> model = SimVTR(simvtr_tiny(backbone_width=16, channels=48)).eval()
    >>> with torch.inference_mode():
    ...     outputs = model(torch.zeros(1, 2, 3, 64, 96))
    >>> outputs.logits.shape, outputs.masks.shape
    (torch.Size([1, 2, 10, 9]), torch.Size([1, 2, 10, 16, 24]))
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.checkpointing = False  # in training: less memory, more time, the same numbers (`train.checkpointing`)
        c, k = config.channels, config.classes
        self.backbone = Backbone(config)
        self.project = nn.Conv2d(self.backbone.channels[-1], c, kernel_size=1)
        self.project_finer = self._project_also(16)
        self.project_finest = self._project_also(8)
        self.query = nn.Embedding(config.instances * (config.frames if config.queries == "coupled" else 1), c)  # Eq. 1
        self.transformer = Transformer(config)
        self.class_head = nn.Linear(c, k + 1)
        self.box_head = BoxHead(config)
        self.maps, self.mask_head = None, None
        if config.masks:
            self.maps, self.mask_head = AttentionMaps(config), MaskHead(config, self.backbone.channels)
        read = (self.backbone.channels[-2], c, c) if config.dense_class else ()  # stride 16, features, memory
        self.dense_heads = nn.ModuleList(nn.Linear(channels, k + 1) for channels in read)

    def forward(self, frames: Tensor, padding: Tensor | None = None, select: Select | None = None) -> Outputs:
        """Read b clips.

        Args:
            frames: (b, t, 3, H, W), RGB, ImageNet-normalised. t is free; coupled queries take `config.frames` only.
            padding: (b, H, W) bool, True at the right and below where a smaller clip was padded; None: no padding.
                Padded clips are run one by one on what is theirs, so padding changes no number. (In training a
                backbone with trainable norms takes their statistics clip by clip, then.) With `config.padding`
                "masked" they are run together as in DETR: nobody attends to padding, but convolutions see it, so it
                must be 0; masks reach into it, those of `select` do not.
            select: which instances get masks, decided once classes and boxes are known; None: all of them.
        Raises: ValueError when the axes do not fit.
        """
        if frames.dim() != 5 or frames.shape[2] != 3:
            raise ValueError(f"SimVTR: frames must be (b, t, 3, H, W), got {tuple(frames.shape)}")
        own = None if padding is None or not padding.any() else [_own_size(padded) for padded in padding]
        if own is not None and self.config.padding == "cut":
            return self._clip_by_clip(frames, own, select)
        b, t = frames.shape[:2]
        saving = self.checkpointing and self.training
        alone = frames.device.type == "cpu" and not torch.is_grad_enabled()  # what lies in its caches is done sooner
        part = FRAMES if saving else 1 if alone else None
        # Trainable norms take their statistics over all pictures: these stay in one part.
        looked = None if self.training and not self.config.frozen_norm else part
        looks = zip(*in_parts(self._look, looked, 0, rearrange(frames, "b t c H W -> (b t) c H W")), strict=True)
        features, *finer = (rearrange(joined(list(x), 0), "(b t) c h w -> b t c h w", t=t) for x in looks)
        dense = [finer.pop()] if self.dense_heads and self.training else []
        features = rearrange(features, "b t c h w -> b t h w c")
        h, w = features.shape[2:4]
        hidden = None  # (b, h, w), tokens of padding
        if own is not None and padding is not None:
            hidden = F.interpolate(padding[:, None].float(), (h, w))[:, 0].bool()
        over_time = self.config.position == "tyx"
        position = sine_position(
            t, h, w, self.config.channels, over_time=over_time, hidden=hidden, device=features.device
        )
        memory, slots = self.transformer(
            self.query.weight,
            rearrange(features, "b t h w c -> b (t h w) c"),
            rearrange(position, "... t h w c -> ... (t h w) c"),
            saving,
            None if hidden is None else repeat(hidden, "b h w -> b (t h w)", t=t),
        )
        memory = rearrange(memory, "b (t h w) c -> b t c h w", t=t, h=h)
        tracks = self._repeat(slots, t)  # l b t n c
        logits, boxes = self._repeat(self.class_head(slots), t), self._repeat(self.box_head(slots), t)
        chosen = None if select is None else [select(i, logits[-1, i], boxes[-1, i]) for i in range(b)]
        read = memory if self.config.mask_input == "memory" else rearrange(features, "b t h w c -> b t c h w")
        masks = self._masks(tracks[-1], memory, hidden, read, finer, chosen, part)
        if own is not None and chosen is not None:
            stride = self.config.mask_stride
            masks = [
                m[..., : -(-height // stride), : -(-width // stride)]
                for m, (height, width) in zip(masks, own, strict=True)
            ]
        return Outputs(
            logits=logits[-1],
            boxes=boxes[-1],
            masks=masks,
            aux=tuple(zip(logits[:-1], boxes[:-1], strict=True)),
            embeddings=tracks[-1].mean(dim=1),
            dense=self._dense(dense, features, memory),
        )

    def _look(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """All that is wanted of pictures (p, 3, H, W): features, what the mask head adds to them from coarse to fine,
        and with `dense_class` in training the class logits at stride 16; each (p, c_i, h_i, w_i)."""
        levels = self.backbone(pictures)  # (p, c_i, h_i, w_i), fine → coarse
        features = self._features(levels)
        wanted = (features, *(self.mask_head.adapt(levels[:-1], features.shape[-2:]) if self.mask_head else []))
        if not (self.dense_heads and self.training):
            return wanted
        logits = self.dense_heads[0](rearrange(levels[-2], "p c h w -> p h w c"))
        return (*wanted, rearrange(logits, "p h w k -> p k h w"))

    def _project_also(self, stride: int) -> nn.Conv2d | None:
        """The projection of the backbone's map at 16 or 8, where tokens are as fine as that."""
        if stride < self.config.memory_stride:
            return None
        layer = nn.Conv2d(self.backbone.channels[-2 if stride == 16 else -3], self.config.channels, kernel_size=1)
        for parameter in layer.parameters():  # weights made for coarser tokens start with what they knew
            nn.init.zeros_(parameter)
        return layer

    def _features(self, levels: list[Tensor]) -> Tensor:
        """What becomes tokens: the last map in c channels; for finer tokens enlarged, with those before it added."""
        features = self.project(levels[-1])
        for layer, level in ((self.project_finer, levels[-2]), (self.project_finest, levels[-3])):
            if layer is not None:
                features = F.interpolate(features, size=level.shape[-2:], mode="nearest") + layer(level)
        return features

    def _repeat(self, slots: Tensor, t: int) -> Tensor:
        """The same instance in every frame (Eq. 2): (l, b, n, c) -> (l, b, t, n, c), a view that stores nothing."""
        if self.config.queries == "decoupled":
            return repeat(slots, "l b n c -> l b t n c", t=t)
        if t != self.config.frames:
            raise ValueError(f"SimVTR: coupled queries read windows of {self.config.frames} frames only, got {t}")
        return rearrange(slots, "l b (t n) c -> l b t n c", t=t)

    def _masks(
        self,
        tracks: Tensor,
        memory: Tensor,
        hidden: Tensor | None,
        read: Tensor,
        finer: list[Tensor],
        chosen: list[Tensor] | None,
        part: int | None,
    ) -> Tensor | list[Tensor]:
        """Masks of the chosen instances of each clip, in the order given; `part` frames at a time, None: all.

        The maps are of the memory, the mask head reads `read`, which is the memory or what it was made of.
        """
        b, t, n, _ = tracks.shape
        device = tracks.device
        if self.maps is None or self.mask_head is None:
            return (
                tracks.new_zeros(b, t, n, 0, 0)
                if chosen is None
                else [tracks.new_zeros(t, len(c), 0, 0) for c in chosen]
            )
        wanted = [torch.arange(n, device=device)] * b if chosen is None else [c.to(device) for c in chosen]
        clip = torch.cat([torch.full_like(queries, i) for i, queries in enumerate(wanted)])  # (p,)
        pairs = tracks[clip, :, torch.cat(wanted)]  # (p, t, c)

        maps, head = self.maps, self.mask_head
        nowhere = None if hidden is None else hidden[clip]

        def draw(pairs: Tensor, keys: Tensor, read: Tensor, *finer: Tensor) -> Tensor:
            return head(read, maps(pairs, keys[clip], nowhere), finer, clip)

        drawn = in_parts(draw, part, 1, pairs, maps.keys(memory), read, *finer)
        masks = head.over_time(joined(drawn, 1))
        if chosen is None:
            return rearrange(masks, "(b n) t h w -> b t n h w", b=b)
        return [rearrange(m, "p t h w -> t p h w") for m in masks.split([len(x) for x in wanted])]

    def _dense(self, level: list[Tensor], features: Tensor, memory: Tensor) -> tuple[Tensor, ...]:
        """A class for every token of the backbone and of the encoder: a signal the classes need early from scratch."""
        if not level:
            return ()
        grids = zip(self.dense_heads[1:], (features, rearrange(memory, "b t c h w -> b t h w c")), strict=True)
        return (*level, *(rearrange(head(grid), "b t h w k -> b t k h w") for head, grid in grids))

    def _clip_by_clip(self, frames: Tensor, sizes: list[tuple[int, int]], select: Select | None) -> Outputs:
        """Every clip on the rectangle that is its own, then side by side; a mask is -inf where the padding was."""
        found = []
        for i, (clip, (height, width)) in enumerate(zip(frames, sizes, strict=True)):
            own = None if select is None else (lambda _, logits, boxes, i=i: select(i, logits, boxes))
            found.append(self(clip[None, :, :, :height, :width], select=own))
        if select is not None:
            masks: Tensor | list[Tensor] = [mask for one in found for mask in one.masks]
        else:
            h, w = (max(one.masks.shape[side] for one in found) for side in (-2, -1))
            grown = [
                F.pad(m, (0, w - m.shape[-1], 0, h - m.shape[-2]), value=-torch.inf) for m in (o.masks for o in found)
            ]
            masks = torch.cat(grown)
        return Outputs(
            logits=torch.cat([one.logits for one in found]),
            boxes=torch.cat([one.boxes for one in found]),
            masks=masks,
            aux=tuple(
                (torch.cat([logits for logits, _ in layer]), torch.cat([boxes for _, boxes in layer]))
                for layer in zip(*(one.aux for one in found), strict=True)
            ),
            embeddings=torch.cat([one.embeddings for one in found]),
            dense=tuple([grid[0] for grid in grids] for grids in zip(*(one.dense for one in found), strict=True)),
        )


def _own_size(padded: Tensor) -> tuple[int, int]:
    """Height and width of the picture in a padding mask (H, W)."""
    height, width = int((~padded[:, 0]).sum()), int((~padded[0]).sum())
    if padded[:height, :width].any() or int((~padded).sum()) != height * width or not height * width:
        raise ValueError("SimVTR: padding must lie to the right of and below a clip's picture, and leave some")
    return height, width
