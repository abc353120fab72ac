"""COCO with an order of frames: one annotation a mask, tied to others by a track id. Read and written.

Identity is `track_id` or `instance_id` of the annotation (CocoVID), or `attributes.track_id` (what CVAT's COCO export
writes for tracks). The video is the image's `video_id`, else its folder; the order is its `frame_id` (also
`frame_index`), else that of the file names.

Source: cocodataset.org/#format-data; mmtracking's docs on CocoVID; CVAT's COCO 1.0 export.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from simvtr.errors import DataError, many
from simvtr.formats.files import frame_stems, video_folders
from simvtr.formats.gather import Gather, Work, steady
from simvtr.formats.source import Source, is_clean, natural
from simvtr.rle import area, box, from_json, to_json
from simvtr.schema import Truth
from simvtr.schema.raw import RawCategory, RawMask, Whole
from simvtr.schema.source import MAX_BYTES
from simvtr.schema.source import decode as decode_json
from simvtr.schema.writer import atomic


class Image(msgspec.Struct):
    """A frame."""

    id: Whole
    file_name: str
    width: int | float
    height: int | float
    video_id: Whole | None = None
    frame_id: Whole | None = None
    frame_index: Whole | None = None

    @property
    def frame(self) -> int | None:
        """Its number among the frames of its video, where the file says so."""
        return self.frame_id if self.frame_id is not None else self.frame_index


class Attributes(msgspec.Struct):
    """What CVAT says of an annotation."""

    track_id: Whole | None = None


class Annotation(msgspec.Struct):
    """One object in one frame."""

    image_id: Whole
    category_id: Whole
    segmentation: RawMask | list[list[float]] | None = None
    iscrowd: bool | int | None = None
    track_id: Whole | None = None
    instance_id: Whole | None = None
    attributes: Attributes | None = None

    @property
    def identity(self) -> int | None:
        """Which object it is."""
        inside = self.attributes.track_id if self.attributes is not None else None
        return next((i for i in (self.track_id, self.instance_id, inside) if i is not None), None)


class Coco(msgspec.Struct):
    """A file; its annotations are still JSON, decoded one by one."""

    images: list[Image]
    categories: list[RawCategory]
    annotations: list[msgspec.Raw]


def read_coco(source: Source, name: str, work: Work) -> Truth:
    """A data set from a COCO file of a source.

    Raises: DataError when annotations have no identity, frames of a video jump or differ in size, or ids are unknown.
    """
    where = source.where(name)
    coco = decode_json(source.read(name, MAX_BYTES), Coco, where)
    gather = Gather(source.path)
    names: dict[int, str] = {}
    for kind in coco.categories:
        names[kind.id] = kind.name if kind.name is not None else str(kind.id)
        if gather.category(names[kind.id], kind.id) != kind.id:
            raise DataError(f"{where}: categories must have different names, {names[kind.id]!r:.60} is there twice.")
    places = _videos(coco.images, gather, work, where)
    boxed = 0
    for i, raw in enumerate(coco.annotations):
        at = f"{where}, $.annotations[{i}]"
        one = decode_json(raw, Annotation, at)
        boxed += not _add(one, gather, places, names, at)
        if i % 100 == 0 or i + 1 == len(coco.annotations):
            work.progress(i + 1, len(coco.annotations))
    if boxed:
        work.note(f"{many(boxed, 'annotation')} left out: a box and no mask")
    return gather.truth(work)


def _videos(images: list[Image], gather: Gather, work: Work, where: str) -> dict[int, tuple[int, int]]:
    """The video and frame of every image by its id."""
    groups: dict[Any, list[Image]] = defaultdict(list)
    for image in images:
        if not is_clean(image.file_name):
            raise DataError(f"{where}: file names must stay inside their folder, got {image.file_name[:100]!r}.")
        folder = str(PurePosixPath(image.file_name).parent)
        groups[folder if image.video_id is None else image.video_id].append(image)
    places: dict[int, tuple[int, int]] = {}
    for key, group in groups.items():
        at = f"{where}, video {key!r:.60}"
        numbered = [image.frame for image in group if image.frame is not None]
        if len(numbered) not in (0, len(group)):
            raise DataError(f"{at}: all of its images must have a frame_id or none, {len(numbered)} have one.")
        order = sorted(group, key=(lambda i: i.frame or 0) if numbered else (lambda i: natural(i.file_name)))  # type: ignore[arg-type]
        steady(sorted(numbered), at)
        if not numbered and len(group) > 1:
            work.note("images have no frame_id: their order is that of their names")
        first = order[0]
        video = gather.video(
            height=first.height,  # type: ignore[arg-type]  # checked there
            width=first.width,  # type: ignore[arg-type]
            length=len(order),
            names=[image.file_name for image in order],
            number=key if isinstance(key, int) else None,
        )
        for frame, image in enumerate(order):
            if (image.height, image.width) != (first.height, first.width):
                raise DataError(
                    f"{at}: the size of image {image.file_name!r:.60} must be that of the others, {first.width} x "
                    f"{first.height}, got {image.width} x {image.height}."
                )
            if image.id in places:
                raise DataError(f"{at}: image ids must be unique, got {image.id} again.")
            places[image.id] = (video, frame)
    return places


def _add(one: Annotation, gather: Gather, places: dict[int, tuple[int, int]], names: dict[int, str], at: str) -> bool:
    """Put one annotation into its frame. Returns False when it has no mask."""
    if one.image_id not in places:
        raise DataError(f"{at}: the image must be one of $.images, got {one.image_id}.")
    if one.category_id not in names:
        raise DataError(f"{at}: the category must be one of $.categories, got {one.category_id}.")
    if one.identity is None:
        raise DataError(
            f"{at}: track_id, instance_id or attributes.track_id must say which object it is, got none. Export tracks: "
            "CVAT for video has them."
        )
    video, frame = places[one.image_id]
    height, width = gather.size(video)
    value = one.segmentation
    if isinstance(value, RawMask):
        value = {} if value.size is None and value.counts is None else {"size": value.size, "counts": value.counts}
    mask = from_json(value, where=at, height=height, width=width)
    if mask is None:
        return False
    name = names[one.category_id]
    gather.add(video, frame, identity=one.identity, category=name, mask=mask, where=at, crowd=bool(one.iscrowd))
    return True


def write_coco(truth: Truth, path: Path, work: Work) -> None:
    """One COCO file: an image a frame with its `video_id` and `frame_id`, an annotation a mask with its `track_id`."""
    total = sum(video.length for video in truth.videos.values())
    kinds = [{"id": kind.id, "name": kind.name} for kind in truth.categories.values()]
    folders = video_folders(truth)
    with atomic(path) as file:
        file.write(json.dumps({"categories": kinds})[:-1].encode())
        videos = [{"id": number, "name": folders[number] or str(number)} for number in truth.videos]
        file.write(b', "videos": ' + json.dumps(videos).encode() + b', "images": [')
        for i, image in enumerate(_images(truth)):
            file.write((b",\n" if i else b"\n") + json.dumps(image).encode())
        file.write(b'\n], "annotations": [')
        for i, (image, annotation) in enumerate(_annotations(truth), start=1):
            file.write((b",\n" if i > 1 else b"\n") + json.dumps({"id": i} | annotation).encode())
            work.progress(image, total)
        file.write(b"\n]}\n")
    work.progress(total, total)
    if any(track.occlusion for tracks in truth.tracks.values() for track in tracks):
        work.note("labels of occlusion are written as attributes.occlusion, which other tools do not know")


def _images(truth: Truth) -> Iterator[dict[str, Any]]:
    """Images, numbered from 1 through all videos."""
    number, folders = 0, video_folders(truth)
    for video in truth.videos.values():
        made = [f"{folders[video.id] or video.id}/{stem}.jpg" for stem in frame_stems(video)]
        names = video.file_names if video.file_names and all(map(is_clean, video.file_names)) else made
        for frame, name in enumerate(names):
            number += 1
            size = {"width": video.width, "height": video.height}
            yield {"id": number, "file_name": name, **size, "video_id": video.id, "frame_id": frame}


def _annotations(truth: Truth) -> Iterator[tuple[int, dict[str, Any]]]:
    """The image and content of every mask, frame by frame."""
    image = 0
    for video in truth.videos.values():
        tracks = truth.tracks.get(video.id, ())
        for frame in range(video.length):
            image += 1
            for track in tracks:
                mask = track.segmentations[frame]
                if mask is None:
                    continue
                attributes: dict[str, Any] = {"track_id": track.id}
                if track.occlusion is not None and track.occlusion[frame] is not None:
                    attributes["occlusion"] = track.occlusion[frame]
                yield (
                    image,
                    {
                        "image_id": image,
                        "category_id": track.category_id,
                        "iscrowd": int(track.crowd),
                        "segmentation": to_json(mask),
                        "area": area(mask),
                        "bbox": list(box(mask)),
                        "track_id": track.id,
                        "instance_id": track.id,
                        "attributes": attributes,
                    },
                )
