"""The training of a recipe, from data and weights to weights (paper §4).

    recipe -> data/clips.py -> batch of step i -> model -> losses.py -> optimizer.py -> checkpoint.py, weights
                                                      matcher.py chooses whose masks are made

A step is a function of the weights before it, its number and the recipe: an interrupted training that is resumed gives
the weights of an unbroken one, bit by bit on a CPU.
"""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from simvtr.config import ModelConfig, Recipe, TrainConfig
from simvtr.data.clips import Batches, BatchPlan, steps_of_epochs
from simvtr.data.dataset import Batch, JoinedDataset, open_data
from simvtr.errors import DataError
from simvtr.model import SimVTR
from simvtr.model import save as save_weights
from simvtr.model.device import pick_device
from simvtr.schema import read_truth
from simvtr.training import checkpoint as checkpoints
from simvtr.training.crops import learn_crops
from simvtr.training.feed import feed
from simvtr.training.interrupt import gentle_stop
from simvtr.training.log import Log, Meter, clock
from simvtr.training.losses import Losses
from simvtr.training.matcher import Match, match_clip
from simvtr.training.optimizer import Average, build_optimizer, clip_gradients, rate, set_rate
from simvtr.training.start import categories_of, start_model

Validate = Callable[[SimVTR], dict[str, float]]


class Stopped(KeyboardInterrupt):
    """The user stopped a training; its checkpoint is written. Says after which step, and where it lies."""

    def __init__(self, step: int, steps: int, folder: Path) -> None:
        super().__init__(f"stopped after step {step} of {steps}; checkpoint and weights are in {folder}")


def train(recipe: Recipe, *, resume: bool = False, progress: bool = True, validate: Validate | None = None) -> Path:
    """Train by a recipe.

    Args:
        recipe: what to train on what; paths are relative to the current folder.
        resume: continue from the checkpoint in `recipe.out`; without one, start.
        progress: show progress on stderr.
        validate: scores by name of the model that would be saved now, called every `recipe.validate_every` steps and
            at the end. (`simvtr train` gives `simvtr.inference`'s for `recipe.validate`.)
    Returns: the folder `recipe.out` with `model.safetensors` and `config.json` (averaged weights with `train.ema`),
        `checkpoint.pt`, `log.jsonl` and, where TensorBoard is installed, its events. Weights and checkpoint are
        renewed every `train.checkpoint_minutes`, too.
    Raises: DataError when data, weights or checkpoint are wrong, the folder already holds a training and `resume` is
        False, or the training diverges; Stopped on Ctrl-C (or SIGTERM), after the step under way and a checkpoint.
    """
    folder, config = Path(recipe.out), recipe.train
    saved = checkpoints.load(folder) if resume else None
    if not resume and (folder / checkpoints.NAME).exists():
        raise DataError(f"{folder}: holds a training already. Continue it with --resume, or give another --out.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: must be a folder that can be written, got: {error.strerror}.") from error
    notes: list[str] = [] if saved or not resume else [f"{folder} has no checkpoint to resume: beginning anew"]
    truths = [read_truth(data.truth) for data in recipe.data]
    if saved is None:
        model = start_model(recipe, categories_of(truths), notes.append)
    else:
        model = SimVTR(ModelConfig(**saved.shape))
        notes += [f"continuing after step {saved.step}", *changes(saved.recipe, asdict(recipe))]
    dataset = open_data(recipe.data, truths, model.config.category_ids)
    if dataset.skipped:
        notes.append(f"{dataset.skipped} tracks are left out: the network does not know their category")
    steps = config.steps or steps_of_epochs(dataset.videos, config.stages, config.epochs)
    plan = BatchPlan(dataset.videos, config.stages, steps, config.seed, config.wrap)
    if saved is None and config.crop_steps:
        crops_first(model.to(pick_device(config.device)), dataset, config, progress)
    state = State(model, recipe)  # after the crops: it copies the weights that it will average
    if saved is not None:
        state.restore(saved)

    log, meter = Log(folder, state.done), Meter(state.done, steps, show=progress)
    losses = Losses(config.loss)
    began = written = ended = time.monotonic()

    def score() -> None:
        if validate is not None:
            found = validate(state.best())
            log.add(state.done - 1, validation=found)
            meter.say(f"step {state.done}: " + ", ".join(f"{name} {value:.1f}" for name, value in found.items()))

    try:
        for note in notes:
            meter.say(note)
        with gentle_stop() as stop:
            for batch in feed(Batches(dataset, plan, config.augment), state.done, config.workers):
                started = time.monotonic()
                factor = rate(state.done, steps, config)
                values = step(state, losses, batch, factor)
                waited, ended = started - ended, time.monotonic()
                log.add(
                    state.done - 1,
                    **values,
                    lr=config.lr * factor,
                    seconds=round(ended - started, 4),
                    waited=round(waited, 4),  # for the batch, and since the last step's end
                    frames=batch.frames.shape[0] * batch.frames.shape[1],
                )
                meter.step(state.done, values["total"])
                if state.done == steps:
                    break
                if recipe.validate_every and state.done % recipe.validate_every == 0:
                    score()
                if stop.is_set() or time.monotonic() - written > config.checkpoint_minutes * 60:
                    state.keep(folder)
                    written = time.monotonic()
                if stop.is_set():
                    raise Stopped(state.done, steps, folder)
            state.keep(folder)
            score()
            meter.say(f"{steps} steps in {clock(time.monotonic() - began)}; weights are in {folder}")
    finally:
        meter.close()
        log.close()
    return folder


class State:
    """What a step changes: the network, its optimizer, the average of its weights, and the number of steps done."""

    def __init__(self, model: SimVTR, recipe: Recipe) -> None:
        self.recipe, self.done = recipe, 0
        self.device = pick_device(recipe.train.device)
        self.model = model.to(self.device).train()
        # A fifth less time in the backbone.
        self.model.backbone.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.optimizer = build_optimizer(model, recipe.train)
        self.average = Average(model, recipe.train.ema) if recipe.train.ema else None

    def restore(self, saved: checkpoints.Checkpoint) -> None:
        """Take over a checkpoint's state; settings are the recipe's.

        Raises: DataError when the recipe's optimizer is not the checkpoint's.
        """
        settings = [{k: v for k, v in group.items() if k != "params"} for group in self.optimizer.param_groups]
        try:
            self.model.load_state_dict(saved.model)
            self.optimizer.load_state_dict(saved.optimizer)
        except (ValueError, RuntimeError, KeyError) as error:
            raise DataError(
                f"{self.recipe.out}: its checkpoint must fit the recipe's model and optimizer, got: {error}. "
                "Continue with the recipe it was begun with."
            ) from error
        for group, setting in zip(self.optimizer.param_groups, settings, strict=True):
            group.update(setting)
        if self.average is not None:
            self.average = Average(self.model, self.average.decay)
            for name, value in (saved.average or {}).items():
                self.average.values[name].copy_(value)
        self.done = saved.step

    def keep(self, folder: Path) -> None:
        """Write checkpoint and weights."""
        content = checkpoints.Checkpoint(
            step=self.done,
            recipe=asdict(self.recipe),
            shape=asdict(self.model.config),
            model=self.model.state_dict(),
            optimizer=self.optimizer.state_dict(),
            average=None if self.average is None else self.average.values,
        )
        checkpoints.save(folder, content)
        save_weights(self.best(), folder)

    def best(self) -> SimVTR:
        """A copy of the network with the weights to save, in eval mode."""
        chosen = copy.deepcopy(self.model).eval()
        if self.average is not None:
            chosen.load_state_dict(self.average.values)
        return chosen


def step(state: State, losses: Losses, batch: Batch, factor: float) -> dict[str, float]:
    """One update at `factor` times the learning rate. Returns the losses and the norm of the gradient."""
    model, config = state.model, state.recipe.train
    torch.manual_seed(config.seed * 1_000_003 + state.done)  # of dropout
    batch = batch.to(state.device)
    matches: list[Match] = []

    def matched(clip: int, logits: Tensor, boxes: Tensor) -> Tensor:
        matches.append(match_clip(logits, boxes, batch.targets[clip], config.loss))
        return matches[-1][0]

    with torch.autocast(batch.frames.device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
        outputs = model(batch.frames, batch.padding, matched)
    found = losses(outputs, batch.targets, matches)
    state.optimizer.zero_grad(set_to_none=True)
    found["total"].backward()
    norm = clip_gradients(model.parameters(), config.clip_norm)
    values = dict(zip(found, torch.stack(list(found.values())).tolist(), strict=True))
    if not (math.isfinite(norm) and math.isfinite(values["total"])):
        raise DataError(
            f"step {state.done}: loss and gradient must be finite, got {values['total']} and {norm}: the training has "
            "diverged. Lower train.lr or train.clip_norm, or add train.warmup. The last checkpoint is sound."
        )
    set_rate(state.optimizer, factor)
    state.optimizer.step()
    if state.average is not None:
        state.average.update(model, state.done)
    state.done += 1
    return {**values, "grad_norm": norm}


def crops_first(model: SimVTR, dataset: JoinedDataset, config: TrainConfig, progress: bool) -> None:
    """Teach the backbone the categories before the first step. Interrupted here, a training begins anew."""
    meter = Meter(0, config.crop_steps, show=progress, value="crops, share with a wrong class")
    try:
        right = learn_crops(model, dataset, config, lambda done, right: meter.step(done, 1 - right))
        meter.say(f"{right:.0%} of crops had the right class of {model.config.classes}; now whole frames")
    finally:
        meter.close()


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
