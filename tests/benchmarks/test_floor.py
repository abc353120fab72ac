"""The rule without learning, on grey pictures with one white square."""

import numpy as np

from benchmarks.peers.floor import CATEGORY, floor


def video(*lefts: int | None) -> list[np.ndarray]:
    """32 x 96 pixels a frame, a white square of 16 pixels at so many from the left; None: nothing."""
    frames = [np.full((32, 96, 3), 100, np.uint8) for _ in lefts]
    for frame, left in zip(frames, lefts, strict=True):
        if left is not None:
            frame[8:24, left : left + 16] = 255
    return frames


def test_what_moves_slowly_is_one_track():
    (track,) = floor(video(0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40))
    assert sum(mask is not None for mask in track.segmentations) == 11
    assert track.category_id == CATEGORY


def test_what_stands_still_is_background():
    assert floor(video(16, 16, 16)) == []


def test_every_track_has_the_length_of_its_video():
    tracks = floor(video(0, None, None, 64, None))
    assert len(tracks) == 2  # too far apart to be one
    assert [len(track.segmentations) for track in tracks] == [5, 5]
