"""A video of any length whose objects leave for hundreds of frames and return, for benchmarks/long_video.py.

Nothing of it is held: a frame is drawn when it is asked for, and its truth as well.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from simvtr.data.synth import SynthConfig
from simvtr.data.synth.clip import visible
from simvtr.data.synth.motion import Excursion
from simvtr.data.synth.render import draw
from simvtr.data.synth.scene import Scene, make_scene

WIDTH, HEIGHT, FPS = 160, 96, 25
HERE, AWAY = (60, 240), (200, 600)  # frames for which an object is seen, and for which it is gone
TRAVEL = 10  # frames to leave the picture
LOOKED = 20  # frames before an absence and after it by which an object's name is told
LEAST_IOU = 0.5  # of the object with what was found


@dataclass(frozen=True, slots=True)
class Absence:
    """Object `index` of the scene is not seen from frame `start` to before frame `stop`."""

    index: int
    start: int
    stop: int


def long_scene(frames: int, seed: int, objects: int = 8) -> Scene:
    """Objects that come and go, each at its own times; of some kinds, whose looks differ."""
    config = SynthConfig(width=WIDTH, height=HEIGHT, frames=40, occlusion="slight", objects=(objects, objects))
    rng, scene = np.random.default_rng(seed), make_scene(config, seed)
    beyond = np.array((0.72 * WIDTH, 0.95 * HEIGHT)) + 0.6 * HEIGHT
    moved = []
    for sprite in scene.objects:
        trips, time = [], -float(rng.uniform(0, 400))  # some are gone when the video begins
        while time < frames:
            angle, away = rng.uniform(0, 2 * np.pi), float(rng.uniform(*AWAY))
            target = float(np.cos(angle) * beyond[0]), float(np.sin(angle) * beyond[1])
            trips.append(Excursion(time, TRAVEL, away, target))
            time += away + 2 * TRAVEL + float(rng.uniform(*HERE))
        moved.append(replace(sprite, path=replace(sprite.path, excursions=tuple(trips))))
    return replace(scene, objects=tuple(moved), swap=None)


def absences(scene: Scene, frames: int) -> list[Absence]:
    """Those that begin and end within the video, in the order of their ends."""
    found = [
        Absence(i, round(trip.start + TRAVEL), round(trip.start + TRAVEL + trip.stay))
        for i, sprite in enumerate(scene.objects)
        for trip in sprite.path.excursions
    ]
    inside = [one for one in found if one.start >= LOOKED + TRAVEL and one.stop + TRAVEL + LOOKED < frames]
    return sorted(inside, key=lambda one: one.stop)


def names_around(
    scene: Scene, absence: Absence, found: Mapping[int, Mapping[int, np.ndarray]]
) -> tuple[object, object]:
    """The name under which the object was found most often just before its absence, and just after; None: not found.

    Args: found: frame -> name -> mask of what was found, of the frames around at least.
    """

    def name(frames: range) -> int | None:
        votes: Counter[int] = Counter()
        for frame in frames:
            truth = visible(draw(scene, frame))[0][absence.index]
            ious = [
                ((mask & truth).sum() / max(1, (mask | truth).sum()), one) for one, mask in found.get(frame, {}).items()
            ]
            if ious and max(ious)[0] >= LEAST_IOU:
                votes[max(ious)[1]] += 1
        return max(votes, key=lambda one: votes[one], default=None)

    before = range(absence.start - TRAVEL - LOOKED, absence.start)
    return name(before), name(range(absence.stop, absence.stop + TRAVEL + LOOKED))
