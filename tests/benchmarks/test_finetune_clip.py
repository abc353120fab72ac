"""How the score of a fine-tuned clip is computed, on tracks of two pixels."""

import numpy as np
import pytest

from benchmarks.finetune_clip import scores, switches
from simvtr.rle import Rle, encode
from simvtr.schema import Category, Track, Truth, TruthTrack, Video

LEFT, RIGHT, BOTH = (encode(np.array([row], bool)) for row in ([1, 0], [0, 1], [1, 1]))


def truth_of(*tracks: tuple[int, tuple[Rle | None, ...]]) -> Truth:
    length = len(tracks[0][1])
    nothing = (None,) * length
    made = [
        TruthTrack(i, 1, category, masks, nothing, nothing, False, None) for i, (category, masks) in enumerate(tracks)
    ]
    video = Video(1, 2, 1, length, tuple(f"{i}.jpg" for i in range(length)))
    return Truth({1: video}, {1: made}, {1: Category(1, "cat"), 2: Category(2, "dog")}, "truth.json")


def test_each_part_is_scored_with_the_pairs_of_the_whole():
    truth = truth_of((1, (LEFT,) * 4), (2, (RIGHT,) * 4))
    good = Track(1, 0.9, (LEFT, LEFT, BOTH, BOTH))  # 2 of 2 pixels early; late 2 of 4
    late = Track(2, 0.9, (None, None, LEFT, LEFT))  # better than `good` on the late frames, worse in all: not its pair
    wrong = Track(1, 0.9, (RIGHT,) * 4)  # the other object under a wrong category
    values = {figure.name: figure.value for figure in scores(truth, 1, [late, good, wrong], seen=2)}
    assert values["mean track IoU, frames 0..1"] == (1 + 1) / 2
    assert values["mean track IoU, frames 2..3, never trained on"] == (0.5 + 1) / 2
    assert values["mean track IoU, frames 2..3, never trained on, paired on frames 0..1"] == (0.5 + 1) / 2
    assert values["mean track IoU, frames 2..3, never trained on, right category only"] == 0.5 / 2


def test_nothing_found_scores_zero():
    found = scores(truth_of((1, (LEFT,) * 4)), 1, [], seen=2)
    assert {figure.value for figure in found} == {0}


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        ((LEFT, LEFT, None, None), (None, None, LEFT, LEFT), 1),  # handed over once
        ((LEFT, None, None, LEFT), (None, None, LEFT, None), 2),  # and back, the gap forgotten
        ((LEFT, None, BOTH, None), (None, None, None, None), 0),  # IoU 0.5 counts as found, absence is no switch
    ],
)
def test_a_switch_is_another_track_than_the_last_time(first, second, count):
    truth = truth_of((1, (LEFT,) * 4))
    assert switches([Track(1, 0.9, first), Track(1, 0.8, second)], truth.tracks[1]) == count
