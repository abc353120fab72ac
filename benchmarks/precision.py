"""What half precision and a lower number of kept queries are worth: CPU time and AP of the packaged weights.

On the validation split of synth-occlusion-v1, windows of 1 frame, objects linked. CPU time is that of the network
alone on the first videos, the variants in turns; `all` gives every query its masks, as a network without `select` does.
"""

import sys
import time
from itertools import islice

import torch
from torch import Tensor

from benchmarks.claims import segmented, validation
from benchmarks.leaderboard import DATA
from benchmarks.record import Figure, parser, report
from simvtr.config import InferConfig
from simvtr.data.transforms import to_input
from simvtr.data.video import read_frames
from simvtr.evaluation import evaluate
from simvtr.inference import Predictor
from simvtr.model import SimVTR, load

PRECISIONS = ("float32", "bfloat16")
KEPT = {"all": 0.0, "0.001": 0.001, "0.5": 0.5}  # queries that get masks: name -> least score


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--weights", default="simvtr-tiny", help="packaged name or folder (default: simvtr-tiny)")
    command.add_argument("--videos", type=int, default=60, help="of the split, the first ones (default: all 60)")
    command.add_argument("--frames", type=int, default=60, help="that are timed, of the first videos (default: 60)")
    command.add_argument("--rounds", type=int, default=5, help="times that each is measured (default: 5)")
    args = command.parse_args()
    model, truth = load(args.weights), validation(args.videos)
    figures = []
    for precision in PRECISIONS:
        found = evaluate(truth, segmented(Predictor(model, precision=precision), truth))
        figures += [Figure(f"{precision}: {name}", 100 * found.stats[name], "%") for name in ("AP", "AP50")]
    paths = [DATA / "val/JPEGImages" / name for video in truth.videos.values() for name in video.file_names]
    sides = model.config.short_side, model.config.long_side
    frames = [to_input(frame[None], *sides)[None] for frame in islice(read_frames(paths), args.frames)]
    times: dict[str, list[float]] = {}
    for _ in range(args.rounds):
        for precision in PRECISIONS:
            for kept, least in KEPT.items():
                if precision == "float32" or least == InferConfig().threshold:
                    taken = passed(model, frames, precision, least)
                    times.setdefault(f"{precision}, kept from {kept}", []).append(taken)
    whole = times["float32, kept from all"]
    for name, taken in times.items():
        figures.append(Figure.of(f"{name}: network alone, CPU time a frame", taken, "ms"))
        if taken is not whole:
            ratios = [a / b for a, b in zip(whole, taken, strict=True)]
            spread = min(ratios), max(ratios)
            figures.append(Figure(f"all queries in float32 / {name}", min(whole) / min(taken), "", spread))
    report(figures, keep=not args.no_record)
    return 0


@torch.inference_mode()
def passed(model: SimVTR, frames: list[Tensor], precision: str, least: float) -> float:
    """CPU milliseconds a frame; queries get masks when their score is at least this."""

    def select(_: int, logits: Tensor, boxes: Tensor) -> Tensor:
        return (logits.float().softmax(-1)[..., :-1].amax(-1) >= least).any(0).nonzero()[:, 0]

    begin = time.process_time()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
        for frame in frames:
            model(frame, select=select)
    return 1000 * (time.process_time() - begin) / len(frames)


if __name__ == "__main__":
    sys.exit(main())
