"""From a model and a video to masks with identities: prediction, identity, tracks, drawing."""

from simvtr.inference.frames import FramePredictor
from simvtr.inference.identity import Identity, SlotIdentity, Window
from simvtr.inference.instances import Instances, Segmenter
from simvtr.inference.link import LinkIdentity
from simvtr.inference.predictor import Predictor
from simvtr.inference.tracks import FrameResult, FrameTrack, TrackBuilder, Vote

__all__ = [
    "FramePredictor",
    "FrameResult",
    "FrameTrack",
    "Identity",
    "Instances",
    "LinkIdentity",
    "Predictor",
    "Segmenter",
    "SlotIdentity",
    "TrackBuilder",
    "Vote",
    "Window",
]
