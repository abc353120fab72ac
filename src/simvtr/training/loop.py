"""The training of a recipe, from data and weights to weights (paper §4).

    recipe -> data/clips.py -> batch of step i -> model -> losses.py -> optimizer.py -> checkpoint.py, weights
                                                      matcher.py chooses whose masks are made

A step is a function of the weights before it, its number and the recipe: an interrupted training that is resumed gives
the weights of an unbroken one, bit by bit on a CPU.
"""

import copy
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from simvtr.config import LossConfig, ModelConfig, Recipe
from simvtr.data.clips import Batches, BatchPlan, steps_of_epochs
from simvtr.data.dataset import Batch, JoinedDataset, VideoDataset
from simvtr.errors import DataError
from simvtr.model import SimVTR
from simvtr.model import save as save_weights
from simvtr.schema import read_truth
from simvtr.training import checkpoint as checkpoints
from simvtr.training.log import Log, Meter, clock
from simvtr.training.losses import Losses
from simvtr.training.matcher import Match, match_clip
from simvtr.training.optimizer import Average, build_optimizer, clip_gradients, rate, set_rate
from simvtr.training.start import categories_of, start_model

AHEAD = 2  # batches made while the network is busy
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
    truths = [read_truth(data.truth) for data in recipe.data]
    say_first: list[str] = []
    if saved is None:
        model = start_model(recipe, categories_of(truths), say_first.append)
    else:
        model = SimVTR(ModelConfig(**saved.shape))
        model.load_state_dict(saved.model)
        say_first += [f"continuing after step {saved.step}", *_changes(saved.recipe, checkpoints.plain(recipe))]
    dataset = JoinedDataset(
        [
            VideoDataset(truth, data.images, category_ids=model.config.category_ids, first=data.first, last=data.last)
            for truth, data in zip(truths, recipe.data, strict=True)
        ]
    )
    steps = config.steps or steps_of_epochs(dataset.videos, config.stages, config.epochs)
    plan = BatchPlan(dataset.videos, config.stages, steps, config.seed, config.wrap)
    batches = Batches(dataset, plan, config.augment)

    device = _device(config.device)
    model.to(device).train()
    model.backbone.to(memory_format=torch.channels_last)  # a fifth less time in it, the same numbers
    optimizer = build_optimizer(model, config)
    average = Average(model, config.ema) if config.ema else None
    first = 0
    if saved is not None:
        first = saved.step
        optimizer.load_state_dict(saved.optimizer)
        if average is not None and saved.average is not None:
            average.values = {name: value.to(device) for name, value in saved.average.items()}

    def keep(done: int) -> None:
        state = None if average is None else average.values
        checkpoints.save(
            folder,
            checkpoints.Checkpoint(
                done, checkpoints.plain(recipe), asdict(model.config), model.state_dict(), optimizer.state_dict(), state
            ),
        )
        save_weights(_best(model, average), folder)

    def score(done: int) -> None:
        if validate is not None:
            found = validate(_best(model, average))
            log.add(done - 1, **found)
            meter.say(f"step {done}: " + ", ".join(f"{name} {value:.1f}" for name, value in found.items()))

    losses = Losses(config.loss)
    log, meter = Log(folder, first), Meter(first, steps, show=progress)
    for line in say_first:
        meter.say(line)
    began = written = ended = time.monotonic()
    try:
        with _gentle_stop() as stop:
            for step, batch in zip(range(first, steps), _ahead(batches, first, config.workers), strict=True):
                started = time.monotonic()
                torch.manual_seed(config.seed * 1_000_003 + step)  # of dropout
                factor = rate(step, steps, config)
                set_rate(optimizer, factor)
                values = _step(model, losses, config.loss, optimizer, batch.to(device), config.clip_norm)
                if average is not None:
                    average.update(model, step)
                waited, ended = started - ended, time.monotonic()
                log.add(
                    step,
                    **values,
                    lr=config.lr * factor,
                    seconds=round(ended - started, 4),
                    waited=round(waited, 4),  # for the batch, and since the last step's end
                    frames=batch.frames.shape[0] * batch.frames.shape[1],
                )
                meter.step(step + 1, values["total"])
                if recipe.validate_every and (step + 1) % recipe.validate_every == 0 and step + 1 < steps:
                    score(step + 1)
                if stop.is_set() and step + 1 < steps:
                    keep(step + 1)
                    raise Stopped(step + 1, steps, folder)
                if time.monotonic() - written > config.checkpoint_minutes * 60:
                    keep(step + 1)
                    written = time.monotonic()
            keep(steps)
            score(steps)
            meter.say(f"{steps} steps in {clock(time.monotonic() - began)}; weights are in {folder}")
    finally:
        meter.close()
        log.close()
    return folder


def _step(
    model: SimVTR, losses: Losses, weights: LossConfig, optimizer: torch.optim.Optimizer, batch: Batch, clip_norm: float
) -> dict[str, float]:
    """One update. Returns the losses and the norm of the gradient."""
    matches: list[Match] = []

    def matched(clip: int, logits: Tensor, boxes: Tensor) -> Tensor:
        matches.append(match_clip(logits, boxes, batch.targets[clip], weights))
        return matches[-1][0]

    outputs = model(batch.frames, batch.padding, matched)
    found = losses(outputs, batch.targets, matches)
    optimizer.zero_grad(set_to_none=True)
    found["total"].backward()
    norm = clip_gradients(model.parameters(), clip_norm)
    values = dict(zip(found, torch.stack(list(found.values())).detach().tolist(), strict=True))
    if not (norm < float("inf") and abs(values["total"]) < float("inf")):
        raise DataError(
            f"training: loss and gradient must be finite, got {values['total']} and {norm}: it has diverged. Lower "
            "train.lr or train.clip_norm, or add train.warmup; the last checkpoint is sound."
        )
    optimizer.step()
    return {**values, "grad_norm": norm}


def _best(model: SimVTR, average: Average | None) -> SimVTR:
    """A copy of the model with the weights to save, in eval mode."""
    chosen = copy.deepcopy(model).eval()
    if average is not None:
        chosen.load_state_dict(average.values)
    return chosen


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    return torch.device(name)


def _changes(old: dict, new: dict, path: str = "") -> list[str]:
    """One line for every setting that is not the checkpoint's; the new one counts."""
    lines = []
    for key in new:
        if isinstance(new[key], dict) and isinstance(old.get(key), dict):
            lines += _changes(old[key], new[key], f"{path}{key}.")
        elif new[key] != old.get(key):
            lines.append(f"{path}{key} was {old.get(key)} before, is {new[key]} from here on")
    return lines


def _ahead(batches: Batches, first: int, workers: int) -> Iterator[Batch]:
    """Batches first, first+1, ... in order, the next ones made by a thread or by processes meanwhile."""
    if workers:
        yield from DataLoader(batches, batch_size=None, sampler=range(first, len(batches)), num_workers=workers)
        return
    with ThreadPoolExecutor(1) as thread:
        coming: deque[Future[Batch]] = deque()
        for step in range(first, len(batches)):
            coming.append(thread.submit(batches.__getitem__, step))
            if len(coming) > AHEAD:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


@contextmanager
def _gentle_stop() -> Iterator[threading.Event]:
    """Within, the first Ctrl-C or SIGTERM sets the event; the second one interrupts."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only the main thread may catch signals
        yield stop
        return

    def on_signal(number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
