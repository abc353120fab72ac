"""A recipe: a YAML page with the keys of `simvtr.config.Recipe`, and changes to it from the command line."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import is_dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import yaml

from simvtr.config import Recipe

_WORDS = {  # of msgspec, to those of who writes YAML
    "Expected": "must be",
    "`object`": "a block of keys",
    "`array`": "a list",
    "`null`": "nothing",
    "`int`": "a whole number",
    "`float`": "a number",
    "`str`": "a text",
    "`bool`": "true or false",
    "`int | null`": "a whole number or null",
    "`float | null`": "a number or null",
    "Invalid enum value": "must be a value that is known, got",
}


def read_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """A recipe file with changes ("--train.lr", "1e-4", "--data.0.truth=x.json", ...) on top.

    Raises: ValueError in one sentence when the file is not YAML, or a key or a value is wrong.
    """
    try:
        text = path.read_text()
        content = yaml.load(text, _Loader) or {}
        for key, value in _pairs(overrides):
            _put(content, key.split("."), yaml.safe_load(value))
    except OSError as error:
        raise ValueError(f"{path}: must be a recipe, but cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: must be a recipe in YAML, got: {error}") from error
    try:
        recipe = _taken(content, str(path))
    except ValueError:
        if overrides:
            _taken(yaml.load(text, _Loader) or {}, str(path))  # if the file alone is wrong, it is to blame
            _taken(content, "arguments")
        raise
    if not recipe.data:
        raise ValueError(f"{path}: must name at least one data set under `data`, got none")
    return recipe


def place_of(key: str, path: Path, overrides: Sequence[str]) -> str:
    """Where a recipe got the value of a key: "arguments", or its file.

    >>> place_of("model.backbone", Path("a.yaml"), ["--model", "{backbone: x}"])
    'arguments'
    >>> place_of("model.backbone", Path("a.yaml"), ["--model.backbone_width=48"])
    'a.yaml'
    """
    given = any(f"{key}.".startswith(f"{name}.") for name, _ in _pairs(overrides))
    return "arguments" if given else str(path)


def _taken(content: Any, where: str) -> Recipe:
    """A recipe of what YAML gave. Raises: ValueError that begins with `where`."""
    try:
        recipe = msgspec.convert(content, Recipe, strict=False)  # not strict: YAML takes 1e-4 for a text
    except msgspec.ValidationError as error:
        what, _, at = str(error).partition(" - at ")
        place = at.strip("`").removeprefix("$.")
        for word, plain in _WORDS.items():
            what = what.replace(word, plain)
        raise ValueError(f"{where}, {place or 'top'}: {what}{_choices(place)}") from error
    _refuse_unknown(content, msgspec.to_builtins(recipe), f"{where}, ")
    return recipe


def _choices(place: str) -> str:
    """What a value may be, where that is one of a few words or numbers; "" elsewhere.

    >>> _choices("train.optimizer"), _choices("train.stages[...].share")
    ('. It may be adabelief, adamw', '')
    """
    kind: Any = Recipe
    for name in place.replace("[...]", ".0").split("."):
        kind = get_args(kind)[0] if name.isdigit() else get_type_hints(kind).get(name) if is_dataclass(kind) else None
    return f". It may be {', '.join(map(str, get_args(kind)))}" if get_origin(kind) is Literal else ""


class _Loader(yaml.SafeLoader):
    """Safe, and refuses a key given twice, of which YAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = next((key for i, key in enumerate(keys) if key in keys[:i]), None)
        if twice is not None:
            line = node.start_mark.line + 1
            raise yaml.YAMLError(f"the key {twice!r} twice in the block that begins in line {line}. Leave one.")
        return super().construct_mapping(node, deep)


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
    whole = ".".join(keys)
    for key, below in pairwise(keys):
        if isinstance(content, list):
            content = content[_place(content, key, whole)]
        elif isinstance(content, dict):
            if content.get(key) is None:
                content[key] = [] if below.isdigit() else {}
            content = content[key]
    if isinstance(content, list):
        content[_place(content, keys[-1], whole)] = value
    elif isinstance(content, dict):
        content[keys[-1]] = value
    else:
        raise ValueError(f"arguments: --{whole} must be a key of the recipe, but it leads into a value")


def _place(items: list, key: str, whole: str) -> int:
    """The index that a key names; the one after the last makes room for a new entry. `whole`: the key of all."""
    if not key.isdigit() or int(key) > len(items):
        raise ValueError(f"arguments: --{whole}: an entry of a list must be a number up to {len(items)}, got {key!r}")
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
