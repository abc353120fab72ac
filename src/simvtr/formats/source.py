"""The files of a folder or a ZIP by clean names, read in bounded memory: nothing is unpacked to disk."""

import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from simvtr.errors import DataError
from simvtr.schema.source import image_path

MAX_FILES = 2_000_000  # in one folder or ZIP
_RATIO = 400  # unpacked over packed bytes: XML packs 10 to 50 times, masks as PNG once
_SMALL = 64 << 20  # a ZIP whose contents are this small harms nobody, whatever its ratio
_CHUNK = 1 << 20
_SKIPPED = ("__MACOSX", ".DS_Store", "Thumbs.db")


def natural(name: str) -> list[tuple[int, int, str]]:
    """Order of names with numbers in them as people see it.

    >>> sorted(["10.png", "9.png", "a/1.png"], key=natural)
    ['9.png', '10.png', 'a/1.png']
    """
    parts = [part for part in re.split(r"([0-9]{1,18})", name) if part]
    return [(0, int(part), "") if part.isdecimal() and part.isascii() else (1, 0, part) for part in parts]


class Source:
    """Files by name, `/` between folders, in natural order. Make one with `open_source`.

    Args:
        path: what the user named: begins every error.
        names: of the files in it.
    """

    def __init__(self, path: Path, names: list[str]) -> None:
        if len(names) > MAX_FILES:
            raise DataError(f"{path}: must hold at most {MAX_FILES} files, got {len(names)}. Convert it in parts.")
        self.path = path
        self.names = sorted(names, key=natural)

    def ending(self, *suffixes: str) -> list[str]:
        """Names with one of these suffixes, whatever their case."""
        return [name for name in self.names if name.lower().endswith(suffixes)]

    def where(self, name: str) -> str:
        """A file as errors call it."""
        return self.path.name if name == self.path.name else f"{self.path.name}/{name}"

    def read(self, name: str, most: int) -> bytes:
        """A whole file. Raises: DataError when it has more than `most` bytes or cannot be read."""
        file, size = io.BytesIO(), 0
        for chunk in self.chunks(name):
            size += len(chunk)
            if size > most:
                raise DataError(f"{self.where(name)}: must be at most {most >> 20} MiB, got more.")
            file.write(chunk)
        return file.getvalue()

    def chunks(self, name: str) -> Iterator[bytes]:
        """A file piece by piece. Raises: DataError when it cannot be read."""
        try:
            with self._open(name) as file:
                while chunk := file.read(_CHUNK):
                    self._account(len(chunk))
                    yield chunk
        except DataError:
            raise
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or str(error)[:200]
            raise DataError(f"{self.where(name)}: cannot be read: {reason}.") from error

    def size(self, name: str) -> int:
        """Bytes of a file, as the folder or ZIP says."""
        raise NotImplementedError

    def _open(self, name: str) -> IO[bytes]:
        raise NotImplementedError

    def _account(self, size: int) -> None:
        """Called with every piece that is read."""


class _Folder(Source):
    """A folder, or one file of it."""

    def __init__(self, root: Path, path: Path, names: list[str]) -> None:
        super().__init__(path, names)
        self._root = root

    def size(self, name: str) -> int:
        return image_path(self._root, name, self.where(name)).stat().st_size

    def _open(self, name: str) -> IO[bytes]:
        return image_path(self._root, name, self.where(name)).open("rb")  # a link must not lead out


class _Zip(Source):
    """A ZIP, read in place: only stored and deflated files without a password."""

    def __init__(self, path: Path) -> None:
        try:
            self._archive = zipfile.ZipFile(path)
            files = [info for info in self._archive.infolist() if not info.is_dir()]
        except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:
            raise DataError(f"{path}: cannot be read: {str(error)[:200]}.") from error
        files = [info for info in files if not _skipped(info.filename)]
        for info in files:
            if not is_clean(info.filename):
                raise DataError(
                    f"{path}: file names must stay inside the ZIP, got {info.filename[:100]!r}. Pack it again."
                )
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DataError(f"{path}: the files in a ZIP must be deflated or stored. Pack it anew.")
        self._infos = {info.filename: info for info in files}
        if len(self._infos) < len(files):
            raise DataError(f"{path}: file names must be unique, some are there twice. Pack it again.")
        self._left = max(_SMALL, _RATIO * path.stat().st_size)
        super().__init__(path, list(self._infos))

    def size(self, name: str) -> int:
        return self._infos[name].file_size

    def _open(self, name: str) -> IO[bytes]:
        return self._archive.open(self._infos[name])

    def _account(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise DataError(f"{self.path}: must unpack to at most {_RATIO} times its size, got more. Unpack it first.")


def open_source(path: Path | str) -> Source:
    """The files of a folder, of a ZIP, or one file alone.

    Raises: DataError when there is nothing at `path`, or a pipe, or a ZIP that cannot be read.
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return _Folder(path, path, list(_walked(path)))
        if not stat.S_ISREG(mode):
            raise DataError(f"{path}: must be a file or folder, got a pipe or device. Save it first.")
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.") from error
    if magic in (b"PK\x03\x04", b"PK\x05\x06"):
        return _Zip(path)
    return _Folder(path.parent, path, [path.name])


def is_clean(name: str) -> bool:
    """Whether a name from a file stays inside the folder that it is joined to, on any system.

    >>> [is_clean(name) for name in ("a/0.png", "../0.png", "/0.png", "C:/0.png")]
    [True, False, False, False]
    """
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and not re.search(r"[\\\0:]", name)


def _walked(root: Path) -> Iterator[str]:
    for folder, _, files in os.walk(root):
        for name in files:
            relative = (Path(folder) / name).relative_to(root).as_posix()
            if not _skipped(relative):
                yield relative


def _skipped(name: str) -> bool:
    """What systems leave in folders and ZIPs unasked."""
    return any(part in _SKIPPED or part.startswith("._") for part in name.split("/"))
