"""Make an occluded data set with YouTube-VIS / OVIS annotations, and measure how occluded it is."""

import argparse
import sys
import time
from pathlib import Path

from simvtr.cli.folder import no_folder

SETTINGS = {
    "occlusion": "moderate",
    "videos": 20,
    "frames": 40,
    "width": 320,
    "height": 180,
    "objects": (2, 5),
    "seed": 0,
    "motion_blur": False,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(**SETTINGS)
    parser.add_argument("out", type=Path, help="folder for instances.json and JPEGImages/")
    parser.add_argument(
        "--occlusion",
        choices=("slight", "moderate", "heavy", "mixed"),
        help="how much objects hide each other; mixed: the three in turn (default: moderate)",
    )
    parser.add_argument("--videos", type=int, help="default: 20")
    parser.add_argument("--frames", type=int, help="per video (default: 40)")
    parser.add_argument("--width", type=int, help="pixels (default: 320)")
    parser.add_argument("--height", type=int, help="pixels (default: 180)")
    parser.add_argument("--objects", type=_range, metavar="LO-HI", help="fewest and most in a video (default: 2-5)")
    parser.add_argument("--seed", type=int, help="another seed gives other videos (default: 0)")
    parser.add_argument("--motion-blur", action="store_true", help="blur what moves, about eight times slower")
    parser.add_argument(
        "--benchmark",
        choices=("train", "val", "test"),
        help="the frozen split of synth-occlusion-v1, compared with the published one; no other setting goes with it",
    )


def _range(text: str) -> tuple[int, int]:
    """Reads "2-5" or "3"."""
    low, _, high = text.partition("-")
    try:
        return int(low), int(high or low)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must look like 2-5, got {text!r}") from None


def run(args: argparse.Namespace) -> int:
    from simvtr.cli.progress import frames_bar
    from simvtr.data.synth import SPLITS, SynthConfig, statistics, write_dataset, write_split
    from simvtr.errors import DataError, many
    from simvtr.schema import read_truth

    changed = [f"--{name.replace('_', '-')}" for name, default in SETTINGS.items() if getattr(args, name) != default]
    if args.benchmark and changed:
        print(f"simvtr synth: --benchmark has settings of its own; leave out {', '.join(changed)}", file=sys.stderr)
        return 2
    if wrong := no_folder(args.out, "out", "instances.json and JPEGImages/"):
        print(f"simvtr synth: {wrong}", file=sys.stderr)
        return 2
    start = time.perf_counter()
    says = ""
    try:
        if args.benchmark:
            config, videos = SPLITS[args.benchmark].config, SPLITS[args.benchmark].videos
        else:
            config, videos = (
                SynthConfig(**{k: getattr(args, k) for k in SETTINGS.keys() - {"videos", "seed"}}),
                args.videos,
            )
        with frames_bar() as bar:
            task = bar.add_task("drawing", total=videos * config.frames, rate="–")

            def progress(done: int) -> None:
                bar.update(task, completed=done, rate=f"{done / (time.perf_counter() - start):.0f}")

            if args.benchmark:
                says = write_split(args.out, args.benchmark, progress=progress)
            else:
                write_dataset(args.out, config, videos, args.seed, progress=progress)
    except DataError:
        raise
    except ValueError as error:  # a number out of range: the command is wrong, not the data
        print(f"simvtr synth: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("simvtr synth: the same command goes on where this one stopped", file=sys.stderr)
        raise
    rate = videos * config.frames / (time.perf_counter() - start)
    path = args.out / "instances.json"
    print(f"{path}: {many(videos, 'video')}, {config.width} x {config.height}, occlusion {config.occlusion}")
    print(statistics(read_truth(path)).table())
    if says:
        print(says)
    print(f"{'drawn and written, frames/s':<36}{rate:>8.0f}")
    return 0
