"""Every problem of a data set in one list: reads loosely, goes on after the first problem, changes nothing."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from simvtr.errors import DataError, many
from simvtr.rle import Rle, area, box, checked_size
from simvtr.schema import Video, read_truth
from simvtr.schema.raw import RawCategory, RawTrack, RawVideo
from simvtr.schema.source import Breaches, MaskBatch, batches, decode, folder_inside, read_bytes, refuse_missing

# kind -> (fatal: the file cannot be read or trained on, what must hold)
KINDS = {
    "structure": (True, "values must have the types of YouTube-VIS JSON"),
    "repeated id": (True, "ids must be unique"),
    "unknown video": (True, "video_id must be one of the videos"),
    "unknown category": (True, "category_id must be one of the categories"),
    "video size": (True, "width and height must be whole numbers of pixels from 1"),
    "list length": (True, "lists must have one entry a frame"),
    "malformed mask": (True, "masks must be null, polygons or sound RLE"),
    "mask size": (True, "masks must have the size of their video"),
    "malformed box": (True, "boxes must be four finite numbers x, y, w, h"),
    "unsafe name": (True, "file names must stay inside the image folder"),
    "missing image": (True, "every frame must have its image"),
    "unreadable image": (True, "images must open"),
    "image size": (True, "images must have the size of their video"),
    "unreadable": (True, "the file must pass read_truth"),
    "no file names": (False, "videos should list their files"),
    "repeated image": (False, "the frames of a video should be different files"),
    "negative box": (False, "boxes should have a positive width and height"),
    "box outside": (False, "boxes should lie inside the picture (2 pixels of tolerance)"),
    "box off mask": (False, "boxes should enclose their mask (2 pixels of tolerance)"),
    "area off mask": (False, "areas should count the pixels of their mask (5 % and 5 pixels of tolerance)"),
    "empty track": (False, "tracks should have a mask in some frame"),
    "occlusion label": (False, "occlusion should be no_occlusion, slight_occlusion, severe_occlusion or null"),
    "no videos": (False, "a data set should have videos"),
    "no tracks": (False, "a data set should have annotations"),
}
_LABELS = {"no_occlusion", "slight_occlusion", "severe_occlusion", None}
_PLACES = 3  # kept of each kind
_PIXELS = 2.0  # boxes are whole pixels, polygons are not, and some tools count w as x1 - x0


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of problem: how often, and the first places."""

    kind: str
    fatal: bool
    rule: str
    count: int
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What `check` found: problems (fatal ones first) in `videos` videos, `tracks` tracks, `frames` frames."""

    path: Path
    videos: int
    tracks: int
    frames: int
    problems: tuple[Problem, ...]

    @property
    def fatal(self) -> bool:
        """Whether the data set cannot be read, or trained on, as it is."""
        return any(problem.fatal for problem in self.problems)

    def table(self) -> str:
        """Lines for a terminal."""
        size = f"{many(self.videos, 'video')}, {many(self.tracks, 'track')}, {many(self.frames, 'frame')}"
        if not self.problems:
            return f"{self.path.name}: no problem found: {size}"
        lines = []
        for problem in self.problems:
            lines.append(
                f"{'fatal  ' if problem.fatal else 'warning'} {problem.count:>6} x {problem.kind}: {problem.rule}"
            )
            lines += [f"{'':>17}{place}" for place in problem.places]
            if problem.count > len(problem.places):
                lines.append(f"{'':>17}... and {problem.count - len(problem.places)} more")
        fatal = sum(problem.count for problem in self.problems if problem.fatal)
        warnings = sum(problem.count for problem in self.problems) - fatal
        return "\n".join([*lines, f"{self.path.name}: {fatal} fatal, {many(warnings, 'warning')}: {size}"])


def check(truth_path: Path | str, images: Path | str | None = None) -> Report:
    """List every problem of a data set.

    Args:
        truth_path: YouTube-VIS / OVIS JSON, plain, ZIP or GZ.
        images: folder that the file names start from; None leaves the images unchecked.
    Returns: a report; `fatal` there means that `read_truth` refuses the file, or that images do not fit it.
    Raises: DataError when the file is not a JSON object, or `images` not a folder.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "truth.json")
    ...     _ = path.write_text('{"videos": [{"id": 1, "width": 4, "height": 3, "length": 0}], "categories": []}')
    ...     print(check(path).table())
    fatal        1 x list length: lists must have one entry a frame
                     $.videos[0], video 1: 0 frames
    warning      1 x no file names: videos should list their files
                     $.videos[0], video 1
    warning      1 x no tracks: a data set should have annotations
                     $.annotations
    truth.json: 1 fatal, 2 warnings: 1 video, 0 tracks, 0 frames
    """
    refuse_missing(truth_path, images)
    return _Check(Path(truth_path), None if images is None else Path(images)).run()


class _Check:
    """One pass over one file, collecting problems by kind."""

    def __init__(self, path: Path, root: Path | None) -> None:
        self.path = path
        self.root = root
        self.found: dict[str, tuple[int, list[str]]] = {}
        self.videos: dict[int, Video] = {}
        self.categories: set[int] = set()

    def add(self, kind: str, place: str) -> None:
        count, places = self.found.get(kind, (0, []))
        self.found[kind] = (count + 1, [*places, place] if count < _PLACES else places)

    def run(self) -> Report:
        top = decode(read_bytes(self.path), dict[str, msgspec.Raw], self.path.name)
        for i, raw in enumerate(self._list(top, "videos")):
            self._video(raw, f"$.videos[{i}]")
        for i, raw in enumerate(self._list(top, "categories")):
            category = self._typed(raw, RawCategory, f"$.categories[{i}]")
            if category is not None:
                if category.id in self.categories:
                    self.add("repeated id", f"$.categories[{i}]: {category.id}")
                self.categories.add(category.id)
        annotations = self._list(top, "annotations")
        self._tracks(annotations)
        if not self.videos:
            self.add("no videos", "$.videos")
        if not annotations:
            self.add("no tracks", "$.annotations")
        if not any(KINDS[kind][0] for kind in self.found):
            try:  # the last word on "can be read" is the reader's
                read_truth(self.path)
            except DataError as error:
                self.add("unreadable", str(error))
        problems = tuple(
            Problem(kind, *KINDS[kind], self.found[kind][0], tuple(self.found[kind][1]))
            for kind in KINDS  # fatal ones first
            if kind in self.found
        )
        frames = sum(video.length for video in self.videos.values())
        return Report(self.path, len(self.videos), len(annotations), frames, problems)

    def _typed(self, raw: msgspec.Raw, kind: Any, where: str) -> Any:
        """A decoded piece, or None and a problem of structure."""
        try:
            return decode(bytes(raw), kind, where)
        except DataError as error:
            self.add("structure", str(error))
            return None

    def _list(self, top: dict[str, msgspec.Raw], key: str) -> list[msgspec.Raw]:
        if key not in top:
            if key != "annotations":
                self.add("structure", f"$: object missing required field `{key}`")
            return []
        kind = list[msgspec.Raw] | None if key == "annotations" else list[msgspec.Raw]
        return self._typed(top[key], kind, f"$.{key}") or []

    def _video(self, raw: msgspec.Raw, where: str) -> None:
        video = self._typed(raw, RawVideo, where)
        if video is None:
            return
        where = f"{where}, video {video.id}"
        names = video.file_names or []
        length = video.length if video.length is not None else len(names)
        if length < 1:
            self.add("list length", f"{where}: {length} frames")
        elif names and len(names) != length:
            self.add("list length", f"{where}: {len(names)} file names for {length} frames")
        if not names:
            self.add("no file names" if self.root is None else "missing image", where)
        if len(set(names)) < len(names):
            self.add("repeated image", where)
        if video.id in self.videos:
            self.add("repeated id", where)
        size = None
        try:
            size = checked_size([video.height, video.width], where=where)
        except DataError as error:
            self.add("video size", str(error))
        for frame, name in enumerate(names):
            self._image(name, size, f"{where}, frame {frame}: {name!r:.100}")
        height, width = size or (0, 0)
        self.videos[video.id] = Video(video.id, width, height, max(length, 0), tuple(names))

    def _image(self, name: str, size: tuple[int, int] | None, where: str) -> None:
        """The name must stay inside the root; with images at hand, the header must open and agree."""
        inside = os.path.normpath(name.replace("\\", "/"))
        if not name or "\0" in name or inside.startswith(("/", "..")) or inside[1:2] == ":":
            self.add("unsafe name", where)
            return
        if self.root is None:
            return
        from PIL import Image

        path = self.root / name
        try:
            if not path.is_file():
                told = self.found.get("missing image", (0, []))[0] >= _PLACES
                lies = None if told else folder_inside(self.root, name)
                self.add("missing image", where if lies is None else f"{where}, it lies in {lies}: name that folder")
                return
            with Image.open(path) as image:
                width, height = image.size
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            self.add("unreadable image", f"{where}: {error!s:.100}")
            return
        if size is not None and (height, width) != size:
            self.add("image size", f"{where}: {width} x {height}, its video {size[1]} x {size[0]}")

    def _tracks(self, raws: list[msgspec.Raw]) -> None:
        seen: set[int] = set()
        malformed = _Malformed(self)
        for batch in batches(len(memoryview(raw)) for raw in raws):
            masks = MaskBatch(malformed)
            taken = []
            for i in batch:
                track = self._typed(raws[i], RawTrack, f"$.annotations[{i}]")
                if track is None:
                    continue
                where = f"$.annotations[{i}], video {track.video_id}, track {track.id}"
                if track.id in seen:
                    self.add("repeated id", where)
                seen.add(track.id)
                if track.category_id not in self.categories:
                    self.add("unknown category", f"{where}: {track.category_id}")
                video = self.videos.get(track.video_id)
                if video is None:
                    self.add("unknown video", where)
                    continue
                for key, entries in track.lists().items():
                    if len(entries) != video.length:
                        self.add("list length", f"{where}: {key} has {len(entries)} for {video.length} frames")
                if not video.width:  # its size is a problem of its own
                    continue
                place = masks.add(track.segmentations, video.height, video.width, where, strict=False)
                taken.append((track, video, place, where))
            checked = masks.finish()
            for track, video, place, where in taken:
                self._track(track, video, checked[place], where)

    def _track(self, track: RawTrack, video: Video, masks: list[Rle | None], where: str) -> None:
        labels = [track.occlusion] if isinstance(track.occlusion, str) else track.occlusion or []
        odd = next((label for label in labels if label not in _LABELS), None)
        if odd is not None:
            self.add("occlusion label", f"{where}: {odd!r:.60}")
        pixels = [0 if mask is None else area(mask) for mask in masks]
        if not any(pixels):
            self.add("empty track", where)
        for frame, mask in enumerate(masks):
            here = f"{where}, frame {frame}"
            if mask is not None and (mask.height, mask.width) != (video.height, video.width):
                got = f"[{mask.height}, {mask.width}], its video [{video.height}, {video.width}]"
                self.add("mask size", f"{here}: {got}")
            given = track.areas[frame] if track.areas and frame < len(track.areas) else None
            if given is not None and not abs(given - pixels[frame]) <= max(5.0, 0.05 * pixels[frame]):
                self.add("area off mask", f"{here}: {given:g}, its mask has {pixels[frame]}")
        for frame, corners in enumerate(track.bboxes or []):
            mask = masks[frame] if frame < len(masks) else None
            self._box(corners, mask, video, f"{where}, frame {frame}")

    def _box(self, corners: list[float] | None, mask: Rle | None, video: Video, where: str) -> None:
        if not corners:
            return
        if len(corners) != 4 or not all(abs(c) < float("inf") for c in corners):
            self.add("malformed box", f"{where}: {corners[:5]}")
            return
        x, y, w, h = corners
        tight = box(mask) if mask is not None else (0, 0, 0, 0)
        if w <= 0 or h <= 0:
            if tight[2] or w < 0 or h < 0:  # [0, 0, 0, 0] where the object is absent is usual
                self.add("negative box", f"{where}: {corners}")
            return
        if min(x, y, video.width - x - w, video.height - y - h) < -_PIXELS:
            self.add("box outside", f"{where}: {corners} in {video.width} x {video.height}")
        ours, theirs = (tight[0], tight[1], tight[0] + tight[2], tight[1] + tight[3]), (x, y, x + w, y + h)
        if not tight[2]:
            self.add("box off mask", f"{where}: {corners} without a mask")
        elif max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) > _PIXELS:
            self.add("box off mask", f"{where}: {corners}, its mask fills {list(tight)}")


class _Malformed(Breaches):
    """Masks that the batch refuses, as problems of the report."""

    def __init__(self, owner: _Check) -> None:
        super().__init__()
        self.owner = owner

    def add(self, line: str) -> None:
        self.owner.add("malformed mask", line)
