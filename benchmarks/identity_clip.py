"""Identities of slots and of link on a real clip, by weights that were fine-tuned on its first frames.

Three objects in contact, one behind another; `python -m benchmarks.finetune_clip` makes the weights.
"""

import sys
from pathlib import Path

from benchmarks.record import ROOT, Figure, parser, report
from simvtr.data.video import read_frames
from simvtr.evaluation import evaluate, identity
from simvtr.inference import Predictor
from simvtr.model import load
from simvtr.schema import read_truth


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--weights", default="out/finetune-clip/weights")
    command.add_argument("--clip", type=Path, default=ROOT / "../shared/data/davis_dogs_jump", help="folder")
    command.add_argument("--window", type=int, default=1)
    args = command.parse_args()
    if not args.clip.is_dir():
        print(f"{args.clip} is not here: nothing to measure")
        return 0
    truth, model = read_truth(args.clip / "instances.json"), load(args.weights)
    (video,) = truth.videos.values()
    figures = []
    for way in ("slot", "link"):
        predictor = Predictor(model, args.window, way)
        found = {video.id: predictor(read_frames([args.clip / "JPEGImages" / name for name in video.file_names]))}
        kept = identity(truth, found)
        shown = kept.class_averaged
        values = {"AP": evaluate(truth, found).stats["AP"], "HOTA": shown.HOTA, "AssA": shown.AssA, "IDF1": shown.IDF1}
        figures += [Figure(f"window {args.window}: {name}, {way}", 100 * value, "%") for name, value in values.items()]
        figures.append(Figure(f"window {args.window}: switches, {way}", shown.switches, ""))
        figures.append(Figure(f"window {args.window}: tracks, {way}", len(found[video.id]), ""))
    report(figures, keep=not args.no_record)
    return 0


if __name__ == "__main__":
    sys.exit(main())
