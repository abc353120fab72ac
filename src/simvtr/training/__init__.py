"""Training: matcher, losses, optimizer, checkpoints and the loop."""

from simvtr.training.loop import Stopped, train
from simvtr.training.losses import Losses
from simvtr.training.matcher import match

__all__ = ["Losses", "Stopped", "match", "train"]
