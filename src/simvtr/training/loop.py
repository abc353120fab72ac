"""The training of a recipe, from data and weights to weights (paper §4).

    recipe -> data/clips.py -> batch of step i -> model -> losses.py -> optimizer.py -> checkpoint.py, weights
                                                      matcher.py chooses whose masks are made

A step is a function of the weights before it, its number and the recipe: an interrupted training that is resumed gives
the weights of an unbroken one, bit by bit on a CPU.
"""

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, astuple, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from simvtr.config import DataConfig, ModelConfig, Recipe, TrainConfig
from simvtr.data.clips import Batches, BatchPlan, steps_of_epochs
from simvtr.data.dataset import Batch, JoinedDataset, open_data, refuse_empty
from simvtr.doctor import check
from simvtr.errors import DataError, many
from simvtr.model import SimVTR
from simvtr.model.weights import WEIGHTS
from simvtr.schema import read_truth
from simvtr.training import checkpoint as checkpoints
from simvtr.training.crops import learn_crops
from simvtr.training.feed import feed
from simvtr.training.interrupt import gentle_stop
from simvtr.training.log import Log, Meter, announce, clock, scored
from simvtr.training.losses import Counts, Losses
from simvtr.training.matcher import Match, match_clip
from simvtr.training.optimizer import clip_gradients, rate, set_rate
from simvtr.training.ranks import Ranks, settled
from simvtr.training.start import categories_of, start_model
from simvtr.training.state import State, keep_weights

HALVES = {"float16": torch.float16, "bfloat16": torch.bfloat16}
Validate = Callable[[SimVTR], dict[str, float]]


class Stopped(KeyboardInterrupt):
    """The user stopped a training; its checkpoint is written. Says after which step, and where it lies."""

    def __init__(self, step: int, steps: int, folder: Path) -> None:
        super().__init__(f"stopped after step {step} of {steps}; checkpoint and weights are in {folder}")


def train(recipe: Recipe, *, resume: bool = False, progress: bool = True, validate: Validate | None = None) -> Path:
    """Train by a recipe.

    Args:
        recipe: what to train on what; paths are relative to the current folder.
        resume: continue from the checkpoint in `recipe.out`; without one, start; when all is done, say so.
        progress: show progress on stderr.
        validate: scores by name of the model that would be saved now, called every `recipe.validate_every` steps and
            at the end. (`simvtr train` gives `simvtr.inference`'s for `recipe.validate`.)
    Returns: the folder `recipe.out` with `model.safetensors` and `config.json` (averaged weights with `train.ema`),
        `checkpoint.pt`, `log.jsonl` and, where TensorBoard is installed, its events. Weights and checkpoint are
        renewed every `train.checkpoint_minutes`, too.
    Raises: DataError when data, weights or checkpoint are wrong, the folder already holds a training and `resume` is
        False, or the training diverges; Stopped on Ctrl-C (or SIGTERM), after the step under way and a checkpoint.
    """
    recipe = replace(recipe, train=settled(recipe.train))
    folder, config = Path(recipe.out), recipe.train
    ranks = Ranks(config)
    if any(stage.clips % (ranks.count * config.accumulate) for stage in config.stages):
        raise DataError(
            f"train.stages: clips must be multiples of ranks times train.accumulate, {ranks.count} x "
            f"{config.accumulate}, so that each rank has its share of every step, got "
            f"{[stage.clips for stage in config.stages]}. Change one of them."
        )
    saved = checkpoints.load(folder) if resume else None
    if not resume and (folder / checkpoints.NAME).exists():
        raise DataError(f"{folder}: holds a training already. Continue it with --resume, or give another --out.")
    if saved is None and (folder / WEIGHTS).exists():
        raise DataError(
            f"{folder}: holds the weights of a training, but no checkpoint to continue from. Give another --out; "
            f"start: {folder} begins with them."
        )
    if saved is not None:
        refuse_changed(saved, recipe, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: must be a folder that can be written, got: {error.strerror}.") from error
    truths = [read_truth(data.truth) for data in recipe.data]
    refuse_empty(recipe.data, truths)
    if recipe.validate is not None and saved is None:
        categories_of([*truths, read_truth(recipe.validate.truth)])  # where an id means two things no score is true
    ranks.meet()
    notes = [str(ranks)] if ranks.count > 1 else []
    if resume and not saved:
        notes.append(f"{folder} has no checkpoint to resume: beginning anew")
    chief = ranks.rank == 0  # writes, checks and speaks for all
    for data, truth in zip(recipe.data, truths, strict=True) if chief and saved is None else ():
        announce(f"checking {many(len(truth.videos), 'video')} of {data.truth}", show=progress)
        refuse_broken(data)
    if saved is None:
        model = start_model(recipe, categories_of(truths), notes.append)
    else:
        model = SimVTR(ModelConfig(**saved.shape))
        notes += [f"continuing after step {saved.step}", *changes(saved.recipe, asdict(recipe))]
    dataset = open_data(recipe.data, truths, model.config.category_ids)
    if dataset.skipped:
        notes.append(f"{many(dataset.skipped, 'track')} left out: the network does not know the category")
    notes += repeats(dataset, config)
    steps = config.steps or steps_of_epochs(dataset.videos, config.stages, config.epochs)
    if saved is not None and steps < saved.step:
        raise DataError(
            f"{folder}: train.steps must be at least the {saved.step} that are done, got {steps}. Its weights are "
            "those of the last step."
        )
    plan = BatchPlan(dataset.videos, config.stages, steps, config.seed, config.wrap, dataset.shares)
    batches = Batches(dataset, plan, config.augment, ranks.rank, ranks.count)
    if saved is None and config.crop_steps:  # every rank learns the same
        crops_first(model.to(ranks.device), dataset, config, progress and chief)
    state = State(model, recipe, ranks)  # after the crops: it copies the weights that it will average
    if saved is not None:
        state.restore(saved)
    if saved is not None and saved.step == steps and not ranks.any(validate is not None and not scored(folder, steps)):
        if chief:
            keep_weights(state.best(), folder)  # what ended it may have come between checkpoint and weights
        announce(
            f"{folder}: finished, its {many(steps, 'step')} are done. To go on, give more train.steps or train.epochs.",
            show=progress and chief,
        )
        ranks.leave()
        return folder

    log, meter = Log(folder, state.done, write=chief), Meter(state.done, steps, show=progress and chief)
    losses = Losses(config.loss, checkpointing=config.checkpointing)
    began = written = ended = time.monotonic()
    idle = 0.0  # seconds without a batch

    def score() -> None:
        if validate is not None and chief:
            found = validate(state.best())
            best = state.keep_best(folder, found)
            log.add(state.done - 1, validation=found, best=state.record)
            line = ", ".join(f"{name} {value:.1f}" for name, value in found.items())
            meter.say(f"step {state.done}: {line}{', the best so far' if best else ''}")

    try:
        for note in notes:
            meter.say(note)
        with gentle_stop() as stop:
            for batch in feed(batches, state.done, config.workers):
                started = time.monotonic()
                factor = rate(state.done, steps, config)
                values = step(state, losses, batch, factor)
                waited, ended = started - ended, time.monotonic()
                idle += waited
                log.add(
                    state.done - 1,
                    **values,
                    lr=config.lr * factor,
                    seconds=round(ended - started, 4),
                    waited=round(waited, 4),  # for the batch
                    frames=batch.frames.shape[0] * batch.frames.shape[1] * ranks.count,
                )
                meter.step(state.done, values["total"])
                if state.done == steps:
                    break
                if recipe.validate_every and state.done % recipe.validate_every == 0:
                    score()
                stopping = ranks.any(stop.is_set())
                if stopping or time.monotonic() - written > config.checkpoint_minutes * 60:
                    state.keep(folder)
                    written = time.monotonic()
                if stopping:
                    raise Stopped(state.done, steps, folder)
                ended = time.monotonic()
            state.keep(folder)
            score()
            took = time.monotonic() - began
            meter.say(
                f"{steps} steps in {clock(took)}, {idle / took:.0%} of it waiting for data; weights are in {folder}"
            )
    finally:
        meter.close()
        log.close()
    ranks.leave()
    return folder


def step(state: State, losses: Losses, batch: Batch, factor: float) -> dict[str, float]:
    """One update at `factor` times the learning rate. Returns the losses and the norm of the gradient."""
    config, ranks, device = state.recipe.train, state.ranks, state.ranks.device
    torch.manual_seed(config.seed * 1_000_003 + state.done + (ranks.rank << 40))  # of dropout
    own = Counts.of(batch.targets, state.model.config.instances, config.loss.no_object)
    counts = Counts(*ranks.mean(torch.tensor(astuple(own), dtype=torch.float64)).tolist())
    state.optimizer.zero_grad(set_to_none=True)
    parts = batch.split(config.accumulate)
    found = [backward(state, losses, part.to(device), counts, part is parts[-1]) for part in parts]
    names, numbers = list(found[0]), torch.stack([torch.stack(list(part.values())) for part in found]).sum(0)
    values = dict(zip(names, ranks.mean(numbers).tolist(), strict=True))
    state.scaler.unscale_(state.optimizer)
    norm = clip_gradients(state.model.parameters(), config.clip_norm)
    skipped = state.scaler.is_enabled() and not math.isfinite(norm)  # too large for float16: the scaler makes room
    if not (math.isfinite(values["total"]) and (skipped or math.isfinite(norm))):
        raise DataError(
            f"step {state.done}: loss and gradient must be finite, got {values['total']} and {norm}: the training has "
            "diverged. Lower train.lr or train.clip_norm, or add train.warmup. The last checkpoint is sound."
        )
    set_rate(state.optimizer, factor)
    state.scaler.step(state.optimizer)
    state.scaler.update()
    if state.average is not None:
        state.average.update(state.model, state.done)
    state.done += 1
    return {**values, "grad_norm": norm}


def backward(state: State, losses: Losses, batch: Batch, counts: Counts, last: bool) -> dict[str, Tensor]:
    """Add the gradients of some clips of a step; with the `last` of them, the mean over ranks. Returns their losses."""
    config = state.recipe.train
    matches: list[Match] = []

    def matched(clip: int, logits: Tensor, boxes: Tensor) -> Tensor:
        matches.append(match_clip(logits, boxes, batch.targets[clip], config.loss))
        return matches[-1][0]

    half = HALVES.get(config.precision)
    with nullcontext() if last else state.ranks.own_gradients(state.network):
        with torch.autocast(batch.frames.device.type, half, enabled=half is not None):
            outputs = state.network(batch.frames, batch.padding, matched)
        found = losses(outputs, batch.targets, matches, counts)
        state.scaler.scale(found["total"]).backward()
    return {name: loss.detach() for name, loss in found.items()}


def refuse_changed(saved: checkpoints.Checkpoint, recipe: Recipe, folder: Path) -> None:
    """Raises: DataError when a recipe would go on with another network or optimizer than the checkpoint's.

    What the package did not know when the checkpoint was written is no change.
    """
    old: dict[str, Any] = saved.recipe
    new: dict[str, Any] = asdict(recipe)
    if old["model"] and new["model"]:
        new["model"] = {name: new["model"][name] for name in old["model"] if name in new["model"]}
    before, now = (
        {"model": of["model"], "start": of["start"], "train.optimizer": of["train"]["optimizer"]} for of in (old, new)
    )
    for line in changes(before, now):
        what = line.removesuffix(" from here on")
        raise DataError(
            f"{folder}: --resume goes on with the same network and optimizer, but {what}. Give the same, or another "
            "--out."
        )


def refuse_broken(data: DataConfig) -> None:
    """Run `simvtr check`: its first fatal problem now, not in the middle of the night.

    Raises: DataError when there is one.
    """
    for problem in check(data.truth, data.images).problems:
        if problem.fatal:
            raise DataError(
                f"{problem.places[0]}: {problem.rule}; {problem.count} are not. See: simvtr check {data.truth} "
                f"--images {data.images}"
            )


def crops_first(model: SimVTR, dataset: JoinedDataset, config: TrainConfig, progress: bool) -> None:
    """Teach the backbone the categories before the first step. Interrupted here, a training begins anew."""
    meter = Meter(0, config.crop_steps, show=progress, value="crops, share with a wrong class")
    try:
        right = learn_crops(model, dataset, config, lambda done, right: meter.step(done, 1 - right))
        meter.say(f"{right:.0%} of crops had the right class of {model.config.classes}; now whole frames")
    finally:
        meter.close()


def repeats(dataset: JoinedDataset, config: TrainConfig) -> list[str]:
    """A line when some videos are shorter than the longest clip, which has their frames repeated."""
    longest = max(t for stage in config.stages for t in stage.frames)
    short = sum(length < longest for _, length in dataset.videos)
    if not short:
        return []
    how = "their frames begin anew (train.wrap)" if config.wrap else "their first frame is repeated in front"
    of, clip = many(len(dataset.videos), "video"), many(longest, "frame")
    return [f"{short:,} of {of} shorter than the longest clip, {clip}: {how}"]


def changes(old: dict, new: dict, path: str = "") -> list[str]:
    """One line for every setting that is not the checkpoint's.

    >>> changes({"out": "a", "train": {"lr": 1, "seed": 2}}, {"out": "a", "train": {"lr": 3, "seed": 2}})
    ['train.lr was 1 before, is 3 from here on']
    """
    lines = []
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            lines += changes(before, value, f"{path}{key}.")
        elif value != before:
            lines.append(f"{path}{key} was {before} before, is {value} from here on")
    return lines
