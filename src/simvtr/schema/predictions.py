"""Results in YouTube-VIS JSON: every track of every video, read against the truth they belong to."""

import math
from pathlib import Path

import msgspec

from simvtr.errors import DataError
from simvtr.rle import MaskTrack
from simvtr.schema.raw import RawResult
from simvtr.schema.records import Predictions, Track, Truth
from simvtr.schema.source import Breaches, MaskBatch, batches, decode, in_bulk, read_bytes
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
        raise ValueError(f"read_predictions: truth must be what read_truth returns, got {type(truth).__name__}")
    path = Path(path)
    advice = "Results are one list of tracks; the truth is an object, and comes first."
    raws = decode(read_bytes(path), list[msgspec.Raw], path.name, advice)
    breaches = Breaches()
    tracks: dict[int, list[Track]] = {video: [] for video in truth.videos}
    for batch in batches(len(memoryview(raw)) for raw in raws):
        masks = MaskBatch(breaches)
        taken: list[tuple[RawResult, MaskTrack | slice]] = []
        results = [_result(raws[i], f"{path.name}, $[{i}]") for i in batch]
        read = [result for result in results if isinstance(result, RawResult)]
        shapes = [(r.segmentations, truth.videos.get(r.video_id) if strict else None) for r in read]
        packed = iter(found_masks(shapes))
        for i, result in zip(batch, results, strict=True):
            where = f"{path.name}, $[{i}]"
            if isinstance(result, DataError):
                breaches.add(str(result) + ("" if breaches.count else _other_kind(raws[i])))
                continue
            place: MaskTrack | slice | None = next(packed)
            where = f"{where}, video {result.video_id}, track {i}"
            video = truth.videos.get(result.video_id)
            if video is None:
                breaches.add(f"{where}: the video must be one of {truth.path.name}, got {result.video_id}.")
                continue
            if not math.isfinite(result.score):
                breaches.add(f"{where}: the score must be finite, got {result.score}.")
            if strict and result.category_id not in truth.categories:
                breaches.add(f"{where}: the category must be one of {truth.path.name}, got {result.category_id}.")
            if strict and len(result.segmentations) != video.length:
                breaches.add(
                    f"{where}: segmentations must have one entry a frame, {video.length}, got "
                    f"{len(result.segmentations)}. Put null where the object is absent."
                )
            if place is None:
                place = masks.add(result.segmentations, video.height, video.width, where, strict)
            taken.append((result, place))
        checked = masks.finish()
        if breaches.count:
            continue  # nothing will be returned: spare the rest of the work, but count on
        for result, place in taken:
            shown = place if isinstance(place, MaskTrack) else tuple(checked[place])
            tracks[result.video_id].append(Track(result.category_id, result.score, shown, result.identity))
    breaches.raise_any()
    return Predictions(tracks, path)


def _other_kind(entry: msgspec.Raw) -> str:
    """What an entry that is no track looks like, if that is known."""
    try:
        keys = msgspec.json.decode(entry, type=dict[str, msgspec.Raw]).keys()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    if "video_id" not in keys and "image_id" in keys:
        return " This is a result of an image; a track has a video_id, and segmentations with one entry a frame."
    if "segmentations" not in keys and {"bboxes", "bbox", "segmentation"} & keys:
        return " A track has segmentations, a mask or null for every frame; boxes are not scored."
    return ""


def _result(raw: msgspec.Raw, where: str) -> RawResult | DataError:
    try:
        return decode(raw, RawResult, where)
    except DataError as error:
        return error
