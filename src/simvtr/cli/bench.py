"""Frames a second and memory on this machine, for a picture size and a network: a table, or JSON."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from simvtr.inference import Predictor
    from simvtr.model import SimVTR

WINDOWS = (1, 4, 16)
SECONDS, QUICK = 40.0, 7.0  # by the clock, for each row of the table


@dataclass(frozen=True, slots=True)
class Row:
    """What one window size costs."""

    window: int
    frames: int  # that were measured
    frames_per_second: float  # resizing, network, masks at the video's size, run-length encoding
    network_frames_per_second: float  # the network's share of that time alone
    cpu_seconds_per_frame: float  # of all threads
    peak_memory_mib: float  # of this process so far; on a GPU what torch held there


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "frames/s: resizing, the network, names, masks at the video's size and their encoding, of pictures of noise; "
        "decoding and the overlay are not in it. network's alone: frames/s if the network were all. CPU s/frame: of "
        "all threads. peak memory: of the process so far, torch and weights included; on a GPU what torch held there."
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
    """Exit code 0; 2 for a network, window or device that is not there."""
    from simvtr.config import PRESETS

    if args.preset is not None and args.preset not in PRESETS:
        print(f"simvtr bench: --preset must be one of {', '.join(PRESETS)}, got {args.preset!r}", file=sys.stderr)
        return 2
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
    about = _about(model, args)
    print(json.dumps({**about, "rows": [asdict(row) for row in rows]}, indent=1) if args.json else _table(about, rows))
    return 0


def measured(predictor: "Predictor", window: int, size: tuple[int, int], seconds: float) -> Row:
    """Segment noise for about so many seconds, one window at least; a window before that warms up."""
    from simvtr.inference import TrackBuilder

    list(predictor.stream(islice(_noise(size), window)))
    warmed, builder = predictor.model_seconds, TrackBuilder()
    clock, cpu = time.perf_counter(), time.process_time()

    def until() -> Iterator["np.ndarray"]:
        for i, frame in enumerate(_noise(size)):
            if i and i % window == 0 and time.perf_counter() - clock > seconds:
                return
            yield frame

    for result in predictor.stream(until(), overlap=True):
        builder.add(result)
    took, busy = time.perf_counter() - clock, time.process_time() - cpu
    frames, model_seconds = builder.frames, predictor.model_seconds - warmed
    return Row(window, frames, frames / took, frames / model_seconds, busy / frames, _peak(predictor.device.type))


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
        "network": args.preset or args.weights,
        "video": f"{width}x{height}",
        "seen by the network": f"{w}x{h}",
        "precision": args.precision,
        "device": torch.cuda.get_device_name() if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "versions": f"simvtr {__version__}, torch {torch.__version__}, Python {platform.python_version()}",
    }


def _table(about: dict[str, object], rows: list[Row]) -> str:
    """A line for each window.

    >>> print(_table({"video": "64x48"}, [Row(4, 40, 12.345, 15.0, 0.081, 512.4)]))
    video: 64x48
    <BLANKLINE>
    window   frames/s   network's alone   CPU s/frame   peak memory
         4       12.3              15.0         0.081       512 MiB
    """
    lines = [f"{name}: {value}" for name, value in about.items()]
    lines += ["", "window   frames/s   network's alone   CPU s/frame   peak memory"]
    lines += [
        f"{row.window:6}{row.frames_per_second:11.1f}{row.network_frames_per_second:18.1f}"
        f"{row.cpu_seconds_per_frame:14.3f}{row.peak_memory_mib:10.0f} MiB"
        for row in rows
    ]
    return "\n".join(lines)
