"""What the page's table says of one track."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from simvtr.rle import area
from simvtr.schema import Track


@dataclass(frozen=True, slots=True)
class TrackRow:
    """One track as the page shows it.

    Attributes:
        identity: its number in the overlay.
        category: name; any text, it is escaped.
        score: in [0, 1]; NaN shows as a dash.
        present: one bool a frame of the video.
        mean_area: pixels, over the frames where it is present; NaN if it never is.
        colour: RGB, 0 to 255, the one it has in the overlay.

    >>> row = TrackRow(3, "dog", 0.9, present=(False, True, True, False, True), mean_area=120.0)
    >>> row.frames, row.first, row.last, row.runs
    (3, 1, 4, [(1, 2), (4, 4)])
    """

    identity: int
    category: str
    score: float
    present: Sequence[bool]
    mean_area: float = math.nan
    colour: tuple[int, int, int] = (110, 120, 140)

    @property
    def frames(self) -> int:
        """Number of frames where it is present."""
        return sum(map(bool, self.present))

    @property
    def first(self) -> int | None:
        """First frame where it is present, from 0; None if it never is."""
        return self.runs[0][0] if self.runs else None

    @property
    def last(self) -> int | None:
        """Last frame where it is present; None if it never is."""
        return self.runs[-1][1] if self.runs else None

    @property
    def runs(self) -> list[tuple[int, int]]:
        """Unbroken stretches of presence as (first, last) frame, both included."""
        found: list[tuple[int, int]] = []
        for frame, here in enumerate(self.present):
            if not here:
                continue
            if found and found[-1][1] == frame - 1:
                found[-1] = (found[-1][0], frame)
            else:
                found.append((frame, frame))
        return found


def track_row(
    track: Track, *, category: str, identity: int | None = None, colour: tuple[int, int, int] = (110, 120, 140)
) -> TrackRow:
    """The row of a found track; `identity` only where the track carries none.

    >>> from simvtr.rle import encode; import numpy as np
    >>> track = Track(category_id=1, score=0.5, segmentations=(None, encode(np.ones((2, 3), bool))), identity=7)
    >>> track_row(track, category="ball")
    TrackRow(identity=7, category='ball', score=0.5, present=(False, True), mean_area=6.0, colour=(110, 120, 140))
    """
    number = track.identity if track.identity is not None else identity
    if number is None:
        raise ValueError("track_row: identity must be given for a track that carries none")
    areas = [0 if mask is None else area(mask) for mask in track.segmentations]
    present = tuple(pixels > 0 for pixels in areas)
    mean = sum(areas) / sum(present) if any(present) else math.nan
    return TrackRow(number, category, track.score, present, mean, colour)
