"""Bytes that one training step holds at its peak: `simvtr-r50` with checkpointing, and a step as VisTR's code takes it.

Counted, not sampled: every tensor storage that torch's operators make on the CPU, from its first appearance to its end,
weights, gradients, frames and targets included. Not counted: what an operator takes and gives back while it runs. The
optimizer's two averages, twice the weights, come on top.

Tensors have shapes but no content (torch's fake tensors), so a step takes seconds and needs no memory itself; a test
holds the counts against those of a real step. Nothing is matched: object i belongs to query i.

The VisTR step is simulated with this package's VisTR (`vistr_r50`: coupled queries, 6+6 layers, 3-D mask head), made to
keep what the published code keeps: nothing is done again but the deformable convolution, a few pictures at a time,
because its own kernel keeps only its inputs; attention is a stored matrix; all queries get masks; the masks of the
objects are compared at the picture's full size, all at once. Stem and first stage are frozen in both. Dropout is 0 in
both, unless the figure says otherwise: on a CPU torch has no attention with dropout that stores no matrix; on GPUs it
has.
"""

import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmarks.record import Figure, parser, report
from simvtr.config import LossConfig, ModelConfig, Recipe, TrainConfig, simvtr_r50, vistr_r50
from simvtr.data.dataset import Batch, Target
from simvtr.model import SimVTR
from simvtr.model.memory import in_parts, joined
from simvtr.training.loop import backward
from simvtr.training.losses import Counts, Losses, mask_losses
from simvtr.training.matcher import Match
from simvtr.training.ranks import Ranks

MIB = 2**20
DEFORMED = 8  # pictures at a time, so that doing them again adds next to nothing to the peak


class Allocated(TorchDispatchMode):
    """Within, `peak` is the most bytes that tensors had at one time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._alive: dict[int, weakref.ref] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        self.count(out)
        return out

    def count(self, tensors: Any) -> None:
        """Take in the tensors of a nest of lists and dicts; those known already change nothing."""
        for tensor in tree_leaves(tensors):
            if not isinstance(tensor, Tensor):
                continue
            storage = tensor.untyped_storage()
            key, size = storage._cdata, storage.nbytes()
            if key not in self._alive:
                self._alive[key] = weakref.ref(storage, partial(self._free, key, size))
                self.now += size
                self.peak = max(self.peak, self.now)

    def _free(self, key: int, size: int, _: Any) -> None:
        del self._alive[key]
        self.now -= size


class AllPresent(TorchDispatchMode):
    """Within, every bool that chooses entries is True: how many there are does not depend on content."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten.nonzero.default:
            return torch.empty(args[0].numel(), args[0].dim(), dtype=torch.long)
        if func in (torch.ops.aten.index.Tensor, torch.ops.aten._index_put_impl_.default):
            chosen: list[Tensor | None] = []
            for index in args[1]:
                if index is not None and index.dtype == torch.bool:
                    chosen += [torch.empty(index.numel(), dtype=torch.long) for _ in index.shape]
                else:
                    chosen.append(index)
            args = (args[0], chosen, *args[2:])
        return func(*args, **(kwargs or {}))


def clip(t: int, height: int, width: int, objects: int) -> Batch:
    """A clip of grey frames with rectangles that are in every frame."""
    masks = torch.zeros(objects, t, height, width, dtype=torch.bool)
    boxes = torch.zeros(objects, t, 4)
    for i in range(objects):
        masks[i, :, height // 4 : height // 2, i * width // objects : (i + 1) * width // objects] = True
        boxes[i] = torch.tensor([(i + 0.5) / objects, 0.375, 1 / objects, 0.25])
    target = Target(torch.arange(objects), boxes, masks, torch.ones(objects, t, dtype=torch.bool))
    return Batch(torch.zeros(1, t, 3, height, width), None, [target], torch.tensor([[height, width]]))


@contextmanager
def counting(fake: bool) -> Iterator[Allocated]:
    """Tensors without content, if so wished, and nothing matched."""

    def in_turn(logits: Tensor, boxes: Tensor, target: Target, _: LossConfig) -> Match:
        return torch.arange(len(target.labels)), torch.arange(len(target.labels))

    def all_in_turn(logits: Tensor, boxes: Tensor, targets: list[Target], config: LossConfig) -> list[Match]:
        return [in_turn(logits, boxes, target, config) for target in targets]

    with (
        FakeTensorMode() if fake else nullcontext(),
        AllPresent() if fake else nullcontext(),
        patch("simvtr.training.loop.match_clip", in_turn),
        patch("simvtr.training.losses.match", all_in_turn),
    ):
        yield Allocated()


def ours(model: ModelConfig, t: int, objects: int, *, checkpointing: bool = True, fake: bool = True) -> int:
    """Peak bytes of forward and backward pass, as `simvtr train` runs them."""
    config = TrainConfig(device="cpu", freeze=1, checkpointing=checkpointing)
    with counting(fake) as allocated:
        network = SimVTR(model).train()
        network.backbone.freeze(config.freeze)
        network.checkpointing = checkpointing
        scaler = torch.amp.GradScaler("cpu", enabled=False)
        # What `backward` reads of a State, which cannot put tensors without content in its layout for convolutions.
        state: Any = SimpleNamespace(network=network, recipe=Recipe(train=config), ranks=Ranks(config), scaler=scaler)
        losses = Losses(config.loss, checkpointing=checkpointing)
        batch = clip(t, model.short_side, model.long_side, objects)
        allocated.count([*network.parameters(), *network.buffers(), batch.frames, batch.targets[0].masks])
        counts = Counts(float(t * objects), 1.0, 1.0)
        with allocated:
            backward(state, losses, batch, counts, last=True)
    return allocated.peak


def as_vistr(model: ModelConfig, t: int, objects: int, *, fake: bool = True) -> int:
    """Peak bytes of a step that keeps what VisTR's code keeps; see above."""
    with counting(fake) as allocated:
        network = SimVTR(model).train()
        network.backbone.freeze(1)
        whole = network.mask_head.deform1.forward
        network.mask_head.deform1.forward = lambda x: joined(in_parts(whole, DEFORMED, 0, x), 0)
        batch = clip(t, model.short_side, model.long_side, objects)
        allocated.count([*network.parameters(), *network.buffers(), batch.frames, batch.targets[0].masks])
        with allocated, sdpa_kernel(SDPBackend.MATH):
            vistr_loss(network, batch, objects).backward()
    return allocated.peak


def vistr_loss(network: nn.Module, batch: Batch, objects: int) -> Tensor:
    """Classes and boxes of all queries in every layer, masks of as many queries as there are objects."""
    outputs, target = network(batch.frames), batch.targets[0]
    total = torch.zeros(())
    for logits, boxes in (*outputs.aux, (outputs.logits, outputs.boxes)):
        wanted = torch.zeros(logits[..., 0].numel(), dtype=torch.long)
        total = total + F.cross_entropy(logits.flatten(0, 2), wanted)
        total = total + (boxes[0].transpose(0, 1)[:objects] - target.boxes).abs().sum()
    masks = outputs.masks[0].transpose(0, 1)[:objects].flatten(0, 1)
    truth = target.masks.flatten(0, 1).float()
    masks = F.interpolate(masks[:, None], truth.shape[1:], mode="bilinear", align_corners=False)
    return total + sum(loss.sum() for loss in mask_losses(masks.flatten(1), truth.flatten(1)))


def weights(model: ModelConfig) -> int:
    """Bytes of a network's parameters."""
    with torch.device("meta"):
        return sum(4 * p.numel() for p in SimVTR(model).parameters())


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--size", type=int, nargs=2, default=(300, 540), metavar=("HEIGHT", "WIDTH"))
    command.add_argument("--frames", type=int, nargs="*", default=(16,), help="clip lengths (default: 16)")
    command.add_argument(
        "--lean", type=int, nargs="*", default=(64, 200), help="lengths for simvtr-r50 alone (default: 64 200)"
    )
    command.add_argument("--objects", type=int, default=4, help="objects of the clip, in every frame (default: 4)")
    args = command.parse_args()
    size = {"short_side": args.size[0], "long_side": args.size[1]}
    network = simvtr_r50(dropout=0.0, **size)
    figures = []

    def bytes_of(t: int, name: str, measure: Callable[[], int]) -> float:
        figures.append(Figure(f"{t} frames of {args.size[0]}×{args.size[1]}: {name}", measure() / MIB, "MiB"))
        print(f"{figures[-1].name}: {figures[-1].value:.0f} MiB", file=sys.stderr, flush=True)
        return figures[-1].value

    for t in sorted({*args.frames, *args.lean}):
        lean = bytes_of(t, "simvtr-r50 with checkpointing", lambda t=t: ours(network, t, args.objects))
        where = figures[-1].name.partition(":")[0]
        whole = lean + 2 * weights(network) / MIB
        figures.append(Figure(f"{where}: the same, and AdaBelief's averages", whole, "MiB", goal="≤ 11,264 MiB"))
        if t not in args.frames:
            continue
        plain, dropping = (vistr_r50(frames=t, dropout=dropout, **size) for dropout in (0.0, 0.1))
        bytes_of(t, "simvtr-r50", lambda t=t: ours(network, t, args.objects, checkpointing=False))
        theirs = bytes_of(t, "as VisTR's, simulated", lambda t=t, c=plain: as_vistr(c, t, args.objects))
        bytes_of(t, "as VisTR's, dropout 0.1", lambda t=t, c=dropping: as_vistr(c, t, args.objects))
        figures.append(Figure(f"{where}: as VisTR's / with checkpointing", theirs / lean, "", goal="≥ 5"))
    report(figures, keep=not args.no_record)
    return 0


if __name__ == "__main__":
    sys.exit(main())
