"""What a data set and results are in memory: videos, categories, true tracks and found tracks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simvtr.rle import Rle

Box = tuple[float, float, float, float]  # x, y of the top left corner, width, height; pixels


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of object. Ids come from the file and need not be contiguous."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Video:
    """A video of `length` frames, each width x height pixels.

    `file_names` has one relative path a frame, or is empty where the file lists none. They are text from a file: join
    them to an image root only after checking that they stay inside it.
    """

    id: int
    width: int
    height: int
    length: int
    file_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TruthTrack:
    """One annotated object through its video; every sequence has one entry a frame.

    Args:
        segmentations: the mask, None where the object is absent: a tuple, or a `MaskTrack` where read from a file. An
            all-background mask stays a mask.
        areas: pixels as the file says (the metric sorts objects into sizes by them), None where it says nothing.
        boxes: (x, y, w, h), None where the object is absent.
        crowd: a region of many objects: the metric ignores what matches it.
        occlusion: OVIS's label of each frame ("no_occlusion", "slight_occlusion", "severe_occlusion" or None); None
            where the file has no labels.
    """

    id: int
    video_id: int
    category_id: int
    segmentations: Sequence[Rle | None]
    areas: tuple[float | None, ...]
    boxes: tuple[Box | None, ...]
    crowd: bool = False
    occlusion: tuple[str | None, ...] | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """One found object through its video: a mask or None for every frame, and a finite score."""

    category_id: int
    score: float
    segmentations: Sequence[Rle | None]
    identity: int | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """A data set: videos and categories by id, tracks by video id (every video has an entry). Shown by its path."""

    videos: dict[int, Video] = field(repr=False)
    tracks: dict[int, list[TruthTrack]] = field(repr=False)
    categories: dict[int, Category] = field(repr=False)
    path: Path


@dataclass(frozen=True, slots=True)
class Predictions:
    """Results: tracks by video id (every video of the truth has an entry), in the order of the file.

    Shown by its path.
    """

    tracks: dict[int, list[Track]] = field(repr=False)
    path: Path
