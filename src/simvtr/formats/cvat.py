"""CVAT for video 1.1, read: tracks of polygons and masks, streamed from XML without building a tree.

Masks have no identity in CVAT: it exports each as a track of one frame, so tracks of one `group_id` and label are one
object here. A CVAT mask is run lengths, background first, row by row inside its box.

Source: docs.cvat.ai, XML annotation format; cvat/apps/dataset_manager/formats/cvat.py.
"""

import xml.parsers.expat
from collections import Counter
from collections.abc import Hashable, Mapping

import numpy as np

from simvtr.errors import DataError, many
from simvtr.formats.files import listed_images
from simvtr.formats.gather import MAX_FRAMES, Gather, Work, frame_count, frame_size, from_spans
from simvtr.formats.source import Source
from simvtr.rle import Rle, from_polygons
from simvtr.schema import Truth

_TASKS = ("task", "job")
_DEEPEST = 50  # elements in one another; CVAT has 8
_LONGEST = 1 << 16  # characters of a name or number; labels' pictures in meta are longer and not kept
_SHAPES = ("polygon", "mask")
_NO_MASK = ("box", "ellipse", "polyline", "points", "cuboid", "skeleton")


def read_cvat(source: Source, name: str, work: Work) -> Truth:
    """The one task of an XML of a source as a data set of one video.

    Raises: DataError when the XML is malformed or has a DTD, is of images instead of video or of several tasks, or a
        shape does not fit its frame.
    """
    reader = _Reader(source, name, work)
    parser = xml.parsers.expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype  # no DTD, so no entities: neither bombs nor files
    done, total = 0, max(source.size(name), 1)
    try:
        for chunk in source.chunks(name):
            parser.Parse(chunk, False)
            done += len(chunk)
            reader.progress(done / total)
        parser.Parse(b"", True)
    except DataError:
        raise
    except (xml.parsers.expat.ExpatError, LookupError, ValueError) as error:  # the latter two: an unknown encoding
        raise DataError(f"{reader.where}: the XML must be whole, got: {error}. Export it again.") from error
    return reader.truth()


class _Reader:
    """Follows the elements of one file, and keeps no more of them than the masks."""

    def __init__(self, source: Source, name: str, work: Work) -> None:
        self.where = source.where(name)
        self._work = work
        self._gather = Gather(source.path)
        self._path: list[str] = []
        self._text: list[str] = []
        self._meta: dict[str, str] = {}
        self._labels: list[str] = []
        self._video = 0
        self._length = 0
        self._start, self._step = 0, 1
        self._track: tuple[Hashable, str, str] | None = None  # identity, label, where
        self._shown = 0  # masks of the open track
        self._grouped = False
        self._groups: dict[int, str] = {}  # label of each
        self._alone = 0
        self._tracks = 0
        self._skipped = Counter[str]()
        self._occluded = 0
        self._last: tuple[int, Rle] | None = None  # the open track's last mask, where it was not outside
        self._held = 0

    def doctype(self, *_: object) -> None:
        raise DataError(f"{self.where}: the XML must have no DTD: CVAT writes none, and one can name other files.")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._path and tag != "annotations":
            raise DataError(f"{self.where}: the XML must be CVAT's, beginning with <annotations>, got <{tag[:60]}>.")
        self._path.append(tag)
        self._text.clear()
        if len(self._path) > _DEEPEST:
            raise DataError(f"{self.where}: elements must be at most {_DEEPEST} deep in one another.")
        if tag == "image" and len(self._path) == 2:
            raise DataError(f"{self.where}: must be 'CVAT for video 1.1', this is for images. Export it for video.")
        if tag == "project" and len(self._path) == 3:
            raise DataError(f"{self.where}: must be of one task, this is a project. Export its tasks one by one.")
        if tag == "track" and len(self._path) == 2:
            self._open(attributes)
        elif self._track is not None and len(self._path) == 3:
            self._shape(tag, attributes)

    def text(self, data: str) -> None:
        if self._path[1:2] == ["meta"] and sum(map(len, self._text)) < _LONGEST:
            self._text.append(data)

    def end(self, tag: str) -> None:
        path = self._path
        if path[1:2] == ["meta"] and len(path) > 3:
            inside = path[3:] if path[2] in _TASKS else path[2:]  # of a job the size stands beside <job>
            if inside == ["labels", "label", "name"]:
                self._labels.append("".join(self._text))
            else:
                self._meta.setdefault("/".join(inside), "".join(self._text).strip())
            self._text.clear()
        elif path[1:] == ["track"]:
            self._close()
        path.pop()

    def progress(self, part: float) -> None:
        """Say how far the file is read, from 0 to 1, in frames."""
        self._work.progress(round(part * self._length), self._length)

    def truth(self) -> Truth:
        """What was read."""
        self._begin()
        if self._alone > 1:
            self._work.note(
                f"{self._alone} of {self._tracks} tracks are one frame long: CVAT's masks have no identity. Group the "
                "masks of an object (group_id), or label polygons as tracks"
            )
        for tag, count in sorted(self._skipped.items()):
            self._work.note(f"{many(count, 'shape')} <{tag}> left out: no mask")
        if self._held:
            self._work.note(
                f"{many(self._held, 'frame')} between key frames missing in the file: the mask before stays"
            )
        if self._occluded:
            self._work.note(f"{many(self._occluded, 'shape')} marked occluded, not how much: the mark is left out")
        return self._gather.truth(self._work)

    def _begin(self) -> None:
        """Make the video of what `meta` says, once."""
        if self._video:
            return
        where = self.where
        size = [self._number(f"original_size/{side}") for side in ("height", "width")]
        images = None if self._work.images is None else listed_images(self._work.images, where)
        height, width = frame_size(*size, where=where)
        self._start, last = self._number("start_frame", 0), self._number("stop_frame", -1)
        rule = self._meta.get("frame_filter", "").replace(" ", "")
        self._step = _whole(rule.removeprefix("step="), where) if rule else 1
        spanned = (last - self._start) // max(self._step, 1) + 1
        if self._step < 1 or self._start < 0:
            raise DataError(
                f"{where}: frames must begin at 0 or later and step by 1 or more, got {self._start}, {rule}."
            )
        self._length = frame_count(spanned if last >= 0 else self._number("size"), where)
        for label in self._labels:
            self._gather.category(label)
        names = images or [f"frame_{self._start + i * self._step:06d}.png" for i in range(self._length)]
        self._video = self._gather.video(height=height, width=width, length=self._length, names=names)

    def _number(self, key: str, default: int | None = None) -> int:
        text = self._meta.get(key, "")
        if not text and default is not None:
            return default
        return _whole(text, f"{self.where}, meta, {key}")

    def _open(self, attributes: Mapping[str, str]) -> None:
        self._begin()
        label, group = attributes.get("label", ""), attributes.get("group_id", "")
        where = f"{self.where}, track {attributes.get('id', '')[:20]}"
        if not label:
            raise DataError(f"{where}: a track must have a label. Export it again.")
        self._tracks += 1
        identity: Hashable = ("alone", self._tracks)
        self._grouped = group not in ("", "0")
        if self._grouped:  # a group may hold objects of several labels: its number is the first one's
            number = _whole(group, where)
            identity = number if self._groups.setdefault(number, label) == label else (label, number)
        self._track, self._shown = (identity, label, where), 0

    def _shape(self, tag: str, attributes: Mapping[str, str]) -> None:
        assert self._track is not None
        identity, label, where = self._track
        if tag in _NO_MASK:
            self._skipped[tag] += 1
        if tag not in _SHAPES:
            return
        number = _whole(attributes.get("frame", ""), where)
        at = f"{where}, frame {number}"
        frame, rest = divmod(number - self._start, self._step)
        if rest or not 0 <= frame < self._length:
            if attributes.get("outside") == "1":
                return  # behind the last frame
            raise DataError(f"{at}: the frame must be one of the task's {self._length} from {self._start}.")
        self._hold(frame, at)
        if attributes.get("outside") == "1":
            return
        height, width = self._gather.size(self._video)
        draw = _polygon if tag == "polygon" else _mask
        mask = draw(attributes, height, width, at)
        self._gather.add(self._video, frame, identity=identity, category=label, mask=mask, where=at)
        self._occluded += attributes.get("occluded") == "1"
        self._shown += 1
        self._last = (frame, mask)

    def _hold(self, frame: int, where: str) -> None:
        """Before the next entry of a track: frames that the file skips keep the mask, as CVAT keeps it."""
        if self._last is None or self._track is None:
            return
        (before, mask), (identity, label, _) = self._last, self._track
        self._last = None
        self._held += max(frame - before - 1, 0)
        if self._held > MAX_FRAMES:
            raise DataError(f"{where}: at most {MAX_FRAMES} frames may lie between key frames. Export all frames.")
        for between in range(before + 1, frame):
            self._gather.add(self._video, between, identity=identity, category=label, mask=mask, where=where)

    def _close(self) -> None:
        self._alone += self._shown == 1 and not self._grouped
        self._last = None
        self._track = None


def _whole(text: str, where: str) -> int:
    """A whole number of an attribute or of meta."""
    if not text.lstrip("-").isdecimal() or not text.isascii() or len(text) > 15:
        raise DataError(f"{where}: must be a whole number, got {text[:40]!r}. Export it again.")
    return int(text)


def _polygon(attributes: Mapping[str, str], height: int, width: int, where: str) -> Rle:
    """A polygon's mask: points="x0,y0;x1,y1;..."."""
    text = attributes.get("points", "")
    try:
        points = [float(c) for point in text.split(";") for c in point.split(",", 1)]
    except ValueError:
        raise DataError(f"{where}: points must be x0,y0;x1,y1;..., got {text[:60]!r}. Export it again.") from None
    return from_polygons([points], height, width, where=where)


def _mask(attributes: Mapping[str, str], height: int, width: int, where: str) -> Rle:
    """A mask's runs, rows of its box, as columns of the picture."""
    left, top, w, h = (_whole(attributes.get(k, ""), f"{where}, {k}") for k in ("left", "top", "width", "height"))
    if left < 0 or top < 0 or w < 1 or h < 1 or left + w > width or top + h > height:
        raise DataError(
            f"{where}: a mask must lie in the picture, {width} x {height}, got {w} x {h} pixels at {left}, {top}."
        )
    try:
        runs = np.array(attributes.get("rle", "").split(","), np.int64)
    except (ValueError, OverflowError):
        raise DataError(f"{where}: rle must be numbers with commas between. Export it again.") from None
    if runs.min(initial=0) < 0 or runs.max(initial=0) > w * h or int(runs.sum()) != w * h:
        raise DataError(f"{where}: the runs must add up to {w} x {h} = {w * h} pixels, got {int(runs.sum())}.")
    rows = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(h, w)
    columns = np.zeros((w, h + 2), np.int8)  # an empty pixel above and below each column ends every span there
    columns[:, 1:-1] = rows.T
    edges = np.diff(columns, axis=1)
    (x, y), (x1, y1) = np.nonzero(edges == 1), np.nonzero(edges == -1)
    return from_spans((left + x) * height + top + y, (left + x1) * height + top + y1, height, width)
