"""Where the time of a pass goes: CPU time of each box of the report's figure, the plain path's against ours.

simvtr-r50 with random weights at 300×540, a window of 4 frames, all queries, float32, one thread. The plain path has
the same weights, saves nothing (tests/model/plain.py) and uses torchvision's deformable convolution, so this needs an
environment whose torchvision fits its torch. Writes benchmarks/figures/boxes.png.
"""

import functools
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.against_vistr import HEIGHT, WIDTH, theirs
from benchmarks.growth import FIGURES
from benchmarks.record import Figure, parser, report
from simvtr.config import simvtr_r50
from simvtr.model import SimVTR
from tests.model import plain as path

BOXES = ("backbone", "transformer", "attention maps", "deformable convolutions", "mask head, the rest", "all else")


class Boxes:
    """CPU seconds by box; a box inside another one does not count for that."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inside = ["all else"]
        self._since = time.process_time()

    def _turn(self) -> None:
        now = time.process_time()
        self.seconds[self._inside[-1]] += now - self._since
        self._since = now

    def of(self, box: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time noted."""

        @functools.wraps(function)
        def timed(*inputs: Any, **named: Any) -> Any:
            self._turn()
            self._inside.append(box)
            try:
                return function(*inputs, **named)
            finally:
                self._turn()
                self._inside.pop()

        return timed

    def taken(self, run: Callable[[], Any]) -> dict[str, float]:
        """What one run takes."""
        self.seconds.clear()
        self._since = time.process_time()
        run()
        self._turn()
        return {box: self.seconds[box] for box in BOXES}


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--frames", type=int, default=4, help="of the window (default: 4)")
    command.add_argument("--rounds", type=int, default=2, help="times that each is measured (default: 2)")
    args = command.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model, boxes = SimVTR(simvtr_r50()).eval(), Boxes()
    maps, head = model.maps, model.mask_head
    assert maps is not None and head is not None
    for part, box in (
        (model.backbone, "backbone"),
        (model.backbone.body, "backbone"),
        (model.transformer, "transformer"),
        (maps, "attention maps"),
        (head, "mask head, the rest"),
        (head.deform1, "deformable convolutions"),
        (head.out, "deformable convolutions"),
    ):
        part.forward = boxes.of(box, part.forward)
    maps.keys = boxes.of("attention maps", maps.keys)
    head.adapt = boxes.of("mask head, the rest", head.adapt)
    path._mask_head = boxes.of("mask head, the rest", path._mask_head)
    path._deformed = boxes.of("deformable convolutions", path._deformed)
    frames = torch.randn(1, args.frames, 3, HEIGHT, WIDTH)
    runs = {"plain path": lambda: path.plain(model, frames, theirs), "ours": lambda: model(frames)}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in runs}
    with torch.inference_mode():
        for turn in range(args.rounds + 1):
            for name, run in runs.items():
                taken = boxes.taken(run)
                if turn:  # the first warms up
                    found[name].append(taken)
    figures, least = [], {}
    for name, rounds in found.items():
        whole = min(rounds, key=lambda one: sum(one.values()))
        least[name] = {box: 1000 * whole[box] / args.frames for box in BOXES}
        for box in BOXES:
            figures.append(
                Figure.of(f"{name}, {box}: CPU time a frame", [1000 * one[box] / args.frames for one in rounds], "ms")
            )
    plot(least)
    report(figures, keep=not args.no_record)
    return 0


def plot(least: dict[str, dict[str, float]]) -> None:
    """benchmarks/figures/boxes.png: a pair of bars for each box."""
    import matplotlib.pyplot as plt

    figure, side = plt.subplots(figsize=(8, 3.6), layout="constrained", dpi=120)
    for row, (name, ink) in enumerate((("plain path", "#b8480c"), ("ours", "#2456c9"))):
        values = list(least[name].values())
        places = [i + (row - 0.5) * 0.38 for i in range(len(BOXES))]
        bars = side.barh(places, values, 0.36, color=ink, label=f"{name}: {sum(values):,.0f} ms a frame")
        side.bar_label(bars, [f"{value:,.0f}" for value in values], padding=3, fontsize=8)
    side.set_yticks(range(len(BOXES)), BOXES)
    side.invert_yaxis()
    side.set_xlim(0, 1.1 * max(max(of.values()) for of in least.values()))
    side.set_xlabel("CPU milliseconds a frame, one thread")
    side.set_title("simvtr-r50, 300×540, window of 4 frames, 10 queries, float32", fontsize=10, loc="left")
    side.spines[["top", "right"]].set_visible(False)
    side.legend(frameon=False, loc="lower right")
    FIGURES.mkdir(exist_ok=True)
    figure.savefig(FIGURES / "boxes.png")


if __name__ == "__main__":
    sys.exit(main())
