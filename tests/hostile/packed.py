"""Packed files that are damaged, ambiguous or made to swell."""

import functools
import gzip
import io
import zipfile
from collections.abc import Iterator

from tests.hostile.corpus import Pair, R, T


def archives() -> Iterator[Pair]:
    """Packed files: damaged, ambiguous, or made to swell."""
    for name, text in (("truth", T), ("results", R)):
        for label, made in {**_gz(text), **_zip(text)}.items():
            if name == "truth" and "bomb" not in label:  # a second is spent on each, and both files have one reader
                yield f"{name} {label}", made, R
            elif name == "results":
                yield f"{name} {label}", T, made


def _gz(text: bytes) -> dict[str, bytes]:
    whole = gzip.compress(text, mtime=0)
    return {
        "GZ cut in its header": whole[:5],
        "GZ cut in its middle": whole[: len(whole) // 2],
        "GZ without its end": whole[:-8],
        "GZ with a wrong sum": whole[:-8] + bytes(4) + whole[-4:],
        "GZ with a wrong length": whole[:-4] + b"\xff" * 4,
        "GZ of another method": whole[:2] + b"\x07" + whole[3:],
        "GZ of junk": whole[:10] + b"\xff" * 50,
        "GZ of nothing": gzip.compress(b"", mtime=0),
        "GZ of a GZ": gzip.compress(whole, mtime=0),
        "GZ of half the JSON": gzip.compress(text[: len(text) // 2], mtime=0),
        "GZ with junk behind": whole + b"junk",
        "GZ bomb": _swollen(),
        "GZ bomb in a GZ": gzip.compress(_swollen(), mtime=0),
    }


@functools.cache
def _swollen() -> bytes:
    return gzip.compress(b" " * (80 << 20), 1, mtime=0)


def _zip(text: bytes) -> dict[str, bytes]:
    whole = zipped({"r.json": text})
    body = whole.index(text[:1]) if text[:1] in whole[30:] else 40
    encrypted = bytearray(zipped({"r.json": text}))
    encrypted[6] |= 1  # the flag in the local header
    encrypted[whole.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    return {
        "ZIP of nothing": zipped({}),
        "ZIP without JSON": zipped({"readme.txt": text}),
        "ZIP of two JSON": zipped({"a.json": text, "b.json": text}),
        "ZIP of one name twice": zipped({"a.json": text, "b.json": text}).replace(b"a.json", b"b.json"),
        "ZIP of a folder": zipped({"r.json/": b""}),
        "ZIP of an empty JSON": zipped({"../../r.json": b""}),
        "ZIP of half the JSON, its name leading out": zipped({"../../r.json": text[: len(text) // 2]}),
        "ZIP of a ZIP": zipped({"r.json": whole}),
        "ZIP of a GZ": zipped({"r.json": gzip.compress(text, mtime=0)}),
        "ZIP packed by LZMA": zipped({"r.json": text}, zipfile.ZIP_LZMA),
        "ZIP packed by BZIP2": zipped({"r.json": text}, zipfile.ZIP_BZIP2),
        "ZIP with a password": bytes(encrypted),
        "ZIP cut in its header": whole[:20],
        "ZIP cut in its middle": whole[: len(whole) // 2],
        "ZIP without its end": whole[:-22],
        "ZIP with damaged data": whole[:body] + b"\xff" * 20 + whole[body + 20 :],
        "ZIP with a name that is no text": zipped({"é.json": text}).replace("é".encode(), b"\xff\xff"),
        "ZIP of an unknown method": whole.replace(b"\x08\x00", b"\x63\x00"),
        "ZIP with a wrong sum": _with_sum(whole, text),
        "ZIP bomb": _swollen_zip(),
    }


@functools.cache
def _swollen_zip() -> bytes:
    return zipped({"r.json": b" " * (80 << 20)})


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP in memory."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method, compresslevel=1) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return made.getvalue()


def _with_sum(whole: bytes, text: bytes) -> bytes:
    return whole.replace(zipfile.crc32(text).to_bytes(4, "little"), b"\1\2\3\4")
