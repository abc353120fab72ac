"""`simvtr.audit`: the audit of results, with its page."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec

from simvtr.auditing import run
from simvtr.auditing.audit import Audit
from simvtr.report.audit_page import FramePair, write_audit

P = ParamSpec("P")


@dataclass(frozen=True, eq=False)
class AuditReport(Audit):
    """An `Audit` that writes its page. (The audit itself lies below the pages, and knows nothing of them.)"""

    def to_html(self, path: str | os.PathLike, *, frames: Mapping[int, Sequence[FramePair]] | None = None) -> Path:
        """Write one self-contained page; `frames` as for `write_audit`. Returns the path."""
        return write_audit(path, self, frames=frames)


def _with_page(audit: Callable[P, Audit]) -> Callable[P, AuditReport]:
    """The same function, whose result has a page."""

    @wraps(audit)
    def with_page(*args: P.args, **kwargs: P.kwargs) -> AuditReport:
        return AuditReport(**vars(audit(*args, **kwargs)))

    return with_page


audit = _with_page(run.audit)
