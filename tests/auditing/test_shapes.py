import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simvtr.auditing.shapes import combine, covered, pack
from simvtr.rle import encode


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
        assert combine([encode(picture) for picture in pictures], moves, at_least) == expected


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.sampled_from([1, 2, 15, 16, 17, 511, 512, 513, 16383, 16384, 16385, 600000]), min_size=1, max_size=9)
)
def test_text_is_packed_as_pycocotools_packs_it(runs):
    edges = np.cumsum(runs)
    picture = np.zeros(edges[-1] + 1, bool)
    for begin, end in zip(edges[0:-1:2], edges[1::2], strict=True):
        picture[begin:end] = True
    begins, ends = edges[0 : len(edges) - 1 : 2], edges[1::2]
    expected = encode(picture[None].T) if len(begins) else None
    assert pack(begins, ends, 1, len(picture), 1) == [expected]


def test_stretches_that_touch_are_one():
    begins, ends = covered(np.array([0, 3]), np.array([3, 5]), 1)
    assert (begins.tolist(), ends.tolist()) == ([0], [5])


def test_foreground_from_the_last_pixel_of_a_mask_to_the_first_of_the_next_stays_in_both():
    full = encode(np.ones((2, 2), bool))
    assert combine([full, full], [(0, 0)], 1) == [full, full]
