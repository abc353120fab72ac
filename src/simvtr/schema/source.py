"""From a file to checked pieces: bytes of JSON, ZIP or GZ; typed decoding; masks cleaned many at a time."""

import contextlib
import gc
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from simvtr.errors import DataError
from simvtr.rle import Rle, checked_size, clean, compress, from_polygons
from simvtr.schema.raw import RawSegmentation

MAX_BYTES = 20 << 30  # of JSON, once unpacked
_MAX_RATIO = 400  # unpacked over packed bytes; run-length text packs 2 to 20 times, all-null tracks some 300
_SMALL = 64 << 20  # a file this small once unpacked harms nobody, whatever its ratio
_BATCH = 1 << 18  # bytes of JSON whose masks are checked together

T = TypeVar("T")


class Breaches:
    """Collects what is wrong in a file: keeps the first line, counts the rest."""

    def __init__(self) -> None:
        self.first: str | None = None
        self.count = 0

    def add(self, line: str) -> None:
        self.first = self.first or line
        self.count += 1

    def raise_any(self) -> None:
        """Raise one DataError when something was added."""
        if self.first is not None:
            more = self.count - 1
            raise DataError(
                self.first + (f" ({more} more problem{'s' if more > 1 else ''} in this file.)" if more else "")
            )


def read_bytes(path: Path) -> bytes:
    """The JSON text of a `.json`, `.gz` or `.zip` file, told apart by its first bytes.

    Raises: DataError when it cannot be read, when a ZIP does not hold exactly one JSON, or when it unpacks to too much.
    """
    return b"".join(read_pieces(path))


def read_pieces(path: Path, size: int = -1) -> Iterator[bytes]:
    """The text of `read_bytes` in pieces of about so many bytes, or as they come. Raises: the same."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):  # /dev/zero never ends
            raise DataError(f"{path}: must be a file, got a pipe or device. Save it first.")
        if stat.S_ISDIR(status.st_mode):
            raise DataError(f"{path}: must be a JSON, ZIP or GZ file, got a folder.{_inside(path)}")
        packed = status.st_size
        with path.open("rb") as file:
            magic = file.read(4)
        if magic[:2] == b"\x1f\x8b":
            import gzip  # few files need it

            with gzip.open(path) as stream:
                yield from _bounded(stream, packed, path)
        elif magic in (b"PK\x03\x04", b"PK\x05\x06"):  # the second: a ZIP of nothing
            yield from _unzipped(path, packed)
        elif packed > MAX_BYTES:
            raise DataError(
                f"{path}: the JSON must be at most {MAX_BYTES >> 30} GiB, got {packed >> 30} GiB. Split it."
            )
        else:
            with path.open("rb", buffering=0) as file:
                while piece := file.read(size):
                    yield piece
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be read: {reason}.") from error


def refuse_missing(truth: Path | str, images: Path | str | None) -> None:
    """Raises: DataError, before all is read, when a data set's file cannot be read, or its images are no folder."""
    next(read_pieces(Path(truth), 1), b"")
    root = None if images is None else Path(images)
    if root is not None and not root.is_dir():
        raise DataError(f"{root}: the images must be a folder, got {'a file' if root.exists() else 'nothing there'}.")


def _inside(folder: Path) -> str:
    """Which file of a folder was meant, if one of the usual names is there."""
    named = [name for name in ("instances.json", "results.json") if (folder / name).is_file()]
    return f" It holds {' and '.join(str(folder / name) for name in named)}." if named else ""


def decode(data: bytes | msgspec.Raw, kind: type[T], where: str, whole: str = "") -> T:
    """Typed JSON.

    Args:
        whole: said in the error when the value itself, not a part of it, is of another type.
    Raises: DataError with the JSON path that msgspec names, or the text around the malformed byte.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except RecursionError:
        raise DataError(f"{where}: the JSON must not be nested hundreds of levels deep.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: the JSON must be UTF-8 text, got byte {error.object[error.start]:#04x}.") from None
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at ")
        rule = ": a mask must have size and counts alone" if "unknown field" in text else ""
        text = text if len(text) <= 200 else text[:200] + "...`"  # a key may be as long as the file
        place = ", " + path.strip("`") if path else ""
        advice = f" {whole}" if whole and not path and text.startswith("Expected") else ""
        raise DataError(f"{where}{place}: {_lower(text)}{rule}.{advice}") from None
    except msgspec.DecodeError as error:
        raise DataError(f"{where}: {_malformed(bytes(data), str(error))}.") from None


@contextlib.contextmanager
def in_bulk() -> Iterator[None]:
    """Memory as reading and scoring a large file want it.

    Python's search for cycles is off: among the many small parts of a file there are none. And what is freed is kept
    for the next array: glibc gives arrays of more than 128 KB back at once and fetches them page by page again, which
    takes as long as the work on them, until it has seen one of nearly 32 MB freed.
    """
    enabled = gc.isenabled()
    gc.disable()
    np.empty(31 << 20, np.uint8)  # never touched, so it takes address space alone
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def batches(sizes: Iterable[int]) -> Iterator[range]:
    """Index ranges whose JSON is about a quarter of a megabyte together: many small tracks or one large.

    >>> list(batches([10, 10, 1 << 18, 10]))
    [range(0, 3), range(3, 4)]
    """
    begin = end = size = 0
    for end, added in enumerate(sizes, start=1):
        size += added
        if size >= _BATCH:
            yield range(begin, end)
            begin, size = end, 0
    if begin < end:
        yield range(begin, end)


class MaskBatch:
    """Masks of several tracks, gathered first, then checked together: a tenth of the cost of one by one."""

    def __init__(self, breaches: Breaches) -> None:
        self.breaches = breaches
        self.masks: list[Rle | None] = []
        self._open: list[int] = []  # compressed ones, still to be cleaned: index into masks
        self._counts: list[bytes] = []
        self._sizes: list[tuple[int, int]] = []
        self._where: list[tuple[str, int]] = []

    def add(self, raws: Iterable[RawSegmentation], height: int, width: int, where: str, strict: bool) -> slice:
        """Take one track's masks of a video of height x width. Returns their place in `masks` after `finish`."""
        begin = len(self.masks)
        known: tuple[Any, ...] = ()  # the size seen last: usually every mask repeats it
        size = (height, width)
        for frame, raw in enumerate(raws):
            self.masks.append(None)
            if not raw:  # null, []
                continue
            try:
                if isinstance(raw, list):
                    self.masks[-1] = from_polygons(raw, height, width, where=f"{where}, frame {frame}")
                    continue
                if raw.size is None or raw.counts is None:
                    if raw.size is None and raw.counts is None:  # {}
                        continue
                    missing = "size" if raw.size is None else "counts"
                    raise DataError(f"{where}, frame {frame}: a mask must have size and counts, got no {missing}.")
                if raw.size != known:
                    size = checked_size(raw.size, where=f"{where}, frame {frame}")
                    known = raw.size
                if strict and size != (height, width):
                    raise DataError(
                        f"{where}, frame {frame}: the size of a mask must be its video's [{height}, {width}], "
                        f"got [{size[0]}, {size[1]}]. Write masks at the size of the video."
                    )
                if isinstance(raw.counts, list):
                    self.masks[-1] = compress(raw.counts, *size, where=f"{where}, frame {frame}")
                    continue
                self._counts.append(raw.counts.encode("ascii"))
            except UnicodeEncodeError:
                self.breaches.add(f"{where}, frame {frame}: the counts must be characters from '0' to 'o' only.")
            except DataError as error:
                self.breaches.add(str(error))
            else:
                self._open.append(len(self.masks) - 1)
                self._sizes.append(size)
                self._where.append((where, frame))
        return slice(begin, len(self.masks))

    def finish(self) -> list[Rle | None]:
        """Check what was gathered. Malformed masks are breaches, and None in the list."""
        cleaned, problems = clean(self._counts, self._sizes)
        for i, (place, counts, size) in enumerate(zip(self._open, cleaned, self._sizes, strict=True)):
            if i in problems:
                where, frame = self._where[i]
                self.breaches.add(f"{where}, frame {frame}: {problems[i]} Encode the mask again.")
            else:
                self.masks[place] = Rle(*size, counts)
        return self.masks


def _unzipped(path: Path, packed: int) -> Iterator[bytes]:
    """The one JSON of a ZIP. Only what servers take is unpacked: stored or deflated, no password."""
    import zipfile  # few files need it, and it takes as long as all modules of this room

    try:
        with zipfile.ZipFile(path) as archive:
            files = [f for f in archive.infolist() if f.filename.lower().endswith(".json")]
            files = [f for f in files if not f.filename.startswith("__MACOSX/")]
            if len(files) != 1:
                raise DataError(f"{path}: a ZIP must hold exactly one JSON file, got {len(files)}. Pack one file.")
            if files[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DataError(f"{path}: the JSON in a ZIP must be deflated or stored. Pack it anew.")
            with archive.open(files[0]) as stream:
                yield from _bounded(stream, packed, path)
    except DataError:
        raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:  # a field makes no sense
        raise DataError(f"{path}: cannot be read: {str(error)[:200]}.") from error  # may quote the file's bytes


def _bounded(stream: Any, packed: int, path: Path) -> Iterator[bytes]:
    """Unpack at most MAX_BYTES, and stop early at a ratio that only a bomb reaches."""
    size = 0
    while piece := stream.read(1 << 20):
        size += len(piece)
        if size > MAX_BYTES or (size > _SMALL and size > _MAX_RATIO * packed):
            raise DataError(
                f"{path}: {packed} packed bytes must unpack to at most {_MAX_RATIO} times as many and to "
                f"{MAX_BYTES >> 30} GiB, got {size} bytes and more. Give the JSON itself."
            )
        yield piece


def _malformed(data: bytes, text: str) -> str:
    """The parser's message with the text around the byte it names: `NaN` is the usual one."""
    _, found, number = text.rpartition("(byte ")
    if not data:
        return "the file is empty: it must hold JSON"
    if not found:
        return _lower(text) + (": the JSON must be complete" if "truncated" in text else "")
    if data.startswith(b"\xef\xbb\xbf"):
        return "JSON is malformed: it must be UTF-8 without a byte order mark, and starts with one"
    at = int(number.rstrip(")"))
    around = data[max(0, at - 30) : at + 20].decode("utf-8", "replace")
    finite = any(name in data[max(0, at - 2) : at + 10] for name in (b"NaN", b"Infinity"))
    rule = ": every number must be finite, NaN and Infinity are no JSON" if finite else ""
    return f"{_lower(text)}, near {around!r}{rule}"


def _lower(text: str) -> str:
    return text if text.startswith("JSON") else text[:1].lower() + text[1:]


def image_path(root: Path, name: str, where: str) -> Path:
    """The file of a frame. Names come from a file that anybody may have written, so they must stay inside `root`.

    Raises: DataError naming `where` when the name leads out of `root` or is of no file.
    """
    home = Path(os.path.realpath(root))
    path = Path(os.path.realpath(home / name))
    if not path.is_relative_to(home):
        raise DataError(f"{where}: {name!r} leads out of {home}. Names must stay inside it.")
    if not path.is_file():
        inside = folder_inside(home, name)
        raise DataError(
            f"{where}: no file {name!r} in {home}"
            + (". Correct the image folder." if inside is None else f", it lies in {inside}. Name that folder.")
        )
    return path


def folder_inside(root: Path, name: str) -> Path | None:
    """The one folder in `root` that a file name starts from, where `root` is one level too high."""
    found = [folder for folder in root.iterdir() if (folder / name).is_file()] if root.is_dir() else []
    return found[0] if len(found) == 1 else None
