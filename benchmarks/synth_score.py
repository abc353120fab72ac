"""The score of weights on synthetic videos that they were not trained on, by window, and what a short list would get.

The videos are made anew from a seed: 10 of each occlusion level, 320x180, 40 frames.
"""

import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.record import Figure, parser, report
from simvtr.data.synth import SynthConfig, write_dataset
from simvtr.data.video import read_frames
from simvtr.evaluation import evaluate
from simvtr.inference import Predictor
from simvtr.model import load
from simvtr.schema import Track, Truth, read_truth

LEVELS = ("slight", "moderate", "heavy")
VIDEOS, FRAMES, SEED = 10, 40, 90  # a level; the recipes draw from other seeds
SHORT = 1  # frames of the short lists

Found = dict[int, list[Track]]


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--weights", default="simvtr-tiny")
    command.add_argument("--windows", type=int, nargs="+", default=[1, 4, 8])
    command.add_argument("--videos", type=int, default=VIDEOS, help=f"of each level (default: {VIDEOS})")
    args = command.parse_args()
    model = load(args.weights)
    figures = []
    with TemporaryDirectory() as folder:
        sets = {level: made(Path(folder) / level, level, args.videos) for level in LEVELS}
        for window in args.windows:
            predictor = Predictor(model, window)
            found = {level: segmented(predictor, truth, images) for level, (truth, images) in sets.items()}
            figures += scores(f"window {window}", sets, found)
    report(figures, keep=not args.no_record)
    return 0


def made(folder: Path, level: str, videos: int) -> tuple[Truth, Path]:
    """A data set of one level, and the folder of its frames."""
    config = SynthConfig(frames=FRAMES, occlusion=level)  # pyright: ignore[reportArgumentType]
    path = write_dataset(folder, config, videos, SEED)
    return read_truth(path), folder / "JPEGImages"


def segmented(predictor: Predictor, truth: Truth, images: Path) -> Found:
    """Tracks of every video."""
    return {v.id: predictor(read_frames([images / name for name in v.file_names])) for v in truth.videos.values()}


def scores(name: str, sets: dict[str, tuple[Truth, Path]], found: dict[str, Found]) -> list[Figure]:
    """Percent: strict AP of each level and their mean, AP50 and class-agnostic AP50; the first frames as a short list
    by the reference's rules, and the same padded with what they lack."""
    figures = []
    total: dict[str, float] = {}
    for level, (truth, _) in sets.items():
        full = evaluate(truth, found[level]).stats
        values = {
            "AP": full["AP"],
            "AP50": full["AP50"],
            "AP50 without classes": evaluate(truth, found[level], class_agnostic=True).stats["AP50"],
            "AP of the first frame as a short list, reference's rules": evaluate(
                truth, cut(found[level], None), "ytvos"
            ).stats["AP"],
            "AP of the first frame padded to length": evaluate(truth, cut(found[level], FRAMES)).stats["AP"],
        }
        figures.append(Figure(f"{name}: AP, {level}", 100 * full["AP"], "%"))
        for what, value in values.items():
            total[what] = total.get(what, 0.0) + 100 * value / len(sets)
    return [Figure(f"{name}: {what}, mean of levels", value, "%") for what, value in total.items()] + figures


def cut(found: Found, length: int | None) -> Found:
    """The first frame of every track alone; with `length`, followed by as many absent ones as it takes."""
    rest = (None,) * (length - SHORT) if length else ()
    return {
        video: [replace(track, segmentations=track.segmentations[:SHORT] + rest) for track in tracks]
        for video, tracks in found.items()
    }


if __name__ == "__main__":
    sys.exit(main())
