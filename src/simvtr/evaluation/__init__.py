"""Scoring: the YouTube-VIS / OVIS metric with the reference's digits, strict about its input. Needs no torch.

truth, results -> dialects -> overlap -> matching -> precision -> Result -> groups, bootstrap
                  (what is refused)     (per video)  (all videos)           (parts; intervals, comparisons)
truth, results -> identity, errors, ladder       all of it -> scorecard -> text, JSON, CSV
                  (what AP does not show)
"""

import importlib
from typing import TYPE_CHECKING, Any

from simvtr.evaluation.matching import Comparison
from simvtr.evaluation.result import CategoryScore, Result
from simvtr.evaluation.scoring import evaluate

# public name -> module that defines it, imported when the name is first used
_HOME = {
    "Identity": "simvtr.evaluation.identities",
    "identity": "simvtr.evaluation.identities",
    "GroupScore": "simvtr.evaluation.groups",
    "by_groups": "simvtr.evaluation.groups",
    "ErrorTypes": "simvtr.evaluation.errors",
    "error_types": "simvtr.evaluation.errors",
    "Step": "simvtr.evaluation.ladder",
    "oracle_ladder": "simvtr.evaluation.ladder",
    "Interval": "simvtr.evaluation.bootstrap",
    "intervals": "simvtr.evaluation.bootstrap",
    "Difference": "simvtr.evaluation.bootstrap",
    "compare": "simvtr.evaluation.bootstrap",
    "VideoDifference": "simvtr.evaluation.bootstrap",
    "per_video": "simvtr.evaluation.bootstrap",
}

__all__ = [
    "CategoryScore",
    "Comparison",
    "Difference",
    "ErrorTypes",
    "GroupScore",
    "Identity",
    "Interval",
    "Result",
    "Step",
    "VideoDifference",
    "by_groups",
    "compare",
    "error_types",
    "evaluate",
    "identity",
    "intervals",
    "oracle_ladder",
    "per_video",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'simvtr.evaluation' has no public name {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return list(__all__)


if TYPE_CHECKING:  # for editors and type checkers only
    from simvtr.evaluation.bootstrap import Difference, Interval, VideoDifference, compare, intervals, per_video
    from simvtr.evaluation.errors import ErrorTypes, error_types
    from simvtr.evaluation.groups import GroupScore, by_groups
    from simvtr.evaluation.identities import Identity, identity
    from simvtr.evaluation.ladder import Step, oracle_ladder
