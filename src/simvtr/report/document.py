"""What every page shares: its template, numbers as text, pictures as addresses, and a file that is whole or absent."""

import base64
import json
import math
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from simvtr.evaluation.precision import UNDEFINED
from simvtr.schema.writer import atomic

DASH = "–"  # what is undefined
_KINDS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg"}


def render(template: str, **values: Any) -> str:
    """The text of a template of this room with its blanks filled; every value is escaped unless it is Markup."""
    room = files("simvtr.report")
    loader = FunctionLoader(lambda name: room.joinpath(name).read_text("utf-8"))
    page = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page.filters |= {"number": number, "percent": percent, "points": points}
    return page.get_template(template).render(**values)


def save(path: str | os.PathLike, html: str) -> Path:
    """Write a page; its folder is made, and it appears whole, by rename. Returns its path."""
    final = Path(path)
    with atomic(final) as file:
        file.write(html.encode("utf-8", "replace"))  # a file name may hold bytes that are no text
    return final


def picture_address(data: bytes, where: str) -> str:
    """A picture inside the page: the address that holds the bytes themselves.

    >>> picture_address(b"\\xff\\xd8\\xff", "here")
    'data:image/jpeg;base64,/9j/'
    """
    kind = next((kind for start, kind in _KINDS.items() if data.startswith(start)), None)
    if kind is None:
        raise ValueError(f"{where}: a picture must be the bytes of a PNG or JPEG file, got {data[:8]!r}...")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def embedded(data: Any) -> Markup:
    """JSON for a `<script type="application/json">`; no text in it can end the script, open a tag or a comment.

    >>> print(embedded(["</script>"]))
    ["\\u003c/script>"]
    """
    return Markup(json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"))


def undefined(value: float | None) -> bool:
    """None, not finite, or the -1 that scoring uses."""
    return value is None or not math.isfinite(value) or value == UNDEFINED


def number(value: float | None, digits: int = 0) -> str:
    """
    >>> number(12345.6), number(0.9, 2), number(None), number(float("nan"))
    ('12,346', '0.90', '–', '–')
    """
    return DASH if value is None or not math.isfinite(value) else f"{value:,.{digits}f}"


def percent(value: float | None, digits: int = 1) -> str:
    """
    >>> percent(0.31584), percent(1), percent(-1.0), percent(None)
    ('31.6', '100.0', '–', '–')
    """
    return DASH if value is None or undefined(value) else f"{100 * value:.{digits}f}"


def points(change: float | None, digits: int = 1) -> str:
    """A change of a fraction in points of a hundred, with its sign.

    >>> points(0.05), points(-0.149), points(-0.0001), points(None)
    ('+5.0', '−14.9', '0.0', '–')
    """
    if change is None or not math.isfinite(change):
        return DASH
    text = f"{100 * change:+.{digits}f}"
    return text.replace("-", "−") if float(text) else text[1:]
