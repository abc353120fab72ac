"""Synthetic occluded video with exact masks: the data every test and the packaged weights rest on.

SynthConfig + seed -> scene.py -> render.py -> clip.py (in memory)
                      (motion, shapes, scenery)  -> dataset.py (YouTube-VIS files) -> statistics.py
"""

from simvtr.data.synth.benchmark import SPLITS, write_split
from simvtr.data.synth.clip import Clip, make_clip, occlusion_label
from simvtr.data.synth.config import CATEGORIES, SynthConfig
from simvtr.data.synth.dataset import write_dataset
from simvtr.data.synth.statistics import OcclusionStatistics, statistics

__all__ = [
    "CATEGORIES",
    "SPLITS",
    "Clip",
    "OcclusionStatistics",
    "SynthConfig",
    "make_clip",
    "occlusion_label",
    "statistics",
    "write_dataset",
    "write_split",
]
