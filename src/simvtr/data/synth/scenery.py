"""Surfaces: procedural textures for objects and occluders, and backgrounds with clutter. Drawn once per scene."""

import cv2
import numpy as np

from simvtr.data.synth.shapes import resample


def colour(hue: float, saturation: float, value: float) -> np.ndarray:
    """RGB float (3,) in 0..255 of a colour given by hue in turns (any), saturation and value in [0, 1].

    >>> colour(0.0, 1.0, 1.0).tolist()
    [255.0, 0.0, 0.0]
    """
    ramp = np.clip(np.abs((hue * 6 + np.array((0.0, 4.0, 2.0))) % 6 - 3) - 1, 0, 1)
    return 255 * value * (1 - saturation + saturation * ramp)


def noise(rng: np.random.Generator, height: int, width: int, cell: float, octaves: int = 4) -> np.ndarray:
    """Smooth random field, float32 (height, width) in [0, 1]; `cell` is the largest feature in pixels."""
    field = np.zeros((height, width), np.float32)
    weight = 1.0
    for _ in range(octaves):
        rows, columns = int(height / cell) + 3, int(width / cell) + 3
        coarse = rng.random((rows, columns), np.float32)
        field += weight * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        weight, cell = weight * 0.5, max(cell / 2, 1.5)
    low, high = float(field.min()), float(field.max())
    return (field - low) / max(high - low, 1e-6)


def _ramp(field: np.ndarray, colours: list[np.ndarray]) -> np.ndarray:
    """Colours a field in [0, 1]: float32 (H, W, 3), piecewise linear through the given colours."""
    at, stops = np.linspace(0, 1, 256), np.linspace(0, 1, len(colours))
    table = np.stack([np.interp(at, stops, channel) for channel in zip(*colours, strict=True)], 1)
    return table.astype(np.float32)[(field * 255).astype(np.uint8)]


def texture(rng: np.random.Generator, side: int, hue: float) -> np.ndarray:
    """Surface of an object: uint8 (side, side, 3), one of six patterns in two or three colours around a hue."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32)
    angle, period = rng.uniform(0, np.pi), rng.uniform(0.22, 0.55)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    edge = side * period / 5  # how sharp a pattern's edges are: about two pixels wide
    kind = int(rng.integers(6))
    if kind == 0:  # stripes
        field = np.sin(2 * np.pi * u / period) * edge + 0.5
    elif kind == 1:  # checks
        field = np.sin(np.pi * u / period) * np.sin(np.pi * v / period) * 2 * edge + 0.5
    elif kind == 2:  # dots
        field = (np.cos(2 * np.pi * u / period) + np.cos(2 * np.pi * v / period) - 0.7) * edge + 0.5
    elif kind == 3:  # patches, like a cow
        field = (noise(rng, side, side, side / 3.5, 2) - 0.5) * side * 0.25 + 0.5
    elif kind == 4:  # marble
        field = 0.5 + 0.5 * np.sin(2 * np.pi * u / (2 * period) + 5 * noise(rng, side, side, side / 3, 3))
    else:  # plain gradient with grain
        field = 0.5 + 0.5 * u + 0.15 * (noise(rng, side, side, 4, 1) - 0.5)
    bright, dark = sorted(rng.uniform(0.3, 1.0, 2))[::-1]
    bright = max(bright, dark + 0.18)
    first = colour(hue, rng.uniform(0.35, 0.85), min(bright, 1.0))
    second = colour(hue + rng.uniform(-0.16, 0.16), rng.uniform(0.2, 0.9), dark)
    painted = _ramp(np.clip(field, 0, 1), [first, second])
    light = 1.08 - 0.17 * (x * 0.5 + y) - 0.16 * (x * x + y * y)  # lit from above, darker towards the rim
    return np.clip(painted * light[..., None], 0, 255).astype(np.uint8)


def bark(rng: np.random.Generator, side: int, hue: float) -> np.ndarray:
    """Surface of a foreground occluder: uint8 (side, side, 3), muted, streaked along y."""
    streaks = cv2.resize(noise(rng, side, side, side / 8, 3), (side, 3 * side))[:side]
    tone = rng.uniform(0.25, 0.75)
    saturation = rng.uniform(0.05, 0.4)
    painted = _ramp(
        streaks, [colour(hue, saturation, tone * 0.65), colour(hue + 0.04, saturation, min(1, tone * 1.25))]
    )
    round_light = 1.1 - 0.5 * np.linspace(-1, 1, side, dtype=np.float32)[None, :, None] ** 2
    return np.clip(painted * round_light, 0, 255).astype(np.uint8)


def background(rng: np.random.Generator, height: int, width: int, hue: float) -> np.ndarray:
    """The world behind everything: uint8 (height, width, 3), noise in three colours, a gradient, and clutter."""
    side = min(height, width)
    field = noise(rng, height, width, side * rng.uniform(0.15, 0.7), int(rng.integers(3, 6)))
    middle = rng.uniform(0.3, 0.8)
    reach = rng.uniform(0.12, 0.3)
    tones = [
        colour(hue + rng.uniform(-0.09, 0.09), rng.uniform(0.1, 0.55), np.clip(middle + reach * step, 0.08, 1))
        for step in (-1, 0, 1)
    ]
    picture = _ramp(field, tones)
    slope = rng.uniform(-0.3, 0.3)
    picture *= (1 + slope * np.linspace(-1, 1, height, dtype=np.float32))[:, None, None]
    if rng.random() < 0.5:  # ground below a wavy horizon
        line = height * rng.uniform(0.25, 0.6) + side * 0.12 * (noise(rng, 1, width, side / 2, 3)[0] - 0.5)
        ground = _ramp(
            noise(rng, height, width, side * 0.2, 4),
            [colour(hue + rng.uniform(0.1, 0.5), rng.uniform(0.15, 0.5), middle * scale) for scale in (0.7, 1.1)],
        )
        below = np.clip(np.arange(height, dtype=np.float32)[:, None] - line[None], 0, 1)[..., None]
        picture += below * (ground - picture)
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(3, 16))):
        _clutter(rng, picture, side)
    return picture


def _clutter(rng: np.random.Generator, picture: np.ndarray, side: int) -> None:
    """Draws one thing that is not an object: a lumpy stone or a stroke, its colour taken from where it lies."""
    height, width = picture.shape[:2]
    x, y = rng.uniform(0, width), rng.uniform(0, height)
    shade = picture[int(y), int(x)].astype(float) * rng.uniform(0.6, 1.35) + rng.uniform(-18, 18, 3)
    tone = tuple(float(c) for c in np.clip(shade, 0, 255))
    if rng.random() < 0.6:
        stone = lump(rng) * side * rng.uniform(0.04, 0.16) + (x, y)
        cv2.fillPoly(picture, [np.round(stone * 16).astype(np.int32)], tone, cv2.LINE_AA, shift=4)
    else:
        turn = np.cumsum(rng.normal(0, 0.35, 12)) + rng.uniform(0, 2 * np.pi)
        steps = np.stack((np.cos(turn), np.sin(turn)), 1) * side * rng.uniform(0.015, 0.05)
        bend = np.cumsum(steps, 0) + np.array((x, y))
        thick = max(1, int(side * rng.uniform(0.005, 0.03)))
        cv2.polylines(picture, [np.round(bend * 16).astype(np.int32)], False, tone, thick, cv2.LINE_AA, shift=4)


def lump(rng: np.random.Generator) -> np.ndarray:
    """A random blob around the origin: float (POINTS, 2), radius about 1."""
    corners = int(rng.integers(5, 10))
    angle = 2 * np.pi * (np.arange(corners) + rng.uniform(-0.3, 0.3, corners)) / corners
    radius = rng.uniform(0.55, 1.1, corners)
    return resample(np.stack((np.cos(angle), np.sin(angle)), 1) * radius[:, None], 6)
