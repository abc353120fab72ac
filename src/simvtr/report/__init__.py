"""The page of an audit: one self-contained HTML file. No torch, no network.

Audit -> audit_tables.py -> audit_figures.py, audit.js -> audit.html -> write_audit
frames, masks -> pictures.py ----------------------------^
results -> audited.py: simvtr.audit, an Audit that writes its page
"""

from simvtr.report.audit_page import FramePair, write_audit

__all__ = ["FramePair", "write_audit"]
