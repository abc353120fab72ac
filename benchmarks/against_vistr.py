"""CPU time of simvtr-r50 against VisTR as published and against the plain path, random weights, all queries, float32.

    python -m benchmarks.against_vistr FOLDER               windows of 1, 4 and 16 frames, deformable convolutions
    python -m benchmarks.against_vistr FOLDER --training 8  one step on a clip of 8 frames with 4 objects

FOLDER is a checkout of https://github.com/Epiphqny/VisTR. Its deformable convolution is replaced by torchvision's,
which on a CPU is slow: ratios mix architecture and implementation. The plain path is ours with nothing saved, and the
same convolution (tests/model/plain.py). Passes are taken in turns in one process; ratios are of the least times.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import torchvision
from torch import Tensor

from benchmarks.peers.vistr import build
from benchmarks.record import Figure, parser, report
from benchmarks.training_memory import clip
from simvtr.config import Recipe, TrainConfig, simvtr_r50
from simvtr.data.dataset import Batch
from simvtr.model import SimVTR
from simvtr.model.deform import deform_conv
from simvtr.training.loop import backward
from simvtr.training.losses import Counts, Losses
from simvtr.training.ranks import Ranks
from tests.model.plain import plain

HEIGHT, WIDTH = 300, 540
OBJECTS = 4


def main() -> int:
    command = parser(__doc__)
    command.add_argument("folder", type=Path)
    command.add_argument("--windows", type=int, nargs="*", default=(1, 4, 16), help="frames (default: 1 4 16)")
    command.add_argument("--plain", type=int, nargs="*", default=(4,), help="windows of the plain path (default: 4)")
    command.add_argument("--training", type=int, nargs="*", default=(), help="frames of a training step, instead")
    command.add_argument("--rounds", type=int, default=3, help="times that each is measured (default: 3)")
    args = command.parse_args()
    sys.argv = ["FOLDER" if word == str(args.folder) else word for word in sys.argv]  # what is recorded names no folder
    torch.manual_seed(0)
    figures: list[Figure] = []
    if not args.training:
        figures += convolutions(args.rounds)
        for t in args.windows:
            figures += window(args.folder, t, t in args.plain, args.rounds)
    for t in args.training:
        figures += training(args.folder, t, args.rounds)
    report(figures, keep=not args.no_record)
    return 0


@torch.inference_mode()
def convolutions(rounds: int) -> list[Figure]:
    """Both deformable convolutions of the mask head at stride 4, ten instances of a frame."""
    figures = []
    for inputs, outputs, goal in ((48, 24, "≥ 6"), (24, 1, "≥ 30")):
        x = torch.randn(10, inputs, HEIGHT // 4, WIDTH // 4).to(memory_format=torch.channels_last)
        offsets = 2 * torch.randn(10, 18, *x.shape[2:])
        weight, bias = torch.randn(outputs, inputs, 3, 3), torch.randn(outputs)
        kernel = (x, offsets, weight, bias)
        runs = {"ours": lambda k=kernel: deform_conv(*k), "torchvision's": lambda k=kernel: theirs(*k)}
        figures += compared(f"deformable convolution {inputs} → {outputs}", runs, 2 * rounds, "ms", goal)
    return figures


def theirs(x: Tensor, offsets: Tensor, weight: Tensor, bias: Tensor, gates: Tensor | None = None) -> Tensor:
    """torchvision's kernel by our arguments."""
    return torchvision.ops.deform_conv2d(x, offsets, weight, bias, padding=1, mask=gates)


@torch.inference_mode()
def window(folder: Path, t: int, plainly: bool, rounds: int) -> list[Figure]:
    """A forward pass of t frames."""
    with torch.inference_mode(False):
        ours, vistr = SimVTR(simvtr_r50()).eval(), build(folder, t)[0].eval()
    frames = torch.randn(1, t, 3, HEIGHT, WIDTH)
    runs: dict[str, Callable[[], Any]] = {"ours": lambda: ours(frames)}
    if plainly:
        runs["the plain path's"] = lambda: plain(ours, frames, theirs)
    runs["VisTR's"] = lambda: vistr([frames[0].flatten(0, 1)])
    goals = {"VisTR's": "≥ 3.3" if t > 1 else "", "the plain path's": "≥ 2.8"}
    return compared(f"window of {t}: a frame", runs, rounds, "ms", goals, share=t)


def training(folder: Path, t: int, rounds: int) -> list[Figure]:
    """Forward and backward pass on a clip of t frames, ours as `train.checkpointing` runs it."""
    config = TrainConfig(device="cpu", freeze=1, checkpointing=True)
    ours = SimVTR(simvtr_r50(classes=41)).train()
    ours.backbone.freeze(1)
    ours.backbone.to(memory_format=torch.channels_last)  # as a training does (training/state.py)
    ours.checkpointing = True
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    state: Any = SimpleNamespace(network=ours, recipe=Recipe(train=config), ranks=Ranks(config), scaler=scaler)
    losses, batch = Losses(config.loss, checkpointing=True), clip(t, HEIGHT, WIDTH, OBJECTS)
    counts = Counts.of(batch.targets, 10, config.loss.no_object)
    vistr, criterion = build(folder, t)
    vistr.train()
    runs: dict[str, Callable[[], Any]] = {
        "ours": lambda: backward(state, losses, batch, counts, last=True),
        "VisTR's": lambda: step(vistr, criterion, batch),
    }
    return compared(f"training step, {t} frames", runs, rounds, "s", {"VisTR's": "≥ 3.5"})


def step(vistr: Any, criterion: Any, batch: Batch) -> None:
    """VisTR's loss of a clip, and its gradients."""
    target = batch.targets[0]
    of_frames = {
        "labels": target.labels.repeat_interleave(batch.frames.shape[1]),
        "boxes": target.boxes.flatten(0, 1),
        "masks": target.masks.flatten(0, 1),
        "valid": target.present.flatten().long(),
    }
    found = criterion(vistr([batch.frames[0].flatten(0, 1)]), [of_frames])
    sum(found[name] * weight for name, weight in criterion.weight_dict.items() if name in found).backward()


def compared(
    name: str, runs: dict[str, Callable[[], Any]], rounds: int, unit: str, goals: Any, share: int = 1
) -> list[Figure]:
    """CPU times of the runs in turns, and of each but the first over it; one round more warms up, where it is short."""
    times: dict[str, list[float]] = {which: [] for which in runs}
    for turn in range(rounds + (unit == "ms")):
        for which, run in runs.items():
            begin = time.process_time()
            run()
            seconds = time.process_time() - begin
            if turn or unit != "ms":
                times[which].append(seconds / share * (1000 if unit == "ms" else 1))
        print(
            name, {which: round(taken[-1], 2) for which, taken in times.items() if taken}, file=sys.stderr, flush=True
        )
    ours, *others = times
    figures = [Figure.of(f"{name}, {which}: CPU time", taken, unit) for which, taken in times.items()]
    for which in others:
        ratios = [b / a for a, b in zip(times[ours], times[which], strict=True)]
        goal = goals if isinstance(goals, str) else goals.get(which, "")
        least = min(times[which]) / min(times[ours])
        figures.append(Figure(f"{name}, {which} / ours", least, "", (min(ratios), max(ratios)), goal))
    return figures


if __name__ == "__main__":
    sys.exit(main())
