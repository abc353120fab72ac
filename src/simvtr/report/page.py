"""Writes the page: everything inside one HTML file, every text escaped, there whole or not at all."""

import base64
import math
import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from simvtr.report.figures import ticks, timeline
from simvtr.report.tables import TrackRow

_KINDS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg"}


def write_page(
    path: str | os.PathLike,
    *,
    title: str,
    summary: str,
    frames: Sequence[tuple[str, bytes]] = (),
    tracks: Sequence[TrackRow] = (),
    notes: Sequence[str] = (),
    figures: Sequence[tuple[str, str]] = (),
) -> Path:
    """Write one self-contained HTML page. Readable on a laptop and a phone, light and dark, and on paper.

    Args:
        path: the file; its folder is made. It appears whole, by rename.
        title, summary: heading and lead paragraph, plain text.
        frames: (caption, PNG or JPEG bytes) of each picture, in order.
        tracks: rows of the table with their timelines, in order. All cover the same frames.
        notes: closing remarks, plain text, one paragraph each.
        figures: (name, value) of the key figures under the title, such as ("Tracks", "3").

    Returns: the path.

    Raises: ValueError when a picture is neither PNG nor JPEG, or tracks differ in their number of frames.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = write_page(f"{folder}/report.html", title="A <clip>", summary="One dog.",
    ...                       tracks=[TrackRow(0, "dog", 0.9, (True, True, False))])
    ...     "A &lt;clip&gt;" in page.read_text()
    True
    """
    lengths = sorted({len(row.present) for row in tracks})
    if len(lengths) > 1:
        raise ValueError(f"write_page: all tracks must cover the frames of one video, got lengths {lengths}")
    length = lengths[0] if lengths else 0
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page.filters["number"] = _number
    html = page.from_string(files("simvtr.report").joinpath("page.html").read_text("utf-8")).render(
        title=title,
        summary=summary,
        figures=figures,
        frames=[(caption, _data_address(data)) for caption, data in frames],
        tracks=[(row, timeline(row, max(1, length))) for row in tracks],
        length=length,
        ticks=ticks(length) if length else (),
        notes=notes,
    )
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    part = final.with_name(f".{final.name}.part")
    try:
        part.write_bytes(html.encode("utf-8", "replace"))  # a file name may hold bytes that are no text
        part.replace(final)
    finally:
        part.unlink(missing_ok=True)
    return final


def _data_address(data: bytes) -> str:
    kind = next((kind for start, kind in _KINDS.items() if data.startswith(start)), None)
    if kind is None:
        raise ValueError(f"write_page: a picture must be the bytes of a PNG or JPEG file, got {data[:8]!r}...")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _number(value: float | None, digits: int = 0) -> str:
    """
    >>> _number(12345.6), _number(0.9, 2), _number(None), _number(float("nan"))
    ('12,346', '0.90', '–', '–')
    """
    return "–" if value is None or not math.isfinite(value) else f"{value:,.{digits}f}"
