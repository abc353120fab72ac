"""Folders that appear whole or not at all, and the names of frames in them."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from simvtr.errors import DataError
from simvtr.formats.source import is_clean, natural
from simvtr.schema import Truth, Video
from simvtr.schema.writer import folders_for

_IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """A folder to fill that takes its name only when the block ends without an exception.

    Raises: DataError when there is something at `path` already.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise DataError(f"{path}: the folder to write must be new or empty, this one is not. Name another.")
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with folders_for(path):
        part.mkdir()
        try:
            yield part
            if path.exists():
                path.rmdir()
            part.rename(path)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def image_names(images: Path | None, folder: str, stems: Sequence[str], where: str) -> list[str]:
    """The images of a video's annotated frames, relative to `images`.

    Args:
        images: folder of the images; None: every frame is called STEM.jpg.
        folder: the video's folder in it; "" for `images` itself.
        stems: names of the frames without suffix, in order.
    Raises: DataError when images and frames are not the same.
    """
    prefix = f"{folder}/" if folder else ""
    if images is None:
        return [f"{prefix}{stem}.jpg" for stem in stems]
    found = {Path(name).stem: name for name in listed_images(images / folder, where)}
    missing = next((stem for stem in stems if stem not in found), None)
    if missing is not None:
        raise DataError(f"{where}: every frame must have its image in {images / folder}, {missing!r} has none.")
    extra = next((name for stem, name in found.items() if stem not in set(stems)), None)
    if extra is not None:
        raise DataError(f"{where}: every image must have its annotation, {extra!r} has none. Leave it out.")
    return [prefix + found[stem] for stem in stems]


def listed_images(folder: Path, where: str) -> list[str]:
    """The images right in a folder, in natural order. Raises: DataError when there is none."""
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.name.lower().endswith(_IMAGES)]
    except OSError as error:
        raise DataError(f"{where}: its images {folder} cannot be read: {error.strerror}.") from error
    if not names:
        raise DataError(f"{where}: the folder {folder} must hold its images, got none.")
    return sorted(names, key=natural)


def frame_stems(video: Video) -> list[str]:
    """A name for each frame without suffix: of its image where these differ, else its number.

    >>> frame_stems(Video(1, 4, 4, 2)), frame_stems(Video(1, 4, 4, 2, ("v/7.jpg", "v/8.jpg")))
    (['00000', '00001'], ['7', '8'])
    """
    stems = [PurePosixPath(name).stem for name in video.file_names if is_clean(name)]
    if len(set(stems)) == video.length:
        return stems
    return [f"{frame:05d}" for frame in range(video.length)]


def video_folders(truth: Truth) -> dict[int, str]:
    """A clean folder for each video: that of its images where these differ, else its id; "" where it is the only one.

    >>> from simvtr.schema import Truth
    >>> video_folders(Truth({1: Video(1, 4, 4, 1), 2: Video(2, 4, 4, 1)}, {}, {}, Path("t.json")))
    {1: '1', 2: '2'}
    """
    folders = {}
    for number, video in truth.videos.items():
        parents = {str(PurePosixPath(name).parent) for name in video.file_names if is_clean(name)}
        parent = parents.pop() if len(parents) == 1 else "."
        folders[number] = "" if parent == "." else parent
    if len(folders) > 1 and ("" in folders.values() or len(set(folders.values())) < len(folders)):
        return {number: str(number) for number in folders}
    return folders
