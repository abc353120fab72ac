"""Clips of an annotated data set, from files to arrays; and the batch of tensors that training takes.

    truth + images -> VideoDataset.clip -> Clip -> transforms.augment -> transforms.collate -> Batch
                      (here)                       transforms.py

Axes: b clips, t frames, m annotated objects of a clip, H W image height, width (pixels).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from simvtr.config import DataConfig
from simvtr.data.video.images import UNREADABLE
from simvtr.errors import DataError
from simvtr.rle import area, decode
from simvtr.schema import Truth, TruthTrack, Video
from simvtr.schema.source import image_path


@dataclass(frozen=True, slots=True)
class Clip:
    """Some frames of one video with the masks of its objects, as arrays.

    Args:
        frames: uint8 (t, H, W, 3), RGB.
        masks: bool (m, t, H, W), all False where the object is absent.
        labels: int64 (m,), class index 0..k-1.
    Raises: ValueError when the shapes do not fit together.

    >>> clip = Clip(np.zeros((2, 4, 6, 3), np.uint8), np.zeros((1, 2, 4, 6), bool), np.array([3]))
    >>> clip.masks[0, 1, 2:, :3] = True
    >>> clip.present.tolist()
    [[False, True]]
    """

    frames: np.ndarray
    masks: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        wanted = (len(self.labels), *self.frames.shape[:3])
        if self.frames.ndim != 4 or self.frames.shape[3] != 3 or self.masks.shape != wanted:
            raise ValueError(
                f"Clip: frames must be (t, H, W, 3) and masks (m, t, H, W) with one label each, got frames "
                f"{self.frames.shape}, masks {self.masks.shape}, {len(self.labels)} labels"
            )

    @property
    def present(self) -> np.ndarray:
        """bool (m, t): whether any pixel of the object is visible in the frame."""
        return np.any(self.masks, axis=(2, 3))

    def without_absent(self) -> "Clip":
        """The clip without the objects that no frame of it shows."""
        seen = np.any(self.masks, axis=(1, 2, 3))
        return self if seen.all() else Clip(self.frames, self.masks[seen], self.labels[seen])


@dataclass(frozen=True, slots=True)
class Target:
    """What one clip should give. Every tensor lies on the same device."""

    labels: Tensor  # int64 (m,), class index 0..k-1
    boxes: Tensor  # float32 (m, t, 4), cxcywh in [0, 1] of the valid picture; zeros where absent
    masks: Tensor  # bool (m, t, H, W), at the clip's own size, without padding
    present: Tensor  # bool (m, t)

    def to(self, device: torch.device | str) -> "Target":
        """The same target on another device."""
        there = (x.to(device, non_blocking=True) for x in (self.labels, self.boxes, self.masks, self.present))
        return Target(*there)


@dataclass(frozen=True, slots=True)
class Batch:
    """Clips side by side, padded at the right and the bottom to the largest of them."""

    frames: Tensor  # float32 (b, t, 3, H, W), normalised by ImageNet's mean and deviation; 0 where padded
    padding: Tensor | None  # bool (b, H, W), True where padded; None: nothing is
    targets: list[Target]
    sizes: Tensor  # int64 (b, 2), height and width of the valid picture

    def split(self, parts: int) -> "list[Batch]":
        """Its clips in `parts` batches of as many clips each."""
        size = len(self.targets) // parts
        cuts = [slice(i, i + size) for i in range(0, len(self.targets), size)]
        return [
            Batch(
                self.frames[cut],
                None if self.padding is None else self.padding[cut],
                self.targets[cut],
                self.sizes[cut],
            )
            for cut in cuts
        ]

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on another device."""
        return Batch(
            self.frames.to(device, non_blocking=True),
            None if self.padding is None else self.padding.to(device, non_blocking=True),
            [target.to(device) for target in self.targets],
            self.sizes.to(device, non_blocking=True),
        )


class VideoDataset:
    """Frames and masks of a truth's videos.

    Crowd tracks, and tracks whose category is not in `category_ids`, are left out (`skipped` counts the latter).
    Decoded frames, and their masks as bits, are kept in memory until `cache_bytes` are full, so a small set is read
    once; the rest is decoded each time, which is the best one can do when frames are asked for in random order. Each
    loader process has a cache of its own.

    Args:
        truth: videos and tracks; the file names of its videos start from `images`.
        images: folder; a name that leads out of it, also through a link, is refused.
        category_ids: category id of class 0, 1, ... (`ModelConfig.category_ids`); None: the truth's, ascending.
        first, last: use frames first, ..., last-1 of every video only; videos without such frames are left out.
        cache_bytes: the most that decoded frames and masks may occupy.
    Raises: DataError when a file is missing or outside `images`, a video lists none, or when no frame or no known
        category is left.
    """

    def __init__(
        self,
        truth: Truth,
        images: Path | str,
        *,
        category_ids: Sequence[int] | None = None,
        first: int = 0,
        last: int | None = None,
        cache_bytes: int = 2 << 30,
    ) -> None:
        ids = tuple(sorted(truth.categories)) if category_ids is None else tuple(category_ids)
        classes = {category: index for index, category in enumerate(ids)}
        self._where, self._first, self._room = str(truth.path), first, cache_bytes
        self._videos: dict[int, Video] = {}
        self._paths: dict[int, list[Path]] = {}
        self._tracks: dict[int, list[tuple[int, TruthTrack]]] = {}
        self._cache: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}
        self.skipped = 0
        root = Path(os.path.realpath(images))
        for video_id, video in truth.videos.items():
            if first >= video.length:
                continue
            if not video.file_names:
                raise DataError(
                    f"{self._where}, video {video_id}: file_names must list its frames, there are none. Add them."
                )
            self._videos[video_id] = video
            names = video.file_names[first:last]
            self._paths[video_id] = [
                image_path(root, name, self._at(video_id, first + i)) for i, name in enumerate(names)
            ]
            found = [track for track in truth.tracks.get(video_id, ()) if not track.crowd]
            known = [(classes[track.category_id], track) for track in found if track.category_id in classes]
            self._tracks[video_id] = known
            self.skipped += len(found) - len(known)
        if not self._videos:
            raise DataError(f"{self._where}: no video has a frame {first}. Lower `first`, or give another truth.")
        if self.skipped and not any(self._tracks.values()):
            raise DataError(
                f"{self._where}: no track has a category that the model knows (ids {', '.join(map(str, ids))}). "
                f"Give the model the categories of this data set."
            )

    def _at(self, video_id: int, frame: int) -> str:
        return f"{self._where}, video {video_id}, frame {frame}"

    @cached_property  # crops ask for it at every draw
    def videos(self) -> list[tuple[int, int]]:
        """Id and number of usable frames of each video."""
        return [(video_id, len(paths)) for video_id, paths in self._paths.items()]

    def clip(self, video_id: int, frames: Sequence[int]) -> Clip:
        """The asked frames, in that order, with the objects that at least one of them shows.

        Args:
            frames: indices from 0 to the video's usable length - 1; 0 is the frame `first` of the file. Repeats are
                allowed.
        Raises: DataError naming video and frame when an image cannot be read or its size is not the truth's.
        """
        tracks = self._tracks[video_id]
        pictures, bits = zip(*(self._frame(video_id, index) for index in frames), strict=True)
        shape = (len(frames), len(tracks), *pictures[0].shape[:2])
        masks = np.unpackbits(np.concatenate(bits), axis=1, count=shape[2] * shape[3]).view(bool).reshape(shape)
        labels = np.array([label for label, _ in tracks], np.int64)
        return Clip(np.stack(pictures), masks.swapaxes(0, 1), labels).without_absent()

    def _frame(self, video_id: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """uint8 (H, W, 3) and, for each track of the video, its mask as packed bits: uint8 (m, ceil(H*W / 8))."""
        key = (video_id, index)
        if key in self._cache:
            return self._cache[key]
        pixels = self._pixels(video_id, index)
        masks = np.zeros((len(self._tracks[video_id]), *pixels.shape[:2]), bool)
        for mask, (_, track) in zip(masks, self._tracks[video_id], strict=True):
            code = track.segmentations[self._first + index]
            if code is None:
                continue
            if (code.height, code.width) != mask.shape:
                raise DataError(
                    f"{self._at(video_id, self._first + index)}, track {track.id}: the mask is "
                    f"{code.width}x{code.height}, the picture {mask.shape[1]}x{mask.shape[0]}. Make them equal."
                )
            mask[:] = decode(code)
        frame = pixels, np.packbits(masks.reshape(len(masks), pixels.shape[0] * pixels.shape[1]), axis=1)
        needed = sum(part.nbytes for part in frame)
        if needed <= self._room:
            self._room -= needed
            self._cache[key] = frame
        return frame

    def _pixels(self, video_id: int, index: int) -> np.ndarray:
        video, path = self._videos[video_id], self._paths[video_id][index]
        where = self._at(video_id, self._first + index)
        try:
            with Image.open(path) as picture:  # refuses truncated files, which cv2 fills with grey
                pixels = np.asarray(picture.convert("RGB"))
        except UNREADABLE as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise DataError(f"{where}: cannot read {path.name} as an image ({reason}). Replace the file.") from error
        if pixels.shape[:2] != (video.height, video.width):
            raise DataError(
                f"{where}: {path.name} is {pixels.shape[1]}x{pixels.shape[0]}, the truth says "
                f"{video.width}x{video.height}. Make them equal."
            )
        return pixels


class JoinedDataset:
    """Several data sets as one. A video's key is (position of its set, its id), so ids may repeat.

    `weights`: what share of the clips each set should have, relative to the others; none: as it has frames.
    """

    def __init__(self, parts: Sequence[VideoDataset], weights: Sequence[float] = ()) -> None:
        self.parts, self.weights = tuple(parts), tuple(weights)

    @cached_property
    def videos(self) -> list[tuple[tuple[int, int], int]]:
        """Key and number of usable frames of each video."""
        return [((i, video), length) for i, part in enumerate(self.parts) for video, length in part.videos]

    @property
    def skipped(self) -> int:
        """Tracks left out because the model does not know their category."""
        return sum(part.skipped for part in self.parts)

    @property
    def shares(self) -> list[tuple[int, float]]:
        """Number of videos and weight of each set, in the order of `videos`; empty without weights."""
        return (
            [(len(part.videos), weight) for part, weight in zip(self.parts, self.weights, strict=True)]
            if self.weights
            else []
        )

    def clip(self, key: tuple[int, int], frames: Sequence[int]) -> Clip:
        """As `VideoDataset.clip`."""
        return self.parts[key[0]].clip(key[1], frames)


def open_data(
    configs: Sequence[DataConfig], truths: Sequence[Truth], category_ids: Sequence[int] | None = None
) -> JoinedDataset:
    """The data of a recipe (`Recipe.data`) with the truth of each, for a model with these categories.

    Raises: DataError as `VideoDataset`.
    """
    return JoinedDataset(
        [
            VideoDataset(truth, config.images, category_ids=category_ids, first=config.first, last=config.last)
            for config, truth in zip(configs, truths, strict=True)
        ],
        [config.weight for config in configs if config.weight is not None],
    )


def refuse_empty(configs: Sequence[DataConfig], truths: Sequence[Truth]) -> None:
    """Before a training: something must be there to learn. Of several sets some may show no object.

    Raises: DataError when no frame that is used, of any set, shows an object that is no crowd.
    """
    for config, truth in zip(configs, truths, strict=True):
        for track in (track for tracks in truth.tracks.values() for track in tracks if not track.crowd):
            if any(code is not None and area(code) for code in track.segmentations[config.first : config.last]):
                return
    used = (
        f"{truth.path} (first: {config.first}, last: {'null' if config.last is None else config.last})"
        for config, truth in zip(configs, truths, strict=True)
    )
    raise DataError(
        f"{' and '.join(used)}: the frames that are used must show annotated objects that are no crowds, got none. "
        "Annotate some, or change first and last."
    )
