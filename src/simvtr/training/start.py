"""The network a training begins with: new, or from weights, with the classes of the data it will see."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from simvtr.config import ModelConfig, Recipe
from simvtr.errors import DataError
from simvtr.model import SimVTR
from simvtr.model import load as load_weights
from simvtr.schema import Truth

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


def start_model(recipe: Recipe, categories: Categories, say: Callable[[str], None]) -> SimVTR:
    """A new network of `recipe.model`, or the one of `recipe.start` with its own shape.

    Its picture size becomes the training's.
    Weights of other categories keep all but their class heads, which start anew with the right number of classes.
    New parameters are a function of `recipe.train.seed`.
    """
    torch.manual_seed(recipe.train.seed)
    if recipe.start is None:
        if recipe.model.frozen_norm:
            say("a backbone with random weights and fixed norms hardly learns: set model.frozen_norm false, or `start`")
        return SimVTR(replace(recipe.model, **_picture_size(recipe), classes=len(categories), categories=categories))
    if recipe.model != ModelConfig():
        say(f"model.* is not used: the network has the shape of {recipe.start}")
    model = load_weights(recipe.start)
    shape = replace(model.config, **_picture_size(recipe))
    old = tuple(zip(model.config.category_ids, model.config.category_names, strict=True))
    if old == categories:
        fresh, kept = SimVTR(shape), model.state_dict()
    else:
        fresh = SimVTR(replace(shape, classes=len(categories), categories=categories))
        kept = {name: value for name, value in model.state_dict().items() if not name.startswith(CLASS_HEADS)}
        say(f"{recipe.start}: its {len(old)} categories are not the data's {len(categories)}; class heads start anew")
    missing, unknown = fresh.load_state_dict(kept, strict=False)
    assert not unknown and all(name.startswith(CLASS_HEADS) for name in missing), (missing, unknown)
    return fresh


def _picture_size(recipe: Recipe) -> dict[str, int]:
    """The size at which the network will be used: the largest it is trained at, else what its config says."""
    augment = recipe.train.augment
    return {"short_side": max(augment.short_sides), "long_side": augment.long_side} if augment.short_sides else {}
