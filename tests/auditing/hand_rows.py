"""Rows of a matrix by hand, and what findings say of them."""

from dataclasses import replace

from simvtr.auditing.attacks import ATTACKS
from simvtr.auditing.audit import MEASURES, Finding, Row
from simvtr.auditing.findings import findings
from simvtr.auditing.pair import Pair

ORACLES = {attack.slug for attack in ATTACKS if attack.oracle}
FAMILY = {attack.slug: (attack.name, attack.family) for attack in ATTACKS}
EPSILON = 0.0001
UNDER = "under the public evaluator"


def row(slug: str, ap: float | None = None, *, ytvos: float | None = None, unchanged: bool = False, **others) -> Row:
    """A row whose AP is the same under both readings, unless `ytvos` is given; `others` by name, all else None."""
    name, family = FAMILY.get(slug, (slug, "probes"))
    values = dict.fromkeys(MEASURES) | {"strict.AP": ap, "ytvos.AP": ap if ytvos is None else ytvos} | others
    return Row(slug, name, family, "", slug in ORACLES, values, unchanged=unchanged)


def honest(ap: float | None = 0.5, **others) -> Row:
    return row("honest", ap, **others)


def pair(*rows: Row, base: Row | None = None, probes=(), refused: bool = False, **more) -> Pair:
    """A pair of these rows; `more` as the fields of Pair."""
    attacks, linked = ({one.slug: one for one in some} for some in (rows, probes))
    return Pair(replace(base or honest(), refused=refused), attacks, linked, **more)


def said(*rows: Row, **more) -> list[str]:
    """`more` as for `pair`."""
    return [finding.sentence for finding in findings(pair(*rows, **more))]


def only(*rows: Row, **more) -> Finding:
    """The one finding there must be."""
    (finding,) = findings(pair(*rows, **more))
    return finding


KINDS = {
    **dict.fromkeys(("short", "long", "missized", "unknown-video", "unknown-category", "not-finite"), False),
    **dict.fromkeys(("constant", "early", "tied"), True),
    **dict.fromkeys(("duplicate", "outside", "beyond-100", "empty", "one-frame"), False),
}
