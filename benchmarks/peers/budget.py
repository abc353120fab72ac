"""How many training steps the same time of one core buys SimVTR, VisTR and Mask R-CNN, measured in turns.

    OMP_NUM_THREADS=1 python -m benchmarks.peers.budget

A step's CPU time is the least of its rounds: what is above it is the noise of a shared core. Crops come first in both
recipes and are taken off their time. Needs a torchvision made for the torch beside it.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.peers.maskrcnn import Training, batches_of, require_torchvision
from benchmarks.record import ROOT, Figure, parser, report
from simvtr.cli.recipe import read_recipe
from simvtr.config import Recipe, Stage
from simvtr.data.clips import Batches, BatchPlan
from simvtr.data.dataset import open_data
from simvtr.schema import read_truth
from simvtr.training.crops import learn_crops
from simvtr.training.loop import step
from simvtr.training.losses import Losses
from simvtr.training.ranks import Ranks, settled
from simvtr.training.start import categories_of, start_model
from simvtr.training.state import State

RECIPES = ("recipes/simvtr-tiny-short.yaml", "recipes/vistr-tiny.yaml")
BUDGETS = {20: 1, 60: 2}  # minutes of one core, and how many times the crops of the recipes are taken off them
WARM = 2  # steps of every kind before the first that counts


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--rounds", type=int, default=8, help="steps of each kind that count (default: 8)")
    args = command.parse_args()
    require_torchvision()
    os.chdir(ROOT)
    recipes = {Path(path).stem: read_recipe(Path(path)) for path in RECIPES}
    kinds = {
        f"{name}, {kind}": run
        for name, recipe in recipes.items()
        for kind, run in (
            ("crops", crops(recipe)),
            *((f"clips of {s.frames[0]}", steps(recipe, s)) for s in stages(recipe)),
        )
    }
    with TemporaryDirectory() as folder:
        kinds["maskrcnn, clips of 1"] = peer(Path(folder))
        spent: dict[str, list[float]] = {name: [] for name in kinds}
        for i in range(WARM + args.rounds):
            for name, run in kinds.items():
                began = time.process_time()
                run()
                if i >= WARM:
                    spent[name].append(time.process_time() - began)
    least = {name: min(seconds) for name, seconds in spent.items()}
    figures = [Figure(f"a step of {name}", least[name], "s", (least[name], max(spent[name]))) for name in kinds]
    for minutes in BUDGETS:
        where = f"steps in {minutes} min of"
        figures += [Figure(f"{where} {name}", bought(r, least, name, minutes), "") for name, r in recipes.items()]
        figures.append(Figure(f"{where} maskrcnn", int(60 * minutes / least["maskrcnn, clips of 1"]), ""))
    report(figures, keep=not args.no_record)
    return 0


def bought(recipe: Recipe, least: dict[str, float], name: str, minutes: int) -> int:
    """Steps of a recipe's stages that so many minutes buy after its crops."""
    left = 60 * minutes - BUDGETS[minutes] * recipe.train.crop_steps * least[f"{name}, crops"]
    return int(left / sum(s.share * least[f"{name}, clips of {s.frames[0]}"] for s in recipe.train.stages))


def stages(recipe: Recipe) -> Iterator[Stage]:
    """Each stage as a whole training."""
    return (replace(stage, share=1.0) for stage in recipe.train.stages)


def crops(recipe: Recipe) -> Callable[[], object]:
    """A step on crops."""
    truths = [once(d.truth) for d in recipe.data]
    model = start_model(recipe, categories_of(truths), lambda note: None)
    data = open_data(recipe.data, truths, model.config.category_ids)
    short = settled(replace(recipe.train, crop_steps=1))
    return lambda: learn_crops(model, data, short, lambda done, right: None)


def steps(recipe: Recipe, stage: Stage) -> Callable[[], object]:
    """A step on clips."""
    config = settled(replace(recipe.train, stages=(stage,), steps=1000))
    recipe = replace(recipe, train=config)
    truths = [once(d.truth) for d in recipe.data]
    model = start_model(recipe, categories_of(truths), lambda note: None)
    data = open_data(recipe.data, truths, model.config.category_ids)
    batches = Batches(data, BatchPlan(data.videos, config.stages, 1000, config.seed), config.augment)
    state, losses = State(model, recipe, Ranks(config)), Losses(config.loss)
    return lambda: step(state, losses, batches[state.done], 1.0)


once = cache(read_truth)  # of 16,000 videos, for all kinds


def peer(folder: Path) -> Callable[[], object]:
    """A step of Mask R-CNN."""
    training, batches = Training(folder), batches_of("train")
    training.model.train()
    numbers = count()
    return lambda: training.update(batches[next(numbers)])


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main())
