"""An object that is gone for some frames and returns, for benchmarks/identity.py: does it come back with its name?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simvtr.data.synth import SynthConfig
from simvtr.data.synth.clip import visible
from simvtr.data.synth.render import draw
from simvtr.data.synth.scene import make_scene

BEFORE, AFTER = 12, 12  # frames in which the object is seen
LEAST_IOU = 0.5  # of the object with a query that has found it


@dataclass(frozen=True, slots=True)
class Scene:
    """Three objects that move; one is taken out of the picture for `gap` frames, while all goes on."""

    gap: int
    seed: int

    def frames(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Picture (H, W, 3) and the object's mask (H, W), frame by frame."""
        length = BEFORE + self.gap + AFTER
        config = SynthConfig(width=160, height=96, frames=length, occlusion="slight", objects=(3, 3))
        scene = replace(make_scene(config, self.seed), swap=None)
        largest = int(np.argmax(draw(scene, BEFORE - 1).silhouette))
        rest = replace(scene, objects=tuple(o for i, o in enumerate(scene.objects) if i != largest))
        for index in range(length):
            hidden = BEFORE <= index < BEFORE + self.gap
            frame = draw(rest if hidden else scene, index)
            nothing = np.zeros(frame.labels.shape, bool)
            yield frame.picture, nothing if hidden else visible(frame)[0][largest]


def names_around(
    found: Sequence[Sequence[tuple[int, np.ndarray]]], truth: Sequence[np.ndarray], gap: int
) -> tuple[int | None, int | None]:
    """The object's name when last found before the gap and at the end of the video; None where it was not found.

    Args:
        found: (name, mask) of the objects of each frame.
        truth: the object's mask in each frame.
    """

    def name(frames: Sequence[int]) -> int | None:
        for frame in frames:
            ious = [((mask & truth[frame]).sum() / (mask | truth[frame]).sum(), name) for name, mask in found[frame]]
            if ious and max(ious)[0] >= LEAST_IOU:
                return max(ious)[1]
        return None

    end = BEFORE + gap
    return name(range(BEFORE - 1, -1, -1)), name(range(end + AFTER - 1, end - 1, -1))
