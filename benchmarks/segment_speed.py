"""Frames a second of `simvtr segment`, end to end, over those of its network alone; in turns, in one process.

End to end is what the verb itself reports: from opening the video to the finished files (decoding, network, masks,
run-length encoding, drawing, H.264). The network alone gets the same frames as tensors, one by one, on all of torch's
threads, and makes the masks that the verb would keep. The verb runs two frames side by side, each on half of these
threads, so it may be the faster one; the first it runs alone, which, with the last, costs by count two frames: of
twelve a seventh, of forty a twentieth. One round of both warms up and is not counted.
"""

import contextlib
import io
import re
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.record import Figure, parser, report
from benchmarks.video import write_scene
from simvtr.cli.main import main as simvtr
from simvtr.config import PRESETS, InferConfig
from simvtr.data.transforms import to_input
from simvtr.data.video import read_frames
from simvtr.model import SimVTR, load, save

VARIANTS = {"with overlay": [], "without overlay": ["--no-overlay"]}  # options of `simvtr segment`


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over the video. Rates in frames a second."""

    rate: float  # by the clock
    cpu: float  # by the CPU time of all threads
    whole: float  # by the clock, loading the weights included


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--weights", default="simvtr-tiny", help="packaged name or folder (default: simvtr-tiny)")
    command.add_argument("--preset", choices=PRESETS, help="random weights of this preset instead")
    command.add_argument("--frames", type=int, default=100, help="length of the video (default: 100)")
    command.add_argument("--rounds", type=int, default=7, help="times that each is measured (default: 7)")
    args = command.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.preset:
            torch.manual_seed(0)
            args.weights = str(save(SimVTR(PRESETS[args.preset]()), folder / "weights"))
        model = load(args.weights)
        video = write_scene(folder / "video.mp4", args.frames)
        config = model.config
        inputs = [to_input(frame[None], config.short_side, config.long_side)[None] for frame in read_frames(video)]
        rounds = []
        for _ in range(args.rounds + 1):
            alone = network(model, inputs)
            ends = {
                variant: segment([str(video), "-o", str(folder / "out"), "--weights", args.weights, *options])
                for variant, options in VARIANTS.items()
            }
            rounds.append((alone, ends))
    of = f"{args.preset}, " if args.preset else ""
    report([replace(one, name=of + one.name) for one in figures(rounds[1:])], keep=not args.no_record)
    return 0


def figures(rounds: list[tuple[Run, dict[str, Run]]]) -> list[Figure]:
    """Rates, and ratios inside each round, in which both were measured one after the other."""
    found = [Figure.of("network alone", [alone.rate for alone, _ in rounds], "frames/s")]
    for variant in VARIANTS:
        pairs = [(alone, ends[variant]) for alone, ends in rounds]
        found += [
            Figure.of(f"segment {variant}", [end.rate for _, end in pairs], "frames/s"),
            Figure.of(
                f"segment {variant} / network alone", [end.rate / alone.rate for alone, end in pairs], "", "≥ 0.95"
            ),
            Figure.of(
                f"segment {variant} / network alone, loading the weights included",
                [end.whole / alone.rate for alone, end in pairs],
                "",
            ),
            Figure.of(
                f"segment {variant} / network alone, by CPU time, loading included",
                [end.cpu / alone.cpu for alone, end in pairs],
                "",
            ),
        ]
    return found


def network(model: SimVTR, inputs: list[Tensor]) -> Run:
    """The network on frames (1, 1, 3, h, w), with masks for the queries that `simvtr segment` keeps."""
    keep = InferConfig().threshold

    def select(_: int, logits: Tensor, boxes: Tensor) -> Tensor:
        return (logits.softmax(-1)[..., :-1].amax(-1) >= keep).any(0).nonzero()[:, 0]

    clock, cpu = time.perf_counter(), time.process_time()
    with torch.inference_mode():
        for frame in inputs:
            model(frame, select=select)
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    return Run(rate=len(inputs) / clock, cpu=len(inputs) / cpu, whole=len(inputs) / clock)


def segment(arguments: list[str]) -> Run:
    """`simvtr segment` in this process."""
    said = io.StringIO()
    clock, cpu = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()) as problems:
        code = simvtr(["segment", *arguments])
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    found = re.search(r"([\d,]+) frames?, ([\d.]+) frames/s end to end", said.getvalue())
    if code or found is None:
        sys.exit(f"simvtr segment {' '.join(arguments)} left with {code}: {problems.getvalue()}")
    frames = int(found[1].replace(",", ""))
    return Run(rate=float(found[2]), cpu=frames / cpu, whole=frames / clock)


if __name__ == "__main__":
    sys.exit(main())
