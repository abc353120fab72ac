"""The audit: what a score sees, and what it is blind to. Results are damaged in known ways and scored again.

results -> linter  -> remarks: what is odd about the file itself
results -> attacks -> damaged results, to be scored (frames, abstention, identities, masks with shapes, scores)
truth   -> probes  -> results that need no tracking, to be scored
"""

from simvtr.auditing.attacks import ATTACKS, Attack
from simvtr.auditing.linter import Remark, lint
from simvtr.auditing.probes import relinked

__all__ = ["ATTACKS", "Attack", "Remark", "lint", "relinked"]
