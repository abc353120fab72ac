"""The report's claims that need training: variants of the tiny preset with equal steps, over seeds.

    python -m benchmarks.ablations deformable

Every run is a folder of runs/ablations/: a finished one is not repeated, a broken one goes on from its checkpoint.
All begin with the backbone of the packaged weights, as the report's began with a trained one, and the rest anew from
the seed; what two variants have in common they begin with alike. Trained on synth-occlusion-v1, scored on the first
videos of its validation split in windows as long as the longest clips of the training.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from typing import Any

import torch

from benchmarks.claims import segmented, validation
from benchmarks.columns import scores
from benchmarks.leaderboard import DATA
from benchmarks.record import ROOT, Figure, parser, report
from simvtr.config import AugmentConfig, DataConfig, LossConfig, Recipe, Stage, TrainConfig, simvtr_tiny
from simvtr.data.synth import SynthConfig, write_dataset
from simvtr.errors import DataError
from simvtr.inference import Predictor
from simvtr.model import SimVTR, load, save
from simvtr.schema.writer import atomic
from simvtr.training import train

RUNS = ROOT / "runs/ablations"
STEPS = 400  # of every training; the unchanged variant takes four to five minutes of a core
VIDEOS = 15  # of the validation split: five of each level
SHOWN = ("AP", "AP50", "class-agnostic AP", "AP heavy", "HOTA", "kept slots")
SINGLE, SHORT = Stage(0.7, (1,), 8), Stage(0.3, (4,), 2)  # eight frames a step in both
LAST = 100  # steps whose mask losses are averaged
TRAIN = DATA / "train"
LONGER = ROOT / "work/ablations-16-frames"  # for training windows: the videos of the split have eight frames
LONGER_VIDEOS, LONGER_SEED = 1000, 104
BASE = TrainConfig(
    optimizer="adamw",
    lr=7e-4,
    decay_norms=False,
    clip_norm=0.1,
    warmup=100,
    schedule="cosine",
    ema=0.998,
    stages=(SINGLE, SHORT),
    precision="auto",
    device="cpu",
    checkpoint_minutes=3,
    loss=LossConfig(label=3, focal=3, dice=3, dense=10, mask_stride=2),
    augment=AugmentConfig(reverse=0.5, photometric=0, permute_channels=0.5, crop=0, short_sides=()),
)


@dataclass(frozen=True, slots=True)
class Variant:
    """What differs from the tiny preset and from `BASE`; `folder` names its runs, so equal variants share them."""

    folder: str
    model: dict[str, Any] = field(default_factory=dict)
    train: dict[str, Any] = field(default_factory=dict)
    data: Callable[[], Path] = lambda: TRAIN
    share: float = 1.0  # of the steps, where a step is larger

    @property
    def window(self) -> int:
        """Frames a window, for scoring."""
        return max(self.train.get("stages", BASE.stages)[-1].frames)


def longer() -> Path:
    """Videos of 16 frames, made when first asked for."""
    if not (LONGER / "instances.json").exists():
        config = SynthConfig(width=160, height=96, frames=16, occlusion="mixed")
        write_dataset(LONGER, config, LONGER_VIDEOS, LONGER_SEED)
    return LONGER


UNCHANGED = Variant("unchanged")
CLIPS = {"stages": (Stage(1.0, (4,), 2),)}  # coupled queries read windows of one length
ABLATIONS: dict[str, dict[str, Variant]] = {
    "deformable": {
        "v1": UNCHANGED,
        "v2": Variant("deformable-v2", {"deformable": "v2"}),
        "none": Variant("deformable-none", {"deformable": "plain"}),
        "one": Variant("deformable-one", {"deformables": 1}),
    },
    "head3d": {"off": UNCHANGED, "on": Variant("conv3d", {"conv3d_head": True})},
    "queries": {
        "decoupled": Variant("decoupled", {}, CLIPS),
        "coupled": Variant("coupled", {"queries": "coupled", "frames": 4}, CLIPS),
    },
    "layers": {"4": UNCHANGED, "6": Variant("layers-6", {"encoder_layers": 6, "decoder_layers": 6})},
    "optimizer": {
        "AdamW": UNCHANGED,
        "AdaBelief": Variant("adabelief-7e-4", {}, {"optimizer": "adabelief"}),
    },
    "rates": {
        f"{lr:.0e}": Variant(f"adabelief-{lr:.0e}", {}, {"optimizer": "adabelief", "lr": lr})
        for lr in (1e-5, 1e-4, 1e-3)
    },
    "paste": {
        "off": UNCHANGED,
        "on": Variant("paste", {}, {"augment": replace(BASE.augment, paste=0.5)}),
    },
    "windows": {
        str(t): Variant(f"window-{t}", {}, {"stages": (Stage(1.0, (t,), 16 // t),)}, longer, share=0.5)
        for t in (1, 2, 4, 8, 16)
    },
}


def main() -> int:
    command = parser(__doc__)
    command.add_argument("ablation", choices=ABLATIONS)
    command.add_argument("--steps", type=int, default=STEPS, help="of every training (default: %(default)s)")
    command.add_argument("--seeds", type=int, nargs="+", default=[25, 26, 27])
    args = command.parse_args()
    os.chdir(ROOT)
    if not (TRAIN / "instances.json").exists():
        sys.exit(f"{TRAIN} is not here: simvtr synth {TRAIN.relative_to(ROOT)} --benchmark train")
    variants = ABLATIONS[args.ablation]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in variants}
    for seed in args.seeds:  # seed by seed: a run that is cut short has compared all variants on some
        for name, variant in variants.items():
            found[name].append(run(variant, seed, args.steps))
    report(figures(args.ablation, args.steps, found), keep=not args.no_record)
    return 0


def run(variant: Variant, seed: int, steps: int) -> dict[str, float]:
    """Scores of one training, made or read from its folder; all 0 where it diverged."""
    folder = RUNS / f"{steps}-steps" / f"{variant.folder}-{seed}"
    path = folder / "scores.json"
    if path.exists():
        return json.loads(path.read_text())
    print(f"{folder.relative_to(ROOT)} ...", file=sys.stderr)
    try:
        train(recipe(variant, seed, steps, folder), resume=True, progress=False)
        truth = validation(VIDEOS)
        row = scores(truth, segmented(Predictor(load(folder), variant.window), truth))
        found = {name: row.get(name, 0.0) for name in SHOWN} | {"diverged": 0.0}
    except DataError as error:
        if "diverged" not in str(error):
            raise
        found = dict.fromkeys(SHOWN, 0.0) | {"diverged": 1.0}
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    steps_log = [entry for entry in log if "seconds" in entry]
    found["seconds a step"] = mean(entry["seconds"] for entry in steps_log)
    for loss in ("dice", "focal"):
        found[f"{loss} loss"] = mean(entry[loss] for entry in steps_log[-LAST:])
    with atomic(path) as file:
        file.write(json.dumps(found).encode())
    for checkpoint in folder.glob("checkpoint*.pt"):
        checkpoint.unlink()  # 150 MB each; the weights stay
    return found


def recipe(variant: Variant, seed: int, steps: int, out: Path) -> Recipe:
    """Of one training."""
    data = variant.data()
    own = replace(BASE, **{"seed": seed, "steps": max(1, round(steps * variant.share)), **variant.train})
    return Recipe(
        out=str(out),
        start=str(start(seed)),
        model=simvtr_tiny(**variant.model),
        data=(DataConfig(str(data / "instances.json"), str(data / "JPEGImages")),),
        train=own,
    )


def start(seed: int) -> Path:
    """The tiny preset, its backbone from the packaged weights and all else new."""
    folder = RUNS / f"start-{seed}"
    if not (folder / "config.json").exists():
        packaged = load("simvtr-tiny")
        torch.manual_seed(seed)
        model = SimVTR(simvtr_tiny(classes=packaged.config.classes, categories=packaged.config.categories))
        model.backbone.load_state_dict(packaged.backbone.state_dict())
        save(model, folder)
    return folder


def figures(ablation: str, steps: int, found: dict[str, list[dict[str, float]]]) -> list[Figure]:
    """Mean over seeds, with the least and the greatest.

    >>> figures("layers", 1000, {"4": [{"AP": 10.0}, {"AP": 20.0}]})
    [Figure(name='layers, 4, 1000 steps, 2 seeds: AP', value=15.0, unit='%', spread=(10.0, 20.0), goal='')]
    """
    units = {"seconds a step": "s", "diverged": "of the runs", "dice loss": "", "focal loss": ""}
    made = []
    for name, runs in found.items():
        for what in runs[0]:
            values = [entry[what] for entry in runs]
            title = f"{ablation}, {name}, {steps} steps, {len(runs)} seeds: {what}"
            made.append(Figure(title, mean(values), units.get(what, "%"), (min(values), max(values))))
    return made


if __name__ == "__main__":
    sys.exit(main())
