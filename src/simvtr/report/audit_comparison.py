"""Two systems on one truth: their figures side by side, and the videos in which either wins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from simvtr.auditing.audit import Audit, Timeline
from simvtr.evaluation.bootstrap import Difference, VideoDifference, too_few
from simvtr.report.audit_figures import balance
from simvtr.report.audit_tables import FIGURES, IDENTITY
from simvtr.report.document import percent, points, undefined

SHOWN = 5  # videos named for either system


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure of both systems: second minus first, its 95 % interval and what that says, "" where not computed."""

    name: str
    first: float | None
    second: float | None
    difference: str
    interval: str
    says: str


@dataclass(frozen=True, slots=True)
class VideoRow:
    """One video: the figure by which the systems are compared, and the tracks either hits."""

    video_id: int
    name: str
    first: float | None
    second: float | None
    difference: float | None
    first_hits: str
    second_hits: str
    drawn: Markup


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the page shows of two systems: `measure` names what `videos` are compared by, `tested` says of intervals,
    `says` is the verdict on AP, "" without them.

    `few`: why so few videos have no interval, "" where there are enough.
    """

    says: str
    figures: list[FigureRow]
    tested: bool
    few: str
    measure: str
    videos: list[VideoRow]
    wins: list[VideoRow]
    losses: list[VideoRow]
    ties: int
    first_wins: int
    second_wins: int


def comparison(
    audit: Audit,
    other: Audit,
    differences: Mapping[str, Difference] | None = None,
    by_video: Sequence[VideoDifference] | None = None,
) -> Comparison:
    """Lay two audits of one truth side by side.

    Args:
        differences: of the strict figures (`evaluation.bootstrap.compare`); without them nothing is said of chance.
        by_video: strict AP of each video alone (`evaluation.bootstrap.per_video`); without it videos are compared by
            the sum of the track IoUs of their hits, over their true tracks.
    Raises: ValueError when the audits are not of the same videos.
    """
    if [t.video_id for t in audit.timelines] != [t.video_id for t in other.timelines]:
        raise ValueError(
            "write_audit: two audits to compare must be of the same truth, got different videos in their timelines."
        )
    second = {timeline.video_id: timeline for timeline in other.timelines}
    alone = {row.video_id: (row.first, row.second) for row in by_video or ()}
    pairs = {
        t.video_id: alone.get(t.video_id, (None, None)) if by_video else (_covered(t), _covered(second[t.video_id]))
        for t in audit.timelines
    }
    changes = {video: b - a for video, (a, b) in pairs.items() if a is not None and b is not None}
    scale = max(map(abs, changes.values()), default=0.0)
    videos = [
        VideoRow(
            video_id=t.video_id,
            name=t.name,
            first=pairs[t.video_id][0],
            second=pairs[t.video_id][1],
            difference=changes.get(t.video_id),
            first_hits=f"{t.hits} of {len(t.true)}",
            second_hits=f"{second[t.video_id].hits} of {len(t.true)}",
            drawn=balance(changes.get(t.video_id, 0.0), scale),
        )
        for t in audit.timelines
    ]
    ordered = sorted((v for v in videos if v.difference), key=lambda v: -(v.difference or 0.0))
    wins = [v for v in ordered if (v.difference or 0) > 0]
    losses = [v for v in reversed(ordered) if (v.difference or 0) < 0]
    few = too_few(sum(bool(t.true) for t in audit.timelines))
    figures = _figures(audit, other, {} if few else differences or {})
    return Comparison(
        says=_says(audit, other, next(row for row in figures if row.name == "AP")),
        figures=figures,
        tested=bool(differences),
        few=few,
        measure="AP" if by_video else "overlap",
        videos=videos,
        wins=wins[:SHOWN],
        losses=losses[:SHOWN],
        ties=len(changes) - len(wins) - len(losses),
        first_wins=len(losses),
        second_wins=len(wins),
    )


def _figures(audit: Audit, other: Audit, differences: Mapping[str, Difference]) -> list[FigureRow]:
    rows = [_figure("AP, public evaluator", audit.ytvos.get("AP"), other.ytvos.get("AP"), None)]
    rows += [_figure(name, audit.strict.get(name), other.strict.get(name), differences.get(name)) for name in FIGURES]
    first, second = audit.identity.get("class_averaged", {}), other.identity.get("class_averaged", {})
    return rows + [_figure(name, first.get(name), second.get(name), None) for name in IDENTITY]


def _says(audit: Audit, other: Audit, ap: FigureRow) -> str:
    """Which of the two is better, if that is sure enough to say."""
    if not ap.says:
        return ""
    both = f"{percent(ap.first)} for the first ({audit.results_name}), {percent(ap.second)} for the second"
    held = f"Two systems: strict AP is {both} ({other.results_name}). The difference"
    if ap.says == "not told apart":
        return f"{held} does not survive drawing other videos."
    return f"{held} survives drawing other videos: the {ap.says.split()[0]} is better."


def _figure(name: str, first: float | None, second: float | None, paired: Difference | None) -> FigureRow:
    if first is None or second is None or undefined(first) or undefined(second):
        return FigureRow(name, first, second, percent(None), "", "")
    interval = says = ""
    if paired is not None and paired.low is not None and paired.high is not None:
        interval = f"{points(paired.low)} to {points(paired.high)}"
        says = ("second better" if second > first else "first better") if paired.survives else "not told apart"
    return FigureRow(name, first, second, points(second - first), interval, says)


def _covered(timeline: Timeline) -> float | None:
    """Mean over the true tracks of the track IoU with their partner, 0 without one; None without true tracks."""
    if not timeline.true:
        return None
    return timeline.hits * (timeline.mean_iou or 0.0) / len(timeline.true)
