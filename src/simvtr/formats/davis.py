"""DAVIS and MOTS: a folder of PNGs a video, one a frame, whose pixels are object numbers.

Source: davischallenge.org/davis2017 (indexed PNG, 255 = void); vision.rwth-aachen.de/page/mots (16 bits, category x
1000 + number, 10,000 = ignore).
"""

from collections import defaultdict
from pathlib import Path, PurePosixPath

import numpy as np

from simvtr.errors import DataError, many
from simvtr.formats.files import atomic_folder, frame_stems, image_names, video_folders
from simvtr.formats.gather import OBJECT, Gather, Work, frame_size, steady
from simvtr.formats.meta import NAME, meta_of, read_meta
from simvtr.formats.png import MAX_PNG, Palette, number_masks, read_numbers, write_numbers
from simvtr.formats.source import Source, is_clean
from simvtr.rle import decode
from simvtr.schema import Truth, Video

VOID = 255  # DAVIS: pixels that belong to nobody
IGNORED = 10_000  # MOTS: a region of many objects
MOST = 254  # numbers that a PNG of 8 bits has left for objects
_ROOT = "Annotations"
_CLASSES = {1: "car", 2: "pedestrian"}  # MOTS


def read_davis(source: Source, work: Work) -> Truth:
    """Videos from PNGs: the folders that hold some, under `Annotations` where there is one.

    Categories are those of `work`, else of a meta.json.

    Raises: DataError for PNGs that are no numbers, differ in size, change the colour of a number, or whose names or
        object numbers jump.
    """
    gather = Gather(source.path)
    videos: dict[str, list[str]] = defaultdict(list)
    names = source.ending(".png")
    inside = [name for name in names if _ROOT in PurePosixPath(name).parts[:-1]]
    for name in inside or names:
        videos[str(PurePosixPath(name).parent)].append(name)
    if not videos:
        raise DataError(f"{source.path}: must hold PNGs of object numbers, got none.")
    done, known = 0, read_meta(source)
    for frames in videos.values():
        folder = _folder(frames[0]) or "."
        kinds = next(iter(known.values())) if len(known) == len(videos) == 1 else known.get(folder, {})
        _read_video(source, frames, gather, work, kinds | dict(work.categories), done, len(inside or names))
        done += len(frames)
    return gather.truth(work)


def _read_video(
    source: Source, names: list[str], gather: Gather, work: Work, kinds: dict[int, str], done: int, total: int
) -> None:
    stems = [PurePosixPath(name).stem for name in names]
    where = source.where(str(PurePosixPath(names[0]).parent)).removesuffix("/.")
    if all(stem.isdecimal() and len(stem) < 16 for stem in stems):
        steady([int(stem) for stem in stems], where)
    video, seen, void = 0, set[int](), 0
    colours: Palette = {}
    for frame, name in enumerate(names):
        at = source.where(name)
        numbers, palette = read_numbers(source.read(name, MAX_PNG), at)
        if not frame:
            height, width = numbers.shape
            images = image_names(work.images, _folder(name), stems, where)
            video = gather.video(height=height, width=width, length=len(names), names=images)
        _same_colours(colours, palette, at)
        wide = numbers.dtype == np.uint16
        for number, mask in number_masks(numbers).items():
            if number == (IGNORED if wide else VOID):
                void += 1
                continue
            if wide:
                category = mots_class(number, _mots_kind(number, at), work)
            else:
                category = kinds.get(number, OBJECT)
                seen.add(number)
            gather.add(video, frame, identity=number, category=category, mask=mask, where=at)
        work.progress(done + frame + 1, total)
    if void and not seen and not wide:
        raise DataError(f"{where}: 0 and 255 alone are no object numbers, 255 is void. Number the objects from 1.")
    if void:
        work.note(
            f"{where}: {many(void, 'frame')} with pixels to be ignored ({VOID}, MOTS: {IGNORED}): no object has them"
        )
    jump = next((number for number in sorted(seen) if number > 1 and number - 1 not in seen), None)
    if jump is not None:
        raise DataError(
            f"{where}: object numbers must be 1, 2, 3, ... without gaps, got {jump} without {jump - 1}. Masks that "
            "were scaled or saved as colours have such numbers; otherwise number the objects anew."
        )


def _folder(name: str) -> str:
    """The folder of a video's images: that of its PNGs below `Annotations`."""
    parts = PurePosixPath(name).parent.parts
    return "/".join(parts[parts.index(_ROOT) + 1 :] if _ROOT in parts else parts)


def _same_colours(known: Palette, palette: Palette, where: str) -> None:
    for number, colour in palette.items():
        if known.setdefault(number, colour) != colour:
            raise DataError(
                f"{where}: a wrong palette: the colour of object {number} must stay {known[number]}, got {colour}. "
                "Each PNG was reduced to colours of its own; save all with one palette."
            )


def _mots_kind(number: int, where: str) -> int:
    if number < 1000:
        raise DataError(f"{where}: MOTS numbers must be category x 1000 + object, got {number}. Save with 8 bits.")
    return number // 1000


def mots_class(number: int, kind: int, work: Work) -> str:
    """The category of a MOTS object: what the user says of its number, else the name of its class."""
    return work.categories.get(number, _CLASSES.get(kind, f"class {kind}"))


def write_davis(truth: Truth, path: Path, work: Work) -> None:
    """A folder of indexed PNGs a video; the only video's PNGs lie right in `path`.

    Where masks overlap, the object listed first keeps the pixel. Raises: DataError for more than 254 objects.
    """
    folders, total = video_folders(truth), sum(video.length for video in truth.videos.values())
    done = lost = 0
    numbers = {number: _numbers(truth, video) for number, video in truth.videos.items()}
    with atomic_folder(path) as root:
        if {kind.name for kind in truth.categories.values()} - {OBJECT}:
            (root / NAME).write_text(meta_of(truth, numbers))
            work.note(f"DAVIS holds no categories: they are in {NAME}, as YouTube-VOS has it")
        for number, video in truth.videos.items():
            folder = root / folders[number]
            folder.mkdir(parents=True, exist_ok=True)
            for frame, stem in enumerate(frame_stems(video)):
                pixels, hidden = _painted(truth, video, numbers[number], frame)
                lost += hidden
                (folder / f"{stem}.png").write_bytes(write_numbers(pixels))
                done += 1
                work.progress(done, total)
    if lost:
        work.note(f"{many(lost, 'pixel')} of several objects: DAVIS holds one, that which is listed first")
    if any(not is_clean(name) for video in truth.videos.values() for name in video.file_names):
        work.note("some file names lead out of their folder: frames are numbered instead")


def _numbers(truth: Truth, video: Video) -> dict[int, int]:
    """The number of each track: its id where all ids are 1, 2, 3, ... or its place."""
    frame_size(video.height, video.width, f"{truth.path.name}, video {video.id}")
    ids = [track.id for track in truth.tracks.get(video.id, ())]
    if len(ids) > MOST:
        raise DataError(
            f"{truth.path.name}, video {video.id}: DAVIS holds at most {MOST} objects, got {len(ids)}. Write COCO."
        )
    own = sorted(ids) == list(range(1, len(ids) + 1))
    return {number: number if own else place for place, number in enumerate(ids, start=1)}


def _painted(truth: Truth, video: Video, numbers: dict[int, int], frame: int) -> tuple[np.ndarray, int]:
    """The numbers of a frame, and how many pixels an object had to leave to one before it."""
    pixels, hidden = np.zeros((video.height, video.width), np.uint8), 0
    for track in truth.tracks.get(video.id, ()):
        rle = track.segmentations[frame]
        if rle is not None:
            mask = decode(rle)
            free = mask & (pixels == 0)
            hidden += int(np.count_nonzero(mask) - np.count_nonzero(free))
            pixels[free] = numbers[track.id]
    return pixels, hidden
