"""Ground truth in YouTube-VIS / OVIS JSON: read strictly, written whole or not at all."""

import contextlib
import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simvtr.errors import DataError
from simvtr.rle import MAX_PIXELS, MaskTrack, Rle, area, box, checked_size, to_json
from simvtr.schema.annotations import Tracks, any_truth, even_truth
from simvtr.schema.given import path_of
from simvtr.schema.pieces import UnevenText
from simvtr.schema.raw import RawTrack, RawTruth, RawVideo
from simvtr.schema.records import Box, Category, Truth, TruthTrack, Video
from simvtr.schema.source import Breaches, MaskBatch, in_bulk
from simvtr.schema.writer import atomic

MAX_CATEGORIES = 10_000  # each costs the scores 100 KB; the largest vocabularies of videos have some 1,200
MAX_FRAMES = 10_000_000  # of one video: four days


@in_bulk()
def read_truth(path: Path | str, strict: bool = True) -> Truth:
    """Read a data set.

    Liberal in what real files leave out: `length` (then the number of file names), `iscrowd` (0), `bboxes` (then from
    the masks), `areas` (then from the masks; a null inside a given list stays None, as the metric wants it),
    `annotations` (none); other keys are ignored.

    Args:
        path: YouTube-VIS / OVIS JSON, plain, ZIP or GZ.
        strict: every list has one entry a frame, every mask the video's size, ids are known and unique. False keeps
            what the original evaluator would accept: lists as they are, repeated track ids, unknown categories;
            tracks of unknown videos are dropped. Masks are always checked.
    Raises: DataError naming the first breach and the number of others.
    """
    path = path_of(path, "read_truth")
    with contextlib.suppress(UnevenText):
        return _read(*even_truth(path), path, strict)
    return _read(*any_truth(path), path, strict)


def _read(raw: RawTruth, annotations: Tracks, path: Path, strict: bool) -> Truth:
    breaches = Breaches()
    videos = _videos(raw.videos, str(path), breaches)
    categories: dict[int, Category] = {}
    if len(raw.categories) > MAX_CATEGORIES:
        breaches.add(f"{path}: there must be at most {MAX_CATEGORIES} categories, got {len(raw.categories)}.")
    for i, kind in enumerate(raw.categories):
        if kind.id in categories:
            breaches.add(f"{path}, $.categories[{i}]: category ids must be unique, got {kind.id} again.")
        categories[kind.id] = Category(kind.id, kind.name if kind.name is not None else str(kind.id))

    breaches.raise_any()  # what follows is measured against videos and categories

    tracks: dict[int, list[TruthTrack]] = {video: [] for video in videos}
    seen: set[int] = set()
    begin = 0
    for batch in annotations(videos, strict):
        masks = MaskBatch(breaches)
        taken: list[tuple[RawTrack, MaskTrack | slice, str]] = []
        for i, one in enumerate(batch, begin):
            if isinstance(one, DataError):
                breaches.add(str(one))
                continue
            track, whole = one
            where = f"{path}, $.annotations[{i}], video {track.video_id}, track {track.id}"
            video = videos.get(track.video_id)
            if video is None:
                if strict:
                    breaches.add(f"{where}: the video must be one of $.videos, got {track.video_id}.")
                continue
            if strict:
                _check(track, video, categories, seen, where, breaches)
            seen.add(track.id)
            if whole is None:
                place = masks.add(track.segmentations, video.height, video.width, where, strict)
            taken.append((track, place if whole is None else whole, where))
        begin += len(batch)
        checked = masks.finish()
        if breaches.count:
            continue  # nothing will be returned: spare the rest of the work, but count on
        for track, place, where in taken:
            whole = place if isinstance(place, MaskTrack) else tuple(checked[place])
            tracks[track.video_id].append(_track(track, whole, where, breaches))
    breaches.raise_any()
    return Truth(videos, tracks, categories, path)


def write_truth(path: Path | str, truth: Truth) -> None:
    """Write a data set as YouTube-VIS JSON (`occlusion` kept, nulls where absent), atomically."""
    import json  # reading does without, and is quicker to start

    def annotation(track: TruthTrack) -> dict[str, Any]:
        video = truth.videos[track.video_id]
        made = {
            "id": track.id,
            "video_id": track.video_id,
            "category_id": track.category_id,
            "iscrowd": int(track.crowd),
            "width": video.width,
            "height": video.height,
            "length": video.length,
            "segmentations": [to_json(mask) for mask in track.segmentations],
            "bboxes": [None if b is None else list(b) for b in track.boxes],
            "areas": list(track.areas),
        }
        return made if track.occlusion is None else made | {"occlusion": list(track.occlusion)}

    videos = [
        {"id": v.id, "width": v.width, "height": v.height, "length": v.length, "file_names": list(v.file_names)}
        for v in truth.videos.values()
    ]
    categories = [{"id": c.id, "name": c.name} for c in truth.categories.values()]
    with atomic(Path(path)) as file:
        head = json.dumps({"videos": videos, "categories": categories})[:-1]
        file.write(head.encode() + b', "annotations": [')
        every = (track for video in truth.videos for track in truth.tracks.get(video, ()))
        for i, track in enumerate(every):
            file.write((b",\n" if i else b"\n") + json.dumps(annotation(track), allow_nan=False).encode())
        file.write(b"\n]}\n")


def _videos(raws: list[RawVideo], name: str, breaches: Breaches) -> dict[int, Video]:
    videos: dict[int, Video] = {}
    for i, raw in enumerate(raws):
        where = f"{name}, $.videos[{i}], video {raw.id}"
        names = tuple(raw.file_names or ())
        length = raw.length if raw.length is not None else len(names)
        if not 1 <= length <= MAX_FRAMES:
            breaches.add(
                f"{where}: the length must be at least 1 frame and at most {MAX_FRAMES}, got {length}. "
                "Give length or file_names."
            )
        elif names and len(names) != length:
            breaches.add(f"{where}: there must be one file name a frame, got {len(names)} for {length} frames.")
        if raw.id in videos:
            breaches.add(f"{where}: video ids must be unique, got {raw.id} again.")
        try:
            height, width = checked_size([raw.height, raw.width], where=where)
        except DataError as error:
            breaches.add(str(error))
        else:
            videos[raw.id] = Video(raw.id, width, height, length, names)
    return videos


def _check(
    track: RawTrack, video: Video, categories: dict[int, Category], seen: set[int], where: str, breaches: Breaches
) -> None:
    if track.id in seen:
        breaches.add(f"{where}: track ids must be unique, got {track.id} again.")
    if track.category_id not in categories:
        breaches.add(f"{where}: the category must be one of $.categories, got {track.category_id}.")
    if track.iscrowd not in (None, 0, 1):
        breaches.add(f"{where}: iscrowd must be 0 or 1, got {reprlib.repr(track.iscrowd)}.")
    for key, entries in track.lists().items():
        if len(entries) != video.length:
            breaches.add(
                f"{where}: {key} must have one entry a frame, {video.length}, got {len(entries)}. "
                "Put null where the object is absent."
            )


def _track(raw: RawTrack, masks: Sequence[Rle | None], where: str, breaches: Breaches) -> TruthTrack:
    if raw.areas is not None:
        areas = tuple(raw.areas)
    else:
        areas = tuple(None if mask is None else float(area(mask)) for mask in masks)
    labels = raw.occlusion
    if isinstance(labels, str):  # one label for the whole track
        labels = [None if mask is None else labels for mask in masks]
    return TruthTrack(
        id=raw.id,
        video_id=raw.video_id,
        category_id=raw.category_id,
        segmentations=masks,
        areas=_checked_areas(areas, where, breaches),
        boxes=_boxes(raw, masks, where, breaches),
        crowd=bool(raw.iscrowd),
        occlusion=None if labels is None else tuple(labels),
    )


def _checked_areas(areas: tuple[float | None, ...], where: str, breaches: Breaches) -> tuple[float | None, ...]:
    given = [pixels for pixels in areas if pixels is not None]
    if given and not (min(given) >= 0 and max(given) <= MAX_PIXELS):
        for frame, pixels in enumerate(areas):
            if pixels is not None and not 0 <= pixels <= MAX_PIXELS:
                breaches.add(f"{where}, frame {frame}: an area must be from 0 to {MAX_PIXELS} pixels, got {pixels}.")
    return areas


def _boxes(raw: RawTrack, masks: Sequence[Rle | None], where: str, breaches: Breaches) -> tuple[Box | None, ...]:
    """Boxes as the file has them; where it has none, of the masks."""
    given = raw.bboxes or [None] * len(masks)
    present = [corners for corners in given if corners]
    sound = (
        set(map(len, present)) <= {4}
        and max(map(max, present), default=0) <= MAX_PIXELS
        and min(map(min, present), default=0) >= -MAX_PIXELS
    )
    boxes: list[Any] = [tuple(corners) if corners else None for corners in given]
    for frame, corners in enumerate(given):
        if corners:
            if not sound and (len(corners) != 4 or max(corners) > MAX_PIXELS or min(corners) < -MAX_PIXELS):
                breaches.add(
                    f"{where}, frame {frame}: a box must be four numbers x, y, w, h of at most {MAX_PIXELS} pixels, "
                    f"got {list(corners[:5])}."
                )
                boxes[frame] = None
        elif frame < len(masks) and (mask := masks[frame]) is not None:
            x, y, w, h = box(mask)
            boxes[frame] = (float(x), float(y), float(w), float(h)) if w else None
    return tuple(boxes)
