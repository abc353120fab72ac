"""A clip in memory: frames, visible masks, categories and visible fractions, ready for training and tests."""

from dataclasses import dataclass

import numpy as np

from simvtr.data.synth.config import MIN_VISIBLE_PIXELS, NO_OCCLUSION_ABOVE, SLIGHT_OCCLUSION_ABOVE, SynthConfig
from simvtr.data.synth.render import Frame, draw
from simvtr.data.synth.scene import make_scene


@dataclass(frozen=True, slots=True)
class Clip:
    """A synthetic clip of t frames with n objects (those that appear in at least one frame).

    Attributes:
        frames: uint8 (t, H, W, 3), RGB.
        masks: bool (n, t, H, W), visible pixels; disjoint between objects.
        categories: int64 (n,), ids 1 to 8.
        visible_fraction: float64 (n, t), visible pixels over the pixels of the whole silhouette inside the picture
            (OVIS labels occlusion by others, not by the picture's edge); 0 where fully hidden or nearly
            (MIN_VISIBLE_PIXELS), nan where the object is outside the picture.
    """

    frames: np.ndarray
    masks: np.ndarray
    categories: np.ndarray
    visible_fraction: np.ndarray


def make_clip(config: SynthConfig, seed: int) -> Clip:
    """Draws a clip. The same config and seed give the same clip; needs no file and no global state.

    Args:
        config: what to draw.
        seed: any integer >= 0.
    Raises: ValueError on a negative seed.

    >>> clip = make_clip(SynthConfig(width=160, height=96, frames=3, objects=(2, 2)), seed=0)
    >>> clip.frames.shape, clip.masks.shape, clip.categories.shape
    ((3, 96, 160, 3), (2, 3, 96, 160), (2,))
    """
    if seed < 0:
        raise ValueError(f"make_clip: seed must be an integer >= 0, got {seed}")
    scene = make_scene(config, seed)
    t, n = config.frames, len(scene.objects)
    frames = np.empty((t, config.height, config.width, 3), np.uint8)
    masks = np.empty((n, t, config.height, config.width), bool)
    fraction = np.empty((n, t))
    for index in range(t):
        frame = draw(scene, index)
        frames[index] = frame.picture
        masks[:, index], fraction[:, index] = visible(frame)
    seen = (fraction > 0).any(1)
    categories = np.array([sprite.category for sprite in scene.objects], np.int64)
    return Clip(frames, masks[seen], categories[seen], fraction[seen])


def visible(frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Masks bool (n, H, W) and visible fractions (n,) of a drawn frame, by the rules of `Clip`."""
    n = len(frame.silhouette)
    masks = frame.labels == np.arange(1, n + 1, dtype=np.uint8)[:, None, None]
    pixels = np.bincount(frame.labels.ravel(), minlength=256)[1 : n + 1]
    too_few = pixels < MIN_VISIBLE_PIXELS
    masks[too_few] = False
    with np.errstate(invalid="ignore"):
        fraction = np.where(
            frame.silhouette < MIN_VISIBLE_PIXELS, np.nan, np.where(too_few, 0, pixels) / frame.silhouette
        )
    return masks, fraction


def occlusion_label(fraction: float) -> str | None:
    """OVIS's label of a visible fraction; None where nothing is visible.

    >>> [occlusion_label(f) for f in (1.0, 0.95, 0.5, 0.0, float("nan"))]
    ['no_occlusion', 'slight_occlusion', 'severe_occlusion', None, None]
    """
    if not fraction > 0:  # nan too
        return None
    if fraction > NO_OCCLUSION_ABOVE:
        return "no_occlusion"
    return "slight_occlusion" if fraction > SLIGHT_OCCLUSION_ABOVE else "severe_occlusion"
