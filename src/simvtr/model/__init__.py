"""The network of the report, one file a box of Figure 1, and its weights."""

from simvtr.model.network import Outputs, SimVTR
from simvtr.model.weights import load, save

__all__ = ["Outputs", "SimVTR", "load", "save"]
