import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simvtr.auditing.shapes import combine, covered
from simvtr.rle import MaskTrack, encode


def moved(picture: np.ndarray, down: int, right: int) -> np.ndarray:
    """The slow way: pixel by pixel."""
    out = np.zeros_like(picture)
    for y, x in np.argwhere(picture):
        if 0 <= y + down < picture.shape[0] and 0 <= x + right < picture.shape[1]:
            out[y + down, x + right] = True
    return out


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**32 - 1))
def test_runs_and_pictures_agree(seed):
    rng = np.random.default_rng(seed)
    height, width, frames, step = rng.integers(1, [9, 9, 5, 4]).tolist()
    pictures = [rng.random((height, width)) < rng.choice([0, 0.3, 0.8, 1]) for _ in range(frames)]
    cross = [(0, 0), (-step, 0), (step, 0), (0, -step), (0, step)]
    for moves, at_least in ((cross, 1), (cross, 5), (cross, 3), ([(step, -step)], 1)):
        counts = [sum(moved(picture, *move).astype(int) for move in moves) for picture in pictures]
        expected = [encode(count >= at_least) if (count >= at_least).any() else None for count in counts]
        assert list(combine(MaskTrack.of([encode(picture) for picture in pictures]), moves, at_least)) == expected


def test_frames_without_a_mask_stay_where_they_are_and_masks_that_vanish_leave_none():
    dot, full = encode(np.eye(3, dtype=bool)), encode(np.ones((3, 3), bool))
    cross = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)]
    made = combine(MaskTrack.of([None, dot, None, full, full]), cross, 5)
    middle = encode(np.pad(np.ones((1, 1), bool), 1))
    assert list(made) == [None, None, None, middle, middle]
    assert made.areas.tolist() == [0, 0, 0, 1, 1]


def test_where_one_copy_begins_as_another_ends_they_cover_nothing_together():
    copies = [(np.array([0, 5]), np.array([3, 6])), (np.array([3]), np.array([6]))]
    assert [side.tolist() for side in covered(copies, 2)] == [[5], [6]]


def test_stretches_of_one_copy_that_touch_are_one():
    copies = [(np.array([0, 3]), np.array([3, 5]))]
    assert [side.tolist() for side in covered(copies, 1)] == [[0], [5]]


def test_foreground_from_the_last_pixel_of_a_mask_to_the_first_of_the_next_stays_in_both():
    full = encode(np.ones((2, 2), bool))
    assert list(combine(MaskTrack.of([full, full]), [(0, 0)], 1)) == [full, full]
