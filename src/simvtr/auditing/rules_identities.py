"""Rules of findings on identities and categories: tracks cut and swapped, by attacks or in the results themselves."""

from collections.abc import Iterator

from simvtr.auditing.attacks import PIECES, TAILS
from simvtr.auditing.audit import Finding
from simvtr.auditing.pair import AP, FLOOR, Mechanism, Pair, costs, finding, points
from simvtr.auditing.thresholds import APART
from simvtr.errors import many


def exchanged(pair: Pair) -> Iterator[Finding]:
    """Damage to identities that adds to AP, from UNSEEN on: the largest gain of either kind. Severity: the gain."""
    for slugs, candidate in (
        ([f"swap-{n}" for n in TAILS], "identities are exchanged in the results"),
        ([f"cut-{n}" for n in PIECES], "single tracks of the results follow several objects"),
    ):
        gains = [(gain.severity, slug, gain.says) for slug in slugs if (gain := pair.gain(slug, AP))]
        if gains:
            severity, slug, says = max(gains)
            said = f"{_damage(slug)} {says}; candidate explanation: {candidate}."
            yield finding(severity, said, slug, Mechanism.LINKS)


def _damage(slug: str) -> str:
    attack, _, n = slug.partition("-")
    return f"Cutting every track in {n}" if attack == "cut" else f"Swapping identities in the last {n} % of the frames"


def renamed(pair: Pair) -> Iterator[Finding]:
    """What the oracle ladder gains from true identities, from APART in points on. Severity: the share of what it is.

    However they were exchanged: the attacks swap tails of pairs in one way alone.
    """
    steps = {step["name"]: step["AP"] for step in pair.ladder}
    before, after = steps.get("as found", -1), steps.get("identities", -1)
    if before < 0 or after - before < APART:
        return
    said = f"True identities raise AP from {points(before)} to {points(after)}"
    why = "masks of one object come under several names"
    yield finding(1 - before / after, f"{said}; candidate explanation: {why}.", None, Mechanism.LINKS)


def mistaken(pair: Pair) -> Iterator[Finding]:
    """What the oracle ladder gains from true categories, from APART in points on. Severity: the share of what it is."""
    steps = {step["name"]: step["AP"] for step in pair.ladder}
    before, after = steps.get("identities", -1), steps.get("classes", -1)
    if before < 0 or after - before < APART:
        return
    why = "the results number the categories in another way" if before < FLOOR else "categories are mistaken"
    count = pair.errors["errors"]["class"]["count"] if pair.errors else 0
    lie = many(count, "found track lies", "found tracks lie")
    seen = f" ({lie} on a true track of another category)" if count else ""
    said = f"True categories raise AP from {points(before)} to {points(after)}, once every mask follows its true track"
    yield finding(1 - before / after, f"{said}{seen}; candidate explanation: {why}.", None, Mechanism.CATEGORIES)


def links(pair: Pair) -> Iterator[Finding]:
    """The damage to identities that AP and another measure disagree most about, from APART on. Severity: how much.

    Not of damage that adds to AP (`exchanged`).
    """
    for slugs, other in (([f"cut-{n}" for n in PIECES], "HOTA"), ([f"swap-{n}" for n in TAILS], "IDF1")):
        told: list[tuple[float, str, Finding]] = []
        for slug in slugs:
            ap, theirs = pair.kept(slug, AP), pair.kept(slug, other)
            if ap is not None and theirs is not None and abs(ap - theirs) >= APART and not pair.gain(slug, AP):
                also = costs(theirs, other)  # "costs" has been said
                also = also.removeprefix("costs ") if theirs < ap else also.replace("costs ", "only ")
                said = f"{_damage(slug)} {costs(min(1, ap))} but {also.replace('only no', 'no')}."
                told.append((abs(ap - theirs), slug, finding(abs(ap - theirs), said, slug, Mechanism.LINKS)))
        if told:
            yield max(told, key=lambda one: one[0])[2]
