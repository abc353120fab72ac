"""Rows of a matrix by hand, and what findings say of them."""

from simvtr.auditing.attacks import ATTACKS
from simvtr.auditing.audit import MEASURES, Row
from simvtr.auditing.findings import findings

ORACLES = {attack.slug for attack in ATTACKS if attack.oracle}
FAMILY = {attack.slug: (attack.name, attack.family) for attack in ATTACKS}
REFUSED = "results, video 2, track 3 of that video: there must be 36 entries, got 8."
EPSILON = 0.0001
UNDER = "under the public evaluator"


def row(slug: str, ap: float | None = None, *, ytvos: float | None = None, unchanged: bool = False, **others) -> Row:
    """A row whose AP is the same under both readings, unless `ytvos` is given; `others` by name, all else None."""
    name, family = FAMILY.get(slug, (slug, "probes"))
    values = dict.fromkeys(MEASURES) | {"strict.AP": ap, "ytvos.AP": ap if ytvos is None else ytvos} | others
    return Row(slug, name, family, "", slug in ORACLES, values, unchanged=unchanged)


def honest(ap: float | None = 0.5, **others) -> Row:
    return row("honest", ap, **others)


def said(*rows: Row, base: Row | None = None, probes=(), remarks=(), refusal: str | None = None) -> list[str]:
    return [f.sentence for f in findings(base or honest(), rows, probes, remarks, refusal)]


def only(*rows: Row, **more):
    """The one finding there must be."""
    (finding,) = findings(more.pop("base", honest()), rows, more.get("probes", ()), more.get("remarks", ()), None)
    return finding


KINDS = {
    **dict.fromkeys(("short", "long", "missized", "unknown-video", "unknown-category", "not-finite"), False),
    **dict.fromkeys(("constant", "early", "tied"), True),
    **dict.fromkeys(("duplicate", "outside", "beyond-100", "empty", "one-frame"), False),
}
