"""Tables of the audit page: what its records say, line by line, as text ready to stand in a cell."""

from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from simvtr.auditing.audit import MEASURES, Audit, Row
from simvtr.evaluation.groups import NOTES
from simvtr.report.audit_figures import bar, spread
from simvtr.report.document import percent, points, undefined

FIGURES = {
    "AP": "average precision, the mean over track IoU 0.5 to 0.95",
    "AP50": "at a track IoU of 0.5",
    "AP75": "at a track IoU of 0.75",
    "APs": "of small tracks",
    "APm": "of medium tracks",
    "APl": "of large tracks",
    "AR1": "recall with 1 track a video and category",
    "AR10": "recall with 10 tracks",
    "AR100": "recall with 100 tracks",
    "ARs": "recall of small tracks",
    "ARm": "recall of medium tracks",
    "ARl": "recall of large tracks",
}
IDENTITY = {
    "HOTA": "detection and association in one",
    "DetA": "detection: is there a right mask in this frame?",
    "AssA": "association: do right masks of one object carry one name?",
    "LocA": "how well matched masks fit",
    "IDF1": "frames with the right name, each track having one partner",
}
FAMILIES = {
    "length": "Length of the lists",
    "frames": "Frames",
    "abstention": "Abstention by masks of another size",
    "identity": "Identity",
    "masks": "Masks",
    "scores": "Scores and categories",
    "ceiling": "Ceiling",
}
ERRORS = {
    "spatial": "present in the right frames, with poor masks",
    "temporal": "lies right, in too few or too many frames",
    "class": "lies right, of another category",
    "duplicate": "a second track on an object that has one",
    "background": "lies on nothing",
    "both": "place and category are wrong",
    "missed": "true tracks that nothing points at",
    "all false tracks": "every false track dropped at once",
    "all missed tracks": "every unmatched true track no longer expected",
}
NAMED = 4  # categories whose thresholds of score are listed, not summed up
STEPS = (0.02, 0.1, 0.3, 0.6)  # least relative change of each shade


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of the matrix: as text, for sorting ("" where undefined), and its shade: "l1" to "l4" lost, "g1" to
    "g4" gained, "" for no change worth a colour."""

    text: str
    value: str
    shade: str


def cell(value: float | None, honest: float | None) -> Cell:
    """A value beside what it was; shades follow the change relative to that.

    >>> cell(0.3, 0.4)
    Cell(text='30.0', value='0.3', shade='l2')
    >>> cell(0.404, 0.4).shade, cell(0.1, 0.0).shade, cell(None, 0.4).text
    ('', 'g4', '–')
    """
    if value is None or undefined(value):
        return Cell(percent(None), "", "")
    shade = ""
    if honest is not None and not undefined(honest) and value != honest:
        change = (value - honest) / honest if honest else 1.0
        step = sum(abs(change) >= least for least in STEPS)
        shade = f"{'g' if change > 0 else 'l'}{step}" if step else ""
    return Cell(percent(value), f"{value:.6g}", shade)


def cells(row: Row, honest: Row | None) -> list[Cell]:
    """One per column of the matrix; without honest results a value is held against 1."""
    return [cell(row.values.get(key), 1.0 if honest is None else honest.values.get(key)) for key in MEASURES]


def families(audit: Audit) -> list[tuple[str, list[tuple[Row, list[Cell]]]]]:
    """Attacks with their cells, under the title of their family, in the order of the audit."""
    return [
        (FAMILIES.get(family, family), [(row, cells(row, audit.honest)) for row in rows])
        for family, rows in groupby(audit.rows, key=lambda row: row.family)
    ]


@dataclass(frozen=True, slots=True)
class Score:
    """One of the twelve figures under both rules."""

    name: str
    says: str
    reference: float | None
    strict: float | None
    interval: str
    reference_interval: str
    drawn: Markup


def scores(audit: Audit) -> list[Score]:
    """The twelve figures, in their order. Draws of one video say nothing: then there are no intervals."""
    drawn_from = sum(bool(timeline.true) for timeline in audit.timelines)
    lines = []
    for name, says in FIGURES.items():
        reference, strict = _defined(audit.ytvos.get(name)), _defined(audit.strict.get(name))
        interval, of_reference = (None if drawn_from == 1 else _interval(audit, key) for key in (name, f"ytvos.{name}"))
        drawn = spread(strict, reference, interval)
        lines.append(Score(name, says, reference, strict, between(interval), between(of_reference), drawn))
    return lines


def between(interval: tuple[float, float] | None) -> str:
    """An interval of a fraction.

    >>> between((0.25, 0.375)), between(None)
    ('25.0 to 37.5', '')
    """
    return "" if interval is None else f"{percent(interval[0])} to {percent(interval[1])}"


@dataclass(frozen=True, slots=True)
class BarRow:
    """A line with a bar: how many, what it gains or reaches."""

    name: str
    says: str
    count: int | None
    value: str
    drawn: Markup


def error_rows(audit: Audit) -> list[BarRow]:
    """Kinds of error with what repairing each alone gains; bars share a scale that the largest gain fills."""
    kinds = audit.errors.get("errors", {})
    most = max((kind["gain"] for kind in kinds.values()), default=0.0) or 1.0
    return [
        BarRow(name, ERRORS.get(name, ""), int(e["count"]), points(e["gain"]), bar(max(0.0, e["gain"]) / most))
        for name, e in kinds.items()
    ]


def ladder_rows(audit: Audit) -> list[BarRow]:
    """Steps from the results to perfect ones, each with the AP it reaches and what it adds to the step before; the last
    adds what all of them leave to 100."""
    lines, before = [], None
    for step in audit.ladder:
        reached = _defined(step["AP"])
        value = percent(reached)
        if reached is not None and before is not None:
            value += f" ({points(reached - before)})"
        held = reached if before is None or reached is None else min(before, reached)
        lines.append(BarRow(step["name"], step["says"], None, value, bar(reached or 0.0, held or 0.0)))
        before = reached
    if before is not None:
        left = f"{percent(1.0)} ({points(1 - before)})"
        lines.append(BarRow("missed", "and every true track that nothing found", None, left, bar(1.0, before)))
    return lines


def counting(audit: Audit) -> str:
    """Which found tracks count where a threshold of score does: "from a score of 0.5 on"."""
    if audit.identity["threshold"] is not None:
        return f"from a score of {audit.identity['threshold']:.3g} on"
    least = {c["name"]: c["threshold"] for c in audit.identity["categories"] if c["threshold"] is not None}
    rule = "from the score on that gives their category its best HOTA"
    if not least:
        return rule
    if len(least) <= NAMED:
        return f"{rule} ({', '.join(f'{name} {score:.3g}' for name, score in least.items())})"
    return f"{rule} ({min(least.values()):.3g} to {max(least.values()):.3g}, by category)"


def mechanism(address: str) -> str:
    """What the section of the documentation that describes a finding is called, in words.

    >>> mechanism("docs/metric.md#5-two-dialects"), mechanism("docs/metric.md#short-lists")
    ('two dialects', 'short lists')
    """
    return address.rpartition("#")[2].lstrip("0123456789-").replace("-", " ")


def group_rows(audit: Audit) -> list[tuple[str, str, list[tuple[dict, Markup]]]]:
    """Groups under their kind and what that kind is, each with a bar of its AP."""
    return [
        (kind, NOTES.get(kind, ""), [(group, _reached(group["AP"])) for group in members])
        for kind, members in groupby(audit.groups, key=lambda group: group["kind"])
    ]


def _reached(value: float | None) -> Markup:
    share = _defined(value) or 0.0
    return bar(share, share)


def _defined(value: float | None) -> float | None:
    return None if undefined(value) else value


def _interval(audit: Audit, name: str) -> tuple[float, float] | None:
    found = audit.intervals.get(name)
    if found is None or undefined(found["low"]) or undefined(found["high"]):
        return None
    return found["low"], found["high"]
