"""Draws a scene at a time: picture and labels from the same geometry, far to near."""

from dataclasses import dataclass

import cv2
import numpy as np

from simvtr.data.synth.scene import Scene, Sprite

cv2.setNumThreads(0)  # pictures are small: threads cost more than they give, and training runs one process per core

OCCLUDER = 255  # label of a foreground occluder; 0 is background, i + 1 is object i
_FINE = 4  # coverage of a pixel is counted on 4 x 4 points
_EXPOSURES = 8  # pictures averaged by motion blur, over half a frame
_SHADE = 0.5  # darkness of the soft shadow that lifts a thing off what is behind it
_REACH = 1.15  # the surface covers this much of the unit plane to each side


@dataclass(frozen=True, slots=True)
class Frame:
    """One drawn frame.

    Attributes:
        picture: uint8 (H, W, 3), RGB.
        labels: uint8 (H, W): 0 background, i + 1 where object i is seen, 255 a foreground occluder.
        silhouette: int (n,), pixels that each object would cover inside the picture were nothing in front of it.
    """

    picture: np.ndarray
    labels: np.ndarray
    silhouette: np.ndarray


def draw(scene: Scene, index: int) -> Frame:
    """Draws frame `index` of a scene."""
    frame = _expose(scene, float(index))
    picture = frame.picture
    if scene.config.motion_blur:
        total = np.zeros(picture.shape, np.uint16)
        for step in range(_EXPOSURES):
            total += _expose(scene, index + 0.5 * ((step + 0.5) / _EXPOSURES - 0.5)).picture
        picture = ((total + _EXPOSURES // 2) // _EXPOSURES).astype(np.uint8)
    picture = cv2.convertScaleAbs(picture, alpha=1 + scene.light(index))
    height, width = frame.labels.shape
    down, right = (index * 7919) % 32, (index * 104729) % 31
    picture = cv2.add(picture, scene.grain[down : down + height, right : right + width], dtype=cv2.CV_8U)
    return Frame(picture, frame.labels, frame.silhouette)


def _expose(scene: Scene, time: float) -> Frame:
    width, height = scene.config.width, scene.config.height
    camera = scene.camera.matrix(time)
    rows, columns = scene.background.shape[:2]
    picture = cv2.warpAffine(
        scene.background,
        camera @ np.array(((1, 0, -(columns - 1) / 2), (0, 1, -(rows - 1) / 2), (0, 0, 1))),
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    labels = np.zeros((height, width), np.uint8)
    silhouette = np.zeros(len(scene.objects), np.int64)
    for i in scene.order(time):
        silhouette[i] = _paint(picture, labels, scene.objects[i], time, camera, i + 1)
    for occluder in scene.occluders:
        _paint(picture, labels, occluder, time, camera, OCCLUDER)
    return Frame(picture, labels, silhouette)


def _paint(picture: np.ndarray, labels: np.ndarray, sprite: Sprite, time: float, camera: np.ndarray, label: int) -> int:
    """Paints one sprite over picture and labels; returns the pixels of its silhouette inside the picture."""
    place = _compose(camera, _place(sprite, time))
    contours = [sprite.wobble(contour, time) @ place[:, :2].T + place[:, 2] for contour in sprite.contours]
    height, width = labels.shape
    low, high = contours[0].min(0), contours[0].max(0)
    soft = 1 + min(height, width) // 45  # reach of the shadow, pixels
    left, top = max(int(low[0]) - soft, 0), max(int(low[1]) - soft, 0)
    right, bottom = min(int(high[0]) + 2 * soft + 1, width), min(int(high[1]) + 2 * soft + 1, height)
    if left >= right or top >= bottom:
        return 0
    # coverage: the outline filled on a grid four times as fine (its coordinates in sixteenths), then averaged
    fine = np.zeros(((bottom - top) * _FINE, (right - left) * _FINE), np.uint8)
    corner = np.array((left - 0.5, top - 0.5))
    points = [np.round(((contour - corner) * _FINE - 0.5) * 16).astype(np.int32) for contour in contours]
    cv2.fillPoly(fine, points, 255, cv2.LINE_8, shift=4)
    cover = cv2.resize(fine, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    mask = cover > 127
    # the surface, moved by the same map (without the wobble) into the same crop
    step = 2 * _REACH / (sprite.surface.shape[0] - 1)
    to_crop = _compose(place, np.array(((step, 0, -_REACH), (0, step, -_REACH))))
    to_crop[:, 2] -= (left, top)
    surface = cv2.warpAffine(
        sprite.surface,
        to_crop,
        (right - left, bottom - top),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    crop = picture[top:bottom, left:right]
    weight = cover.astype(np.float32) * np.float32(1 / 255)
    window = 2 * soft + 1
    dark = cv2.blur(weight, (window, window), anchor=(soft + 1, window - 1), borderType=cv2.BORDER_REPLICATE) * _SHADE
    shaded = cv2.blendLinear(np.zeros_like(surface), np.ascontiguousarray(crop), dark, 1 - dark)
    crop[...] = cv2.blendLinear(surface, shaded, weight, 1 - weight)
    labels[top:bottom, left:right][mask] = label
    return int(np.count_nonzero(mask))


def _place(sprite: Sprite, time: float) -> np.ndarray:
    """Unit plane to scene, float (2, 3): squash, size, rotation, centre."""
    path = sprite.path
    turn, scale, (x, y) = path.rotation(time), path.scale(time), path.centre(time)
    wide, tall = sprite.wobble.squashed(time)
    wide, tall = wide * scale * sprite.size[0], tall * scale * sprite.size[1]
    cos, sin = np.cos(turn), np.sin(turn)
    return np.array(((cos * wide, -sin * tall, x), (sin * wide, cos * tall, y)))


def _compose(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The affine map `first`, then `second`; all float (2, 3)."""
    both = second[:, :2] @ first
    both[:, 2] += second[:, 2]
    return both
