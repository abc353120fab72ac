"""A synthetic data set on disk: JPEG frames and YouTube-VIS JSON with OVIS's occlusion labels."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from simvtr.data.synth.clip import occlusion_label, visible
from simvtr.data.synth.config import CATEGORIES, SynthConfig
from simvtr.data.synth.render import draw
from simvtr.data.synth.scene import make_scene
from simvtr.errors import DataError
from simvtr.rle import Rle, area, box, encode
from simvtr.schema import Category, Truth, TruthTrack, Video, write_truth
from simvtr.schema.writer import atomic

JPEG_QUALITY = 95
DRAWING = 1  # raise it when the same config and seed no longer give the same pictures: old folders are then refused


def video_seed(seed: int, index: int) -> int:
    """Seed of video `index` (from 0) of a data set: data sets with different seeds share no video."""
    return seed * 1_000_000 + index


def write_dataset(
    out: Path | str, config: SynthConfig, videos: int, seed: int, *, progress: Callable[[int], None] | None = None
) -> Path:
    """Writes out/instances.json and out/JPEGImages/<video>/<frame>.jpg; memory does not grow with a video's length.

    Interrupted, it goes on where it stopped when called again with the same config and seed: frames that are there are
    not encoded again. `videos` may grow between calls. The JSON appears last and whole, so a folder with a JSON is
    complete. File names in it are relative to out/JPEGImages.

    Args:
        out: folder, made if missing.
        config: what to draw.
        videos: how many, at least 1.
        seed: of the data set, 0 or more; train and test sets must differ in it.
        progress: called after every frame with the number of frames done so far.
    Returns: path of the JSON.
    Raises: ValueError on a number out of range; DataError when `out` is a file or holds another data set.
    """
    if not (1 <= videos < 1_000_000 and seed >= 0):
        raise ValueError(f"write_dataset: videos must be 1 to 999,999 and seed at least 0, got {videos} and {seed}")
    out = Path(out)
    _claim(out, config, seed)
    rows: dict[int, Video] = {}
    tracks: dict[int, list[TruthTrack]] = {}
    first_track = 1
    for index in range(videos):
        names = tuple(f"{index + 1:05d}/{frame:05d}.jpg" for frame in range(config.frames))
        rows[index + 1] = Video(index + 1, config.width, config.height, config.frames, names)
        base = index * config.frames
        tracks[index + 1] = _write_video(
            out / "JPEGImages", config, video_seed(seed, index), rows[index + 1], first_track, progress, base
        )
        first_track += len(tracks[index + 1])
    categories = {place + 1: Category(place + 1, name) for place, name in enumerate(CATEGORIES)}
    path = out / "instances.json"
    write_truth(path, Truth(rows, tracks, categories, path))
    return path


def _claim(out: Path, config: SynthConfig, seed: int) -> None:
    """Makes the folder and writes down what it holds, or refuses one that holds something else."""
    if out.exists() and not out.is_dir():
        raise DataError(f"{out}: a folder is needed, this is a file. Name another folder.")
    note = json.dumps({"drawing": DRAWING, "seed": seed, "config": dataclasses.asdict(config)}, indent=1) + "\n"
    path = out / "synth.json"
    if path.exists():
        if path.read_text() != note:
            raise DataError(
                f"{path}: the folder holds a synthetic data set made with other settings. "
                "Name another folder, or delete this one."
            )
    elif out.is_dir() and any(out.iterdir()):
        raise DataError(
            f"{out}: the folder must be empty or hold a data set of the same settings. Name another folder."
        )
    else:
        with atomic(path) as file:
            file.write(note.encode())


def _write_video(
    images: Path,
    config: SynthConfig,
    seed: int,
    video: Video,
    first_track: int,
    progress: Callable[[int], None] | None,
    done: int,
) -> list[TruthTrack]:
    scene = make_scene(config, seed)
    masks: list[list[Rle | None]] = [[] for _ in scene.objects]
    labels: list[list[str | None]] = [[] for _ in scene.objects]
    (images / video.file_names[0]).parent.mkdir(parents=True, exist_ok=True)
    for index, name in enumerate(video.file_names):
        frame = draw(scene, index)
        if not (images / name).exists():
            _write_jpeg(images / name, frame.picture)
        seen, fraction = visible(frame)
        for i, mask in enumerate(seen):
            labels[i].append(occlusion_label(fraction[i]))
            masks[i].append(encode(mask) if fraction[i] > 0 else None)
        if progress:
            progress(done + index + 1)
    appear = [i for i in range(len(masks)) if any(mask is not None for mask in masks[i])]
    return [
        TruthTrack(
            id=first_track + place,
            video_id=video.id,
            category_id=scene.objects[i].category,
            segmentations=tuple(masks[i]),
            areas=tuple(None if mask is None else float(area(mask)) for mask in masks[i]),
            boxes=tuple(None if mask is None else _box(mask) for mask in masks[i]),
            occlusion=tuple(labels[i]),
        )
        for place, i in enumerate(appear)
    ]


def _box(mask: Rle) -> tuple[float, float, float, float]:
    x, y, width, height = box(mask)
    return float(x), float(y), float(width), float(height)


def _write_jpeg(path: Path, picture: np.ndarray) -> None:
    encoded, data = cv2.imencode(
        ".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY)
    )
    assert encoded  # an 8-bit RGB picture always encodes
    with atomic(path) as file:
        file.write(data.tobytes())
