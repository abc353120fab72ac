"""One self-contained HTML page about a run: pictures, key figures, tracks over time. No torch, no network."""

from simvtr.report.page import write_page
from simvtr.report.tables import TrackRow, track_row

__all__ = ["TrackRow", "track_row", "write_page"]
