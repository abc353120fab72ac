"""Self-contained HTML pages: of one run, and of an audit. No torch, no network.

frames, tracks -> tables.py -> figures.py -> page.html            -> write_page
Audit -> audit_tables.py -> audit_figures.py, audit.js -> audit.html -> write_audit
"""

from simvtr.report.audit_page import FramePair, write_audit
from simvtr.report.page import write_page
from simvtr.report.tables import TrackRow, track_row

__all__ = ["FramePair", "TrackRow", "track_row", "write_audit", "write_page"]
