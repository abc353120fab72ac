"""Changes to a clip, the same for all its frames and masks; and the way from pixels to the network (SPEC §3).

Boxes and presence are never carried along: they are computed from the changed masks, so they cannot drift from them.
Masks are resized with the picture's own interpolation and cut at one half, so they follow its edges exactly.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from simvtr.config import AugmentConfig
from simvtr.data.dataset import Batch, Clip, Target

MEAN = (0.485, 0.456, 0.406)  # ImageNet, RGB in [0, 1]
DEVIATION = (0.229, 0.224, 0.225)

_SCALE = torch.tensor([1 / (255 * d) for d in DEVIATION]).view(3, 1, 1)
_SHIFT = torch.tensor([m / d for m, d in zip(MEAN, DEVIATION, strict=True)]).view(3, 1, 1)
_GREY = np.array([0.299, 0.587, 0.114])  # luma weights of R, G, B
_CROP_TRIES = 10
PASTED = 3  # objects at most, of another clip


def fitted(height: int, width: int, short_side: int | None, long_side: int) -> tuple[int, int]:
    """Height and width after the shorter side became `short_side`, or less where the longer would exceed `long_side`.

    None keeps the size. Source: DETR's `get_size_with_aspect_ratio`.

    >>> fitted(240, 432, 300, 540), fitted(432, 240, 300, 600), fitted(96, 160, None, 100)
    ((300, 540), (540, 300), (96, 160))
    """
    if short_side is None:
        return height, width
    short, long = min(height, width), max(height, width)
    if long / short * short_side > long_side:
        short_side = max(1, round(long_side * short / long))
    stretched = short_side * long // short
    return (short_side, stretched) if height <= width else (stretched, short_side)


def resize(clip: Clip, short_side: int | None, long_side: int) -> Clip:
    """The clip at another size (see `fitted`): area average when smaller, bilinear when larger.

    A mask pixel is set where at least half of it is covered, so an object thinner than half a new pixel may vanish.
    """
    height, width = clip.frames.shape[1:3]
    return at_size(clip, fitted(height, width, short_side, long_side))


def at_size(clip: Clip, size: tuple[int, int]) -> Clip:
    """The clip at a height and width; see `resize`."""
    if size == clip.frames.shape[1:3]:
        return clip
    masks = clip.masks.reshape(-1, *clip.masks.shape[2:])
    resized = _resize_all(masks.astype(np.uint8) * 255, size) > 127
    return Clip(_resize_all(clip.frames, size), resized.reshape(*clip.masks.shape[:2], *size), clip.labels)


def _resize_all(pictures: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 (t, H, W, ...) -> (t, *size, ...)."""
    smaller = size[0] * size[1] < pictures.shape[1] * pictures.shape[2]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    resized = np.empty((len(pictures), *size, *pictures.shape[3:]), np.uint8)
    for source, target in zip(pictures, resized, strict=True):
        if source.any():  # most masks of a crowded clip are empty somewhere
            cv2.resize(np.ascontiguousarray(source), size[::-1], dst=target, interpolation=how)
        else:
            target[:] = 0
    return resized


def flip(clip: Clip) -> Clip:
    """Left becomes right."""
    return Clip(clip.frames[:, :, ::-1].copy(), clip.masks[..., ::-1].copy(), clip.labels)


def reverse(clip: Clip) -> Clip:
    """The last frame comes first."""
    return Clip(clip.frames[::-1].copy(), clip.masks[:, ::-1].copy(), clip.labels)


def crop(clip: Clip, top: int, left: int, height: int, width: int) -> Clip:
    """A part of the picture; objects outside of it become absent, and stay listed."""
    rows, columns = slice(top, top + height), slice(left, left + width)
    return Clip(clip.frames[:, rows, columns], clip.masks[..., rows, columns], clip.labels)


def random_crop(clip: Clip, config: AugmentConfig, rng: np.random.Generator) -> Clip:
    """A crop of random size and place, as if cut after a first resize to one of `config.crop_resize`.

    VisTR resizes, crops and resizes again. Here the crop is taken from the original pixels, at the place and extent
    it would have had, so the clip is interpolated once. Of a clip with objects a crop that shows none of them is
    drawn again, up to ten times; then the clip stays whole.
    """
    height, width = clip.frames.shape[1:3]
    scale = int(rng.choice(config.crop_resize)) / min(height, width)
    least, most = config.crop_size
    occupied = np.any(clip.masks, axis=(0, 1))
    for _ in range(_CROP_TRIES):
        h, w = (_crop_side(side, scale, least, most, rng) for side in (height, width))
        top, left = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
        if not len(clip.labels) or occupied[top : top + h, left : left + w].any():
            return crop(clip, top, left, h, w)
    return clip


def _crop_side(side: int, scale: float, least: int, most: int, rng: np.random.Generator) -> int:
    """Original pixels of a crop side drawn from least..most pixels of the scaled picture, at most the whole side."""
    limit = max(1, round(side * scale))
    drawn = rng.integers(min(least, limit), min(most, limit) + 1)
    return min(side, max(1, round(drawn / scale)))


def colour_map(config: AugmentConfig, rng: np.random.Generator) -> np.ndarray | None:
    """A random change of colour as one affine map: float64 (3, 4), RGB in 0..255; None: no change.

    The ranges are those of SSD and VisTR: brightness ±32, contrast and saturation ×0.5..1.5, hue ±18°, each with
    chance `config.photometric`; saturation and hue act linearly, about grey, instead of in HSV, so all of it is one
    pass over the pixels and clips once. Then, with its own chance, a permutation of the channels.
    """
    colour = np.eye(3, 4)
    if rng.random() < config.photometric:
        colour[:, 3] += rng.uniform(-32, 32)
    if rng.random() < config.photometric:
        colour *= rng.uniform(0.5, 1.5)
    if rng.random() < config.photometric:
        keep = rng.uniform(0.5, 1.5)
        colour = (keep * np.eye(3) + (1 - keep) * np.tile(_GREY, (3, 1))) @ colour
    if rng.random() < config.photometric:
        angle = np.deg2rad(rng.uniform(-18, 18))
        axis = np.cross(np.eye(3), np.full(3, 3**-0.5))  # rotation about the grey axis (Rodrigues)
        colour = (np.cos(angle) * np.eye(3) + np.sin(angle) * axis + (1 - np.cos(angle)) / 3) @ colour
    if rng.random() < config.permute_channels:
        colour = colour[rng.permutation(3)]
    return None if np.array_equal(colour, np.eye(3, 4)) else colour


def augment(clip: Clip, config: AugmentConfig, rng: np.random.Generator) -> Clip:
    """A random variant of the clip: one draw for all frames and masks.

    In this order: flip, reverse, crop, resize to one of `short_sides`, colour. Objects that are no longer visible in
    any frame are dropped. The result is contiguous and owns its memory, or is the clip itself if nothing changed.
    """
    if rng.random() < config.flip:
        clip = flip(clip)
    if rng.random() < config.reverse:
        clip = reverse(clip)
    if rng.random() < config.crop:
        clip = random_crop(clip, config, rng)
    if config.short_sides:
        clip = resize(clip, int(rng.choice(config.short_sides)), config.long_side)
    frames = np.ascontiguousarray(clip.frames)
    colour = colour_map(config, rng)
    if colour is not None:
        frames = cv2.transform(frames.reshape(-1, *frames.shape[2:]), colour).reshape(frames.shape)
    return Clip(frames, np.ascontiguousarray(clip.masks), clip.labels).without_absent()


def paste(clip: Clip, other: Clip, rng: np.random.Generator) -> Clip:
    """Up to three objects of another clip in front of this one's: what they hide is no longer in any mask (ours).

    The other clip is brought to this one's size; its objects stay where they are in every frame, so they move as they
    did. Boxes and presence follow from the masks that are left; objects that nothing is left of are dropped.
    Source of the idea: simple copy-paste (arXiv 2012.07177), here with whole tracks.
    Raises: ValueError when the clips differ in frames.

    >>> one, two = np.zeros((1, 1, 1, 4), bool), np.zeros((1, 1, 1, 4), bool)
    >>> one[..., :3], two[..., 2:] = True, True  # they share the third pixel
    >>> black, white = np.zeros((1, 1, 4, 3), np.uint8), np.full((1, 1, 4, 3), 255, np.uint8)
    >>> both = paste(Clip(black, one, np.array([5])), Clip(white, two, np.array([6])), np.random.default_rng(0))
    >>> both.labels.tolist(), both.masks[:, 0, 0].astype(int).tolist(), both.frames[0, 0, :, 0].tolist()
    ([5, 6], [[1, 1, 0, 0], [0, 0, 1, 1]], [0, 0, 255, 255])
    """
    if len(clip.frames) != len(other.frames):
        raise ValueError(f"paste: clips must have as many frames, got {len(clip.frames)} and {len(other.frames)}")
    if not len(other.labels):
        return clip
    chosen = rng.permutation(len(other.labels))[: rng.integers(1, PASTED + 1)]
    other = at_size(Clip(other.frames, other.masks[chosen], other.labels[chosen]), clip.frames.shape[1:3])
    front = np.any(other.masks, axis=0)
    frames = np.where(front[..., None], other.frames, clip.frames)
    masks = np.concatenate((clip.masks & ~front, other.masks))
    return Clip(frames, masks, np.concatenate((clip.labels, other.labels))).without_absent()


def normalised(frames: np.ndarray) -> Tensor:
    """uint8 (t, H, W, 3) -> float32 (t, 3, H, W), ImageNet's mean and deviation taken out.

    >>> white = normalised(np.full((1, 1, 1, 3), 255, np.uint8))
    >>> [round(value, 4) for value in white.flatten().tolist()]  # (1 - mean) / deviation
    [2.2489, 2.4286, 2.64]
    """
    channels_first = torch.from_numpy(frames.transpose(0, 3, 1, 2).copy())
    return channels_first.float().mul_(_SCALE).sub_(_SHIFT)


def pixels_of(pictures: Tensor) -> np.ndarray:
    """Back from `normalised`: float (t, 3, h, w) -> uint8 (t, h, w, 3).

    >>> pixels_of(normalised(np.full((1, 1, 1, 3), 200, np.uint8))).tolist()
    [[[[200, 200, 200]]]]
    """
    pixels = pictures.float().add(_SHIFT.to(pictures.device)).div_(_SCALE.to(pictures.device)).round_().clamp_(0, 255)
    return pixels.to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def to_input(frames: np.ndarray | Tensor, short_side: int | None, long_side: int) -> Tensor:
    """Frames as the network takes them; the same numbers as in training without augmentation.

    Args:
        frames: uint8 (t, H, W, 3), RGB.
        short_side, long_side: see `fitted`; None keeps the size.
    Returns: float32 (t, 3, h, w) on the CPU.
    Raises: ValueError when shape or type differ.

    >>> to_input(np.zeros((2, 240, 432, 3), np.uint8), 120, 540).shape
    torch.Size([2, 3, 120, 216])
    """
    pixels = frames.detach().cpu().numpy() if isinstance(frames, Tensor) else np.asarray(frames)
    if pixels.ndim != 4 or pixels.shape[3] != 3 or pixels.dtype != np.uint8:
        raise ValueError(f"to_input: frames must be uint8 (t, H, W, 3), got {pixels.dtype} {pixels.shape}")
    height, width = pixels.shape[1:3]
    size = fitted(height, width, short_side, long_side)
    return normalised(pixels if size == (height, width) else _resize_all(pixels, size))


def boxes_of(masks: np.ndarray) -> np.ndarray:
    """Smallest boxes around masks.

    Args:
        masks: bool (..., H, W).
    Returns: float32 (..., 4): centre x, centre y, width, height, as shares of W and H; zeros for an empty mask.

    >>> mask = np.zeros((4, 8), bool); mask[1:3, 2:6] = True  # rows 1..2 of 4, columns 2..5 of 8
    >>> boxes_of(mask).tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    height, width = masks.shape[-2:]
    across, down = np.any(masks, axis=-2), np.any(masks, axis=-1)
    left, right = across.argmax(-1), width - across[..., ::-1].argmax(-1)
    top, bottom = down.argmax(-1), height - down[..., ::-1].argmax(-1)
    corners = ((left + right) / 2 / width, (top + bottom) / 2 / height, (right - left) / width, (bottom - top) / height)
    return (np.stack(corners, -1) * across.any(-1)[..., None]).astype(np.float32)


def collate(clips: Sequence[Clip]) -> Batch:
    """One batch of clips with the same number of frames, padded to the largest height and width.

    Raises: ValueError when there is no clip, or when they differ in frames.
    """
    lengths = {len(clip.frames) for clip in clips}
    if len(lengths) != 1:
        raise ValueError(f"collate: clips of one batch must have the same number of frames, got {sorted(lengths)}")
    sizes = [clip.frames.shape[1:3] for clip in clips]
    height, width = (max(side) for side in zip(*sizes, strict=True))
    frames = torch.zeros(len(clips), lengths.pop(), 3, height, width)
    padding = torch.ones(len(clips), height, width, dtype=torch.bool)
    for clip, (h, w), picture, outside in zip(clips, sizes, frames, padding, strict=True):
        picture[..., :h, :w] = normalised(clip.frames)
        outside[:h, :w] = False
    return Batch(
        frames=frames,
        padding=padding if padding.any() else None,
        targets=[
            Target(
                labels=torch.from_numpy(clip.labels.astype(np.int64)),
                boxes=torch.from_numpy(boxes_of(clip.masks)),
                masks=torch.from_numpy(clip.masks.copy()),  # a reversed view has strides torch refuses
                present=torch.from_numpy(clip.present),
            )
            for clip in clips
        ],
        sizes=torch.tensor(sizes),
    )
