"""A recipe: a YAML page with the keys of `simvtr.config.Recipe`, and changes to it from the command line."""

import difflib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import yaml

from simvtr.config import Recipe


def read_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """A recipe file with changes ("--train.lr", "1e-4", "--data.0.truth=x.json", ...) on top.

    Raises: ValueError in one sentence when the file is not YAML, or a key or a value is wrong.
    """
    try:
        content = yaml.safe_load(path.read_text()) or {}
        for key, value in _pairs(overrides):
            _put(content, key.split("."), yaml.safe_load(value))
    except OSError as error:
        raise ValueError(f"{path}: must be a recipe, but cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: must be a recipe in YAML, got: {error}") from error
    try:
        recipe = msgspec.convert(content, Recipe, strict=False)  # not strict: YAML takes 1e-4 for a text
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        raise ValueError(f"{path}, {where.strip('`').removeprefix('$.') or 'top'}: {what}") from error
    _refuse_unknown(content, msgspec.to_builtins(recipe), f"{path}, ")
    if not recipe.data:
        raise ValueError(f"{path}: must name at least one data set under `data`, got none")
    return recipe


def _pairs(overrides: Sequence[str]) -> Iterator[tuple[str, str]]:
    """("--a.b", "1", "--c=2") -> ("a.b", "1"), ("c", "2")."""
    words = iter(overrides)
    for word in words:
        key, equals, value = word.partition("=")
        following = value if equals else next(words, None)
        if not key.startswith("--") or following is None:
            raise ValueError(f"arguments: must be --key.of.recipe VALUE, got {word!r}")
        yield key.removeprefix("--"), following


def _put(content: Any, keys: list[str], value: Any) -> None:
    """content["a"]["0"]["b"] = value, where content is of dicts and lists."""
    for key, below in pairwise(keys):
        if isinstance(content, list):
            content = content[_place(content, key)]
        elif isinstance(content, dict):
            if content.get(key) is None:
                content[key] = [] if below.isdigit() else {}
            content = content[key]
    if isinstance(content, list):
        content[_place(content, keys[-1])] = value
    elif isinstance(content, dict):
        content[keys[-1]] = value
    else:
        raise ValueError(f"arguments: --{'.'.join(keys)} must be a key of the recipe, but it leads into a value")


def _place(items: list, key: str) -> int:
    """The index that a key names; the one after the last makes room for a new entry."""
    if not key.isdigit() or int(key) > len(items):
        raise ValueError(f"arguments: an entry of a list must be a number up to {len(items)}, got {key!r}")
    if int(key) == len(items):
        items.append({})
    return int(key)


def _refuse_unknown(given: Any, taken: Any, where: str) -> None:
    """Every key that was given must be in what was taken."""
    if isinstance(given, dict):
        for key, value in given.items():
            if key not in taken:
                near = difflib.get_close_matches(str(key), taken, 1)
                hint = f"do you mean {near[0]!r}?" if near else f"known are {', '.join(taken)}"
                raise ValueError(f"{where}{key}: unknown key; {hint}")
            _refuse_unknown(value, taken[key], f"{where}{key}.")
    elif isinstance(given, list):
        for i, (value, other) in enumerate(zip(given, taken, strict=True)):
            _refuse_unknown(value, other, f"{where}{i}.")
