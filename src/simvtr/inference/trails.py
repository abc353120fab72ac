"""Where the objects of a video were in the frames before, and which of them are lost or just back: for the overlay."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from simvtr.inference.tracks import FrameTrack

TRAIL = 16  # frames that a trail reaches back
SHOWN = 12  # frames for which "lost" and "back" are said
APART = 3  # frames of absence from which an object is lost, and of presence from which it is worth saying so

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Past:
    """What the frames up to this one tell; points are (x, y) in the pixels of the frame, by identity."""

    trails: dict[int, list[Point]] = field(default_factory=dict)  # of the objects here, oldest first, this frame last
    lost: dict[int, Point] = field(default_factory=dict)  # where the object was last
    back: frozenset[int] = frozenset()


@dataclass(slots=True)
class _Seen:
    centres: deque[Point]
    frame: int  # last seen
    frames: int = 1  # seen in a row
    returned: int | None = None  # frame of its last return


class Trails:
    """Follows the objects of one video.

    >>> dot = lambda x: FrameTrack(7, 2, "ball", 0.9, np.arange(8)[None] == x)
    >>> trails = Trails()
    >>> [trails.step([dot(x)]).trails for x in (1, 2, 3)][-1]
    {7: [(1.0, 0.0), (2.0, 0.0), (3.0, 0.0)]}
    >>> [trails.step([]).lost for _ in range(3)]                 # two frames without it say nothing yet
    [{}, {}, {7: (3.0, 0.0)}]
    >>> trails.step([dot(6)])
    Past(trails={7: [(6.0, 0.0)]}, lost={}, back=frozenset({7}))
    """

    def __init__(self) -> None:
        self._seen: dict[int, _Seen] = {}  # now, or so lately that something is said of it
        self._gone: set[int] = set()  # once, before that
        self._frame = -1

    def step(self, tracks: Sequence[FrameTrack]) -> Past:
        """Take in the objects of the next frame."""
        self._frame += 1
        for track in tracks:
            centre = _centre(track.mask)
            seen = self._seen.setdefault(track.identity, _Seen(deque(maxlen=TRAIL), self._frame, 0))
            if self._frame - seen.frame > APART or track.identity in self._gone:
                self._gone.discard(track.identity)
                seen.centres.clear()
                seen.returned, seen.frames = self._frame, 0
            seen.centres.append(centre)
            seen.frame, seen.frames = self._frame, seen.frames + 1
        here = {track.identity for track in tracks}
        lost, back = {}, set()
        for identity, seen in self._seen.items():
            gone = self._frame - seen.frame
            if identity in here:
                if seen.returned is not None and self._frame - seen.returned < SHOWN:
                    back.add(identity)
            elif APART <= gone < APART + SHOWN and seen.frames >= APART:
                lost[identity] = seen.centres[-1]
        for identity in [i for i, seen in self._seen.items() if self._frame - seen.frame >= APART + SHOWN]:
            del self._seen[identity]
            self._gone.add(identity)
        return Past({i: list(self._seen[i].centres) for i in sorted(here)}, lost, frozenset(back))


def _centre(mask: np.ndarray) -> Point:
    """(x, y), the mean of the columns and of the rows of a mask."""
    columns, rows = np.count_nonzero(mask, axis=0), np.count_nonzero(mask, axis=1)
    total = max(1, int(columns.sum()))
    return float(columns @ np.arange(len(columns)) / total), float(rows @ np.arange(len(rows)) / total)
