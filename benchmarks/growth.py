"""What a frame costs as work grows: frames a CPU second and memory over resolution, window and queries; a plot each.

simvtr-tiny with random weights, which give every query a mask, on noise. Over resolution the network sees the whole
picture (16:9); over windows and queries 96 pixels of height. Each point is a process of its own: it loads, looks at one
window, and then at one or more, on one thread. Memory is its peak above what it held when the weights were there.
"""

import argparse
import json
import subprocess
import sys
import time

import numpy as np

from benchmarks.peak import peak
from benchmarks.record import ROOT, Figure, parser, report
from simvtr.measurement import pretty

RESOLUTIONS, WINDOWS, QUERIES = (180, 360, 540, 720, 1080), (1, 4, 16, 64), (10, 20, 50, 100)
HEIGHT = 96  # of windows and queries
SECONDS = 0.5  # of CPU time for each point, one window at least
FIGURES = ROOT / "benchmarks" / "figures"
AXES = {  # what grows -> (title, its ticks)
    "resolution": ("height of the picture, pixels (16:9)", RESOLUTIONS),
    "window": ("frames a window", WINDOWS),
    "queries": ("queries", QUERIES),
}


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--point", type=int, nargs=3, help=argparse.SUPPRESS)  # height, window, queries
    args = command.parse_args()
    if args.point:
        print(json.dumps(point(*args.point)))
        return 0
    figures = []
    for what, (title, ticks) in AXES.items():
        found = []
        for tick in ticks:
            shape = {"resolution": HEIGHT, "window": 1, "queries": 10, what: tick}
            words = [str(shape[name]) for name in ("resolution", "window", "queries")]
            told = subprocess.run(
                [sys.executable, "-m", "benchmarks.growth", "--point", *words],
                cwd=ROOT,
                check=True,
                capture_output=True,
                text=True,
            )
            found.append(json.loads(told.stdout))
            print(what, tick, found[-1], file=sys.stderr, flush=True)
            figures += [
                Figure(f"{what} {tick}: rate on one thread", found[-1]["rate"], "frames a CPU second"),
                Figure(f"{what} {tick}: memory", found[-1]["memory"], "MiB"),
            ]
        plot(what, title, ticks, found)
    report(figures, keep=not args.no_record)
    return 0


def point(height: int, window: int, queries: int) -> dict[str, float]:
    """Frames a CPU second on one thread, and MiB."""
    import torch

    from simvtr.config import simvtr_tiny
    from simvtr.inference import Predictor
    from simvtr.model import SimVTR

    torch.manual_seed(0)
    torch.set_num_threads(1)
    width = height * 16 // 9
    config = simvtr_tiny(short_side=height, long_side=width, instances=queries, memory_stride=16, mask_stride=2)
    predictor = Predictor(SimVTR(config), window)
    before = peak()
    frame = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    list(predictor.stream([frame] * window))
    frames, begin, taken = 0, time.process_time(), 0.0
    while taken < SECONDS:
        frames += len(list(predictor.stream([frame] * window)))
        taken = time.process_time() - begin
    return {"rate": frames / taken, "memory": peak() - before}


def plot(what: str, title: str, ticks: tuple[int, ...], found: list[dict[str, float]]) -> None:
    """benchmarks/figures/WHAT.png: rate on the left, memory on the right, both axes by factors."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FuncFormatter, NullFormatter

    figure, sides = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained", dpi=120)
    for side, key, name, ink in zip(
        sides,
        ("rate", "memory"),
        ("frames a CPU second, one thread", "memory above the weights, MiB"),
        ("#2456c9", "#b8480c"),
        strict=True,
    ):
        values = [one[key] for one in found]
        side.loglog(ticks, values, "o-", color=ink, markersize=5)
        for tick, value in zip(ticks, values, strict=True):
            side.annotate(pretty(value), (tick, value), (0, 7), textcoords="offset points", ha="center", fontsize=8)
        side.set_xticks(ticks, [str(tick) for tick in ticks])
        side.xaxis.set_minor_formatter(NullFormatter())
        side.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        side.yaxis.set_minor_formatter(NullFormatter())
        side.set(xlabel=title, title=name, ylim=(min(values) / 1.6, max(values) * 1.9))
        side.grid(alpha=0.25, which="both")
        side.spines[["top", "right"]].set_visible(False)
    FIGURES.mkdir(exist_ok=True)
    figure.savefig(FIGURES / f"{what}.png")
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
