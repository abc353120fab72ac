"""The figures by occlusion of the tracks, by length of the videos, and by how many tracks a video has.

Result.comparisons -> set aside the tracks outside (occlusion) -> match -> curve -> GroupScore
                   -> keep the videos inside (length, count) ----------> curve -> GroupScore
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from simvtr.errors import DataError
from simvtr.evaluation.matching import FOUND_LIMITS, THRESHOLDS, match, outcomes
from simvtr.evaluation.occlusion import LABEL_SCORES, crowding, occlusion_score
from simvtr.evaluation.precision import curve, mean_defined
from simvtr.evaluation.result import Result
from simvtr.evaluation.text import columns, percent
from simvtr.schema import Truth, TruthTrack

Bounds = tuple[str, float, float]  # name, least and greatest value, both inside

OCCLUSION: tuple[Bounds, ...] = (("light", 0, 0.25), ("medium", 0.25, 0.5), ("heavy", 0.5, 1))  # as the organisers
# Ours. The organisers' bounds, but a track is in one group: their scores often fall on a bound, shares seldom do.
_BELOW = np.nextafter((0.25, 0.5), 0)
CROWDING: tuple[Bounds, ...] = (("low", 0, _BELOW[0]), ("medium", 0.25, _BELOW[1]), ("high", 0.5, 1))
# Ours. YouTube-VIS has videos of 3 to 6 seconds with 6 frames a second, 18 to 36 in all, parted here at 4 seconds. OVIS
# has 12.77 seconds on average (songbai.site/ovis), every fifth frame too.
LENGTHS: tuple[Bounds, ...] = (("short", 1, 24), ("medium", 25, 36), ("long", 37, 100), ("longest", 101, np.inf))
# Ours. YouTube-VIS 2019 has 1.69 tracks in a video (4,883 in 2,883), OVIS 5.80 (5,223 in 901).
COUNTS: tuple[Bounds, ...] = (("one", 1, 1), ("few", 2, 3), ("several", 4, 6), ("many", 7, np.inf))

NOTES = {
    "occlusion": "Tracks by OVIS's labels, as its organisers group them; one on a bound is in two groups.",
    "crowding (ours)": "Tracks by the mean share of their box under other boxes; the truth has no occlusion labels.",
    "length (ours)": "Videos by their frames.",
    "count (ours)": "Videos by their true tracks, crowds left out.",
}


@dataclass(frozen=True, slots=True)
class GroupScore:
    """The score of one group of true tracks. Fractions in [0, 1], -1 where the group has no track that counts.

    Attributes:
        kind: "occlusion" or, without labels, "crowding (ours)"; "length (ours)"; "count (ours)".
        name, bounds: the group's name, and what belongs to it, as text.
        videos, tracks: true tracks that count, and videos that have one.
        AR1, AR10, AR100: mean recall with at most so many found tracks per video and category.
    """

    kind: str
    name: str
    bounds: str
    videos: int
    tracks: int
    AP: float
    AP50: float
    AP75: float
    AR1: float
    AR10: float
    AR100: float

    def as_dict(self) -> dict[str, str | int | float]:
        """All of it, for JSON."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class _Cell:
    """One video and category, as one group sees it. Axes: t thresholds."""

    category_id: int | None
    video_id: int
    scores: NDArray[np.float64]  # (d,)
    hit: NDArray[np.bool_]  # (t, d)
    ignored: NDArray[np.bool_]  # (t, d)
    expected: int


class Groups(tuple[GroupScore, ...]):
    """The groups, those of a kind beside each other."""

    def table(self) -> str:
        """As plain text, one block for each kind, in percent; "-" where undefined."""
        figures = ("AP", "AP50", "AP75", "AR1", "AR10", "AR100")
        blocks = []
        for kind, members in groupby(self, lambda group: group.kind):
            rows = [[kind, "", "videos", "tracks", *figures]]
            for group in members:
                marks = [percent(getattr(group, name)) for name in figures]
                rows.append([group.name, group.bounds, str(group.videos), str(group.tracks), *marks])
            blocks.append(f"{columns(rows, names=True)}\n{NOTES[kind]}")
        return "\n\n".join(blocks)


def by_groups(truth: Truth, result: Result) -> Groups:
    """Scores of the parts of a data set, from the IoUs and matches that `evaluate` kept. All sizes together.

    Occlusion: true tracks outside a group are set aside as crowds are, so what finds them counts neither way; found
    tracks belong to no group, so what finds nothing is false in each. A track without any label is in no group. With
    labels (on any track) the figures are those of OVIS's organisers: light, medium and heavy are AP_SO, AP_MO, AP_HO
    of the papers. Without, tracks are grouped by `crowding`, which is ours.
    Length, count: the plain figures of some videos alone. Videos without true tracks have a length, but no count.

    Args:
        truth: what `result` was scored against.
        result: of `evaluate`, in either dialect.
    Returns: three groups of tracks, four of length, four of count; groups without tracks as well.
    Raises: DataError for an unknown occlusion label; ValueError when the result is of another truth.
    Source: SPEC §6; `oviseval.py` of qjy981010/cocoapi, the fork of OVIS's organisers, at 886baff
        (their report: arXiv 2111.07950).

    >>> from simvtr.evaluation import evaluate
    >>> from simvtr.schema import Category, Video
    >>> from pathlib import Path
    >>> empty = Truth({1: Video(1, 4, 4, 30)}, {1: []}, {1: Category(1, "fish")}, Path("truth.json"))
    >>> [group.name for group in by_groups(empty, evaluate(empty, {}))][:5]
    ['low', 'medium', 'high', 'short', 'medium']
    """
    if not isinstance(truth, Truth) or not isinstance(result, Result):
        raise ValueError("by_groups: give a Truth and what simvtr.evaluate makes of it. Score the results first.")
    by_id = {track.id: track for tracks in truth.tracks.values() for track in tracks}  # the last counts, as evaluated
    for c in result.comparisons:
        if c.video_id not in truth.videos or not all(i in by_id for i in c.truth.tolist()):
            raise ValueError(
                f"by_groups: the result must be scored against {truth.path}, which lacks video {c.video_id} or"
                " tracks of it. Give the truth that was given to evaluate."
            )
    counts = Counter[int]()
    for c in result.comparisons:
        counts[c.video_id] += int(np.count_nonzero(~c.crowd))
    lengths = {video.id: video.length for video in truth.videos.values()}
    return Groups(
        (
            *occlusion_groups(result, occlusion_of(truth)),
            *_by_video("length (ours)", LENGTHS, lengths, "frames", result),
            *_by_video("count (ours)", COUNTS, counts, "tracks", result),
        )
    )


@dataclass(frozen=True, slots=True)
class TrackOcclusion:
    """How occluded each true track is, and on which scale. It is of the truth alone: one does for many results.

    Args:
        kind: "occlusion", by labels, or "crowding (ours)".
        values: by the id of a true track, in [0, 1]; None where nothing is known.
    """

    kind: str
    values: dict[int, float | None]


def occlusion_of(truth: Truth) -> TrackOcclusion:
    """By OVIS's labels where any track has one, else by `crowding`. Raises: DataError for an unknown label."""
    tracks = [track for tracks in truth.tracks.values() for track in tracks]
    if any(label is not None for track in tracks for label in track.occlusion or ()):
        return TrackOcclusion("occlusion", {track.id: _score_of_labels(truth, track) for track in tracks})
    values: dict[int, float | None] = {}
    for video, inside in truth.tracks.items():
        values.update(zip([track.id for track in inside], crowding(inside, truth.videos[video]), strict=True))
    return TrackOcclusion("crowding (ours)", values)


def occlusion_groups(result: Result, occlusion: TrackOcclusion) -> list[GroupScore]:
    """The three occlusion groups of `by_groups`."""
    if occlusion.kind == "occlusion":
        groups, texts = OCCLUSION, [f"[{low:g}, {high:g}]" for _, low, high in OCCLUSION]
    else:
        groups, texts = CROWDING, ["[0, 0.25)", "[0.25, 0.5)", "[0.5, 1]"]
    low, high = (np.array([group[end] for group in groups])[:, None] for end in (1, 2))
    cells: list[list[_Cell]] = [[] for _ in groups]
    for c in result.comparisons:
        value = np.array(
            [occlusion.values[i] for i in c.truth.tolist()], float
        )  # (g,), nan for None: outside of all groups
        aside = ~((value >= low) & (value <= high)) | c.crowd  # (a, g), a for groups
        matched = match(c.iou, aside, c.crowd)
        never = np.zeros((len(groups), len(c.scores)), bool)
        hit, ignored = outcomes(matched, aside, never, (c.truth == 0) & (result.dialect == "ytvos"))
        for a, expected in enumerate(np.count_nonzero(~aside, axis=1).tolist()):
            cells[a].append(_Cell(c.category_id, c.video_id, c.scores, hit[a], ignored[a], expected))
    rows = zip(groups, texts, cells, strict=True)
    return [_score(occlusion.kind, group[0], text, inside) for group, text, inside in rows]


def _score_of_labels(truth: Truth, track: TruthTrack) -> float | None:
    labels = track.occlusion or ()
    wrong = [label for label in labels if label is not None and label not in LABEL_SCORES]
    if wrong:
        raise DataError(
            f"{truth.path}, video {track.video_id}, track {track.id}: occlusion labels must be"
            f" {', '.join(LABEL_SCORES)} or null, got {wrong[0][:40]!r}. Correct them, or leave `occlusion` out."
        )
    return occlusion_score(labels)


def _by_video(
    kind: str, groups: Sequence[Bounds], values: dict[int, int], unit: str, result: Result
) -> Iterable[GroupScore]:
    for name, low, high in groups:
        cells = [
            _Cell(c.category_id, c.video_id, c.scores, c.hit[0], c.ignored[0], int(c.expected[0]))
            for c in result.comparisons
            if low <= values[c.video_id] <= high
        ]
        text = f"{low} and more" if high == np.inf else f"{low} to {high}" if high > low else f"{low}"
        yield _score(kind, name, f"{text} {unit}" if high > 1 else f"{text} {unit[:-1]}", cells)


def _score(kind: str, name: str, bounds: str, cells: Sequence[_Cell]) -> GroupScore:
    """The figures of one group; the order of its cells, by category, then video, decides ties of score."""
    precision: list[NDArray[np.float64]] = []  # k times (t, r), of categories with a track that counts
    recall: list[NDArray[np.float64]] = []  # k times (t, m)
    for _, of_category in groupby(cells, lambda cell: cell.category_id):
        compared = list(of_category)
        expected = sum(cell.expected for cell in compared)
        if not expected:
            continue
        order = np.argsort(-np.concatenate([cell.scores for cell in compared]), kind="stable")
        hit = np.concatenate([cell.hit for cell in compared], axis=1)
        ignored = np.concatenate([cell.ignored for cell in compared], axis=1)
        rank = np.concatenate([np.arange(len(cell.scores)) for cell in compared])  # within its video
        precision.append(curve(hit[:, order], ignored[:, order], expected)[0])
        reached = [np.count_nonzero(hit[:, rank < limit], axis=1) / expected for limit in FOUND_LIMITS]
        recall.append(np.stack(reached, axis=1))
    precisions = np.stack(precision, axis=2) if precision else np.empty((len(THRESHOLDS), 0, 0))  # (t, r, k)
    recalls = np.stack(recall, axis=1) if recall else np.empty((len(THRESHOLDS), 0, len(FOUND_LIMITS)))  # (t, k, m)
    recall_at = dict(zip(FOUND_LIMITS, np.moveaxis(recalls, 2, 0), strict=True))
    return GroupScore(
        kind=kind,
        name=name,
        bounds=bounds,
        videos=len({cell.video_id for cell in cells if cell.expected}),
        tracks=sum(cell.expected for cell in cells),
        AP=mean_defined(precisions),
        AP50=mean_defined(precisions[np.equal(THRESHOLDS, 0.5)]),
        AP75=mean_defined(precisions[np.equal(THRESHOLDS, 0.75)]),
        AR1=mean_defined(recall_at[1]),
        AR10=mean_defined(recall_at[10]),
        AR100=mean_defined(recall_at[100]),
    )
