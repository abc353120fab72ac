"""Compressed strings read at one go are those read run by run."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simvtr.rle.masks import MAX_PIXELS, compressed, is_whole, spelled_runs
from simvtr.rle.strings import spelled

# numbers around those where a run takes one character more
RUNS = st.lists(
    st.sampled_from([1, 2, 15, 16, 17, 511, 512, 513, 16383, 16384, 16385, 600_000, 20_000_000]), min_size=1
)
TEXT = st.lists(st.integers(48, 111).map(lambda n: n if n % 3 else 48 + n % 32), max_size=12).map(bytes)


def read(texts):
    return spelled(b"".join(text + b"0" for text in texts), np.cumsum([len(text) + 1 for text in texts]))


@given(st.lists(st.tuples(RUNS, st.booleans()), min_size=1, max_size=5))
def test_runs_of_every_length_come_back(masks):
    every = [[0, *runs] if starts_filled else runs for runs, starts_filled in masks]
    found = read([compressed(np.array(runs), 1, sum(runs)).counts for runs in every])
    assert found is not None
    assert found[0].tolist() == [run for runs in every for run in [*runs, 1]]
    assert found[1].tolist() == [0, *np.cumsum([len(runs) + 1 for runs in every]).tolist()]


@given(st.lists(TEXT, min_size=1, max_size=4).filter(any))
def test_whatever_the_text_an_unsound_run_shows(texts):
    groups, ends = np.frombuffer(b"".join(texts), np.uint8) - np.uint8(48), np.cumsum([len(text) for text in texts])
    found = read(texts)
    assert (found is not None) == is_whole(groups, ends)
    if found is None:
        return
    runs, starts = spelled_runs(groups, ends)
    assert np.diff(found[1]).tolist() == (np.diff(starts, append=len(runs)) + 1).tolist()
    for begin, end, single in zip(found[1], found[1][1:], np.split(runs, starts[1:]), strict=False):
        sound = bool(((single >= 0) & (single <= MAX_PIXELS)).all())
        assert sound == bool((found[0][begin:end] <= MAX_PIXELS).all())
        assert not sound or [*single.tolist(), 1] == found[0][begin:end].tolist()
