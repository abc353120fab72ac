"""Tracks read at one go are those read mask by mask, and whatever is odd is read mask by mask."""

import numpy as np
import pytest

from simvtr.rle import MaskTrack, encode
from simvtr.schema import whole
from simvtr.schema.raw import RawMask
from simvtr.schema.records import Video
from simvtr.schema.source import Breaches, MaskBatch

VIDEO = Video(id=1, width=6, height=5, length=3)
MASKS = (encode(np.eye(5, 6, dtype=bool)), None, encode(np.ones((5, 6), bool)))


@pytest.fixture(autouse=True)
def however_small(monkeypatch):
    monkeypatch.setattr(whole, "_FEW", 0)


def strings(masks=MASKS):
    return [mask and RawMask((mask.height, mask.width), mask.counts.decode()) for mask in masks]


def found(masks, video):
    return whole.found_masks([(masks, video)])[0]


def test_strings_become_one_packed_track():
    track = found(strings(), VIDEO)
    assert isinstance(track, MaskTrack)
    assert track == MASKS
    batch = MaskBatch(Breaches())
    place = batch.add(strings(), 5, 6, "here", strict=True)
    assert track == tuple(batch.finish()[place])


@pytest.mark.parametrize(
    "odd",
    [[], RawMask((5, 6), "U0"), RawMask((5, 6), [0, 30]), RawMask((6, 5), "0n0"), RawMask((5, 6), "\u00e9"),
     RawMask((5.5, 6), "0n0"), RawMask(None, "0n0"), RawMask((5, 6), None), RawMask((5, 6), "")],
    ids=str,
)  # fmt: skip
def test_one_odd_mask_leaves_the_track_to_the_careful_reader(odd):
    assert found([*strings(), odd], VIDEO) is None
    assert found([odd], VIDEO) is None


def test_a_track_of_another_size_is_usual_only_without_a_video():
    other = Video(id=1, width=5, height=6, length=3)
    assert found(strings(), other) is None
    assert found(strings(), None) == MASKS
