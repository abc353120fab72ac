"""`simvtr.audit`: the audit of results, with its page."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from simvtr.auditing.audit import Audit
from simvtr.auditing.run import audit as compute
from simvtr.report.audit_page import FramePair, write_audit
from simvtr.schema import Predictions, Track, Truth


@dataclass(frozen=True, eq=False)
class AuditReport(Audit):
    """An `Audit` that writes its page. (The audit itself lies below the pages, and knows nothing of them.)"""

    def to_html(self, path: str | os.PathLike, *, frames: Mapping[int, Sequence[FramePair]] | None = None) -> Path:
        """Write one self-contained page; `frames` as for `write_audit`. Returns the path."""
        return write_audit(path, self, frames=frames)


def audit(
    truth: Truth,
    found: Predictions | Mapping[int, Sequence[Track]],
    *,
    samples: int = 1000,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> AuditReport:
    """What a score of these results sees, what it is blind to: `.table()`, `.findings`, `.to_html(path)`, `.to_json()`.

    Args: as `simvtr.auditing.run.audit`: results read with `strict=False` are audited whatever strict says of them.
    Raises: DataError when nothing can be scored.

    >>> import numpy as np
    >>> from simvtr.rle import encode
    >>> from simvtr.schema import Category, TruthTrack, Video
    >>> mask = encode(np.ones((4, 4), bool))
    >>> fish = TruthTrack(1, 1, 1, (mask,) * 4, (16.0,) * 4, ((0, 0, 4, 4),) * 4)
    >>> truth = Truth({1: Video(1, 4, 4, length=4)}, {1: [fish]}, {1: Category(1, "fish")}, Path("truth.json"))
    >>> audit(truth, {1: [Track(1, 0.9, (mask,) * 4)]}, workers=1).honest.values["HOTA"]
    1.0
    """
    made = compute(truth, found, samples=samples, seed=seed, workers=workers, progress=progress)
    return AuditReport(**{field.name: getattr(made, field.name) for field in fields(made)})
