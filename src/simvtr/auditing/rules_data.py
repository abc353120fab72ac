"""Rules of findings on the data set alone: how much of it needs tracking, and what is out of reach."""

from collections.abc import Iterator

from simvtr.auditing.audit import Finding
from simvtr.auditing.pair import AP, REFERENCE_AP, Mechanism, Pair, finding, points, share
from simvtr.auditing.thresholds import NO_TRACKER, REACHED, SIMPLE_TRACKER
from simvtr.evaluation.matching import FOUND_LIMITS


def untracked(pair: Pair) -> Iterator[Finding]:
    """True masks that reach NO_TRACKER or SIMPLE_TRACKER. Severity: half of their AP, as the data is at stake alone."""
    best = without_tracker(pair)
    if best is not None and best[0] >= NO_TRACKER:
        ap, slug, how = best
        all_of_it = ap >= REACHED
        left = "it needs no tracking" if all_of_it else f"tracking decides about the other {share(1 - ap)}"
        said = f"Perfect masks linked by {how} reach AP {points(ap)} on this data set: {left}."
        yield finding(ap / 2, said, slug, Mechanism.PROBES)
        if all_of_it:
            return
    row = pair.probes.get("linked-by-overlap")
    ap = None if row is None else row.values.get(AP)
    if ap is not None and ap >= SIMPLE_TRACKER:
        more = f"better tracking adds no more than {share(1 - ap)}"
        left = "it needs no better tracker" if ap >= REACHED else more
        said = f"Perfect masks linked by overlap alone reach AP {points(ap)} on this data set: {left}."
        yield finding(ap / 2, said, "linked-by-overlap", Mechanism.PROBES)


def without_tracker(pair: Pair) -> tuple[float, str, str] | None:
    """The best AP of true masks linked without looking at them: AP, slug, how."""
    probes = (
        ("linked-by-class", "category alone"),
        ("linked-by-slot", "their order from left to right alone"),
    )
    reached = [
        (ap, slug, how) for slug, how in probes if slug in pair.probes and (ap := pair.probes[slug].values.get(AP))
    ]
    return max(reached, key=lambda one: one[0], default=None)


def ceiling(pair: Pair) -> Iterator[Finding]:
    """The truth as results, below 1. Severity: what is out of reach."""
    row = pair.rows.get("truth")
    ytvos, strict = (None, None) if row is None else (row.values.get(REFERENCE_AP), row.values.get(AP))
    if strict is not None and strict < REACHED:
        said = f"The truth itself scores AP {points(strict)}: {share(1 - strict)} is out of reach, because some true"
        why = f"they have no pixels, or are more than {FOUND_LIMITS[-1]} of one video and category"
        said = f"{said} tracks cannot be matched; candidate explanation: {why}."
        yield finding(1 - strict, said, "truth", Mechanism.CEILING)
    if ytvos is not None and strict is not None and ytvos < strict * REACHED:
        said = f"The truth itself scores AP {points(ytvos)} under the public evaluator and {points(strict)} under"
        said = f"{said} strict scoring: the public evaluator never matches a true track of id 0."
        yield finding(1 - ytvos / strict, said, "truth", Mechanism.CEILING)
