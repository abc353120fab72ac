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
from simvtr.schema.raw import RawResult
from simvtr.schema.source import batches, decode, read_bytes, read_pieces

_PIECE = 1 << 18  # bytes read at a time: what is made of them stays in a core's own cache
_LONGEST = 32 << 20  # bytes without the beginning of another entry
_LIST = re.compile(rb"[ \t\r\n]*\[")
_OPENING = re.compile(rb'[ \t\r\n]*(\{[ \t\r\n]*"[a-z_]+")')
_DECODER = msgspec.json.Decoder(list[RawResult])

Entries = Sequence[RawResult | DataError]


class UnevenText(Exception):
    """`even_entries` cannot read on: the entries differ in form, or something is wrong with one."""


def even_entries(path: Path) -> Iterator[Entries]:
    """Batches of entries, in order.

    The text is cut before an opening like the first entry's. Where it was right to cut there, each part is a sound
    list; and where each part is one, so is the whole.

    Raises: UnevenText; DataError when the file cannot be read.
    """
    opening, rest = b"", b""
    for piece in read_pieces(path, _PIECE):
        text = rest + piece
        if not opening:
            head = _LIST.match(text)
            first = head and _OPENING.match(text, head.end())
            if head is None or first is None:
                raise UnevenText
            opening, text = first[1], text[head.end() :]
        cut = text.rfind(opening)
        before = text[: max(cut, 0)].rstrip()
        if before:
            yield _entries(b"[%b]" % before.removesuffix(b","), before.endswith(b","))
            rest = text[cut:]
        elif len(text) <= _LONGEST:
            rest = text
        else:
            raise UnevenText
    yield _entries(b"[" + rest, bool(opening))


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


def _entries(text: bytes, sound: bool) -> list[RawResult]:
    try:
        if sound:
            return _DECODER.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    raise UnevenText


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
