"""A scene: background, camera, objects in depth order, occluders in front. Everything random is drawn here."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from simvtr.data.synth.config import CATEGORIES, Level, SynthConfig
from simvtr.data.synth.motion import Camera, Excursion, Path, Swing
from simvtr.data.synth.scenery import background, bark, lump, texture
from simvtr.data.synth.shapes import Wobble, outline, resample


@dataclass(frozen=True, slots=True)
class Sprite:
    """Anything with an outline: contours in the unit plane, stretched by `size`, painted with `surface`."""

    contours: tuple[np.ndarray, ...]
    size: tuple[float, float]  # half width and half height in scene pixels
    surface: np.ndarray  # uint8 (s, s, 3), covers [-1.15, 1.15] of the unit plane
    wobble: Wobble
    path: Path
    category: int = 0  # 0 for an occluder


@dataclass(frozen=True, slots=True)
class Scene:
    """All that `render.draw` needs. Objects from far to near; `swap` is (time, i, j): two objects change depth."""

    config: SynthConfig
    background: np.ndarray
    camera: Camera
    objects: tuple[Sprite, ...]
    occluders: tuple[Sprite, ...]
    grain: np.ndarray  # int8 (H + 32, W + 32, 3), sensor noise, shifted in every frame
    light: Swing  # brightness over time
    swap: tuple[float, int, int] | None

    def order(self, time: float) -> list[int]:
        """Places of the objects in `objects`, far to near, at a time."""
        order = list(range(len(self.objects)))
        if self.swap and time >= self.swap[0]:
            _, i, j = self.swap
            order[i], order[j] = order[j], order[i]
        return order


def make_scene(config: SynthConfig, seed: int) -> Scene:
    """Draws a scene. The same config and seed give the same scene; no global state is read or written."""
    rng = np.random.default_rng(seed)
    level = config.level(seed)
    hue = rng.random()
    world = background(rng, int(config.height * 1.5), int(config.width * 1.5), hue)
    camera = Camera.draw(rng, config.width, config.height)
    occluders = tuple(
        _occluder(rng, config, hue) for _ in range(rng.integers(level.occluders[0], level.occluders[1] + 1))
    )
    objects = _objects(rng, config, level, occluders, hue)
    grain = np.clip(rng.normal(0, config.noise, (config.height + 32, config.width + 32)), -127, 127)
    scene_grain = np.repeat(np.round(grain).astype(np.int8)[..., None], 3, 2)
    light = Swing.draw(rng, rng.uniform(0.0, 0.1), (50, 150))
    swap = _swap(rng, objects, config.frames) if rng.random() < 0.2 else None
    return Scene(config, world, camera, objects, occluders, scene_grain, light, swap)


def _objects(
    rng: np.random.Generator, config: SynthConfig, level: Level, occluders: tuple[Sprite, ...], hue: float
) -> tuple[Sprite, ...]:
    """Objects from far to near. Each has its own random stream, so that one's trips do not change the others."""
    side = min(config.width, config.height)
    count = int(rng.integers(config.objects[0], config.objects[1] + 1))
    herd = rng.random() < 0.25  # one category in nearly one colour, as in a herd: only outline and motion tell apart
    shared = int(rng.integers(1, len(CATEGORIES) + 1)), hue + rng.uniform(0.1, 0.9)
    middle = rng.uniform(-0.25, 0.25, 2) * (1 - level.spread) * (config.width, config.height)
    room = np.array((0.55 * config.width, 0.5 * config.height)) * level.spread
    depth = rng.permutation(count)
    sprites = []
    for index, own in enumerate(rng.spawn(count)):
        category = shared[0] if herd else int(own.integers(1, len(CATEGORIES) + 1))
        tint = shared[1] + own.uniform(-0.03, 0.03) if herd else hue + own.uniform(0.08, 0.92)
        radius = side / 2 * (config.size[0] + own.uniform(*level.size) * (config.size[1] - config.size[0]))
        surface = texture(own, max(16, int(radius * 2.6)), tint)
        wobble = Wobble.draw(own)
        # homes on a sunflower spiral with jitter: apart from each other as far as `spread` lets them
        angle, reach = 2.4 * index + own.uniform(-0.5, 0.5), np.sqrt((index + 0.5) / count)
        home = middle + np.array((np.cos(angle), np.sin(angle))) * reach * room
        path = _path(own, config, level, (float(home[0]), float(home[1])), radius, occluders)
        sprites.append(Sprite(outline(category), (radius, radius), surface, wobble, path, category))
    return tuple(sprites[i] for i in depth)


def _path(
    rng: np.random.Generator,
    config: SynthConfig,
    level: Level,
    home: tuple[float, float],
    radius: float,
    occluders: tuple[Sprite, ...],
) -> Path:
    side = min(config.width, config.height)
    sway = rng.uniform(*level.sway) * side
    path = Path(
        home,
        Swing.draw(rng, sway * rng.uniform(0.8, 1.8), (50, 120)),
        Swing.draw(rng, sway * rng.uniform(0.5, 1.0), (40, 100)),
        Swing.draw(rng, rng.uniform(0.05, 0.5), (40, 100)),
        float(rng.normal(0, 0.015)),
        float(rng.uniform(0, 2 * np.pi)),
        Swing.draw(rng, rng.uniform(0.05, 0.3), (50, 140)),
    )
    trips = []  # drawn last and in order of time: a longer clip has the shorter one's trips, then more
    time = rng.uniform(-30, 10)
    rate = level.leave + (level.hide if occluders else 0)
    while (time := time + rng.exponential(100 / rate)) < config.frames:
        if rng.random() * rate < level.leave:
            toward = rng.uniform(-0.5, 0.5) + (0 if rng.random() < 0.5 else np.pi)  # mostly to the left or right
            beyond = (config.width * 0.72 + radius * 2, config.height * 0.95 + radius * 2)
            target = (np.cos(toward) * beyond[0], np.sin(toward) * beyond[1])
        else:
            behind = occluders[int(rng.integers(len(occluders)))]
            target = behind.path.home
            if behind.size[1] > config.height:  # a trunk: anywhere along it
                target = (target[0], float(np.clip(home[1], -0.3 * side, 0.3 * side)))
        trip = Excursion(time, rng.uniform(7, 13), rng.uniform(2, 8), (float(target[0]), float(target[1])))
        trips.append(trip)
        time += 2 * trip.travel + trip.stay
    return dataclasses.replace(path, excursions=tuple(trips))


def _occluder(rng: np.random.Generator, config: SynthConfig, hue: float) -> Sprite:
    """A trunk from edge to edge of the picture, a wall, or a bush; sways a little, is not labelled."""
    side = min(config.width, config.height)
    kind = rng.random()
    x = float(rng.uniform(-0.38, 0.38) * config.width)
    y = 0.0
    if kind < 0.45:  # trunk or post, slightly bent
        bend = rng.uniform(-0.5, 0.5, 3)
        edge = np.linspace(-1, 1, 12)
        axis = bend[0] * edge**2 + bend[1] * edge**3
        width = 1 - 0.15 * edge * bend[2]
        contour = np.concatenate((np.stack((axis - width, edge), 1), np.stack((axis + width, edge), 1)[::-1]))
        size = (side * rng.uniform(0.06, 0.19), config.height * 1.1)
    elif kind < 0.65:  # wall or board
        contour = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) + rng.uniform(-0.12, 0.12, (4, 2))
        size = (side * rng.uniform(0.16, 0.28), side * rng.uniform(0.16, 0.34))
        y = float(rng.uniform(-0.25, 0.3) * config.height)
    else:  # bush or stone
        contour = lump(rng)
        size = (side * rng.uniform(0.2, 0.34), side * rng.uniform(0.18, 0.3))
        y = float(rng.uniform(-0.25, 0.35) * config.height)
    still = Swing.draw(rng, 0.0, (50, 100))
    tilt = float(rng.uniform(-0.08, 0.08))
    path = Path((x, y), still, still, Swing.draw(rng, 0.01, (30, 60)), 0.0, tilt, still)
    surface = bark(rng, max(16, int(side * 0.4)), hue + rng.uniform(-0.2, 0.2))
    return Sprite((resample(contour, 1),), size, surface, Wobble.draw(rng, 0.12), path)


def _swap(rng: np.random.Generator, objects: tuple[Sprite, ...], frames: int) -> tuple[float, int, int] | None:
    """Two objects that change depth while they are farthest apart, if they are ever clear of each other."""
    if len(objects) < 2:
        return None
    i, j = (int(k) for k in rng.choice(len(objects), 2, replace=False))
    times = range(0, frames, 2)
    apart = [np.subtract(objects[i].path.centre(t), objects[j].path.centre(t)) for t in times]
    distance = np.hypot(*np.array(apart).T)
    best = int(distance.argmax())
    clear = distance[best] > 1.3 * (objects[i].size[0] + objects[j].size[0])
    return (float(times[best]), i, j) if clear else None
