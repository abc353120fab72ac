"""What the steps of a training change, and how it gets to disk and back."""

import copy
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError

from simvtr.config import Recipe
from simvtr.errors import DataError
from simvtr.model import SimVTR
from simvtr.model import save as save_weights
from simvtr.model.weights import CONFIG, WEIGHTS
from simvtr.training import checkpoint as checkpoints
from simvtr.training.optimizer import Average, build_optimizer
from simvtr.training.ranks import Ranks

BEST = "best"  # folder of the weights that scored best so far


class State:
    """The network, its optimizer, the average of its weights, the number of steps done and the best score so far."""

    def __init__(self, model: SimVTR, recipe: Recipe, ranks: Ranks) -> None:
        self.recipe, self.ranks, self.done, self.record = recipe, ranks, 0, float("-inf")
        self.model = model.to(ranks.device).train()
        self.model.backbone.freeze(recipe.train.freeze)
        self.model.checkpointing = recipe.train.checkpointing
        # A fifth less time in the backbone.
        self.model.backbone.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.optimizer = build_optimizer(model, recipe.train)
        self.scaler = torch.amp.GradScaler(ranks.device.type, enabled=recipe.train.precision == "float16")
        self.average = Average(model, recipe.train.ema) if recipe.train.ema else None
        self.network = ranks.wrap(self.model)

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
        if saved.scaler and self.scaler.is_enabled():
            self.scaler.load_state_dict(saved.scaler)
        self.done, self.record = saved.step, saved.record

    def keep(self, folder: Path) -> None:
        """Write checkpoint and weights, on rank 0.

        Raises: DataError when they cannot be written; the checkpoint that was there is then as it was.
        """
        if self.ranks.rank:
            return
        content = checkpoints.Checkpoint(
            step=self.done,
            recipe=asdict(self.recipe),
            shape=asdict(self.model.config),
            model=self.model.state_dict(),
            optimizer=self.optimizer.state_dict(),
            average=None if self.average is None else self.average.values,
            scaler=self.scaler.state_dict(),
            record=self.record,
        )
        checkpoints.save(folder, content)
        keep_weights(self.best(), folder)

    def keep_best(self, folder: Path, scores: dict[str, float]) -> bool:
        """Write the weights to `best/` when the first score is the highest so far; whether it is."""
        score = next(iter(scores.values()))
        if score <= self.record:
            return False
        self.record = score
        keep_weights(self.best(), folder / BEST)
        return True

    def best(self) -> SimVTR:
        """A copy of the network with the weights to save, in eval mode."""
        chosen = copy.deepcopy(self.model).eval()
        if self.average is not None:
            chosen.load_state_dict(self.average.values)
        return chosen


def keep_weights(model: SimVTR, folder: Path) -> None:
    """Write `model.safetensors` and `config.json`.

    Raises: DataError when there is no room for them.
    """
    try:
        save_weights(model, folder)
    except (OSError, SafetensorError) as error:
        for name in (WEIGHTS, CONFIG):
            with suppress(OSError):
                (folder / f"{name}.part").unlink()
        raise DataError(
            f"{folder}: weights must be writable, got: {checkpoints.reason_of(error)}. Make room there, or give "
            "another --out."
        ) from error
