"""YouTube-VOS's meta.json, which says the categories that DAVIS's PNGs beside it cannot.

{"videos": {FOLDER: {"objects": {NUMBER: {"category": NAME, "frames": [STEM, ...]}}}}}. Source: youtube-vos.org.
"""

import json
from pathlib import PurePosixPath
from typing import Any

import msgspec

from simvtr.formats.files import frame_stems, video_folders
from simvtr.formats.source import Source
from simvtr.schema import Truth
from simvtr.schema.source import decode

NAME = "meta.json"
_MOST = 512 << 20  # bytes
Categories = dict[str, dict[int, str]]  # by folder of the video, by number of the object


class Object(msgspec.Struct):
    """One object of a video."""

    category: str


class Folder(msgspec.Struct):
    """One video."""

    objects: dict[int, Object]


class Meta(msgspec.Struct):
    """The file."""

    videos: dict[str, Folder]


def read_meta(source: Source) -> Categories:
    """What the meta.json of a source says; nothing where it has none.

    Raises: DataError when the file is something else.
    """
    names = [name for name in source.names if PurePosixPath(name).name == NAME]
    if len(names) != 1:
        return {}
    meta = decode(source.read(names[0], _MOST), Meta, source.where(names[0]))
    return {name: {i: one.category for i, one in video.objects.items()} for name, video in meta.videos.items()}


def meta_of(truth: Truth, numbers: dict[int, dict[int, int]]) -> str:
    """The file of a data set.

    Args:
        numbers: by video, the number of each track in the PNGs.
    """
    folders, videos = video_folders(truth), dict[str, Any]()
    for number, video in truth.videos.items():
        stems, objects = frame_stems(video), dict[str, Any]()
        for track in truth.tracks.get(number, ()):
            frames = [stem for stem, mask in zip(stems, track.segmentations, strict=True) if mask is not None]
            kind = truth.categories[track.category_id].name
            objects[str(numbers[number][track.id])] = {"category": kind, "frames": frames}
        videos[folders[number] or "."] = {"objects": objects}
    return json.dumps({"videos": videos}, indent=1)
