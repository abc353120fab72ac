"""The annotations of a truth file, a batch at a time: text -> annotation and all its masks, or why it is none.

even_truth  of a file whose masks all are lists of runs, as in the data sets' own: one pass over the text
any_truth   of any file; says what is wrong, if anything is

JSON would take as long to pass over a list of runs as `MaskTrack.from_lists` to read it. So the lists are cut out of
the text first, and the JSON is read without them.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from simvtr.errors import DataError
from simvtr.rle import MaskTrack
from simvtr.schema.pieces import UnevenText, stretches
from simvtr.schema.raw import RawTrack, RawTruth, TruthTail, UnreadTrack
from simvtr.schema.records import Video
from simvtr.schema.source import batches, decode, read_bytes
from simvtr.schema.whole import found_masks, listed_masks, video_of

Batch = Sequence[tuple[RawTrack, MaskTrack | None] | DataError]
"""Annotations with all their masks; without the latter an annotation has them, still to be checked."""
Tracks = Callable[[Mapping[int, Video], bool], Iterator[Batch]]
"""(videos by id, whether masks of another size than the video's are unusual) -> all annotations, in order."""

_HEAD = re.compile(rb'"annotations"[ \t\r\n]*:[ \t\r\n]*\[')
_COUNTS = re.compile(rb'"counts"[ \t\r\n]*:[ \t\r\n]*\[')
_FIRST_COUNTS = re.compile(rb'"counts"\s*:\s*(.)')
_TRUTH = msgspec.json.Decoder(RawTruth)
_TRACKS = msgspec.json.Decoder(list[UnreadTrack])
_TAIL = msgspec.json.Decoder(TruthTail)
_UNREAD = msgspec.json.Decoder(UnreadTrack)
_MALFORMED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def even_truth(path: Path) -> tuple[RawTruth, Tracks]:
    """Videos and categories, and what reads the annotations behind them.

    Raises: UnevenText, also while annotations are read; DataError when the file cannot be read.
    """
    parts = stretches(path, _HEAD)
    try:
        raw = _TRUTH.decode(bytes(next(parts)[0]) + b"]}")
    except _MALFORMED:
        raise UnevenText from None

    def tracks(videos: Mapping[int, Video], strict: bool) -> Iterator[Batch]:
        for text, last in parts:
            entries = _without_lists(bytes(text), last)
            masks = listed_masks([(entry.segmentations, video_of(entry, videos, strict)) for entry in entries])
            yield [(entry, _sound(entry, packed)) for entry, packed in zip(entries, masks, strict=True)]

    return raw, tracks


def any_truth(path: Path) -> tuple[RawTruth, Tracks]:
    """The same of any file. Raises: DataError when it cannot be read, or does not have the types of a data set."""
    advice = "A truth is an object of videos, categories and annotations; results are a list, and come second."
    text = read_bytes(path)
    try:
        raw = decode(text, RawTruth, str(path), advice)
    except DataError as error:
        raise DataError(f"{error}{_other_kind(text)}") from None
    entries = raw.annotations or []

    def tracks(videos: Mapping[int, Video], strict: bool) -> Iterator[Batch]:
        for batch in batches(len(memoryview(entry)) for entry in entries):
            yield _tracks([entries[i] for i in batch], videos, strict, [f"{path}, $.annotations[{i}]" for i in batch])

    return raw, tracks


def _other_kind(text: bytes) -> str:
    """What a file that is no data set of videos looks like, if that is known."""
    try:
        keys = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).keys()
    except _MALFORMED:
        return ""
    if "videos" not in keys and "images" in keys:
        return " This is a data set of images, as COCO's. Where they have an order, `simvtr convert annotations` helps."
    return ""


def _without_lists(text: bytes, last: bool) -> list[UnreadTrack]:
    """Annotations whose masks' counts are what stood between the brackets.

    Each list is the counts of a mask, and each mask has one: in what is left "counts" stands as often as lists were
    cut out (no key is spelled with escapes), and a mask object must have it.
    """
    opening = _COUNTS.search(text)
    left, *cut = text.split(opening[0]) if opening else [text]
    parted = [part.partition(b"]") for part in cut]
    left = b'"counts":0'.join([left, *(part[2] for part in parted)])
    if b"\\" in left or left.count(b'"counts"') != len(cut) or b'"annotations"' in left:
        raise UnevenText
    try:
        entries = _TAIL.decode(b'{"annotations":[' + left).annotations if last else _TRACKS.decode(b"[%b]" % left)
    except _MALFORMED:
        raise UnevenText from None
    masks = [mask for entry in entries for mask in entry.segmentations if mask is not None]
    if len(masks) != len(cut):
        raise UnevenText
    for mask, part in zip(masks, parted, strict=True):
        mask.counts = msgspec.Raw(part[0])
    return entries


def _sound(entry: UnreadTrack, masks: MaskTrack | None) -> MaskTrack:
    if masks is None:
        raise UnevenText
    entry.segmentations = [None] * len(masks)  # their text is not needed any more
    return masks


def _tracks(entries: Sequence[msgspec.Raw], videos: Mapping[int, Video], strict: bool, names: Sequence[str]) -> Batch:
    """A batch of any annotations; `names` say where each stands."""
    unread = [_unread(entry) for entry in entries]
    lists = listed_masks([([], None) if u is None else (u.segmentations, video_of(u, videos, strict)) for u in unread])
    tracks: list[RawTrack | DataError] = []
    for entry, track, masks, name in zip(entries, unread, lists, names, strict=True):
        if track is None or masks is None:
            tracks.append(_track(entry, name))
        else:
            track.segmentations = [None] * len(masks)
            tracks.append(track)
    strings = found_masks(
        [
            ([], None)
            if masks or isinstance(track, DataError)
            else (track.segmentations, video_of(track, videos, strict))
            for track, masks in zip(tracks, lists, strict=True)
        ]
    )
    return [
        track if isinstance(track, DataError) else (track, masks or others)
        for track, masks, others in zip(tracks, lists, strings, strict=True)
    ]


def _unread(entry: msgspec.Raw) -> UnreadTrack | None:
    """An annotation whose masks are lists of runs."""
    first = _FIRST_COUNTS.search(memoryview(entry))
    if first is None or first[1] != b"[":
        return None
    try:
        track = _UNREAD.decode(entry)
    except _MALFORMED:
        return None
    for mask in track.segmentations:
        if mask is not None:
            text = bytes(mask.counts)
            if not text.startswith(b"["):
                return None
            mask.counts = msgspec.Raw(text[1:-1])
    return track


def _track(entry: msgspec.Raw, where: str) -> RawTrack | DataError:
    try:
        return decode(entry, RawTrack, where)
    except DataError as error:
        return error
