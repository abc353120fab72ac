"""Writes the page of one run: everything inside one HTML file, every text escaped, there whole or not at all."""

import os
from collections.abc import Sequence
from pathlib import Path

from simvtr.report.document import picture_address, render, save
from simvtr.report.figures import ticks, timeline
from simvtr.report.tables import TrackRow


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
    html = render(
        "page.html",
        title=title,
        summary=summary,
        figures=figures,
        frames=[(caption, picture_address(data, "write_page")) for caption, data in frames],
        tracks=[(row, timeline(row, max(1, length))) for row in tracks],
        length=length,
        ticks=ticks(length) if length else (),
        notes=notes,
    )
    return save(path, html)
