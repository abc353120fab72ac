"""Whole tracks read at one go where every mask is as usual: a fortieth of the cost of reading mask by mask.

What is unusual or wrong in any mask is left to `source.MaskBatch`, which looks at each and names it.
"""

import contextlib
import re
from collections.abc import Mapping, Sequence

import msgspec

from simvtr.errors import DataError
from simvtr.rle import MaskTrack, checked_size
from simvtr.schema.raw import RawMask, RawSegmentation, RawTrack, RawTruth, UnreadTrack, UnreadTruth
from simvtr.schema.records import Video
from simvtr.schema.source import decode

_FIRST_COUNTS = re.compile(rb'"counts"\s*:\s*(.)')
_FEW = 1000  # characters; below this the batch of several tracks is faster
_UNREAD = msgspec.json.Decoder(UnreadTrack)
_WHOLE = msgspec.json.Decoder(UnreadTruth)


def raw_truth(data: bytes, where: str) -> RawTruth | UnreadTruth:
    """A data set, its annotations as far decoded as their masks allow in one pass over the text.

    Raises: DataError when the JSON does not have the types of a data set.
    """
    try:
        return _WHOLE.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        advice = "A truth is an object of videos, categories and annotations; results are a list, and come second."
        return decode(data, RawTruth, where, advice)  # which says what is wrong, if anything is


def json_size(entry: msgspec.Raw | UnreadTrack) -> int:
    """Bytes of the masks of an annotation, about."""
    if isinstance(entry, UnreadTrack):
        return sum(len(memoryview(mask.counts)) for mask in entry.segmentations if mask is not None)
    return len(memoryview(entry))


def true_track(
    entry: msgspec.Raw | UnreadTrack, videos: Mapping[int, Video], strict: bool, where: str
) -> tuple[RawTrack, MaskTrack | None]:
    """An annotation and all its masks; without the latter the annotation has them, still to be checked.

    Args:
        entry: from `raw_truth`.
        strict: masks of another size than the video's are not usual.
    Raises: DataError when the JSON does not have the types of an annotation.
    """
    if isinstance(entry, UnreadTrack):
        if masks := _of_lists(entry, videos, strict):
            entry.segmentations = [None] * len(masks)
            return entry, masks
        entry = msgspec.Raw(msgspec.json.encode(entry))
    else:
        first = _FIRST_COUNTS.search(memoryview(entry))
        if first is not None and first[1] == b"[":
            with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                return true_track(_UNREAD.decode(entry), videos, strict, where)
    track = decode(entry, RawTrack, where)
    return track, found_masks([(track.segmentations, videos.get(track.video_id) if strict else None)])[0]


def found_masks(tracks: Sequence[tuple[Sequence[RawSegmentation], Video | None]]) -> list[MaskTrack | None]:
    """The masks of each track where all present ones are compressed strings of one size and nothing is wrong.

    Args:
        tracks: masks and a video; with one, the size must be its.
    """
    strings = [_strings(raws, video) for raws, video in tracks]
    usual = [counts for counts in strings if counts is not None]
    read = MaskTrack.from_strings(usual) if usual else []
    if read is None:  # not all are sound: which?
        return [counts and (MaskTrack.from_strings([counts]) or [None])[0] for counts in strings]
    packed = iter(read)
    return [counts and next(packed) for counts in strings]


def _strings(raws: Sequence[RawSegmentation], video: Video | None) -> tuple[list[str | None], int, int] | None:
    size, counts = None, []
    for raw in raws:
        if raw is None:
            counts.append(None)
        elif type(raw) is RawMask and type(raw.counts) is str and raw.size == (size or raw.size):
            size = raw.size
            counts.append(raw.counts)
        else:
            return None
    if size is None or sum(map(len, filter(None, counts))) < _FEW or not _fits(size, video):
        return None
    return counts, int(size[0]), int(size[1])


def _of_lists(track: UnreadTrack, videos: Mapping[int, Video], strict: bool) -> MaskTrack | None:
    """The same for masks that are lists of runs, which are not made Python integers."""
    sizes = {mask.size for mask in track.segmentations if mask is not None}
    size = sizes.pop() if len(sizes) == 1 else None
    if size is None or not _fits(size, videos.get(track.video_id) if strict else None):
        return None
    counts = [None if mask is None else bytes(mask.counts) for mask in track.segmentations]
    return MaskTrack.from_lists(counts, int(size[0]), int(size[1]))


def _fits(size: tuple[float, float], video: Video | None) -> bool:
    try:
        checked = checked_size(size, where="")
    except DataError:
        return False
    return video is None or checked == (video.height, video.width)
