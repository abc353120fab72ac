"""All keys of a recipe with their defaults and what they mean, as simvtr/config.py has them: `simvtr train --keys`."""

import argparse
import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from simvtr.config import Recipe

_FIELD = re.compile(r"    (\w+): .*?(?:  # (.*))?$")  # a line of a dataclass, and the remark at its end
_REMARK = re.compile(r"    # (.*)$")  # a line of its own before it, where there is more to say


class Keys(argparse.Action):
    """Print them and leave, as --help does."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        for key, default, meaning in keys_of(Recipe):
            print(f"{f'{key}: {default}':<42} {meaning}".rstrip())
        parser.exit()


def keys_of(kind: type, before: str = "") -> Iterator[tuple[str, str, str]]:
    """(key, default as YAML has it, meaning) of every value of a dataclass and of those in it; 0 is a list's first.

    >>> next(keys_of(Recipe))
    ('out', 'runs/last', 'folder of checkpoints, log and weights')
    """
    hints, remarks = get_type_hints(kind), _remarks(kind)
    for each in fields(kind):
        key = f"{before}{each.name}"
        parts = [
            part
            for part in (hints[each.name], *get_args(hints[each.name]))
            if isinstance(part, type) and is_dataclass(part)
        ]
        if parts:
            several = "0." if get_origin(hints[each.name]) is tuple else ""
            yield from keys_of(parts[0], f"{key}.{several}")
        else:
            default = each.default if each.default_factory is MISSING else each.default_factory()
            kinds = get_args(hints[each.name]) if get_origin(hints[each.name]) is Literal else ()
            choices = f"one of {', '.join(map(str, kinds))}" if kinds else ""
            yield key, _yaml(default), "; ".join(filter(None, (remarks.get(each.name, ""), choices)))


def _yaml(value: Any) -> str:
    """A default as it would be written in a recipe.

    >>> _yaml((0.9, 0.999)), _yaml(None), _yaml(True), _yaml("auto")
    ('[0.9, 0.999]', 'null', 'true', 'auto')
    """
    if isinstance(value, tuple):
        return f"[{', '.join(map(_yaml, value))}]"
    if isinstance(value, str):
        return value or '""'
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return str(value)


def _remarks(kind: type) -> dict[str, str]:
    """What the source says beside each field, or in the lines above it."""
    found, above = {}, []
    for line in inspect.getsource(kind).splitlines():
        if field := _FIELD.match(line):
            found[field[1]] = " ".join([*above, field[2] or ""]).strip()
        remark = _REMARK.match(line)
        above = [*above, remark[1]] if remark else []
    return found
