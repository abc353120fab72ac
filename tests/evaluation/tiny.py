"""Videos one pixel high, drawn as text, so that a test's numbers can be counted by eye.

`"##.. #... -"` is three frames of 1 x 4 pixels: two pixels, one pixel, absent.
"""

from pathlib import Path

import numpy as np

from simvtr.evaluation import Comparison, Result
from simvtr.rle import Rle, area, encode
from simvtr.schema import Category, Track, Truth, TruthTrack, Video


def masks(text: str) -> tuple[Rle | None, ...]:
    """One mask per word: # is the object, . is not, - alone is absent."""
    return tuple(None if word == "-" else encode(np.array([[c == "#" for c in word]])) for word in text.split())


def found(text: str, score: float, category: int = 1) -> Track:
    return Track(category_id=category, score=score, segmentations=masks(text))


def truth(videos: dict[int, list[str]], categories: dict[int, str] | None = None, length: int | None = None) -> Truth:
    """True tracks by video, each drawn as "##.. -" or, of another category than 1, "2: ##.. -"; ids from 1.

    Each video is as long and wide as its first track, or `length` frames long.
    """
    made: dict[int, Video] = {}
    tracks: dict[int, list[TruthTrack]] = {}
    count = 0
    for video, drawings in videos.items():
        tracks[video] = []
        for drawing in drawings:
            count += 1
            label, _, frames = drawing.rpartition(":")
            drawn = masks(frames)
            width = next(mask.width for mask in drawn if mask is not None)
            made.setdefault(video, Video(video, width, 1, length or len(drawn)))
            areas = tuple(None if mask is None else float(area(mask)) for mask in drawn)
            tracks[video].append(
                TruthTrack(count, video, int(label or 1), drawn, areas, boxes=tuple(None for _ in drawn))
            )
    named = {k: Category(k, name) for k, name in (categories or {1: "fish"}).items()}
    return Truth(made, tracks, named, Path("truth.json"))


def only(result: Result) -> Comparison:
    """The single comparison of a result with one video and one category."""
    (comparison,) = result.comparisons
    return comparison
