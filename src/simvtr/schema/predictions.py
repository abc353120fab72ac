"""Results in YouTube-VIS JSON: every track of every video, read against the truth they belong to."""

import contextlib
import math
from collections.abc import Iterable
from pathlib import Path

from simvtr.errors import DataError, came
from simvtr.rle import MaskTrack
from simvtr.schema.entries import Entries, any_entries, even_entries
from simvtr.schema.given import path_of
from simvtr.schema.pieces import UnevenText
from simvtr.schema.raw import RawResult
from simvtr.schema.records import Predictions, Track, Truth
from simvtr.schema.source import Breaches, MaskBatch, in_bulk
from simvtr.schema.whole import found_masks


@in_bulk()
def read_predictions(path: Path | str, truth: Truth, strict: bool = True) -> Predictions:
    """Read results.

    Args:
        path: `[{video_id, category_id, score, segmentations}]` as JSON, or the ZIP a server takes, or GZ.
        truth: the data set they were made for.
        strict: every track has exactly its video's length, every mask the video's size, every category is known.
            False keeps lists, sizes and categories as they are: what the original evaluator would score.
    Raises: DataError naming the first breach and the number of others. Either way videos must be known, scores
        finite and masks sound.
    """
    if not isinstance(truth, Truth):
        raise ValueError(
            f"read_predictions: truth must be a Truth, got {came(truth)}. Read it with simvtr.read_truth first."
        )
    path = path_of(path, "read_predictions")
    with contextlib.suppress(UnevenText):
        return _read(even_entries(path), path, truth, strict)
    return _read(any_entries(path), path, truth, strict)


def _read(batches: Iterable[Entries], path: Path, truth: Truth, strict: bool) -> Predictions:
    breaches = Breaches()
    tracks: dict[int, list[Track]] = {video: [] for video in truth.videos}
    begin = 0
    for entries in batches:
        masks = MaskBatch(breaches)
        taken: list[tuple[RawResult, MaskTrack | slice]] = []
        read = [result for result in entries if isinstance(result, RawResult)]
        shapes = [(r.segmentations, truth.videos.get(r.video_id) if strict else None) for r in read]
        packed = iter(found_masks(shapes))
        for i, result in enumerate(entries, begin):
            if isinstance(result, DataError):
                breaches.add(str(result))
                continue
            place: MaskTrack | slice | None = next(packed)
            where = f"{path}, $[{i}], video {result.video_id}, track {i}"
            video = truth.videos.get(result.video_id)
            if video is None:
                breaches.add(f"{where}: the video must be one of {truth.path}, {_known(truth)}, got {result.video_id}.")
                continue
            if not math.isfinite(result.score):
                breaches.add(f"{where}: the score must be finite, got {result.score}.")
            if strict and result.category_id not in truth.categories:
                breaches.add(f"{where}: the category must be one of {truth.path}, got {result.category_id}.")
            if strict and len(result.segmentations) != video.length:
                breaches.add(
                    f"{where}: segmentations must have one entry a frame, {video.length}, got "
                    f"{len(result.segmentations)}. Put null where the object is absent."
                )
            if place is None:
                place = masks.add(result.segmentations, video.height, video.width, where, strict)
            taken.append((result, place))
        begin += len(entries)
        checked = masks.finish()
        if breaches.count:
            continue  # nothing will be returned: spare the rest of the work, but count on
        for result, place in taken:
            shown = place if isinstance(place, MaskTrack) else tuple(checked[place])
            tracks[result.video_id].append(Track(result.category_id, result.score, shown, result.identity))
    breaches.raise_any()
    return Predictions(tracks, path)


def _known(truth: Truth) -> str:
    """The ids that its videos have, in few words.

    >>> _known(Truth({id: None for id in (3, 1, 7)}, {}, {}, Path("truth.json")))
    'which has 3 with ids from 1 to 7'
    """
    ids = truth.videos
    return f"which has {len(ids)} with ids from {min(ids)} to {max(ids)}" if ids else "which has none"
