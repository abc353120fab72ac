"""On a CUDA GPU: the numbers of a CPU, frames a second, a training step, and how many frames a small card can train.

    python -m benchmarks.gpu check            the same outputs and gradients as on the CPU, float32
    python -m benchmarks.gpu inference [--vistr FOLDER]
    python -m benchmarks.gpu training
    python -m benchmarks.gpu deform           the deformable convolution: ours, ours compiled, torchvision's kernel
    python -m benchmarks.gpu fits --memory 11 frames of one clip that `simvtr-r50` trains on within so many GiB

simvtr-r50, 300 x 540, 10 queries with masks, random weights. Rates are medians of passes between two waits for the
device. Shares of the peak: twice the multiply-adds of `model_cost` over the time, by the rate of one large bfloat16
product measured beside it. FOLDER is a checkout of VisTR's public code (benchmarks/against_vistr.py).
"""

import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from benchmarks.model_cost import multiply_adds
from benchmarks.record import Figure, parser, report
from benchmarks.training_memory import clip
from simvtr.config import Recipe, TrainConfig, simvtr_r50, simvtr_tiny
from simvtr.model import SimVTR
from simvtr.model.deform import deform_conv
from simvtr.training.loop import backward
from simvtr.training.losses import Counts, Losses
from simvtr.training.ranks import Ranks

HEIGHT, WIDTH, OBJECTS = 300, 540, 4
LENGTHS = (16, 64, 128, 200, 256, 320)  # frames of a clip that are tried
GIB = 2**30
CUDA = torch.device("cuda")


def main() -> int:
    command = parser(__doc__)
    command.add_argument("part", choices=PARTS)
    command.add_argument("--vistr", type=Path, help="inference: a checkout of VisTR, to be timed beside")
    command.add_argument("--memory", type=float, default=11.0, help="fits: GiB of the card that may be used")
    args = command.parse_args()
    torch.manual_seed(0)
    figures = PARTS[args.part](args)
    card = torch.cuda.get_device_name()
    report([Figure(f"{card}: {f.name}", f.value, f.unit, f.spread, f.goal) for f in figures], keep=not args.no_record)
    return 0


def check(args: Any) -> list[Figure]:
    """Greatest differences from the CPU, relative to the greatest number; products in full float32."""
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    figures = []
    for name, config, frames in (
        ("simvtr-tiny", simvtr_tiny(memory_stride=16, mask_stride=2), torch.randn(2, 3, 3, 96, 160)),
        ("simvtr-r50", simvtr_r50(), torch.randn(1, 2, 3, 150, 270)),
    ):
        here = SimVTR(config).eval()
        there = SimVTR(config).eval()
        there.load_state_dict(here.state_dict())
        there.to(CUDA)
        found = [(o.logits, o.boxes, o.masks) for o in (here(frames), there(frames.to(CUDA)))]
        for what, a, b in zip(("logits", "boxes", "masks"), *found, strict=True):
            figures.append(Figure(f"{name}, {what}: apart from the CPU's", apart(a, b), ""))
        for logits, boxes, masks in found:
            (logits.square().mean() + boxes.mean() + masks.sigmoid().square().mean()).backward()
        pairs = zip(here.parameters(), there.parameters(), strict=True)
        worst = max(apart(a.grad, b.grad) for a, b in pairs if a.grad is not None and float(a.grad.abs().max()) > 1e-6)
        figures.append(Figure(f"{name}, gradient of any parameter: apart from the CPU's", worst, ""))
    return figures


def apart(a: Tensor, b: Tensor) -> float:
    """Greatest difference over the greatest number of the first."""
    return ((a - b.cpu()).abs().max() / a.abs().max()).item()


@torch.inference_mode()
def inference(args: Any) -> list[Figure]:
    """Frames a second; without VisTR's folder only ours."""
    peak, figures = product_rate(), []
    figures.append(Figure("bfloat16 product of 8192 x 8192: rate", peak / 1e12, "TFLOP/s"))
    with torch.inference_mode(False):
        model = SimVTR(simvtr_r50()).eval().to(CUDA)
    cost = {t: 2 * multiply_adds(simvtr_r50(), t) for t in (1, 16)}
    for b, t, precision in (
        (1, 1, "float32"),
        (1, 1, "bfloat16"),
        (1, 16, "float32"),
        (1, 16, "bfloat16"),
        (4, 16, "bfloat16"),
    ):
        frames = torch.randn(b, t, 3, HEIGHT, WIDTH, device=CUDA)
        with autocast(precision):
            seconds = timed(lambda f=frames: model(f))
        figures += rated(f"{b} window{'s' * (b > 1)} of {t}, {precision}", b * t, seconds, b * cost[t], peak)
        if b * t == 1:
            with autocast(precision):
                seconds = timed(graph(model, frames).replay)
            figures += rated(f"1 window of 1, {precision}, CUDA graph", 1, seconds, cost[1], peak)
    if args.vistr:
        from benchmarks.peers.vistr import build

        for t in (1, 16):
            with torch.inference_mode(False):
                vistr = build(args.vistr, t)[0].eval().to(CUDA)
            frames = torch.randn(t * 3, HEIGHT, WIDTH, device=CUDA)
            for precision in ("float32", "bfloat16"):
                with autocast(precision):
                    seconds = timed(lambda f=frames, v=vistr: v([f]))
                figures.append(Figure(f"VisTR, window of {t}, {precision}: frames", t / median(seconds), "frames/s"))
    return figures


def graph(model: SimVTR, frames: Tensor) -> torch.cuda.CUDAGraph:
    """A forward pass as one launch."""
    aside = torch.cuda.Stream()
    with torch.cuda.stream(aside):
        for _ in range(3):
            model(frames)
    torch.cuda.synchronize()
    captured = torch.cuda.CUDAGraph()
    with torch.cuda.graph(captured):
        model(frames)
    return captured


def training(args: Any) -> list[Figure]:
    """A step on 16 frames, forward and backward."""
    peak, cost, figures = product_rate(), 3 * 2 * multiply_adds(simvtr_r50(), 16), []
    for precision in ("float32", "bfloat16"):
        for saving in (False, True):
            run = step(16, precision, saving)
            run()
            torch.cuda.reset_peak_memory_stats()
            seconds = timed(run, rounds=7)
            name = f"training step, 16 frames, {precision}{', checkpointing' if saving else ''}"
            figures.append(Figure.of(f"{name}: time", [1000 * s for s in seconds], "ms"))
            figures.append(Figure(f"{name}: peak memory", torch.cuda.max_memory_allocated() / GIB, "GiB"))
            if not saving:  # three times the forward pass of all 10 queries; masks of the matched 4 alone cost less
                figures.append(
                    Figure(f"{name}: at most of the product's rate", 100 * cost / median(seconds) / peak, "%")
                )
    return figures


def deform(args: Any) -> list[Figure]:
    """The two convolutions that end the mask head, of 10 queries in 1 and in 16 frames, forward and with gradients."""
    figures = []
    for inputs, outputs in ((48, 24), (24, 1)):
        for frames in (1, 16):
            for name, run in deform_ways(inputs, outputs, 10 * frames, (HEIGHT // 4, WIDTH // 4), CUDA).items():
                where = f"{inputs} to {outputs}, {frames} frame{'s' * (frames > 1)}, {name}"
                with torch.inference_mode():
                    figures.append(Figure.of(f"{where}: forward", [1000 * s for s in timed(run)], "ms"))
                seconds = timed(lambda run=run: run().square().mean().backward())
                figures.append(Figure.of(f"{where}: forward and backward", [1000 * s for s in seconds], "ms"))
    return figures


def deform_ways(
    inputs: int, outputs: int, pictures: int, size: tuple[int, int], device: torch.device
) -> dict[str, Callable[[], Tensor]]:
    """Ways to the same numbers (pictures, outputs, *size); taps move by about half a pixel."""

    def theirs() -> Tensor:
        from torchvision.ops import deform_conv2d  # made for this very torch, or its operators are missing

        return deform_conv2d(x, offsets, weight, bias, padding=(1, 1))

    x = torch.randn(pictures, inputs, *size, device=device, requires_grad=True)
    offsets = (0.5 * torch.randn(pictures, 18, *size, device=device)).requires_grad_()
    weight = (0.1 * torch.randn(outputs, inputs, 3, 3, device=device)).requires_grad_()
    bias = torch.zeros(outputs, device=device, requires_grad=True)
    compiled = torch.compile(deform_conv)
    return {
        "ours": lambda: deform_conv(x, offsets, weight, bias),
        "ours, compiled": lambda: compiled(x, offsets, weight, bias),
        "torchvision": theirs,
    }


def fits(args: Any) -> list[Figure]:
    """The longest clip whose step stays within the memory given, reserved blocks included."""
    whole = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(args.memory * GIB / whole)
    figures = []
    for precision in ("float32", "bfloat16"):
        longest = 0
        for t in LENGTHS:
            try:
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()
                step(t, precision, saving=True)()
                torch.cuda.synchronize()
            except torch.cuda.OutOfMemoryError:
                break
            longest = t
            reserved = torch.cuda.max_memory_reserved() / GIB
            figures.append(Figure(f"one clip of {t} frames, {precision}: memory reserved", reserved, "GiB"))
        name = f"frames trained on within {args.memory:g} GiB, {precision}, of {', '.join(map(str, LENGTHS))}"
        figures.append(Figure(name, longest, "frames", goal="≥ 64"))
    return figures


def step(t: int, precision: Any, saving: bool) -> Callable[[], Any]:
    """Losses and gradients of `simvtr-r50` on a clip of t frames with 4 objects, as a training makes them."""
    config = TrainConfig(device="cuda", freeze=1, checkpointing=saving, precision=precision)
    model = SimVTR(simvtr_r50(classes=41)).to(CUDA).train()
    model.backbone.freeze(1)
    model.backbone.to(memory_format=torch.channels_last)
    model.checkpointing = saving
    scaler = torch.amp.GradScaler("cuda", enabled=False)
    state: Any = SimpleNamespace(network=model, recipe=Recipe(train=config), ranks=Ranks(config), scaler=scaler)
    losses, batch = Losses(config.loss, checkpointing=saving), clip(t, HEIGHT, WIDTH, OBJECTS).to(CUDA)
    counts = Counts.of(batch.targets, 10, config.loss.no_object)
    return lambda: backward(state, losses, batch, counts, last=True)


def autocast(precision: str) -> Any:
    """What a forward pass runs in."""
    return torch.autocast("cuda", torch.bfloat16) if precision == "bfloat16" else nullcontext()


def product_rate() -> float:
    """Floating-point operations a second of one large product of random numbers."""
    a, b = (torch.randn(8192, 8192, device=CUDA, dtype=torch.bfloat16) for _ in "ab")
    return 2 * 8192**3 / min(timed(lambda: a @ b))


def rated(name: str, frames: int, seconds: list[float], operations: int, peak: float) -> list[Figure]:
    """Frames a second, the share of the peak, and the floor: what the operations alone take at the peak."""
    return [
        Figure.of(f"{name}: frames", [frames / s for s in seconds], "frames/s"),
        Figure(f"{name}: of the product's rate", 100 * operations / median(seconds) / peak, "%"),
        Figure(f"{name}: floor", 1000 * operations / peak / frames, "ms a frame"),
    ]


def timed(run: Callable[[], Any], rounds: int = 15) -> list[float]:
    """Seconds of each round, after three that warm up."""
    taken = []
    for i in range(3 + rounds):
        torch.cuda.synchronize()
        began = time.perf_counter()
        run()
        torch.cuda.synchronize()
        if i >= 3:
            taken.append(time.perf_counter() - began)
    return taken


PARTS: dict[str, Callable[[Any], list[Figure]]] = {
    "check": check,
    "inference": inference,
    "training": training,
    "deform": deform,
    "fits": fits,
}

if __name__ == "__main__":
    sys.exit(main())
