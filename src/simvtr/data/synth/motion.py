"""How things move: smooth paths with excursions, and the camera. Times in frames, lengths in pixels of the scene."""

from bisect import bisect_right
from dataclasses import dataclass
from operator import attrgetter

import numpy as np


@dataclass(frozen=True, slots=True)
class Swing:
    """A sum of two sines: the smooth, bounded, never quite repeating motion that everything here is made of."""

    amplitude: np.ndarray  # (2,)
    rate: np.ndarray  # (2,), radians per frame
    phase: np.ndarray  # (2,)

    @classmethod
    def draw(cls, rng: np.random.Generator, amplitude: float, period: tuple[float, float]) -> "Swing":
        share = rng.uniform(0.6, 0.9)
        rate = 2 * np.pi / rng.uniform(*period) * np.array((1.0, rng.uniform(1.7, 2.6)))
        return cls(amplitude * np.array((share, 1 - share)), rate, rng.uniform(0, 2 * np.pi, 2))

    def __call__(self, time: float) -> float:
        return float(self.amplitude @ np.sin(self.phase + self.rate * time))


@dataclass(frozen=True, slots=True)
class Excursion:
    """A trip to `target` and back: `travel` frames there, `stay` frames there, `travel` frames back."""

    start: float
    travel: float
    stay: float
    target: tuple[float, float]

    def share(self, time: float) -> float:
        """0 at home, 1 at the target, smooth between."""
        after = time - self.start
        ramp = min(after, 2 * self.travel + self.stay - after) / self.travel
        ramp = min(max(ramp, 0.0), 1.0)
        return ramp * ramp * (3 - 2 * ramp)


@dataclass(frozen=True, slots=True)
class Path:
    """Where an object is, how large and how turned: home + swing, drawn away by excursions."""

    home: tuple[float, float]
    x: Swing
    y: Swing
    turn: Swing  # radians
    spin: float  # radians per frame
    angle: float  # radians at time 0
    growth: Swing  # logarithm of the scale
    excursions: tuple[Excursion, ...] = ()  # in order of time, each over before the next

    def centre(self, time: float) -> tuple[float, float]:
        x, y = self.home[0] + self.x(time), self.home[1] + self.y(time)
        begun = bisect_right(self.excursions, time, key=attrgetter("start"))  # of thousands, in a video of hours
        if not begun:
            return x, y
        trip = self.excursions[begun - 1]
        share = trip.share(time)
        return x + share * (trip.target[0] - x), y + share * (trip.target[1] - y)

    def rotation(self, time: float) -> float:
        return self.angle + self.spin * time + self.turn(time)

    def scale(self, time: float) -> float:
        return float(np.exp(self.growth(time)))


@dataclass(frozen=True, slots=True)
class Camera:
    """Pan, zoom and slight rotation. Maps scene pixels (origin in the middle) to picture pixels."""

    width: int
    height: int
    x: Swing
    y: Swing
    turn: Swing
    zoom: Swing  # logarithm

    @classmethod
    def draw(cls, rng: np.random.Generator, width: int, height: int) -> "Camera":
        side = min(width, height)
        calm = rng.uniform(0.15, 1.0)  # from nearly a tripod to a hand on a boat
        return cls(
            width,
            height,
            Swing.draw(rng, 0.22 * side * calm, (70, 160)),
            Swing.draw(rng, 0.10 * side * calm, (70, 160)),
            Swing.draw(rng, 0.09 * calm, (60, 140)),
            Swing.draw(rng, 0.16 * calm, (60, 160)),
        )

    def matrix(self, time: float) -> np.ndarray:
        """float (2, 3)."""
        zoom, turn = np.exp(self.zoom(time)), self.turn(time)
        cos, sin = zoom * np.cos(turn), zoom * np.sin(turn)
        x, y = self.x(time), self.y(time)
        return np.array(
            (
                (cos, -sin, (self.width - 1) / 2 - cos * x + sin * y),
                (sin, cos, (self.height - 1) / 2 - sin * x - cos * y),
            )
        )
