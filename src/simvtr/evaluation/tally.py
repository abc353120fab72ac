"""What videos add up to: the counts of HOTA, IDF1, switches and fragments, and the figures read off them."""

from dataclasses import dataclass

from simvtr.evaluation.frames import FrameOverlap
from simvtr.evaluation.hota import NO_COUNTS, HotaCounts, hota_counts
from simvtr.evaluation.precision import UNDEFINED
from simvtr.evaluation.switches import identity_matches, switches_and_fragments

FRACTIONS = ("HOTA", "DetA", "AssA", "LocA", "IDF1")  # of the figures; the others are counts


@dataclass(frozen=True, slots=True)
class IdentityFigures:
    """Fractions in [0, 1], -1 where nothing is to be found (LocA: where nothing is matched); counts of events."""

    HOTA: float
    DetA: float
    AssA: float
    LocA: float
    IDF1: float
    switches: int
    fragments: int


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What videos add up to: of one video by `tally`, of several by +."""

    hota: HotaCounts
    identity_matches: int
    switches: int
    fragments: int

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.hota + other.hota,
            self.identity_matches + other.identity_matches,
            self.switches + other.switches,
            self.fragments + other.fragments,
        )

    @property
    def figures(self) -> IdentityFigures:
        """The figures of these videos together."""
        hota = self.hota
        if not hota.truth:
            nothing = dict.fromkeys(FRACTIONS, UNDEFINED)
            return IdentityFigures(**nothing, switches=self.switches, fragments=self.fragments)
        return IdentityFigures(
            HOTA=float(hota.hota.mean()),
            DetA=float(hota.detection_accuracy.mean()),
            AssA=float(hota.association_accuracy.mean()),
            LocA=float(hota.localisation_accuracy.mean()) if hota.matches.any() else UNDEFINED,
            IDF1=2 * self.identity_matches / (hota.found + hota.truth),
            switches=self.switches,
            fragments=self.fragments,
        )


NOTHING = Tally(NO_COUNTS, 0, 0, 0)


def tally(video: FrameOverlap) -> Tally:
    """Every count of one video and category, from overlaps alone: nothing of the masks is needed.

    >>> import numpy as np
    >>> always = np.ones((4, 1), bool)
    >>> tally(FrameOverlap(np.full((4, 1, 1), 0.9), always, always)).figures.IDF1
    1.0
    """
    return Tally(hota_counts(video), identity_matches(video), *switches_and_fragments(video))
