"""Whole tracks read at one go where every mask is as usual: a fortieth of the cost of reading mask by mask.

What is unusual or wrong in any mask is left to `source.MaskBatch`, which looks at each and names it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from simvtr.errors import DataError
from simvtr.rle import MaskTrack, checked_size
from simvtr.schema.raw import RawMask, RawSegmentation, RawTrack, RawTruth, UnreadMask, UnreadTrack, UnreadTruth
from simvtr.schema.records import Video
from simvtr.schema.source import decode

_FIRST_COUNTS = re.compile(rb'"counts"\s*:\s*(.)')
_FEW = 1000  # characters; below this the batch of several tracks is faster
_UNREAD = msgspec.json.Decoder(UnreadTrack)
_WHOLE = msgspec.json.Decoder(UnreadTruth)
_Usual = tuple[list[Any], int, int]  # the runs of each frame as text, None where absent; height, width


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
    """Bytes of JSON of an annotation, roughly: lists of runs take some 2 KB a mask."""
    return len(entry.segmentations) << 11 if isinstance(entry, UnreadTrack) else len(memoryview(entry))


def true_tracks(
    entries: Sequence[msgspec.Raw | UnreadTrack],
    videos: Mapping[int, Video],
    strict: bool,
    names: Sequence[str],
) -> list[tuple[RawTrack, MaskTrack | None] | DataError]:
    """Annotations and all their masks; without the latter an annotation has them, still to be checked.

    Args:
        entries: from `raw_truth`.
        strict: masks of another size than the video's are not usual.
        names: where each entry stands, for errors.
    Returns: of each entry; an error where the JSON does not have the types of an annotation.
    """
    unread = [_unread(entry) for entry in entries]
    lists = [None if u is None else _usual(u.segmentations, UnreadMask, _video(u, videos, strict)) for u in unread]
    tracks = list[RawTrack | DataError]()
    packed = _packed(MaskTrack.from_lists, lists)
    for entry, track, masks, name in zip(entries, unread, packed, names, strict=True):
        if track is None or masks is None:
            tracks.append(_track(entry, name))
        else:
            track.segmentations = [None] * len(masks)
            tracks.append(track)
    read = [
        ([], None) if masks or isinstance(track, DataError) else (track.segmentations, _video(track, videos, strict))
        for track, masks in zip(tracks, packed, strict=True)
    ]
    strings = found_masks(read)
    return [
        track if isinstance(track, DataError) else (track, masks or others)
        for track, masks, others in zip(tracks, packed, strings, strict=True)
    ]


def found_masks(tracks: Sequence[tuple[Sequence[RawSegmentation], Video | None]]) -> list[MaskTrack | None]:
    """The masks of each track where all present ones are compressed strings of one size and nothing is wrong.

    Args:
        tracks: masks and a video; with one, the size must be its.
    """
    return _packed(MaskTrack.from_strings, [_strings(*track) for track in tracks])


def _packed(read: Callable[..., list[MaskTrack] | None], usual: Sequence[_Usual | None]) -> list[MaskTrack | None]:
    """Those tracks that are usual, all read together; if not all of them are sound, one by one."""
    given = [track for track in usual if track is not None]
    together = read(given) if given else []
    if together is None:
        return [track and (read([track]) or [None])[0] for track in usual]
    each = iter(together)
    return [track and next(each) for track in usual]


def _unread(entry: msgspec.Raw | UnreadTrack) -> UnreadTrack | None:
    """An annotation whose masks are lists of runs, as far as its first one says."""
    if isinstance(entry, UnreadTrack):
        return entry
    first = _FIRST_COUNTS.search(memoryview(entry))
    if first is None or first[1] != b"[":
        return None
    try:
        return _UNREAD.decode(entry)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _track(entry: msgspec.Raw | UnreadTrack, where: str) -> RawTrack | DataError:
    try:
        return decode(
            entry if isinstance(entry, msgspec.Raw) else msgspec.Raw(msgspec.json.encode(entry)), RawTrack, where
        )
    except DataError as error:
        return error


def _video(track: RawTrack, videos: Mapping[int, Video], strict: bool) -> Video | None:
    return videos.get(track.video_id) if strict else None


def _usual(raws: Sequence[Any], kind: type[RawMask] | type[UnreadMask], video: Video | None) -> _Usual | None:
    """The runs of masks that are all of one kind and one size, that of the video if there is one."""
    if not set(map(type, raws)) <= {kind, type(None)}:
        return None
    sizes = {raw.size for raw in raws if raw is not None}
    size = sizes.pop() if len(sizes) == 1 else None
    if size is None:
        return None
    try:
        height, width = checked_size(size, where="")
    except DataError:
        return None
    if video is not None and (height, width) != (video.height, video.width):
        return None
    return [None if raw is None else raw.counts for raw in raws], height, width


def _strings(raws: Sequence[RawSegmentation], video: Video | None) -> _Usual | None:
    """The same for compressed strings, if there is enough of them."""
    usual = _usual(raws, RawMask, video)
    if usual is None:
        return None
    absent = raws.count(None)
    if usual[0].count(None) != absent:  # a mask without counts is no absent one
        return None
    present = [counts for counts in usual[0] if counts is not None] if absent else usual[0]
    if set(map(type, present)) != {str} or sum(map(len, present)) < _FEW:
        return None
    return usual
