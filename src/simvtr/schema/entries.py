"""The entries of a results file, a batch at a time: text -> `RawResult`s, or why one is none.

even_entries  of a file whose entries all begin with the same key, as programs write them: one pass over the text,
              which is never all in memory
any_entries   of any file; says what is wrong, if anything is
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from simvtr.errors import DataError
from simvtr.schema.pieces import UnevenText, stretches
from simvtr.schema.raw import RawResult
from simvtr.schema.source import batches, decode, read_bytes

_LIST = re.compile(rb"\A[ \t\r\n]*\[")
_DECODER = msgspec.json.Decoder(list[RawResult])

Entries = Sequence[RawResult | DataError]


def even_entries(path: Path) -> Iterator[Entries]:
    """Batches of entries, in order. Raises: UnevenText; DataError when the file cannot be read."""
    parts = stretches(path, _LIST)
    next(parts)
    for text, last in parts:
        try:
            yield _DECODER.decode(b"".join([b"[", text, b"" if last else b"]"]))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise UnevenText from None


def any_entries(path: Path) -> Iterator[Entries]:
    """Batches of entries, in order; of one that is no result the error that says so.

    Raises: DataError when the file cannot be read or is no list.
    """
    advice = "Results are one list of tracks; the truth is an object, and comes first."
    raws = decode(read_bytes(path), list[msgspec.Raw], str(path), advice)
    hinted = False
    for batch in batches(len(memoryview(raw)) for raw in raws):
        entries: list[RawResult | DataError] = []
        for i in batch:
            try:
                entries.append(decode(raws[i], RawResult, f"{path}, $[{i}]"))
            except DataError as error:
                entries.append(error if hinted else DataError(str(error) + _other_kind(raws[i])))
                hinted = True
        yield entries


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
