"""Frames a second and memory on this machine, for a picture size and a network: a table, or JSON."""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from simvtr.measurement import Figure, anywhere, append, environment, refuse_no_log

if TYPE_CHECKING:
    import numpy as np

    from simvtr.inference import Predictor
    from simvtr.model import SimVTR

WINDOWS = (1, 4, 16)
SECONDS, QUICK = 40.0, 7.0  # by the clock, for each row of the table
ROUNDS = 3  # of a row, each of a part of that time
RATES = {  # field of a row -> (name, unit)
    "frames_per_second": ("whole", "frames/s"),
    "network_frames_per_second": ("network's alone", "frames/s"),
    "over_network": ("whole / network's alone", ""),
    "cpu_seconds_per_frame": ("CPU time", "s/frame"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """What one window size costs: rates are medians of the rounds."""

    window: int
    frames: int  # that were measured, of all rounds
    frames_per_second: float  # resizing, network, masks at the video's size, run-length encoding
    network_frames_per_second: float  # the network's share of that time alone
    over_network: float  # the first over the second
    cpu_seconds_per_frame: float  # of all threads
    peak_memory_mib: float  # of this process so far; on a GPU what torch held there
    spread: dict[str, tuple[float, float]]  # of each rate: least and greatest of the rounds

    def figures(self, where: str) -> list[Figure]:
        """As `benchmarks/results.jsonl` has them."""
        where = f"{where}, window {self.window}"
        rates = [
            Figure(f"{where}: {name}", getattr(self, field), unit, self.spread[field])
            for field, (name, unit) in RATES.items()
        ]
        return [*rates, Figure(f"{where}: peak memory", self.peak_memory_mib, "MiB")]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "frames/s: resizing, the network, names, masks at the video's size and their encoding, of pictures of noise; "
        f"decoding and the overlay are not in it. The median of {ROUNDS} rounds, and their least and greatest. "
        "network's alone: frames/s if the network were all. CPU s/frame: of all threads. peak memory: of the process "
        "so far, torch and weights included; on a GPU what torch held there."
    )
    parser.add_argument(
        "--size", type=_size, default=(1280, 720), metavar="WxH", help="of the video (default: 1280x720)"
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--weights", default="simvtr-tiny", help="packaged name or folder (default: simvtr-tiny)")
    source.add_argument(
        "--preset", help="a network with random weights: simvtr-tiny, simvtr-r50, simvtr-r101, vistr-r50 or vistr-r101"
    )
    parser.add_argument(
        "--window", type=_count, nargs="+", help="frames per forward pass (default: 1 4 16; quick: 1 4)"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--quick", action="store_true", help="a minute or less; rates are rough")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument(
        "--append",
        type=Path,
        metavar="FILE",
        help="also add each figure with its spread, versions, processor, threads, load and commit as a line of JSON to "
        "this file, which may have those of other machines",
    )


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"must be width x height in pixels, as 1280x720, got {text!r}")
    return int(width), int(height)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, got {text!r}")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Exit code 0; 1 for a file that no line can be added to; 2 for a network, window or device that is not there."""
    from simvtr.config import PRESETS

    if args.preset is not None and args.preset not in PRESETS:
        print(f"simvtr bench: --preset must be one of {', '.join(PRESETS)}, got {args.preset!r}", file=sys.stderr)
        return 2
    if args.append is not None:
        refuse_no_log(args.append)
    import torch

    from simvtr.inference import Predictor
    from simvtr.model import SimVTR, load

    torch.manual_seed(0)
    model = SimVTR(PRESETS[args.preset]()) if args.preset else load(args.weights)
    most = model.config.frames if model.config.queries == "coupled" else None
    windows = args.window or ([most] if most else WINDOWS[:2] if args.quick else WINDOWS)
    rows = []
    for window in sorted(set(windows)):  # the peak of a longer one is the higher one
        try:
            predictor = Predictor(model, window, device=args.device, precision=args.precision)
        except ValueError as error:
            print(f"simvtr bench: {error}", file=sys.stderr)
            return 2
        print(f"simvtr bench: window {window} ...", file=sys.stderr, flush=True)
        rows.append(measured(predictor, window, args.size, QUICK if args.quick else SECONDS))
        print(f"simvtr bench: window {window}: {rows[-1].frames_per_second:.1f} frames/s", file=sys.stderr, flush=True)
    about = _about(model, args)
    print(json.dumps({**about, "rows": [asdict(row) for row in rows]}, indent=1) if args.json else _table(about, rows))
    if args.append is not None:
        where = f"{about['network']}, {about['video']}, {about['precision']} on {about['device']}"
        figures = [figure for row in rows for figure in row.figures(where)]
        append(args.append, figures, environment(_command(args, windows), torch.get_num_threads()))
    return 0


def _command(args: argparse.Namespace, windows: Sequence[int]) -> str:
    """What measures the same anew, all settings told."""
    words = ["--size", f"{args.size[0]}x{args.size[1]}"]
    words += ["--preset", args.preset] if args.preset else ["--weights", anywhere(args.weights, Path.cwd())]
    words += ["--window", *map(str, windows), "--device", args.device, "--precision", args.precision]
    return shlex.join(["simvtr", "bench", *words, *(["--quick"] if args.quick else [])])


def measured(predictor: "Predictor", window: int, size: tuple[int, int], seconds: float) -> Row:
    """Segment noise for about so many seconds in rounds of one window at least; a window before that warms up."""
    list(predictor.stream(islice(_noise(size), window)))
    rounds = [_round(predictor, window, size, seconds / ROUNDS) for _ in range(ROUNDS)]
    found = {name: Figure.of(name, [rates[name] for _, rates in rounds], "") for name in RATES}
    return Row(
        window=window,
        frames=sum(frames for frames, _ in rounds),
        **{name: figure.value for name, figure in found.items()},
        peak_memory_mib=_peak(predictor.device.type),
        spread={name: figure.spread for name, figure in found.items() if figure.spread},
    )


def _round(predictor: "Predictor", window: int, size: tuple[int, int], seconds: float) -> tuple[int, dict[str, float]]:
    """Its frames and rates."""
    from simvtr.inference import TrackBuilder

    before, builder = predictor.model_seconds, TrackBuilder()
    clock, cpu = time.perf_counter(), time.process_time()

    def until() -> Iterator["np.ndarray"]:
        for i, frame in enumerate(_noise(size)):
            if i and i % window == 0 and time.perf_counter() - clock > seconds:
                return
            yield frame

    for result in predictor.stream(until(), overlap=True):
        builder.add(result)
    took, busy = time.perf_counter() - clock, time.process_time() - cpu
    frames, model_seconds = builder.frames, predictor.model_seconds - before
    return frames, {
        "frames_per_second": frames / took,
        "network_frames_per_second": frames / model_seconds,
        "over_network": model_seconds / took,
        "cpu_seconds_per_frame": busy / frames,
    }


def _noise(size: tuple[int, int]) -> Iterator["np.ndarray"]:
    """Frames (H, W, 3) without end: eight pictures of noise in turns, as speed does not depend on what is seen."""
    import numpy as np

    width, height = size
    pictures = np.random.default_rng(0).integers(0, 256, (8, height, width, 3), np.uint8)
    while True:
        yield from pictures


def _peak(kind: str) -> float:
    """MiB."""
    import torch

    if kind == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def _about(model: "SimVTR", args: argparse.Namespace) -> dict[str, object]:
    """What was measured, and on what."""
    import platform

    import torch

    from simvtr import __version__
    from simvtr.data.transforms import fitted
    from simvtr.model.device import pick_device

    width, height = args.size
    h, w = fitted(height, width, model.config.short_side, model.config.long_side)
    device = pick_device(args.device)
    return {
        "network": args.preset or anywhere(args.weights, Path.cwd()),
        "video": f"{width}x{height}",
        "seen by the network": f"{w}x{h}",
        "precision": args.precision,
        "device": torch.cuda.get_device_name() if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "versions": f"simvtr {__version__}, torch {torch.__version__}, Python {platform.python_version()}",
    }


def _table(about: dict[str, object], rows: list[Row]) -> str:
    """A line for each window.

    >>> row = Row(4, 40, 12.345, 15.0, 0.823, 0.081, 512.4, {"frames_per_second": (9.87, 12.5)})
    >>> print(_table({"video": "64x48"}, [row]))
    video: 64x48
    <BLANKLINE>
    window   frames/s   least to greatest   network's alone   CPU s/frame   peak memory
         4       12.3         9.9 to 12.5              15.0         0.081       512 MiB
    """
    lines = [f"{name}: {value}" for name, value in about.items()]
    lines += ["", "window   frames/s   least to greatest   network's alone   CPU s/frame   peak memory"]
    for row in rows:
        spread = "{:.1f} to {:.1f}".format(*row.spread["frames_per_second"])
        lines.append(
            f"{row.window:6}{row.frames_per_second:11.1f}{spread:>20}{row.network_frames_per_second:18.1f}"
            f"{row.cpu_seconds_per_frame:14.3f}{row.peak_memory_mib:10.0f} MiB"
        )
    return "\n".join(lines)
