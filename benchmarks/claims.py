"""The report's claims that need no training, on the packaged weights and the validation split of synth-occlusion-v1.

    python -m benchmarks.claims windows     AP and identity by the window at inference
    python -m benchmarks.claims dropout     ten seeds with dropout left on, as in VisTR's script, and ten of ours
    python -m benchmarks.claims swap        a trained deformable convolution taken for a plain one of the same weights
    python -m benchmarks.claims queries     memory and time of coupled and decoupled queries, network alone

Those that need training are in ablations.py; the table of all claims is in docs/paper.md (claims_table.py).
"""

import argparse
import copy
import subprocess
import sys
import time
from dataclasses import replace
from statistics import stdev
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.columns import Found, scores
from benchmarks.leaderboard import DATA
from benchmarks.peak import peak
from benchmarks.record import ROOT, Figure, parser, report
from simvtr.config import PRESETS, AugmentConfig
from simvtr.data.dataset import VideoDataset
from simvtr.data.transforms import augment, collate
from simvtr.data.video import read_frames
from simvtr.evaluation import evaluate
from simvtr.inference import Predictor
from simvtr.model import SimVTR, load
from simvtr.model.deform import DeformConv
from simvtr.schema import Truth, read_truth

WINDOWS = (1, 2, 4, 8, 16, "all")
SHOWN = ("AP", "AP50", "AP heavy", "HOTA", "AssA", "kept slots")
WINDOW = 4  # frames, where the window is not the question
DROPOUT = 0.1  # of VisTR and the report; simvtr-tiny was trained without


def main() -> int:
    command = parser(__doc__)
    command.add_argument("claim", choices=CLAIMS)
    command.add_argument("--weights", default="simvtr-tiny", help="packaged name or folder")
    command.add_argument("--videos", type=int, default=60, help="of the split, the first ones (default: all 60)")
    command.add_argument(
        "--windows", nargs="+", default=WINDOWS, type=window, help="windows: which (default: 1 2 4 8 16 all)"
    )
    command.add_argument("--seeds", type=int, default=10, help="dropout: how many (default: 10)")
    command.add_argument("--preset", default="simvtr-tiny", choices=PRESETS, help="queries: the network")
    command.add_argument("--lengths", type=int, nargs="+", default=[16, 36], help="queries: frames (default: 16 36)")
    command.add_argument("--one", nargs=3, metavar=("KIND", "FRAMES", "PASS"), help=argparse.SUPPRESS)
    args = command.parse_args()
    if args.one:
        print(*measured(args.preset, args.one[0], int(args.one[1]), args.one[2]))
        return 0
    report(CLAIMS[args.claim](args), keep=not args.no_record)
    return 0


def window(word: str) -> int | Literal["all"]:
    """A number of frames, or "all"."""
    return "all" if word == "all" else int(word)


def validation(videos: int) -> Truth:
    """The first videos of the split."""
    truth = read_truth(DATA / "val/instances.json")
    ids = list(truth.videos)[:videos]
    return replace(truth, videos={i: truth.videos[i] for i in ids}, tracks={i: truth.tracks[i] for i in ids})


def segmented(predictor: Predictor, truth: Truth) -> Found:
    """Tracks of every video."""
    root = DATA / "val/JPEGImages"
    return {v.id: predictor(read_frames([root / name for name in v.file_names])) for v in truth.videos.values()}


def windows(args: argparse.Namespace) -> list[Figure]:
    """Columns of the leaderboard by window."""
    truth, model, figures = validation(args.videos), load(args.weights), []
    for size in args.windows:
        row = scores(truth, segmented(Predictor(model, size, "slot"), truth))
        figures += [Figure(f"window {size}: {name}", row[name], "%") for name in SHOWN]
    return figures


def dropout(args: argparse.Namespace) -> list[Figure]:
    """AP over seeds with dropout left on, and without; and whether ours were the same to the last bit."""
    truth, model = validation(args.videos), load(args.weights)
    figures = []
    for name, predictor in (("dropout left on", left_on(model)), ("ours", Predictor(model, WINDOW, "slot"))):
        found = []
        for seed in range(args.seeds):
            torch.manual_seed(seed)
            found.append(segmented(predictor, truth))
        values = [100 * evaluate(truth, tracks).stats["AP"] for tracks in found]
        figures += [
            Figure.of(f"{name}: AP over {args.seeds} seeds", values, "%"),
            Figure(f"{name}: greatest less least AP", max(values) - min(values), "points"),
            Figure(f"{name}: standard deviation of AP", stdev(values), "points"),
            Figure(f"{name}: different results", len({repr(tracks) for tracks in found}), ""),
        ]
    return figures


def left_on(model: SimVTR) -> Predictor:
    """Of a copy whose dropout works while all else is in eval mode, as when a script never calls `eval()` on a network
    whose norms are fixed. A `Predictor` puts all of a network into that mode when it is made, later the whole alone."""
    predictor = Predictor(copy.deepcopy(model), WINDOW, "slot")
    for module in predictor.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = DROPOUT
            module.train()
        elif isinstance(module, nn.MultiheadAttention):
            module.dropout = DROPOUT
            module.training = True
    return predictor


def swap(args: argparse.Namespace) -> list[Figure]:
    """Mask losses and AP, before and after the deformable convolutions forget their offsets."""
    truth, model = validation(args.videos), load(args.weights)
    swapped = copy.deepcopy(model)
    for module in swapped.modules():
        if isinstance(module, DeformConv):
            module.kind = "plain"  # the same weights, on taps that do not move
    figures = []
    for name, network in (("as trained", model), ("plain with the same weights", swapped)):
        row = scores(truth, segmented(Predictor(network, WINDOW, "slot"), truth))
        focal, dice = mask_losses(network, truth)
        figures += [
            Figure(f"{name}: focal loss of masks", focal, ""),
            Figure(f"{name}: dice loss of masks", dice, ""),
            *[Figure(f"{name}: {column}", row[column], "%") for column in ("AP", "AP50")],
        ]
    return [*figures, Figure("mean length of a tap's offset", offsets(model, truth), "cells")]


@torch.inference_mode()
def mask_losses(model: SimVTR, truth: Truth) -> tuple[float, float]:
    """Focal and dice loss as in training, mean over windows of the videos."""
    from simvtr.config import LossConfig
    from simvtr.training.losses import Losses
    from simvtr.training.matcher import match_clip

    config = LossConfig(mask_stride=2)
    losses, found = Losses(config), []
    for frames, target in clips(truth):
        matches = []

        def matched(clip: int, logits: Tensor, boxes: Tensor, target=target, matches=matches) -> Tensor:
            matches.append(match_clip(logits, boxes, target, config))
            return matches[-1][0]

        values = losses(model(frames, select=matched), [target], matches)
        found.append((values["focal"].item(), values["dice"].item()))
    focal, dice = np.mean(found, axis=0)
    return float(focal), float(dice)


def clips(truth: Truth):
    """Windows of the videos as (1, t, 3, H, W) with their targets."""
    data = VideoDataset(truth, DATA / "val/JPEGImages", cache_bytes=0)
    same = AugmentConfig(flip=0, photometric=0, crop=0, short_sides=())
    for video, length in data.videos:
        for start in range(0, length, 2 * WINDOW):
            clip = data.clip(video, range(start, min(start + WINDOW, length)))
            batch = collate([augment(clip, same, np.random.default_rng(0))])
            yield batch.frames, batch.targets[0]


@torch.inference_mode()
def offsets(model: SimVTR, truth: Truth) -> float:
    """How far taps move on average, in cells of their layer: (18, h, w) are dy, dx of nine taps."""
    lengths: list[float] = []

    def note(_: nn.Module, __: tuple, moves: Tensor) -> None:
        lengths.append(moves.unflatten(1, (9, 2)).norm(dim=2).mean().item())

    hooks = [m.offset.register_forward_hook(note) for m in model.modules() if isinstance(m, DeformConv)]
    for frames, _ in clips(truth):
        model(frames)
    for hook in hooks:
        hook.remove()
    return float(np.mean(lengths))


def queries(args: argparse.Namespace) -> list[Figure]:
    """Each network, length and pass in a process of its own, so that the peak is its own."""
    figures = []
    for t in args.lengths:
        for step in ("inference", "training"):
            if step == "training" and args.preset != "simvtr-tiny":
                continue  # tens of GB on a CPU
            found = {}
            for kind in ("coupled", "decoupled"):
                words = [sys.executable, "-m", "benchmarks.claims", "queries", "--preset", args.preset]
                words += ["--one", kind, str(t), step]
                out = subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
                found[kind] = seconds, memory = tuple(map(float, out.split()))
                where = f"{args.preset}, {step}, {t} frames, {kind}"
                figures += [Figure(f"{where}: CPU time", seconds, "s"), Figure(f"{where}: peak memory", memory, "MiB")]
            for i, what in enumerate(("CPU time", "peak memory")):
                ratio = found["coupled"][i] / found["decoupled"][i]
                figures.append(Figure(f"{args.preset}, {step}, {t} frames, coupled / decoupled: {what}", ratio, ""))
    return figures


def measured(preset: str, kind: str, t: int, step: str) -> tuple[float, float]:
    """Least CPU seconds of three passes, and the peak in MiB above the built network.

    Inference makes the masks of all objects; training those of five, forward and backward. Weights are random: neither
    figure depends on them. Only the queries differ; VisTR's larger mask head is another switch.
    """
    config = PRESETS[preset](queries=kind, frames=t)
    model = SimVTR(config)
    side = (96, 160) if preset == "simvtr-tiny" else (config.short_side, config.long_side)
    frames = torch.zeros(1, t, 3, *side)
    before, seconds = peak(), []
    for _ in range(3 if preset == "simvtr-tiny" else 1):
        begin = time.process_time()
        if step == "inference":
            with torch.inference_mode():
                model.eval()(frames)
        else:
            out = model.train()(frames, select=lambda *_: torch.arange(5))
            torch.stack([part.square().mean() for part in (*out.masks, out.logits, out.boxes)]).sum().backward()
            model.zero_grad(set_to_none=True)
            del out
        seconds.append(time.process_time() - begin)
    return min(seconds), peak() - before


CLAIMS = {"windows": windows, "dropout": dropout, "swap": swap, "queries": queries}

if __name__ == "__main__":
    sys.exit(main())
