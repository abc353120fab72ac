"""The network a training begins with: new, or from weights, with the classes of the data it will see."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from simvtr.config import ModelConfig, Recipe
from simvtr.errors import DataError
from simvtr.model import SimVTR
from simvtr.model import load as load_weights
from simvtr.model.backbone import Backbone
from simvtr.model.weights import refuse_missing
from simvtr.schema import Truth
from simvtr.training.checkpoint import NAME, PREVIOUS

Categories = tuple[tuple[int, str], ...]  # (id, name) of class 0, 1, ...
CLASS_HEADS = ("class_head.", "dense_heads.")  # what depends on the categories


def categories_of(truths: Sequence[Truth]) -> Categories:
    """(id, name) of all categories of the data sets, ascending by id.

    Raises: DataError when two data sets give one id different names.
    """
    names: dict[int, str] = {}
    for truth in truths:
        for category in truth.categories.values():
            if names.setdefault(category.id, category.name) != category.name:
                raise DataError(
                    f"{truth.path}: category {category.id} must mean the same in all data sets, got "
                    f"{category.name!r} here and {names[category.id]!r} before. Renumber one of them."
                )
    return tuple(sorted(names.items()))


def refuse_unknown(recipe: Recipe, resume: bool = False) -> None:
    """Before the data are read: the backbone and the weights to start from must be there.

    Args: resume: where there is a checkpoint, it has the weights; what they began from may be gone.
    Raises: ValueError that begins with the key.
    """
    if recipe.start is None or recipe.model != ModelConfig():
        with torch.device("meta"):  # its shapes alone: a tenth of a second
            Backbone(recipe.model)
    held = resume and any(Path(recipe.out, name).exists() for name in (NAME, PREVIOUS))
    if recipe.start is not None and not held:
        try:
            refuse_missing(recipe.start)
        except DataError as error:
            raise ValueError(f"start: {error}") from error


def start_model(recipe: Recipe, categories: Categories, say: Callable[[str], None]) -> SimVTR:
    """A new network of `recipe.model`, or the one of `recipe.start`: in its own shape, or in `recipe.model`'s if given.

    Its picture size becomes the training's. Of the weights to start from, every tensor whose name and shape the network
    has is kept; with other categories, all but the class heads, which start anew with the right number of classes.
    New parameters are a function of `recipe.train.seed`.

    Raises: DataError when the backbone is another than that of the weights to start from, or the network cannot be
        trained on these clips.
    """
    torch.manual_seed(recipe.train.seed)
    _say_unused(recipe.model, categories, say)
    if recipe.start is None:
        _trainable(recipe.model, recipe)
        if recipe.model.frozen_norm:
            say("a backbone with random weights and fixed norms hardly learns: set model.frozen_norm false, or `start`")
        return SimVTR(replace(recipe.model, **_picture_size(recipe), classes=len(categories), categories=categories))
    model = load_weights(recipe.start)
    shape = model.config if recipe.model == ModelConfig() else recipe.model
    _trainable(shape, recipe)
    fresh = SimVTR(replace(shape, **_picture_size(recipe), classes=len(categories), categories=categories))
    state, wanted = model.state_dict(), fresh.state_dict()
    if any(name.startswith("backbone.") and wanted[name].shape != _shape(state, name) for name in wanted):
        raise DataError(
            f"model.backbone must be that of start ({recipe.start}: {model.config.backbone}, width "
            f"{model.config.backbone_width}), got {shape.backbone}, width {shape.backbone_width}. Change one of them."
        )
    old = tuple(zip(model.config.category_ids, model.config.category_names, strict=True))
    if old != categories:
        state = {name: value for name, value in state.items() if not name.startswith(CLASS_HEADS)}
        say(f"{recipe.start}: its {len(old)} categories are not the data's {len(categories)}; class heads start anew")
    kept = {name: value for name, value in state.items() if name in wanted and wanted[name].shape == value.shape}
    anew = sorted({name.rpartition(".")[0] for name in wanted if name not in kept and not name.startswith(CLASS_HEADS)})
    if anew:
        say(f"{recipe.start}: not in it, or of another shape, so it starts anew: {', '.join(anew)}")
    fresh.load_state_dict(kept, strict=False)
    return fresh


def _say_unused(given: ModelConfig, categories: Categories, say: Callable[[str], None]) -> None:
    """Classes come from the data. The default number contradicts nothing: no one may have written it."""
    if given.categories not in ((), categories):
        say(f"model.categories is not used: the network learns the data's {len(categories)} categories")
    elif given.classes not in (ModelConfig().classes, len(categories)):
        say(f"model.classes {given.classes} is not used: the network learns the data's {len(categories)} categories")


def _trainable(shape: ModelConfig, recipe: Recipe) -> None:
    if not shape.masks:
        raise DataError(
            f"{recipe.start or 'model.masks'}: must have a mask head to be trained, got a detector. Start another "
            "network from it: simvtr convert weights --to (docs/lineage.md)."
        )
    lengths = {t for stage in recipe.train.stages for t in stage.frames}
    if shape.queries == "coupled" and lengths != {shape.frames}:
        raise DataError(
            f"train.stages: frames must be {shape.frames}, as the queries are coupled, got {sorted(lengths)}. "
            "Change one of them, or model.frames."
        )


def _shape(state: dict[str, Tensor], name: str) -> torch.Size | None:
    return state[name].shape if name in state else None


def _picture_size(recipe: Recipe) -> dict[str, int]:
    """The size at which the network will be used: the largest it is trained at, else what its config says."""
    augment = recipe.train.augment
    return {"short_side": max(augment.short_sides), "long_side": augment.long_side} if augment.short_sides else {}
