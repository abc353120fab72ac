"""Everything a scoring run was asked for, in the three forms it is handed on: text, JSON and CSV.

Result, intervals, groups, identity, error types, oracle ladder -> Scorecard -> .table() / .to_json() / .to_csv()
two Results -> differences ----------------------------------> Versus    -> the same
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simvtr.evaluation.result import Result
from simvtr.evaluation.text import columns, visible

if TYPE_CHECKING:  # a plain run loads none of them
    from simvtr.evaluation.bootstrap import Differences, Intervals, VideoDifference
    from simvtr.evaluation.errors import ErrorTypes
    from simvtr.evaluation.groups import Groups
    from simvtr.evaluation.identities import Identity
    from simvtr.evaluation.ladder import Ladder

HEAD = ("part", "name", "figure", "value", "low", "high")  # of a scorecard's CSV
VERSUS_HEAD = ("figure", "first", "second", "difference", "low", "high")  # of a comparison's
SHOWN = 5  # videos listed at each end of a comparison


@dataclass(frozen=True, slots=True, eq=False)
class Scorecard:
    """A `Result` with the details that were asked for; what was not is None."""

    result: Result
    intervals: "Intervals | None" = None
    groups: "Groups | None" = None
    identity: "Identity | None" = None
    errors: "ErrorTypes | None" = None
    ladder: "Ladder | None" = None

    def table(self) -> str:
        """Every part under its heading, in percent."""
        blocks = [self.result.table()]
        if self.intervals:
            alone = "\n\nOnly one video: nothing is known of other videos." if self.result.videos == 1 else ""
            blocks.append(f"95 % INTERVALS, videos drawn again\n{self.intervals.table()}{alone}")
        if self.groups:
            blocks.append(f"GROUPS\n{self.groups.table()}")
        if self.identity is not None:
            blocks.append(f"IDENTITY\n{self.identity.table()}")
        if self.errors is not None:
            blocks.append(f"ERROR TYPES\n{self.errors.table()}")
        if self.ladder:
            blocks.append(f"ORACLE LADDER\n{self.ladder.table()}")
        return "\n\n\n".join(blocks)

    def as_dict(self) -> dict[str, Any]:
        """`Result.as_dict`, and a key for each detail; fractions at full precision, -1 where undefined."""
        document = self.result.as_dict()
        if self.intervals:
            document["intervals"] = {name: interval.as_dict() for name, interval in self.intervals.items()}
        if self.groups:
            document["groups"] = [group.as_dict() for group in self.groups]
        if self.identity is not None:
            document["identity"] = self.identity.as_dict()
        if self.errors is not None:
            document["errors"] = self.errors.as_dict()
        if self.ladder:
            document["ladder"] = [step.as_dict() for step in self.ladder]
        return document

    def to_json(self) -> str:
        """`as_dict` as the text of one JSON object."""
        import json

        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False)

    def to_csv(self) -> str:
        """One line a figure: part, name, figure, value, low, high.

        Fractions at full precision, -1 where undefined; low and high are empty where no interval was asked for.
        """
        return _csv(HEAD, self._lines())

    def _lines(self) -> Iterator[tuple[Any, ...]]:
        document = self.as_dict()
        for name, value in document["stats"].items():
            interval = self.intervals.get(name) if self.intervals else None
            yield "all", "", name, value, *(("", "") if interval is None else (interval.low, interval.high))
        for category in document["categories"]:
            yield from _figures("category", category)
        for group in document.get("groups", ()):
            yield from _figures(group["kind"], group)
        if "identity" in document:
            for name in ("class_averaged", "detection_averaged"):
                yield from _figures("identity", {"name": name, **document["identity"][name]})
            for category in document["identity"]["categories"]:
                yield from _figures("identity of category", category)
        if "errors" in document:
            yield "errors", "", "AP50", document["errors"]["AP50"], "", ""
            for name, error in document["errors"]["errors"].items():
                yield from _figures("errors", {"name": name, **error})
        for step in document.get("ladder", ()):
            yield from _figures("ladder", step)


@dataclass(frozen=True, slots=True, eq=False)
class Versus:
    """Two systems on one truth: every figure with its difference, and the videos where they differ most."""

    first: str
    second: str
    differences: "Differences"
    videos: "Sequence[VideoDifference]"  # those with a true track that counts, by falling difference
    samples: int

    def verdict(self) -> str:
        """Which of the two has the higher AP, if that is sure enough to say."""
        from simvtr.evaluation.bootstrap import too_few

        ap = self.differences["AP"]
        if ap.difference is None:
            return "AP is not defined: no true track counts."
        if ap.low is None:
            return too_few(len(self.videos))
        if not ap.survives:
            return "The difference in AP does not survive: zero lies inside its 95 % interval."
        better, place = (self.second, "second") if ap.low > 0 else (self.first, "first")
        return f"The {place} has the higher AP, and the difference survives: {visible(better)} is better."

    def table(self) -> str:
        """The verdict, the differences, and the videos at both ends, in percent."""
        from simvtr.evaluation.bootstrap import video_table

        names = columns([["first", self.first], ["second", self.second]], names=True)
        blocks = [names, self.verdict(), self.differences.table()]
        for title, rows in (
            ("where the second wins most", [v for v in self.videos if v.difference > 0]),
            ("where the first wins most", [v for v in self.videos[::-1] if v.difference < 0]),
        ):
            if rows:
                blocks.append(f"{title}, AP of the video alone\n{video_table(tuple(rows[:SHOWN]))}")
        blocks.append(
            f"second minus first; intervals of 95 % from {self.samples} draws of the videos, paired; percent."
        )
        return "\n\n".join(blocks)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON; fractions at full precision, null where undefined, as are intervals of few videos."""
        return {
            "first": self.first,
            "second": self.second,
            "verdict": self.verdict(),
            "samples": self.samples,
            "differences": {name: difference.as_dict() for name, difference in self.differences.items()},
            "videos": [video.as_dict() for video in self.videos],
        }

    def to_json(self) -> str:
        """`as_dict` as the text of one JSON object."""
        import json

        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False)

    def to_csv(self) -> str:
        """One line a figure: figure, first, second, difference, low, high; empty where undefined."""
        rows = [
            (name, d.first, d.second, d.difference, d.low, d.high) if d.difference is not None else (name, *[""] * 5)
            for name, d in self.differences.items()
        ]
        return _csv(VERSUS_HEAD, rows)


def _csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    import csv

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue().rstrip("\n")


def _figures(part: str, values: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """A line for every number among `values`, under their "name". One line each: a name may come with line breaks."""
    name = visible(" ".join(values["name"].split()))
    for key, value in values.items():
        if key != "id" and isinstance(value, (int, float)):
            yield part, name, key, value, "", ""
