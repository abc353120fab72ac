"""One audited pair as the rules of findings read it: what a measure keeps under an attack, and how it is put in words.

AP without more is AP as strict scores it; with the reference's rules it is called "AP under the public evaluator".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from simvtr.auditing.audit import MEASURES, Finding, Row
from simvtr.auditing.linter import Remark

AP, REFERENCE_AP = "strict.AP", "ytvos.AP"
NAMES = {key: key for key in MEASURES} | {
    AP: "AP",
    REFERENCE_AP: "AP under the public evaluator",
    "strict.AP50": "AP50",
    "strict.AR10": "AR10",
}
WHOLE = tuple(key for key in MEASURES if not key.startswith("AP "))  # not of a group, which may be a single track
STRICT = tuple(key for key in WHOLE if key != REFERENCE_AP)
UNSEEN = 0.01  # of the honest value: a measure that changes by less does not see a damage; a smaller gain is none
SAME = 1e-7  # of the honest value: what rounding can change is no change
FLOOR = 0.01  # an honest value below has nothing to keep or to lose, and a gain is told in points: as much, or none


class Mechanism(StrEnum):
    """Where docs/metric.md describes why a finding is as it is."""

    DIALECTS = "docs/metric.md#5-two-dialects"
    SHORT_LISTS = "docs/metric.md#short-lists"
    ABSTENTION = "docs/metric.md#abstention"
    FREE_TRACKS = "docs/metric.md#free-tracks"
    STILL_FRAMES = "docs/metric.md#held-and-shuffled-frames"
    LINKS = "docs/metric.md#cut-and-swapped-tracks"
    CATEGORIES = "docs/metric.md#mistaken-categories"
    BLIND = "docs/metric.md#blind-measures"
    BOUNDARIES = "docs/metric.md#boundaries"
    ORDER = "docs/metric.md#the-order-of-scores"
    PROBES = "docs/metric.md#how-much-needs-tracking"
    CEILING = "docs/metric.md#the-ceiling"


@dataclass(frozen=True, slots=True)
class Gain:
    """What an attack adds to a measure: severity, and in words, as "raises AP by 9.0 %"."""

    severity: float
    says: str
    after: float


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """All that the rules read.

    Args:
        honest: the results as they came; refused where strict refuses them.
        rows: of the attacks (`ATTACKS`), by slug.
        probes: of the truth alone (`PROBES` of matrix.py), by slug.
        remarks: of the linter.
        errors, ladder: `ErrorTypes.as_dict()`, and `Step.as_dict()` of each step; without them nothing is said of
            mistaken categories.
        interval: of strict AP, {"low", "high", "confidence"}.
    """

    honest: Row
    rows: Mapping[str, Row] = field(default_factory=dict)
    probes: Mapping[str, Row] = field(default_factory=dict)
    remarks: Sequence[Remark] = ()
    errors: Mapping[str, Any] | None = None
    ladder: Sequence[Mapping[str, Any]] = ()
    interval: Mapping[str, float] | None = None

    @property
    def refused(self) -> bool:
        """Strict refuses the honest results."""
        return self.honest.refused

    def kept(self, slug: str, key: str) -> float | None:
        """The share of the honest value that an attack leaves; None where that is below FLOOR or nothing changed."""
        before, after = self.honest.values.get(key), self.after(slug, key)
        return None if before is None or before < FLOOR or after is None else after / before

    def after(self, slug: str, key: str) -> float | None:
        """The value after an attack; None where it is undefined or nothing was changed."""
        row = self.rows.get(slug)
        return None if row is None or row.unchanged else row.values.get(key)

    def gain(self, slug: str, key: str) -> Gain | None:
        """What an attack adds, from UNSEEN of the honest value on; of one below FLOOR, from FLOOR on and in points.

        Severity: the share of what the measure then is; below FLOOR, where this would always be all, the points.
        """
        before, after = self.honest.values.get(key), self.after(slug, key)
        if before is None or after is None or after - before < (UNSEEN * before if before >= FLOOR else FLOOR):
            return None
        name = "AP" if key == REFERENCE_AP else NAMES[key]
        if before < FLOOR:
            return Gain(after - before, f"raises {name} from {points(before)} to {points(after)}", after)
        return Gain(1 - before / after, keeps(after / before, name), after)

    def lost(self, slug: str, key: str) -> float | None:
        """The share of the honest value that an attack takes; negative where it adds."""
        kept = self.kept(slug, key)
        return None if kept is None else 1 - kept

    @property
    def apart(self) -> float:
        """The share of the reference's AP that goes when what is missing counts as missing."""
        ytvos, strict = self.honest.values.get(REFERENCE_AP), self.honest.values.get(AP)
        return max(0.0, 1 - strict / ytvos) if ytvos and ytvos >= FLOOR and strict is not None else 0.0


def finding(severity: float, sentence: str, row: str | None, mechanism: Mechanism) -> Finding:
    """A finding whose severity is cut to [0, 1]."""
    return Finding(min(1.0, max(0.0, severity)), sentence, row, mechanism.value)


def gain(kept: float) -> float:
    """What an attack adds to a measure, as a share of what it then is; negative for a loss, of what it was.

    >>> gain(1.25), gain(1)
    (0.2, 0.0)
    """
    return (kept - 1) / max(1, kept)


def share(fraction: float) -> str:
    """A share in percent: one digit below 10 %, none above. Never all or nothing where it is not.

    >>> share(0.7642), share(0.0042), share(0.0001), share(0.998), share(1), share(0)
    ('76 %', '0.4 %', 'under 0.1 %', 'over 99 %', '100 %', '0 %')
    """
    percent = 100 * fraction
    if 1e-6 < percent < 0.05:
        return "under 0.1 %"
    if 99.5 <= percent < 100 - 1e-6:
        return "over 99 %"
    if percent <= 1e-6:
        return "0 %"
    return f"{percent:.1f} %" if percent < 9.95 else f"{percent:,.0f} %"


def keeps(kept: float, name: str = "AP") -> str:
    """What an attack does to a measure of which this share is left, told by what stays.

    >>> keeps(0.76), keeps(1.09, "HOTA"), keeps(1)
    ('keeps 76 % of AP', 'raises HOTA by 9.0 %', 'keeps all of AP')
    """
    if kept > 1 + SAME:
        return f"raises {name} by {share(kept - 1)}"
    return f"keeps {share(kept) if kept < 1 - SAME else 'all'} of {name}"


def costs(kept: float, name: str = "AP") -> str:
    """As `keeps`, told by what goes.

    >>> costs(0.76), costs(1.09, "HOTA"), costs(1)
    ('costs 24 % of AP', 'raises HOTA by 9.0 %', 'costs no AP')
    """
    if kept > 1 + SAME:
        return f"raises {name} by {share(kept - 1)}"
    return f"costs {share(1 - kept)} of {name}" if kept < 1 - SAME else f"costs no {name}"


def points(value: float) -> str:
    """A figure in points, with one digit as reports have it."""
    return f"{100 * value:.1f}"
