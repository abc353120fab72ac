"""Scoring: the YouTube-VIS / OVIS metric with the reference's digits, strict about its input. Needs no torch.

truth, results -> dialects -> overlap -> matching -> precision -> Result
                  (what is refused)     (per video)  (all videos)
"""

from simvtr.evaluation.matching import Comparison
from simvtr.evaluation.result import CategoryScore, Result
from simvtr.evaluation.scoring import evaluate

__all__ = ["CategoryScore", "Comparison", "Result", "evaluate"]
