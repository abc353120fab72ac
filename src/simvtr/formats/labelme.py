"""labelme: one JSON of shapes a frame.

labelme has no tracks. Identity is the shape's `group_id` within its label; without one, the place among the shapes of
that label, which labelme keeps when shapes are copied from frame to frame (`--keep-prev`).

Source: github.com/wkentaro/labelme, labelme/_label_file.py; examples/instance_segmentation/labelme2coco.py.
"""

import base64
import binascii
import math
from collections import Counter, defaultdict
from collections.abc import Hashable
from pathlib import PurePosixPath, PureWindowsPath

import msgspec
import numpy as np

from simvtr.errors import DataError, many
from simvtr.formats.files import image_names
from simvtr.formats.gather import Gather, Work, frame_size, steady
from simvtr.formats.png import read_numbers
from simvtr.formats.source import Source
from simvtr.rle import Rle, decode, encode, from_polygons
from simvtr.schema import Truth
from simvtr.schema.source import decode as decode_json

MAX_JSON = 512 << 20  # bytes of one frame: it may hold its image
_AREAS = ("polygon", "rectangle", "oriented_rectangle", "circle", "mask")
_CORNERS = 64  # of the polygon that stands for a circle


class Shape(msgspec.Struct):
    """One shape; `mask` is a PNG in base64 that begins at the first point."""

    label: str
    points: list[tuple[float, float]]
    shape_type: str | None = None
    group_id: int | None = None
    mask: str | None = None


class Frame(msgspec.Struct, rename={"height": "imageHeight", "width": "imageWidth", "image": "imagePath"}):
    """One file."""

    shapes: list[Shape]
    image: str = ""
    height: int | None = None
    width: int | None = None


def read_labelme(source: Source, work: Work) -> Truth:
    """Videos from JSONs: every folder that holds some is one.

    Raises: DataError when sizes differ, frames jump, or shapes of one label cannot be told apart.
    """
    gather = Gather(source.path)
    videos: dict[str, list[str]] = defaultdict(list)
    names = source.ending(".json")
    for name in names:
        videos[str(PurePosixPath(name).parent)].append(name)
    done = 0
    for files in videos.values():
        _read_video(source, files, gather, work, done, len(names))
        done += len(files)
    return gather.truth(work)


def _read_video(source: Source, names: list[str], gather: Gather, work: Work, done: int, total: int) -> None:
    stems = [PurePosixPath(name).stem for name in names]
    folder = PurePosixPath(names[0]).parent
    where = source.where(str(folder)).removesuffix("/.")
    if all(stem.isdecimal() and len(stem) < 16 for stem in stems):
        steady([int(stem) for stem in stems], where)
    video, images = 0, list[str]()
    counts: dict[str, tuple[int, str]] = {}
    skipped = Counter[str]()
    for frame, name in enumerate(names):
        at = source.where(name)
        one = decode_json(source.read(name, MAX_JSON), Frame, at)
        if one.height is None or one.width is None:
            raise DataError(f"{at}: imageHeight and imageWidth must be given. Save it with labelme 4 or newer.")
        height, width = frame_size(one.height, one.width, at)
        if not frame:
            images = image_names(work.images, "/".join(folder.parts), stems, where)
            video = gather.video(height=height, width=width, length=len(names), names=images)
        elif (height, width) != (size := gather.size(video)):
            raise DataError(
                f"{at}: the size must be that of the other frames, {size[1]} x {size[0]}, got {width} x {height}. "
                "Convert videos of different sizes apart."
            )
        if one.image and PureWindowsPath(one.image).stem != stems[frame]:
            work.note(f"{at} is of the image {one.image[:60]!r}: frames are called as the JSON files are")
        for (label, identity), shapes in _objects(one, counts, at, skipped, work).items():
            mask = _mask(shapes, height, width, at)
            gather.add(video, frame, identity=(label, identity), category=label, mask=mask, where=at)
        work.progress(done + frame + 1, total)
    for kind, count in sorted(skipped.items()):
        work.note(f"{where}: {many(count, 'shape')} of kind {kind!r:.30} left out: no area")


def _objects(
    frame: Frame, counts: dict[str, tuple[int, str]], where: str, skipped: Counter[str], work: Work
) -> dict[tuple[str, Hashable], list[Shape]]:
    """The shapes of each object of a frame.

    Args:
        counts: of each label, how many shapes without group a frame has, and the frame that says so; filled here.
    """
    objects: dict[tuple[str, Hashable], list[Shape]] = defaultdict(list)
    alone = Counter[str]()
    for shape in frame.shapes:
        if (shape.shape_type or "polygon") not in _AREAS:
            skipped[str(shape.shape_type)] += 1
        elif shape.group_id is not None:
            objects[shape.label, f"group {shape.group_id}"].append(shape)
        else:
            alone[shape.label] += 1
            objects[shape.label, alone[shape.label]].append(shape)
    for label, count in alone.items():
        known, first = counts.setdefault(label, (count, where))
        if count != known:
            raise DataError(
                f"{where}: shapes of one label must be told apart: {count} are called {label!r:.60}, {first} has "
                f"{known}. Give each object a group_id."
            )
        if count > 1:
            work.note(f"objects called {label!r:.60} have no group_id: their order in the files tells them apart")
    return objects


def _mask(shapes: list[Shape], height: int, width: int, where: str) -> Rle:
    """The union of an object's shapes."""
    polygons = [_outline(shape, where) for shape in shapes if shape.shape_type != "mask"]
    pictures = [_picture(shape, height, width, where) for shape in shapes if shape.shape_type == "mask"]
    drawn = [from_polygons(polygons, height, width, where=where)] if polygons else []
    if drawn and not pictures:
        return drawn[0]
    return encode(np.logical_or.reduce([*pictures, *map(decode, drawn)]))


def _outline(shape: Shape, where: str) -> list[float]:
    """The corners of a shape: x0, y0, x1, y1, ..."""
    points = [(float(x), float(y)) for x, y in shape.points]
    kind = shape.shape_type or "polygon"
    if kind in ("rectangle", "circle") and len(points) != 2:
        raise DataError(f"{where}: a {kind} must have two points, got {len(points)}.")
    if kind == "rectangle":
        (x0, y0), (x1, y1) = points
        points = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    elif kind == "circle":  # the centre, and a point of the circle
        (x0, y0), (x1, y1) = points
        radius, turn = math.hypot(x1 - x0, y1 - y0), 2 * math.pi / _CORNERS
        points = [(x0 + radius * math.cos(i * turn), y0 + radius * math.sin(i * turn)) for i in range(_CORNERS)]
    return [c for point in points for c in point]


def _picture(shape: Shape, height: int, width: int, where: str) -> np.ndarray:
    """A painted mask put into its frame: bool (H, W)."""
    if shape.mask is None or not shape.points:
        raise DataError(f"{where}: a shape of kind mask must have its mask and two points. Save it again.")
    try:
        data = base64.b64decode(shape.mask, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataError(f"{where}: the mask of {shape.label!r:.60} must be base64, got: {error}.") from error
    inside, _ = read_numbers(data, f"{where}, mask of {shape.label!r:.60}")
    left, top = (round(min(max(c, -1), height + width)) for c in shape.points[0])
    h, w = inside.shape
    if left < 0 or top < 0 or left + w > width or top + h > height:
        raise DataError(
            f"{where}: the mask of {shape.label!r:.60} must lie in the picture, {width} x {height}, got {w} x {h} "
            f"pixels at {left}, {top}."
        )
    picture = np.zeros((height, width), bool)
    picture[top : top + h, left : left + w] = inside > 0
    return picture
