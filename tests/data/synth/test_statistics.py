"""mBOR, tracks that vanish and return, and shares of labels, on numbers to check by hand."""

from pathlib import Path

import numpy as np
import pytest

from simvtr.data.synth import SynthConfig, make_clip, statistics
from simvtr.data.synth.clip import visible
from simvtr.data.synth.render import draw
from simvtr.data.synth.scene import make_scene
from simvtr.data.synth.statistics import vanishes_and_returns
from simvtr.evaluation.occlusion import occlusion_rate
from simvtr.rle import encode
from simvtr.schema import Category, Truth, TruthTrack, Video


@pytest.mark.parametrize(
    ("present", "returns"), [("111", False), ("101", True), ("011", False), ("010", False), ("000", False)]
)
def test_a_track_returns_when_an_absence_lies_between_presences(present, returns):
    assert vanishes_and_returns([p == "1" for p in present]) is returns


def _track(index: int, present: str, labels: tuple[str | None, ...]) -> TruthTrack:
    mask = np.zeros((4, 4), bool)
    mask[:, index * 2 : index * 2 + 2] = True
    rles = tuple(encode(mask) if p == "1" else None for p in present)
    boxes = tuple(None if r is None else (2.0 * index, 0.0, 2.0, 4.0) for r in rles)
    return TruthTrack(index + 1, 1, 1, rles, tuple(None if r is None else 8.0 for r in rles), boxes, False, labels)


def test_statistics_of_two_tracks():
    no, severe = "no_occlusion", "severe_occlusion"
    tracks = [_track(0, "101", (no, None, severe)), _track(1, "111", (no, no, no))]
    truth = Truth({1: Video(1, 4, 4, 3, ("a", "b", "c"))}, {1: tracks}, {1: Category(1, "disc")}, Path("truth.json"))
    measured = statistics(truth)
    assert (measured.videos, measured.tracks, measured.frames) == (1, 2, 3)
    assert measured.mbor == 0.0  # side by side
    assert measured.returning == 1 / 2
    assert measured.labels == {"no_occlusion": 4 / 5, "slight_occlusion": 0.0, "severe_occlusion": 1 / 5}
    assert "tracks that vanish and return          50.0%" in measured.table()


def test_levels_differ_clearly_in_mbor():
    rate = {}
    for level in ("slight", "moderate", "heavy"):
        config = SynthConfig(width=96, height=64, frames=40, occlusion=level)
        scenes = [make_scene(config, seed) for seed in range(60)]
        masks = [visible(draw(scene, index))[0] for scene in scenes for index in (0, 20)]
        boxes = [[_box(mask) for mask in frame if mask.any()] for frame in masks]
        rate[level] = float(np.mean([occlusion_rate(np.array(frame)) for frame in boxes if frame]))
    assert 0.03 < rate["slight"] < rate["moderate"] - 0.03 < rate["heavy"] - 0.06, rate


def test_many_tracks_of_the_heavy_level_vanish_and_return():
    clips = [make_clip(SynthConfig(width=96, height=64, occlusion="heavy"), seed) for seed in range(12)]
    assert np.mean([vanishes_and_returns(row) for clip in clips for row in clip.visible_fraction > 0]) > 0.25


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
