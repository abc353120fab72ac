"""Rules of what the overlay tells of the past."""

import numpy as np

from simvtr.inference import FrameTrack
from simvtr.inference.trails import APART, SHOWN, TRAIL, Trails


def at(x, identity=0):
    mask = np.zeros((4, 60), bool)
    mask[1:3, x : x + 2] = True
    return FrameTrack(identity, 1, "ball", 0.9, mask)


def steps(*frames):
    trails = Trails()
    return [trails.step(frame) for frame in frames]


def test_a_trail_is_the_centres_of_the_last_frames_and_no_longer():
    told = steps(*[[at(x)] for x in range(TRAIL + 5)])[-1]
    assert told.trails[0] == [(x + 0.5, 1.5) for x in range(5, TRAIL + 5)]


def test_lost_is_said_for_a_while_after_a_few_frames_of_absence_and_back_for_a_while_after_the_return():
    absence = APART + SHOWN + 5
    told = steps(*[[at(5)]] * 4, *[[]] * absence, *[[at(9)]] * (SHOWN + 5))
    assert [bool(past.lost) for past in told[4 : 4 + absence]] == (
        [False] * (APART - 1) + [True] * SHOWN + [False] * (absence - SHOWN - APART + 1)
    )
    assert [0 in past.back for past in told[4 + absence :]] == [True] * SHOWN + [False] * 5
    assert told[4 + absence].trails[0] == [(9.5, 1.5)]  # no line across the gap


def test_a_flicker_is_neither_lost_nor_back():
    told = steps(*[[at(5)]] * 5, *[[]] * (APART - 1), *[[at(5)]] * 5, [], [at(30, 1)], *[[]] * 9)
    assert all(not past.back for past in told) and all(1 not in past.lost for past in told)


def test_of_what_is_gone_for_long_its_number_alone_is_held():
    trails = Trails()
    for i in range(200):  # a new object every fourth frame
        trails.step([at(5, i // 4)])
    assert len(trails._seen) <= (APART + SHOWN) / 4 + 2
    assert trails.step([at(5, 0)]).back == {0}  # known again all the same
