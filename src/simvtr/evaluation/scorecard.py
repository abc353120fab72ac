"""Everything a scoring run was asked for, in the three forms it is handed on: text, JSON and CSV.

Result, intervals, groups, identity, error types, oracle ladder -> Scorecard -> .table() / .to_json() / .to_csv()
two Results -> differences ----------------------------------> Versus    -> the same
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simvtr.evaluation import groups as grouping
from simvtr.evaluation.bootstrap import (
    Difference,
    Interval,
    VideoDifference,
    difference_table,
    interval_table,
    video_table,
)
from simvtr.evaluation.errors import ErrorTypes
from simvtr.evaluation.groups import GroupScore
from simvtr.evaluation.identity import Identity
from simvtr.evaluation.ladder import Step, ladder_table
from simvtr.evaluation.result import Result

HEAD = ("part", "name", "figure", "value", "low", "high")  # of the CSV


@dataclass(frozen=True, slots=True, eq=False)
class Scorecard:
    """A `Result` with the details that were asked for; what was not is empty or None."""

    result: Result
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    groups: Sequence[GroupScore] = ()
    identity: Identity | None = None
    errors: ErrorTypes | None = None
    ladder: Sequence[Step] = ()

    def table(self) -> str:
        """Every part under its heading, in percent."""
        blocks = [self.result.table()]
        if self.intervals:
            blocks.append(f"95 % INTERVALS, videos drawn again\n{interval_table(self.intervals)}")
        if self.groups:
            blocks.append(f"GROUPS\n{grouping.table(self.groups)}")
        if self.identity is not None:
            blocks.append(f"IDENTITY\n{self.identity.table()}")
        if self.errors is not None:
            blocks.append(f"ERROR TYPES\n{self.errors.table()}")
        if self.ladder:
            blocks.append(f"ORACLE LADDER\n{ladder_table(self.ladder)}")
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
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False)

    def to_csv(self) -> str:
        """One line a figure: part, name, figure, value, low, high; fractions at full precision, empty where unknown."""
        return _csv(HEAD, self._lines())

    def _lines(self) -> Iterator[tuple[Any, ...]]:
        for name, value in self.result.stats.items():
            interval = self.intervals.get(name)
            yield "all", "", name, value, *(("", "") if interval is None else (interval.low, interval.high))
        document = self.as_dict()
        for category in document["categories"]:
            yield from _figures("category", category.pop("name"), category)
        for group in document.get("groups", ()):
            part = group.pop("kind")
            yield from _figures(part, group.pop("name"), group)
        for part in ("identity", "errors"):
            yield from _figures(part, "", document.get(part, {}))
        for step in document.get("ladder", ()):
            yield from _figures("ladder", step.pop("name"), step)


@dataclass(frozen=True, slots=True, eq=False)
class Versus:
    """Two systems on one truth: every figure with its difference, and the videos where they differ most."""

    first: str
    second: str
    differences: Mapping[str, Difference]
    videos: Sequence[VideoDifference]  # by falling difference
    samples: int

    def table(self) -> str:
        """The differences, the videos at both ends, and what they say, in percent."""
        ap = self.differences["AP"]
        if ap.difference is None:
            verdict = "AP is not defined: no true track counts."
        elif ap.survives:
            better, worse = (self.second, self.first) if ap.difference > 0 else (self.first, self.second)
            verdict = (
                f"{better} has the higher AP, and would in at least 97.5 % of draws of the videos: better than {worse}."
            )
        else:
            verdict = "The difference in AP does not survive: zero lies inside its 95 % interval."
        blocks = [f"first: {self.first}\nsecond: {self.second}\n{verdict}", difference_table(self.differences)]
        for title, rows in (
            ("where the second wins most", [v for v in self.videos if v.difference > 0][:5]),
            ("where the first wins most", [v for v in self.videos[::-1] if v.difference < 0][:5]),
        ):
            if rows:
                blocks.append(f"{title}, AP of the video alone\n{video_table(tuple(rows))}")
        blocks.append(
            f"second minus first; intervals of 95 % from {self.samples} draws of the videos, paired; percent."
        )
        return "\n\n".join(blocks)

    def to_json(self) -> str:
        """One JSON object; fractions at full precision."""
        document = {
            "first": self.first,
            "second": self.second,
            "samples": self.samples,
            "differences": {name: difference.as_dict() for name, difference in self.differences.items()},
            "videos": [video.as_dict() for video in self.videos],
        }
        return json.dumps(document, indent=2, ensure_ascii=False)

    def to_csv(self) -> str:
        """One line a figure: figure, first, second, difference, low, high; fractions, empty where undefined."""
        rows = [(name, d.first, d.second, d.difference, d.low, d.high) for name, d in self.differences.items()]
        return _csv(("figure", "first", "second", "difference", "low", "high"), rows)


def _csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue().rstrip("\n")


def _figures(part: str, name: str, values: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """A line for every number in `values`; what is nested adds to the name."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _figures(part, f"{name} {key}".strip(), value)
        elif isinstance(value, list):
            for entry in value:
                own = {k: v for k, v in entry.items() if k != "name"}
                yield from _figures(part, f"{name} {entry.get('name', '')}".strip(), own)
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and key != "id":
            yield part, name, key, value, "", ""
