"""What an audit found, as data alone: the table, the page and the findings are made of these records.

honest results -> Row           attacks -> Row, Row, ...       truth alone -> Row, Row, ...
               -> figures, groups, error types, Timeline       all rows -> Finding, Finding, ...

Nothing is scored here. Figures are fractions in [0, 1]; undefined is -1 in what evaluation hands over as a dict, None
elsewhere.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from simvtr.auditing.linter import Remark
from simvtr.evaluation.text import columns, percent

MEASURES: dict[str, tuple[str, str]] = {
    "ytvos.AP": ("AP, public evaluator", "AP as the public evaluator computes it, quirks and all"),
    "strict.AP": ("AP, strict", "AP where every frame of the video counts"),
    "strict.AP50": ("AP50, strict", "AP at a track IoU of 0.5 alone, every frame counting"),
    "strict.AR10": ("AR10, strict", "recall with at most 10 tracks a video and category, every frame counting"),
    "HOTA": ("HOTA", "detection and association in one, geometric mean"),
    "DetA": ("DetA", "detection: is there a right mask in this frame?"),
    "AssA": ("AssA", "association: do right masks of one object carry one name?"),
    "IDF1": ("IDF1", "frames with the right name, each track having one partner in the whole video"),
    "AP light": ("AP light", "strict AP of lightly occluded true tracks; without labels, of low crowding"),
    "AP medium": ("AP medium", "strict AP of true tracks of medium occlusion; without labels, of medium crowding"),
    "AP heavy": ("AP heavy", "strict AP of heavily occluded true tracks; without labels, of high crowding"),
}
"""Columns of the sensitivity matrix: key of `Row.values` -> (short name, what it is). All are fractions.

The last three are of the three groups by occlusion; where the truth has no labels of it, the same keys hold the three
groups by crowding, and `headed` names them so.
"""


def headed(groups: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """MEASURES, the last three named after crowding where the first of `Audit.groups` are by crowding.

    >>> headed([{"kind": "crowding (ours)"}])["AP heavy"]
    ('AP high crowding', 'strict AP of true tracks of high crowding: the truth has no labels of occlusion')
    >>> headed([{"kind": "occlusion"}])["AP heavy"]
    ('AP heavy', 'strict AP of heavily occluded true tracks')
    """
    if not groups or not groups[0]["kind"].startswith("crowding"):
        return {key: (short, long.partition("; without labels")[0]) for key, (short, long) in MEASURES.items()}
    crowded = {"AP light": "low crowding", "AP medium": "medium crowding", "AP heavy": "high crowding"}
    return MEASURES | {
        key: (f"AP {name}", f"strict AP of true tracks of {name}: the truth has no labels of occlusion")
        for key, name in crowded.items()
    }


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the sensitivity matrix: what every measure says of results, honest or tampered with.

    Args:
        slug: short name for anchors and JSON keys, of lower case letters, digits and "-".
        name, says: what a reader calls it, and one plain sentence about what is done.
        family: "length", "frames", "abstention", "identity", "masks", "scores" or "ceiling"; "honest" and "probes" for
            the rows that are no attack.
        oracle: it looks at the truth.
        values: by the keys of MEASURES; None where a measure is undefined.
        refused: the strict reading refuses such results; strict values are then those with what is missing counted as
            missing.
        unchanged: there was nothing to change in these results.

    >>> row = Row("held", "one mask held", "frames", "The first mask stands for all.", False, {"HOTA": 0.25})
    >>> row.values["HOTA"], row.refused, row.unchanged
    (0.25, False, False)
    """

    slug: str
    name: str
    family: str
    says: str
    oracle: bool
    values: dict[str, float | None]
    refused: bool = False
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One plain sentence about this pair.

    Args:
        severity: in [0, 1], 1 the worst.
        sentence: plain text.
        row: slug of the row it was read off, "lint-" and the kind of a remark, or None.
        mechanism: where the behaviour is described, as "docs/metric.md#5-two-dialects".
    """

    severity: float
    sentence: str
    row: str | None
    mechanism: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One track over time. Partners are matched one to one at a track IoU of at least 0.5.

    Args:
        label: "3 · fish" of a true track, "#7 · fish · 0.83" of a found one.
        category: its name.
        score: None for a true track.
        partner: position of its partner in the other list of the Timeline, None without one.
        states: one letter a frame. "." is absent. Of a true track: "p" met by its partner (frame IoU at least 0.5),
            "o" met by another found track of any category and score, "m" met by none. Of a found track with a partner:
            "g" lies well on it (at least 0.5), "x" lies well on another true track (an identity error), "b" lies badly
            on its partner; of one without: "u" lies well on a true track; of both: "f" lies well on nothing true.
        track: id of a true track; of a found one its position in the video's list, of what strict accepts.
    """

    label: str
    category: str
    score: float | None
    partner: int | None
    states: str
    track: int = -1


@dataclass(frozen=True, slots=True)
class Timeline:
    """The tracks of one video over its `length` frames, and what came of them.

    Args:
        true: every true track.
        found: partners of true tracks first, then the others by falling score, at most 20.
        hits, missed: true tracks with and without a partner.
        false: found tracks without a partner whose score counts for the identity measures, also if not shown.
        switches: changes of the found track that lies on a true one.
        mean_iou: mean track IoU of the partners, None without any.
    """

    video_id: int
    name: str
    length: int
    true: tuple[Bar, ...]
    found: tuple[Bar, ...]
    hits: int
    missed: int
    false: int
    switches: int
    mean_iou: float | None


@dataclass(frozen=True, eq=False)
class Audit:
    """What a score sees and what it is blind to, for one truth and one set of results.

    Args:
        truth_name, results_name: of the files, for headings.
        videos, true_tracks, found_tracks: how many.
        verdict: three sentences.
        refusal: why the strict reading refuses the honest results, None when it accepts them.
        ytvos, strict: the twelve figures of `Result.stats` under either reading; strict ones with what is missing
            counted as missing where the results were refused.
        intervals: figure of `strict` -> {"low", "high", "confidence"}; of `ytvos` under "ytvos.AP" and so on. A figure
            without an interval is left out.
        identity: `Identity.as_dict()`.
        remarks: of the linter, in its order.
        honest: the results as they came.
        rows: the attacks, family by family.
        probes: of the truth alone, where 1 is perfect.
        findings: worst first.
        errors: `ErrorTypes.as_dict()`.
        ladder: {"name", "AP", "says"} of each step, from the results as they are to perfect ones.
        groups: `GroupScore.as_dict()` of each group.
        categories: {"name", "AP", "AP50", "AP75", "AR10", "true", "found"} of each, strict.
        timelines: one a video.
        seconds: what the audit took, by the clock.
        seed: of everything random in it.
    """

    truth_name: str
    results_name: str
    videos: int
    true_tracks: int
    found_tracks: int
    verdict: tuple[str, str, str]
    refusal: str | None
    ytvos: dict[str, float]
    strict: dict[str, float]
    intervals: dict[str, dict[str, float]]
    identity: dict[str, Any]
    remarks: tuple[Remark, ...]
    honest: Row
    rows: tuple[Row, ...]
    probes: tuple[Row, ...]
    findings: tuple[Finding, ...]
    errors: dict[str, Any]
    ladder: tuple[dict[str, Any], ...]
    groups: tuple[dict[str, Any], ...]
    categories: tuple[dict[str, Any], ...]
    timelines: tuple[Timeline, ...]
    seconds: float
    seed: int

    def table(self) -> str:
        """Verdict, findings and the sensitivity matrix as plain text, in percent; "-" where undefined."""
        rows = [["", *(short for short, _ in headed(self.groups).values())]]
        for row in (self.honest, *self.rows, *self.probes):
            mark = " !" if row.refused else " =" if row.unchanged else ""
            rows.append([row.name + mark, *("-" if v is None else percent(v) for v in row.values.values())])
        notes = "!: strict refuses these; its figures count as missing what is missing. =: nothing to change. Percent."
        found = [f"{number}. {finding.sentence}" for number, finding in enumerate(self.findings, start=1)]
        remarks = [f"- {remark.sentence}" for remark in self.remarks]
        parts = (
            ("", " ".join(self.verdict)),
            ("WHAT IS ODD ABOUT THE FILE\n", "\n".join(remarks)),
            ("FINDINGS\n", "\n".join(found)),
            ("AFTER EVERY ATTACK\n", f"{columns(rows, names=True)}\n\n{notes}"),
        )
        return "\n\n".join(heading + text for heading, text in parts if text)

    def to_json(self) -> str:
        """Everything as one JSON object; fractions at full precision, null or -1 where undefined."""
        return json.dumps(asdict(self), indent=2, allow_nan=False)
