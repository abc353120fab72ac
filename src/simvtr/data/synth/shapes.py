"""The outlines of the eight categories, and the wobble that keeps them from being rigid."""

from dataclasses import dataclass

import numpy as np

from simvtr.data.synth.config import CATEGORIES

POINTS = 80  # of one contour: enough that edges bend smoothly at 80 px


def _arc(start: float, stop: float, radius: float = 1.0, centre: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    angle = np.linspace(start, stop, POINTS)
    return np.stack((np.cos(angle), np.sin(angle)), 1) * radius + centre


def _star() -> np.ndarray:
    angle = np.arange(10) * np.pi / 5
    return np.stack((np.cos(angle), np.sin(angle)), 1) * np.where(np.arange(10) % 2, 0.42, 1.0)[:, None]


def _cross() -> np.ndarray:
    half = np.array([(1, -0.3), (1, 0.3), (0.3, 0.3), (0.3, 1), (-0.3, 1), (-0.3, 0.3)])
    return np.concatenate((half, -half))


def _crescent() -> np.ndarray:
    # the circle of radius 1 without the circle of radius 0.85 around (0.5, 0): they cross at angle a of the first
    a = np.arccos((1 + 0.25 - 0.85**2) / (2 * 0.5))
    b = np.arctan2(np.sin(a), np.cos(a) - 0.5)
    return np.concatenate((_arc(a, 2 * np.pi - a), _arc(2 * np.pi - b, b, 0.85, (0.5, 0.0))[1:-1]))


def _polygon(*corners: tuple[float, float]) -> np.ndarray:
    return np.array(corners)


_ROUND = _arc(0, 2 * np.pi)[:-1]
_CORNERS = {
    "disc": [_ROUND],
    "triangle": [_polygon((1, 0), (-0.5, 0.866), (-0.5, -0.866))],
    "star": [_star()],
    "crescent": [_crescent()],
    "ring": [_ROUND, 0.52 * _ROUND],
    "cross": [_cross()],
    "arrow": [_polygon((1, 0), (0.15, 0.75), (0.15, 0.24), (-0.9, 0.24), (-0.9, -0.24), (0.15, -0.24), (0.15, -0.75))],
    "hourglass": [_polygon((0.9, 0.72), (0.14, 0), (0.9, -0.72), (-0.9, -0.72), (-0.14, 0), (-0.9, 0.72))],
}


def resample(corners: np.ndarray, rounding: float = 0.0) -> np.ndarray:
    """A closed polygon as POINTS points at equal steps of its length, corners rounded by about `rounding` points."""
    closed = np.concatenate((corners, corners[:1])).astype(np.float64)
    length = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))))
    at = np.linspace(0, length[-1], POINTS, endpoint=False)
    points = np.stack([np.interp(at, length, closed[:, axis]) for axis in (0, 1)], 1)
    for _ in range(round(rounding)):
        points = 0.5 * points + 0.25 * (np.roll(points, 1, 0) + np.roll(points, -1, 0))
    return points


def _outline(name: str) -> tuple[np.ndarray, ...]:
    contours = [resample(np.asarray(corners, float), 1) for corners in _CORNERS[name]]
    middle = (contours[0].max(0) + contours[0].min(0)) / 2
    reach = np.hypot(*(contours[0] - middle).T).max()
    return tuple((contour - middle) / reach for contour in contours)


_OUTLINES = {name: _outline(name) for name in CATEGORIES}


def outline(category: int) -> tuple[np.ndarray, ...]:
    """Contours of a category at rest, filled by the even-odd rule (the ring has two).

    Args: category: id, 1 to 8.
    Returns: float (POINTS, 2) arrays of (x, y), centred, reaching to radius 1.

    >>> [len(outline(category)) for category in range(1, 9)]
    [1, 1, 1, 1, 2, 1, 1, 1]
    """
    return _OUTLINES[CATEGORIES[category - 1]]


@dataclass(frozen=True, slots=True)
class Wobble:
    """A smooth displacement of the unit plane that changes with time: three travelling waves and a squash.

    Fold-free as long as amplitude times wave number stays under 1, which `draw` sees to.
    """

    wave: np.ndarray  # (3, 2), radians per unit
    push: np.ndarray  # (3, 2), units
    rate: np.ndarray  # (4,), radians per frame; the last is the squash's
    phase: np.ndarray  # (4,)
    squash: float  # relative stretch along x, the inverse along y

    @classmethod
    def draw(cls, rng: np.random.Generator, strength: float = 1.0) -> "Wobble":
        angle = rng.uniform(0, 2 * np.pi, 6).reshape(2, 3)
        wave = np.stack((np.cos(angle[0]), np.sin(angle[0])), 1) * rng.uniform(1.2, 2.6, (3, 1))
        push = np.stack((np.cos(angle[1]), np.sin(angle[1])), 1) * rng.uniform(0.03, 0.09, (3, 1)) * strength
        rate = rng.uniform(0.12, 0.4, 4) * rng.choice((-1, 1), 4)
        return cls(wave, push, rate, rng.uniform(0, 2 * np.pi, 4), float(rng.uniform(0.02, 0.16)) * strength)

    def squashed(self, time: float) -> tuple[float, float]:
        stretch = 1 + self.squash * np.sin(self.phase[3] + self.rate[3] * time)
        return float(stretch), float(1 / stretch)

    def __call__(self, points: np.ndarray, time: float) -> np.ndarray:
        """Displaced points (p, 2) at a time in frames; the squash is left to the caller's affine map."""
        return points + np.sin(points @ self.wave.T + (self.phase + self.rate * time)[:3]) @ self.push
