"""Where every reader puts what it finds, mask by mask: a data set that grows, and notes on what it could not carry."""

import itertools
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from simvtr.errors import DataError, many
from simvtr.rle import MAX_PIXELS, MaskTrack, Rle, area, box, checked_size
from simvtr.rle.masks import compressed
from simvtr.schema import Category, Truth, TruthTrack, Video

MAX_FRAME = 1 << 25  # pixels of a frame whose masks are decoded: 8K; larger ones cost seconds each
MAX_FRAMES = 1 << 20  # of one video whose file need not list them: ten hours
MAX_ENTRIES = 1 << 24  # tracks x frames: a few bytes of XML say a million frames, and each track has an entry for each
OBJECT = "object"  # the category of objects whose format has none

Progress = Callable[[int, int], None]  # frames done, frames in all


@dataclass
class Work:
    """What goes along with a conversion.

    Args:
        images: folder of the frames, whose names and number then count; None: names are made up.
        categories: category of each object by its number, for formats that have none.
        progress: called with frames done and frames in all.
        notes: lines for the user: what was left out, made up, or cannot be carried.
    """

    images: Path | None = None
    categories: Mapping[int, str] = field(default_factory=dict)
    progress: Progress = lambda done, total: None
    notes: list[str] = field(default_factory=list)

    def note(self, line: str) -> None:
        """Say a line once."""
        if line not in self.notes:
            self.notes.append(line)


@dataclass
class _Object:
    category: int
    crowd: bool
    occlusion: dict[int, str | None]
    masks: dict[int, Rle]


class Gather:
    """A data set mask by mask. Only run-length masks are kept.

    >>> gather = Gather(Path("clip"))
    >>> video = gather.video(height=2, width=3, length=2)
    >>> gather.add(video, 1, identity=7, category="dog", mask=Rle(2, 3, b"06"), where="clip, frame 1")
    >>> [(track.id, track.category_id, track.areas) for track in gather.truth(Work()).tracks[1]]
    [(7, 1, (None, 6.0))]
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._videos: dict[int, Video] = {}
        self._categories: dict[str, int] = {}
        self._objects: dict[int, dict[Hashable, _Object]] = {}
        self._empty = 0

    def video(
        self, *, height: int, width: int, length: int, names: Sequence[str] = (), number: int | None = None
    ) -> int:
        """Begin a video. Returns its id: `number`, or the next one from 1.

        Raises: DataError for a size that is none, a repeated number, or another count of names than frames.
        """
        number = len(self._videos) + 1 if number is None else number
        where = f"{self.path.name}, video {number}"
        height, width = checked_size([height, width], where=where)
        if number in self._videos:
            raise DataError(f"{where}: video ids must be unique, got {number} again.")
        if names and len(names) != length:
            raise DataError(f"{where}: there must be one image a frame, got {len(names)} for {length} frames.")
        self._videos[number] = Video(number, width, height, length, tuple(names))
        self._objects[number] = {}
        return number

    def size(self, video: int) -> tuple[int, int]:
        """(height, width) of a video."""
        return self._videos[video].height, self._videos[video].width

    def category(self, name: str, number: int | None = None) -> int:
        """The id of a category: the known one, `number`, or the next one from 1."""
        if name not in self._categories:
            taken = set(self._categories.values())
            free = next(i for i in range(1, len(taken) + 2) if i not in taken)
            number = free if number is None else number
            if number in taken:
                raise DataError(f"{self.path.name}: category ids must be unique, got {number} again.")
            self._categories[name] = number
        return self._categories[name]

    def add(
        self,
        video: int,
        frame: int,
        *,
        identity: Hashable,
        category: str,
        mask: Rle,
        where: str,
        crowd: bool = False,
        occlusion: str | None = None,
    ) -> None:
        """Put one object's mask into one frame.

        Raises: DataError when the object is there already, was of another category, or the mask has another size.
        """
        shape = self._videos[video]
        if (mask.height, mask.width) != (shape.height, shape.width):
            raise DataError(
                f"{where}: the size must be that of the other frames, {shape.width} x {shape.height}, got "
                f"{mask.width} x {mask.height}. Convert videos of different sizes apart."
            )
        if not 0 <= frame < shape.length:
            raise DataError(f"{where}: frames must be from 0 to {shape.length - 1}, got {frame}.")
        kind = self.category(category)
        known = self._objects[video].setdefault(identity, _Object(kind, crowd, {}, {}))
        if known.category != kind:
            before = next(name for name, i in self._categories.items() if i == known.category)
            raise DataError(
                f"{where}: an object must keep its category, got {category!r:.60} after {before!r:.60}. Relabel it."
            )
        if frame in known.masks:
            raise DataError(f"{where}: an object must be in a frame once, {identity!r:.60} is there twice. Relabel it.")
        if not area(mask):
            self._empty += 1
            return
        known.masks[frame] = mask
        if occlusion is not None:
            known.occlusion[frame] = occlusion

    def truth(self, work: Work) -> Truth:
        """The data set: ids of objects are their identities where these are numbers used once, else 1, 2, ..."""
        entries = sum(self._videos[video].length * len(objects) for video, objects in self._objects.items())
        if entries > MAX_ENTRIES:
            raise DataError(
                f"{self.path.name}: tracks times frames must be at most {MAX_ENTRIES}, got {entries}. Convert in parts."
            )
        if self._empty:
            work.note(f"{many(self._empty, 'mask')} without a pixel: the object counts as absent there")
        every = [(video, key) for video, objects in self._objects.items() for key in objects]
        kept = all(type(key) is int for _, key in every) and len({key for _, key in every}) == len(every)
        ids = {pair: int(str(pair[1])) if kept else i for i, pair in enumerate(every, start=1)}
        tracks = {
            number: [self._track(video, ids[number, key], one) for key, one in self._objects[number].items()]
            for number, video in self._videos.items()
        }
        categories = {number: Category(number, name) for name, number in self._categories.items()}
        return Truth(dict(self._videos), tracks, categories, self.path)

    def _track(self, video: Video, number: int, one: _Object) -> TruthTrack:
        masks, shown = tuple(map(one.masks.get, range(video.length))), len(one.masks)
        one.masks.clear()  # the packed ones take over
        boxes = [None if mask is None else box(mask) for mask in masks]
        return TruthTrack(
            id=number,
            video_id=video.id,
            category_id=one.category,
            segmentations=MaskTrack.of(masks) if 4 * shown > len(masks) else masks,  # packing costs by the frame
            areas=tuple(None if mask is None else float(area(mask)) for mask in masks),
            boxes=tuple(None if b is None else (float(b[0]), float(b[1]), float(b[2]), float(b[3])) for b in boxes),
            crowd=one.crowd,
            occlusion=tuple(one.occlusion.get(frame) for frame in range(video.length)) if one.occlusion else None,
        )


def frame_count(length: int, where: str) -> int:
    """How many frames a video has that its file only counts. Raises: DataError for none, or above ten hours."""
    if not 1 <= length <= MAX_FRAMES:
        raise DataError(f"{where}: a video must have 1 to {MAX_FRAMES} frames, got {length}. Convert it in parts.")
    return length


def frame_size(height: int, width: int, where: str) -> tuple[int, int]:
    """(height, width) of a frame whose masks are decoded. Raises: DataError when it is none or above 8K."""
    height, width = checked_size([height, width], where=where)
    if height * width > MAX_FRAME:
        raise DataError(
            f"{where}: a frame must have at most {MAX_FRAME} pixels, got {width} x {height}. Scale it down."
        )
    return height, width


def from_spans(begins: np.ndarray, ends: np.ndarray, height: int, width: int) -> Rle:
    """A mask from spans of its pixels counted column by column.

    Args:
        begins, ends: int (s,), ascending, not overlapping; a span is begin <= pixel < end.

    >>> from_spans(np.array([0, 2]), np.array([2, 3]), 2, 3)  # two spans that touch are one run
    Rle(height=2, width=3, counts=b'033')
    """
    assert height * width <= MAX_PIXELS
    borders = np.stack([begins, ends], axis=1).ravel()
    runs = np.diff(borders, prepend=0, append=height * width)
    return compressed(runs.astype(np.int64), height, width)


def steady(numbers: Sequence[int], where: str) -> None:
    """Numbers of frames must rise by one step. Raises: DataError at the first that jumps.

    >>> steady([0, 5, 10], "clip")
    >>> steady([0, 1, 3], "clip")
    Traceback (most recent call last):
    simvtr.errors.DataError: clip: frame numbers must rise by equal steps, got 3 after 1. ...
    """
    for before, after in itertools.pairwise(numbers):
        if after - before != numbers[1] - numbers[0] or after <= before:
            raise DataError(
                f"{where}: frame numbers must rise by equal steps, got {after} after {before}. "
                "Add the missing frames, or number them anew."
            )
