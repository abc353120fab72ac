"""Which object a query is: what a namer of objects is given, window after window, and the report's way to name them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True, slots=True)
class Window:
    """What a segmenter found in t successive frames: n candidates, which are the same objects within the window.

    A segmenter of single images gives windows of one frame, with as many candidates as it found.
    """

    start: int  # number of its first frame; no earlier than where the last window ended
    probabilities: np.ndarray  # float (t, n, k), of each class; their sum may stay below 1 ("no object")
    masks: np.ndarray  # bool (t, n, h, w), at any size that stays the same; False where there is none
    embeddings: np.ndarray | None = None  # float (n, c), near each other for one object; None: there are none
    pictures: np.ndarray | None = None  # uint8 (t, h, w, 3), RGB, of the masks' size: colours tell objects apart
    slots: Sequence[int] | None = None  # n different numbers, the queries that found them; None: 0, 1, 2, ...


class Identity(Protocol):
    """Names the objects of one video, window after window. A new one is made for every video."""

    @property
    def doubt(self) -> int | None:
        """None: an object votes on its class in every frame. A number: only where it has a mask, and its track's
        score starts with so many frames of absence, so that a glimpse does not outrank what was seen for long."""

    def assign(self, window: Window) -> Sequence[int | None]:
        """The identity of each of the n candidates, different numbers from 0; None: not an object of its own."""
        ...


class SlotIdentity:
    """Object i is query i in every window: the report's way, exact when one window is the whole video."""

    doubt = None

    def assign(self, window: Window) -> Sequence[int | None]:
        return range(window.probabilities.shape[1]) if window.slots is None else window.slots
