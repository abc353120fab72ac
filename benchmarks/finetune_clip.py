"""A model of one's own from one labelled clip, on a CPU: train on its first frames, segment all, score the rest.

Runs `simvtr train` on the recipe, then `simvtr segment` on the video, and compares its results with the truth:
true tracks and found tracks are paired one to one by the Hungarian method, once, for the highest sum of track IoU
over all frames; these pairs are then scored on the frames that were trained on and on those that were not. A true
track without a partner counts 0. The pairing knows the truth of the frames that were not trained on; so that figure
is also given with pairs chosen on the training frames alone. All masks in results.json count, as they do in average
precision, unless `--keep` drops those of a low score.

`--scratch` trains the same steps from random weights of the same network: what the recipe's start is worth.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from benchmarks.record import ROOT, Figure, parser, report
from simvtr.cli.recipe import read_recipe
from simvtr.config import Recipe
from simvtr.data.video import read_frames
from simvtr.evaluation.overlap import track_ious
from simvtr.model import SimVTR, load, save
from simvtr.schema import Track, Truth, TruthTrack, read_predictions, read_truth

DATA = Path("../shared/data")  # from ROOT
CLIP = DATA / "davis_dogs_jump"
SEEN = 50  # frames to train on
DATASET = (
    *("--data.0.truth", str(CLIP / "instances.json"), "--data.0.images", str(CLIP / "JPEGImages")),
    *("--data.0.last", str(SEEN)),
)


def main() -> int:
    args = _arguments()
    recipe = read_recipe(args.recipe, DATASET)
    truth = read_truth(recipe.data[0].truth)
    (video,) = truth.videos.values()
    frames = read_frames(args.video)
    if (frames.width, frames.height, sum(1 for _ in frames)) != (video.width, video.height, video.length):
        sys.exit(f"{args.video}: must have the {video.length} frames of {video.width}x{video.height} of the truth")
    weights, figures = args.weights, []
    if weights is None:
        weights = args.out / "weights"
        start = ("--start", str(untrained(recipe, args.out / "start"))) if args.scratch else ()
        spent = run("train", str(args.recipe), *DATASET, "--out", str(weights), *start)
        figures = [
            Figure("training", spent.clock / 60, "min"),
            Figure("training, CPU time of all threads", spent.cpu / 60, "min"),
        ]
    elif (Path(weights) / "log.jsonl").exists():
        figures = [Figure("training, steps alone, by its log", logged_minutes(Path(weights) / "log.jsonl"), "min")]
    options = ["--window", args.window, "--keep", str(args.keep)]
    (args.out / "video" / "results.json").unlink(missing_ok=True)  # perhaps of other options
    run("segment", str(args.video), "--weights", str(weights), "-o", str(args.out / "video"), *options)
    tracks = read_predictions(args.out / "video" / "results.json", truth).tracks[video.id]
    figures += scores(truth, video.id, tracks, SEEN)
    if args.scratch:
        figures = [replace(figure, name=f"from scratch: {figure.name}") for figure in figures]
    report(figures, keep=not args.no_record)
    print(f"look at {args.out / 'video' / 'overlay.mp4'}")
    return 0


def _arguments() -> argparse.Namespace:
    command = parser(__doc__)
    command.add_argument("--recipe", type=Path, default=ROOT / "recipes/finetune-clip.yaml")
    command.add_argument("--video", type=Path, default=CLIP / "dogs_jump.mp4", help="the same frames as a video")
    command.add_argument("--weights", help="trained already: no training")
    command.add_argument("--scratch", action="store_true", help="start from random weights of the same network")
    command.add_argument("--out", type=Path, default=Path("out/finetune-clip"), help="folder for everything")
    command.add_argument("--window", default="1", help="of simvtr segment (default: 1)")
    command.add_argument("--keep", type=float, default=0.001, help="of simvtr segment (default: 0.001)")
    args = command.parse_args()
    os.chdir(ROOT)  # where the recipe's paths start
    if not args.video.exists():
        print(f"{args.video} is not here: nothing to measure")
        sys.exit(0)
    return args


def untrained(recipe: Recipe, folder: Path) -> Path:
    """The network that the recipe starts from, with random weights by the recipe's seed, as a folder."""
    torch.manual_seed(recipe.train.seed)
    save(SimVTR(load(recipe.start or "simvtr-tiny").config), folder)
    return folder


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of one process."""

    clock: float
    cpu: float


def run(*words: str) -> Spent:
    """`simvtr ...` as a process of its own; what it says is passed on."""
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "simvtr", *words])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"simvtr {' '.join(words)} left with {process.returncode}")
    return Spent(time.perf_counter() - begin, usage.ru_utime + usage.ru_stime)


def logged_minutes(path: Path) -> float:
    """Of all steps and the waits between them; without start-up, checkpoints and validation."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return sum(line.get("seconds", 0) + line.get("waited", 0) for line in lines) / 60


def scores(truth: Truth, video: int, found: list[Track], seen: int) -> list[Figure]:
    """Mean track IoU on frames `seen` and later, and before, with and without regard to the category."""
    length = truth.videos[video].length
    true = [track for track in truth.tracks[video] if not track.crowd]
    parts = {f"frames {seen}..{length - 1}, never trained on": slice(seen, None), f"frames 0..{seen - 1}": slice(seen)}
    same = np.array([[a.category_id == b.category_id for b in true] for a in found], bool).reshape(-1, len(true))
    whole, early = ious(found, true, slice(None)), ious(found, true, slice(seen))
    figures = []
    for name, part in parts.items():
        part_ious = ious(found, true, part)
        figures += [
            Figure(f"mean track IoU, {name}", mean_paired(part_ious, whole), ""),
            Figure(f"mean track IoU, {name}, right category only", mean_paired(part_ious * same, whole * same), ""),
        ]
        if part.start:
            figures.append(
                Figure(f"mean track IoU, {name}, paired on frames 0..{seen - 1}", mean_paired(part_ious, early), "")
            )
    return [*figures, Figure(f"identity switches in {length} frames", int(switches(found, true)), "")]


def ious(found: list[Track], true: list[TruthTrack], part: slice) -> NDArray[np.float64]:
    """Track IoU of every found with every true track over some frames, (d, g)."""
    return track_ious([t.segmentations[part] for t in found], [t.segmentations[part] for t in true])


def mean_paired(values: NDArray[np.float64], worth: NDArray[np.float64]) -> float:
    """Mean over true tracks of the value of its pair; pairs are one to one, of the greatest total worth.

    >>> mean_paired(np.array([[0.5, 0.25], [0.0, 1.0]]), np.array([[0.9, 0.8], [0.7, 0.1]]))  # pairs: 0-1, 1-0
    0.125
    """
    rows, columns = linear_sum_assignment(-worth)
    return float(values[rows, columns].sum() / values.shape[1])


def switches(found: list[Track], true: list[TruthTrack]) -> int:
    """How often the found track on a true one is another than the last time it was found.

    A true track is found in a frame where a found one has an IoU of 0.5 or more with it there, paired one to one.
    """
    last, count = {}, 0
    for frame in range(len(true[0].segmentations)):
        values = ious(found, true, slice(frame, frame + 1))
        values[values < 0.5] = 0
        for row, column in zip(*linear_sum_assignment(-values), strict=True):
            if values[row, column]:
                count += last.get(column, row) != row
                last[column] = row
    return count


if __name__ == "__main__":
    sys.exit(main())
