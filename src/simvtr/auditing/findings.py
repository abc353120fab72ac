"""Findings and verdict: what the sensitivity matrix means for this pair, in plain sentences.

honest row, attacks, probes, remarks -> Pair -> rules.py -> Finding, worst first
                                                         -> verdict, three statements
"""

from simvtr.auditing.audit import Finding
from simvtr.auditing.pair import AP, NAMES, REFERENCE_AP, WHOLE, Pair, points, share
from simvtr.auditing.rules import BLINDNESS, RULES
from simvtr.auditing.rules_data import without_tracker
from simvtr.auditing.thresholds import APART

WHY = "The remarks on the file say why it refuses them."
ACCEPTED = {  # what strict asks of results, by the remarks on what breaks it
    ("short", "long"): "full lists with null where nothing was found",
    ("missized",): "masks of the video's size",
    ("unknown-category",): "categories that the truth lists",
    ("not-finite",): "finite scores",
}


def findings(pair: Pair) -> tuple[Finding, ...]:
    """What the matrix means for this truth and these results, worst first.

    Severity is the share of a measure that is at stake, cut to [0, 1]: what the two readings differ by, what an attack
    adds to what a measure then is, what two measures differ by about one damage. Each rule states its own. Of
    equals, attacks that look at the truth come last; then they are sorted by row.

    >>> from simvtr.auditing.audit import Row
    >>> honest = Row("honest", "", "honest", "", False, {"ytvos.AP": 0.5, "strict.AP": 0.5})
    >>> first = Row("first-1-short", "", "length", "", False, {"ytvos.AP": 0.38, "strict.AP": 0.002}, refused=True)
    >>> (finding,) = findings(Pair(honest, {"first-1-short": first}))
    >>> print(finding.sentence)
    Submitting only the first frame keeps 76 % of AP under the public evaluator; strict scoring keeps 0.4 % of AP.
    >>> round(finding.severity, 3), finding.row, finding.mechanism
    (0.756, 'first-1-short', 'docs/metric.md#short-lists')
    """
    found = [finding for rule in RULES for finding in rule(pair)]
    found.sort(key=lambda one: (-one.severity, _from_truth(pair, one), one.row or "", one.sentence))
    return tuple(found)


def verdict(pair: Pair) -> tuple[str, str, str]:
    """Three statements: the score and whether strict accepts it; its worst blindness; what sees more, or what it takes.

    The last one also says how much of the data set needs tracking. An attack that anyone could carry out goes before
    one that looks at the truth.
    """
    blindness = [finding for rule in BLINDNESS for finding in rule(pair)]  # of equals that of the earlier rule
    blindness.sort(key=lambda finding: (_from_truth(pair, finding), -finding.severity))
    none = WHY if pair.refused else "No attack tried here found a blindness in these scores."
    worst = blindness[0].sentence if blindness else none
    takes = _accepted(pair) if pair.refused else _best_measure(pair)
    return _score(pair), worst, f"{takes} {_tracking(pair)}"


def _from_truth(pair: Pair, finding: Finding) -> bool:
    row = pair.rows.get(finding.row or "")
    return row is not None and row.oracle


def _score(pair: Pair) -> str:
    interval = pair.interval
    ytvos, strict = pair.honest.values.get(REFERENCE_AP), pair.honest.values.get(AP)
    if ytvos is None or strict is None:
        return "AP is not defined here: the truth has no track to be found."
    said = f"AP is {points(ytvos)} under the public evaluator; "
    within = (
        f" ({points(interval['low'])} to {points(interval['high'])} at {share(interval['confidence'])} confidence)"
        if interval and interval["low"] < interval["high"]  # of a single video there is no spread
        else ""
    )
    told = f"says {points(strict)}{within}"
    if pair.refused:
        return f"{said}strict scoring refuses these results, and {told} where what is missing counts as missing."
    return f"{said}strict scoring accepts these results and {told}."


def _accepted(pair: Pair) -> str:
    """What strict asks for, of these results: what the remarks say is broken, or everything."""
    kinds = {remark.kind for remark in pair.remarks}
    broken = [asked for of, asked in ACCEPTED.items() if kinds & set(of)] or list(ACCEPTED.values())
    return f"Results that strict accepts ({', '.join(broken)}) score the same under both."


def _best_measure(pair: Pair) -> str:
    """The measure that notices the most kinds of damage, each by APART or more; of equals that which loses most."""
    families = ("length", "frames", "abstention", "identity", "masks")
    damage = [row.slug for row in pair.rows.values() if row.family in families and not row.oracle and not row.unchanged]
    noticed: dict[str, tuple[int, float]] = {}
    for key in WHOLE:
        losses = [loss for slug in damage if (loss := pair.lost(slug, key)) is not None]
        if losses:
            noticed[key] = (sum(loss >= APART for loss in losses), sum(losses))
    if not noticed:
        return "No measure could be compared."
    best = max(noticed, key=lambda key: noticed[key])
    name = "Strict AP" if best == AP else NAMES[best]
    said = f"{name} notices most: {noticed[best][0]} of {len(damage)} kinds of damage cost it {share(APART)} or more"
    if best != REFERENCE_AP and REFERENCE_AP in noticed:
        said = f"{said} ({NAMES[REFERENCE_AP]}: {noticed[REFERENCE_AP][0]})"
    return f"{said}."


def _tracking(pair: Pair) -> str:
    best = without_tracker(pair)
    if best is None:
        return "How much tracking this data set needs was not measured."
    return f"Perfect masks linked by {best[2]} reach AP {points(best[0])} on this data set."
