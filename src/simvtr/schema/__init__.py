"""YouTube-VIS / OVIS files, in and out: strict about what they hold, with one style of error.

truth.json   -> read_truth        -> Truth        -> write_truth
results.json -> read_predictions  -> Predictions  -> write_predictions, PredictionWriter
"""

from simvtr.schema.predictions import read_predictions
from simvtr.schema.records import Box, Category, Predictions, Track, Truth, TruthTrack, Video
from simvtr.schema.truth import read_truth, write_truth
from simvtr.schema.writer import PredictionWriter, write_predictions

__all__ = [
    "Box",
    "Category",
    "PredictionWriter",
    "Predictions",
    "Track",
    "Truth",
    "TruthTrack",
    "Video",
    "read_predictions",
    "read_truth",
    "write_predictions",
    "write_truth",
]
