"""Frames from image files: same size throughout, EXIF orientation applied, one image open at a time."""

import struct
import zlib
from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from simvtr.data.video.reader import FrameReader
from simvtr.errors import DataError

IMAGE_FPS = 10.0  # images carry no rate; a watchable one for the overlay

# What Pillow's decoders are known to raise on damaged files.
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, struct.error, zlib.error)
UNREADABLE += (Image.DecompressionBombError,)


class ImageReader(FrameReader):
    """A list of image files as a video. Headers are read now, so a wrong size is found before hours of work."""

    def __init__(
        self, paths: Sequence[Path], *, where: str, name: str | None = None, max_frames: int | None = None
    ) -> None:
        super().__init__(max_frames)
        if not paths:
            raise DataError(f"{where}: at least one image must be given, got none. Name the frames of the video.")
        self.paths = tuple(paths) if max_frames is None else tuple(paths[:max_frames])
        self.name = self.paths[0].resolve().parent.name if name is None else name
        self.fps = IMAGE_FPS
        self.length = len(self.paths)
        self.width, self.height = _size(self.paths[0])
        for path in self.paths[1:]:
            self._check(path, _size(path))

    def _check(self, path: Path, size: tuple[int, int]) -> None:
        if size != (self.width, self.height):
            raise DataError(
                f"{path}: all images of a video must have the size of the first, {self.width}x{self.height} "
                f"({self.paths[0].name}), got {size[0]}x{size[1]}. Resize it, or take it out."
            )

    def _frames(self) -> Generator[np.ndarray, None, None]:
        for path in self.paths:
            frame = _read(path)
            self._check(path, (frame.shape[1], frame.shape[0]))  # the file may have changed since its header was read
            yield frame


def _size(path: Path) -> tuple[int, int]:
    try:
        with Image.open(path) as image:
            turned = image.getexif().get(0x0112, 1) >= 5  # orientations 5 to 8 lie on their side
            width, height = image.size
            return (height, width) if turned else (width, height)
    except UNREADABLE as error:
        raise _unreadable(path, error) from None


def _read(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as image:
            if image.mode.startswith("I"):  # 16-bit grey: Pillow would clip, not scale
                deep = np.asarray(image).astype(np.uint32)
                image = Image.fromarray((deep >> 8 if deep.max(initial=0) > 255 else deep).astype(np.uint8))
            return np.array(ImageOps.exif_transpose(image).convert("RGB"))
    except UNREADABLE as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> DataError:
    if not path.exists():
        return DataError(f"{path}: an image must be here, nothing is. Check the path.")
    if isinstance(error, PermissionError):
        return DataError(f"{path}: the image must be readable, permission is denied. Change its permissions.")
    size = path.stat().st_size
    return DataError(
        f"{path}: a whole image (jpg, png, bmp, webp, tiff) must be here, {size} bytes do not decode as one "
        f"({' '.join(str(error).split()) or type(error).__name__}). Replace it, or take it out."
    )
