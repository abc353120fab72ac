"""A long list of JSON objects cut into stretches of whole entries while its file is read: never all in memory.

results.json -> stretches -> entries.even_entries
truth.json   -> stretches -> annotations.even_truth
"""

import re
from collections.abc import Iterator
from pathlib import Path

from simvtr.schema.source import read_pieces

_PIECE = 1 << 19  # bytes read at a time: of fewer the calls cost more than the work, of more the memory does
_LONGEST = 32 << 20  # bytes without the beginning of another entry
_HEAD = 8 << 20  # bytes before the first entry: a truth lists its videos' frames there
_OPENING = re.compile(rb'[ \t\r\n]*(\{[ \t\r\n]*"[a-z_]+")')


class UnevenText(Exception):
    """A file cannot be read in pieces: its entries differ in form, or something is wrong with one."""


def stretches(path: Path, begin: re.Pattern[bytes]) -> Iterator[tuple[bytes | memoryview, bool]]:
    """What stands before the list, its bracket included; then whole entries; last an entry and the rest of the file.

    The text is cut before an opening like the first entry's. Where it was right to cut there, each stretch is sound
    between brackets; and where each is, so is the whole.

    Args:
        begin: what the list begins with, up to its bracket.
    Returns: text, of what lies between as a view, and whether it is the last; there are two at least.
    Raises: UnevenText; DataError when the file cannot be read.
    """
    opening, rest = b"", b""
    for piece in read_pieces(path, _PIECE):
        text = rest + piece
        if not opening:
            head = begin.search(text)
            first = head and _OPENING.match(text, head.end())
            if head is None or first is None:
                if len(text) > _HEAD:
                    raise UnevenText
                rest = text
                continue
            yield text[: head.end()], False
            opening, text = first[1], text[head.end() :]
        cut = max(text.rfind(opening), 0)
        comma = text.rfind(b",", 0, cut)
        if comma >= 0:
            if text[comma + 1 : cut].strip():
                raise UnevenText
            yield memoryview(text)[:comma], False
            rest = text[cut:]
        elif len(text) <= _LONGEST:
            rest = text
        else:
            raise UnevenText
    if not opening:
        raise UnevenText
    yield rest, True
