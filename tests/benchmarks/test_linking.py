"""Tracks from detections, on pictures of one row: the rules of the linker, by hand."""

import numpy as np
import pytest

from benchmarks.peers.linking import Detection, Linker, distinct, link


def row(first: int, last: int, *, score: float = 0.5, category: int = 1) -> Detection:
    """Pixels first..last-1 of 12."""
    mask = np.zeros((1, 12), bool)
    mask[0, first:last] = True
    return Detection(category, score, mask)


def test_a_track_goes_to_the_mask_that_overlaps_its_last_one():
    linker = Linker()
    assert linker([row(0, 4), row(6, 10)]) == [0, 1]
    assert linker([row(7, 11), row(1, 5)]) == [1, 0]  # IoU 3/5 each, 0 crosswise


def test_the_sum_of_overlaps_decides_not_the_first_come():
    linker = Linker(least=0.1)
    assert linker([row(0, 4), row(3, 7)]) == [0, 1]
    # the first mask has 3/5 with track 0 and 2/6 with track 1, the second 3/5 with track 0 and none with track 1
    assert linker([row(1, 5), row(0, 3)]) == [1, 0]


@pytest.mark.parametrize(("missed", "identity"), [(0, 0), (2, 0), (3, 1)])
def test_a_gap_of_so_many_frames_is_forgiven(missed, identity):
    linker = Linker(gap=2)
    linker([row(0, 4)])
    for _ in range(missed):
        linker([])
    assert linker([row(0, 4)]) == [identity]


def test_less_overlap_than_asked_is_another_object():
    linker = Linker(least=0.5)
    assert [linker([row(0, 4)]), linker([row(2, 6)])] == [[0], [1]]  # IoU 2/6


def test_one_object_named_twice_is_kept_once_with_its_best_score():
    worse, better = row(0, 4, score=0.25, category=1), row(0, 5, score=0.75, category=2)  # IoU 4/5
    other = row(8, 12, score=0.5)
    assert [id(d) for d in distinct([worse, better, other])] == [id(better), id(other)]


def test_a_track_has_the_category_of_the_largest_summed_score_over_its_frames():
    frames = [[row(0, 4, score=0.5, category=1)], [], [row(0, 4, score=0.5, category=1)], [row(0, 4, category=2)]]
    (track,) = link(frames)
    assert (track.category_id, track.score) == (1, (0.5 + 0.5) / 3)  # the frame that it missed does not count
    assert [mask is not None for mask in track.segmentations] == [True, False, True, True]


def test_every_track_has_an_entry_for_every_frame():
    tracks = link([[], [row(0, 4)], [row(6, 10)], []])
    assert [len(track.segmentations) for track in tracks] == [4, 4]
    assert link([[], []]) == []
