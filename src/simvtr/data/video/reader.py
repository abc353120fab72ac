"""One way in for frames, whatever they come from: a video file, a folder of images, a glob, a list of paths."""

import glob
import os
import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import numpy as np

from simvtr.errors import DataError, SimVTRWarning

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}


class FrameReader(ABC):
    """The frames of one video, read again from the start by every `for`, one frame in memory at a time.

    Iterating yields uint8 (H, W, 3), RGB, upright, square pixels: the picture a player shows. Masks found in it
    live in that picture, `width` by `height`.

    Attributes:
        name: file name without suffix, or the folder's name for images.
        width, height: size of every frame, pixels.
        fps: frames per second; the average where the rate varies; `IMAGE_FPS` for images, which carry none.
        length: frames promised by the container, at most `max_frames`; None when it promises none (webm, mkv).
        decoded: frames yielded by the last pass, so far.
        problems: what was wrong in the last pass, one line each; also given as a `SimVTRWarning` when it ends.
    """

    name: str
    width: int
    height: int
    fps: float
    length: int | None

    def __init__(self, max_frames: int | None) -> None:
        if max_frames is not None and max_frames < 1:
            raise ValueError(f"max_frames must be at least 1, or None for all frames, got {max_frames}")
        self.max_frames = max_frames
        self.decoded = 0
        self.problems: list[str] = []

    def __iter__(self) -> Iterator[np.ndarray]:
        self.decoded, self.problems = 0, []
        frames = self._frames()
        for frame in frames:
            if self.decoded == self.max_frames:
                frames.close()
                break
            self.decoded += 1
            yield frame
        for problem in self.problems:
            warnings.warn(problem, SimVTRWarning, stacklevel=2)

    @abstractmethod
    def _frames(self) -> Generator[np.ndarray, None, None]:
        """A generator over all frames; appends to `problems` what it met, also when it is closed before its end.

        Raises: DataError if it cannot go on.
        """

    def _limited(self, length: int | None) -> int | None:
        return length if length is None or self.max_frames is None else min(length, self.max_frames)


def read_frames(source: str | os.PathLike | Sequence, *, max_frames: int | None = None) -> FrameReader:
    """Open a video of any kind; the sizes and the first frame are checked now, the rest while iterating.

    Args:
        source: a video file (anything FFmpeg decodes, GIF included) | a folder of images, in natural order (2 before
            10) | a glob of images | a list of image paths, in the order given.
        max_frames: stop after so many frames.

    Raises: DataError, one line, when there is nothing to read, an image does not open, or images differ in size.
        A video that breaks off is no error: what decodes is yielded, and `problems` says what is missing.

    >>> from PIL import Image; import tempfile; from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for i in (10, 9):
    ...         Image.new("RGB", (4, 2), (i, 0, 0)).save(Path(folder) / f"{i}.png")
    ...     frames = read_frames(folder)
    ...     (frames.width, frames.height, frames.length), [int(frame[0, 0, 0]) for frame in frames]
    ((4, 2, 2), [9, 10])
    """
    from simvtr.data.video.images import ImageReader
    from simvtr.data.video.movie import MovieReader

    if not isinstance(source, (str, os.PathLike)):
        return ImageReader([Path(path) for path in source], where="list of images", max_frames=max_frames)
    path = Path(source)
    if path.is_dir():
        return ImageReader(_images_in(path), where=str(path), name=path.resolve().name, max_frames=max_frames)
    if path.is_file():
        if path.suffix.lower() in IMAGE_SUFFIXES:
            return ImageReader([path], where=str(path), name=path.stem, max_frames=max_frames)
        return MovieReader(path, max_frames=max_frames)
    if glob.has_magic(str(source)):
        matches = glob.glob(str(source), recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        found = [name for name in map(Path, sorted(matches, key=natural_order)) if name.is_file()]
        if not found:
            raise DataError(f"{source}: the pattern must match at least one image, it matches no file. Check the path.")
        if len(found) == 1:
            return read_frames(found[0], max_frames=max_frames)
        return ImageReader(found, where=str(source), max_frames=max_frames)
    raise DataError(f"{source}: a video file, a folder of images or a glob must be here, nothing is. Check the path.")


def natural_order(path: str | os.PathLike) -> list:
    """Sort key that counts: frame2 before frame10.

    >>> sorted(["f10.png", "f9.png", "f1.png"], key=natural_order)
    ['f1.png', 'f9.png', 'f10.png']
    """
    text = os.fspath(path)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text)] + [text]


def _images_in(folder: Path) -> list[Path]:
    visible = [path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file()]
    images = [path for path in visible if path.suffix.lower() in IMAGE_SUFFIXES]
    if not images:
        held = ", ".join(sorted(path.name for path in visible)[:3]) or "no file"
        raise DataError(
            f"{folder}: the folder must hold images ({' '.join(sorted(IMAGE_SUFFIXES))}), it holds {held}. "
            "Name the video file itself, or the folder with its frames."
        )
    return sorted(images, key=lambda path: natural_order(path.name))
