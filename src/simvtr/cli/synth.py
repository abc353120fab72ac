"""Make an occluded data set with YouTube-VIS / OVIS annotations, and measure how occluded it is."""

import argparse
import sys
import time
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", type=Path, help="folder for instances.json and JPEGImages/")
    parser.add_argument(
        "--occlusion",
        choices=("slight", "moderate", "heavy", "mixed"),
        default="moderate",
        help="how much objects hide each other; mixed: the three in turn (default: moderate)",
    )
    parser.add_argument("--videos", type=int, default=20, help="default: 20")
    parser.add_argument("--frames", type=int, default=40, help="per video (default: 40)")
    parser.add_argument("--width", type=int, default=320, help="pixels (default: 320)")
    parser.add_argument("--height", type=int, default=180, help="pixels (default: 180)")
    parser.add_argument(
        "--objects", type=_range, default=(2, 5), metavar="LO-HI", help="fewest and most in a video (default: 2-5)"
    )
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other videos (default: 0)")
    parser.add_argument("--motion-blur", action="store_true", help="blur what moves, about eight times slower")


def _range(text: str) -> tuple[int, int]:
    """Reads "2-5" or "3"."""
    low, _, high = text.partition("-")
    try:
        return int(low), int(high or low)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must look like 2-5, got {text!r}") from None


def run(args: argparse.Namespace) -> int:
    from simvtr.cli.progress import frames_bar
    from simvtr.data.synth import SynthConfig, statistics, write_dataset
    from simvtr.errors import DataError
    from simvtr.schema import read_truth

    start = time.perf_counter()
    try:
        config = SynthConfig(
            width=args.width,
            height=args.height,
            frames=args.frames,
            occlusion=args.occlusion,
            objects=args.objects,
            motion_blur=args.motion_blur,
        )
        with frames_bar() as bar:
            task = bar.add_task("drawing", total=args.videos * args.frames, rate="–")

            def progress(done: int) -> None:
                bar.update(task, completed=done, rate=f"{done / (time.perf_counter() - start):.0f}")

            path = write_dataset(args.out, config, args.videos, args.seed, progress=progress)
    except DataError:
        raise
    except ValueError as error:  # a number out of range: the command is wrong, not the data
        print(f"simvtr synth: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("simvtr synth: the same command goes on where this one stopped", file=sys.stderr)
        raise
    rate = args.videos * args.frames / (time.perf_counter() - start)
    print(f"{path}: {args.videos} videos, {config.width} x {config.height}, occlusion {config.occlusion}")
    print(statistics(read_truth(path)).table())
    print(f"{'drawn and written, frames/s':<36}{rate:>8.0f}")
    return 0
