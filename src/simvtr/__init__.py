"""Occluded video instance segmentation: segment, train, score and audit.

Importing this package loads nothing heavy: each public name is fetched when it is first used (PEP 562), so scoring
and reading work, and start in a blink, where torch is not installed.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# public name -> module that defines it
_HOME = {
    "DataError": "simvtr.errors",
    "Rle": "simvtr.rle",
    "Category": "simvtr.schema",
    "Video": "simvtr.schema",
    "Truth": "simvtr.schema",
    "TruthTrack": "simvtr.schema",
    "Track": "simvtr.schema",
    "Predictions": "simvtr.schema",
    "PredictionWriter": "simvtr.schema",
    "read_truth": "simvtr.schema",
    "write_truth": "simvtr.schema",
    "read_predictions": "simvtr.schema",
    "write_predictions": "simvtr.schema",
    "check": "simvtr.doctor",
    "evaluate": "simvtr.evaluation",
    "by_groups": "simvtr.evaluation",
    "identity": "simvtr.evaluation",
    "error_types": "simvtr.evaluation",
    "oracle_ladder": "simvtr.evaluation",
    "intervals": "simvtr.evaluation",
    "compare": "simvtr.evaluation",
    "audit": "simvtr.report.audited",
    "ModelConfig": "simvtr.config",
    "load": "simvtr.model",
    "SimVTR": "simvtr.model",
    "Outputs": "simvtr.model",
    "read_frames": "simvtr.data.video",
    "Predictor": "simvtr.inference",
    "Instances": "simvtr.inference",
    "link": "simvtr.inference.instances",
    "segmenter": "simvtr.neighbours",
    "Segmenter": "simvtr.inference",
    "FramePredictor": "simvtr.inference",
    "FrameResult": "simvtr.inference",
    "FrameTrack": "simvtr.inference",
    "TrackBuilder": "simvtr.inference",
    "to_supervision": "simvtr.inference.overlay",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'simvtr' has no public name {name!r}; it has {', '.join(_HOME)}")
    try:
        return getattr(importlib.import_module(_HOME[name]), name)
    except ModuleNotFoundError as error:
        if not error.name or error.name.split(".")[0] == "simvtr":
            raise
        said = f"simvtr.{name} needs the package {error.name!r}. Install it with: pip install 'simvtr[model]'"
        raise ModuleNotFoundError(said, name=error.name) from error


def __dir__() -> list[str]:
    return list(__all__)


if TYPE_CHECKING:  # for editors and type checkers only
    from simvtr.config import ModelConfig
    from simvtr.data.video import read_frames
    from simvtr.doctor import check
    from simvtr.errors import DataError
    from simvtr.evaluation import by_groups, compare, error_types, evaluate, identity, intervals, oracle_ladder
    from simvtr.inference import FramePredictor, FrameResult, FrameTrack, Instances, Predictor, Segmenter, TrackBuilder
    from simvtr.inference.instances import link
    from simvtr.inference.overlay import to_supervision
    from simvtr.model import Outputs, SimVTR, load
    from simvtr.neighbours import segmenter
    from simvtr.report.audited import audit
    from simvtr.rle import Rle
    from simvtr.schema import (
        Category,
        Predictions,
        PredictionWriter,
        Track,
        Truth,
        TruthTrack,
        Video,
        read_predictions,
        read_truth,
        write_predictions,
        write_truth,
    )
