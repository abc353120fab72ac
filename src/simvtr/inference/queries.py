"""Segmenters whose queries each say a class and a mask (DETR's descendants), one frame after another.

frame -> Pictures -> look (the model) -> class logits, masks, embeddings -> stretch -> Instances
         pictures.py                     (or merged: panoptic.py)
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from simvtr.data.transforms import to_input
from simvtr.inference.instances import Instances
from simvtr.inference.panoptic import SURE, merged
from simvtr.inference.picture import check_picture
from simvtr.inference.stretch import stretched, sureness
from simvtr.schema import Category

if TYPE_CHECKING:
    from simvtr.model import SimVTR


class Seen(NamedTuple):
    """What a model says of one picture: n queries, of which m were picked to be drawn."""

    logits: Tensor  # (n, k + 1), "no object" last
    masks: Tensor  # (m, h, w) logits, of the picked in their order
    embeddings: Tensor  # (n, c)


Pick = Callable[[Tensor], Tensor]  # logits (n, k + 1) -> numbers (m,) of the queries to draw
Look = Callable[[Tensor, Pick], Seen]  # a picture (3, h, w) of one video, frame after frame


@dataclass(frozen=True, slots=True)
class QuerySegmenter:
    """A `Segmenter`, of a model that is looked at by `begin()(picture, pick)`."""

    model: nn.Module  # in eval mode, on its device
    pictures: Callable[[np.ndarray], Tensor]  # frame (H, W, 3) -> (3, h, w)
    begin: Callable[[], Look]  # for each video
    categories: Sequence[Category]
    objects: Sequence[int]  # the classes that these are, of k
    remembers: bool = False
    precision: str = "float32"  # "bfloat16": faster where the processor has it, and not exact
    panoptic: float | None = None  # merge what is surer than this: each pixel is one object's at most, or stuff's
    slots: bool = field(default=True, init=False)

    def find(self, frames: Iterable[np.ndarray], least: float = 0.0) -> Iterator[Instances]:
        """See `Segmenter`. Raises: DataError when a frame is no such picture."""
        look = self.begin()
        index = -1
        for frame in frames:
            index += 1
            check_picture(index, frame)
            yield self._instances(look, frame, least)

    def _instances(self, look: Look, frame: np.ndarray, least: float) -> Instances:
        size, picture = frame.shape[:2], self.pictures(frame)
        device = next((p.device for p in self.model.parameters()), torch.device("cpu"))
        sure = self.panoptic

        def pick(logits: Tensor) -> Tensor:
            each = logits.float().softmax(-1)
            if sure is None:
                return (each[:, list(self.objects)].amax(-1) >= least).nonzero()[:, 0]
            best, label = each.max(-1)
            return ((label < each.shape[1] - 1) & (best > max(sure, least))).nonzero()[:, 0]

        half = torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bfloat16")
        with torch.inference_mode(), half:
            seen = look(picture.to(device), pick)
        logits = seen.logits.float()
        picked, masks = pick(logits).cpu(), seen.masks.float().cpu()
        each = logits.softmax(-1).cpu()
        if sure is None:
            drawn = [stretched(mask, size, 0.0) for mask in masks.numpy()]
        else:
            grid = (picture.shape[1], picture.shape[2])
            drawn = merged(masks, each[picked].argmax(-1).tolist(), self.objects, grid, size)
        here = [i for i, mask in enumerate(drawn) if mask is not None]
        chosen, kept = picked[here].tolist(), [mask for mask in drawn if mask is not None]
        return Instances(
            masks=np.stack(kept) if kept else np.zeros((0, *size), bool),
            probabilities=each[chosen][:, list(self.objects)].numpy().astype(float),
            embeddings=seen.embeddings.float().cpu().numpy()[chosen],
            sureness=[sureness(mask, 0.0) for mask in masks[here].numpy()],
            slots=chosen,
            picture=frame,
        )


def of_detr(model: "SimVTR", precision: str = "float32", panoptic: float | None = SURE) -> QuerySegmenter:
    """A DETR of our own loading, merged as the published code merges it; None: not merged, as `Predictor` does it."""
    config = model.config

    def look(picture: Tensor, pick: Pick) -> Seen:
        outputs = model(picture[None, None], select=lambda _, logits, boxes: pick(logits[0]))
        return Seen(outputs.logits[0, 0], outputs.masks[0][0], outputs.embeddings[0])

    return QuerySegmenter(
        model=model.eval(),
        pictures=lambda frame: to_input(frame[None], config.short_side, config.long_side)[0],
        begin=lambda: look,
        categories=[Category(config.category_ids[i], config.category_names[i]) for i in config.objects],
        objects=config.objects,
        precision=precision,
        panoptic=panoptic,
    )
