"""What counts as losing a name."""

import numpy as np

from benchmarks.identity_failures import Change, changes
from simvtr.rle import encode
from simvtr.schema import TruthTrack


def seen(pixels):
    """An object of four frames with a mask of so many pixels in each."""
    masks = tuple(encode(np.arange(8).reshape(2, 4) < count) for count in pixels)
    return TruthTrack(1, 9, 1, masks, (None,) * 4, (None,) * 4)


def test_a_name_is_lost_where_an_object_is_found_under_another_than_the_last_time():
    objects = [seen((6, 5, 4, 3)), seen((2, 2, 2, 2))]
    names = [[0, 1], [None, 1], [1, None], [0, 5]]  # of both objects, frame by frame; None: not found
    assert changes(9, objects, names) == [
        Change(video=9, before=0, after=2, object=0, kind="taken", area=4),  # 1 was the other's
        Change(video=9, before=2, after=3, object=0, kind="older", area=3),  # 0 was its own
        Change(video=9, before=1, after=3, object=1, kind="new", area=2),
    ]


def test_names_that_stay_are_no_changes_however_long_an_object_is_away():
    objects = [seen((6, 5, 4, 3))]
    assert changes(9, objects, [[3], [None], [None], [3]]) == []
