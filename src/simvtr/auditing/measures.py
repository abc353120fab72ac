"""The columns of the matrix from a table of overlaps: what they need of AP, HOTA and the groups, and nothing more.

results -> rows of the table -> IoU of tracks -> match -> curve               -> AP, AP50, AR10, groups
                             -> FrameOverlap  -> hota_counts, identity_matches -> HOTA, DetA, AssA, IDF1
                                (both a cell at a time: a video and a category)

Every figure is that of `evaluate`, `identity` and `occlusion_groups`, to the last bit. Those tell sizes, limits,
switches and fragments, too, which would be thrown away after every attack.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simvtr.auditing.audit import MEASURES
from simvtr.auditing.cache import OverlapCache, Seen
from simvtr.evaluation.dialects import Found, reference_truth
from simvtr.evaluation.frames import FrameOverlap
from simvtr.evaluation.groups import CROWDING, OCCLUSION, TrackOcclusion
from simvtr.evaluation.hota import NO_COUNTS, HotaCounts, hota_counts
from simvtr.evaluation.identities import best_threshold
from simvtr.evaluation.matching import FOUND_LIMITS, THRESHOLDS, match, mean_area, outcomes, outside
from simvtr.evaluation.precision import UNDEFINED, curve, mean_defined
from simvtr.evaluation.switches import identity_matches
from simvtr.evaluation.tally import NOTHING, Tally
from simvtr.schema import Truth

Values = dict[str, float | None]  # by the keys of MEASURES
Place = tuple[int, int]  # video id, category id
MOST = FOUND_LIMITS[-1]  # tracks of a cell that count
TEN = 10  # idem, of AR10
GROUPS = ("AP light", "AP medium", "AP heavy")
HEADLINES = ("HOTA", "DetA", "AssA", "IDF1")


@dataclass(frozen=True, slots=True, eq=False)
class _TrueCell:
    """True tracks of one video and category. Axes: g tracks; a 4: all of them, then the three groups by occlusion."""

    columns: NDArray[np.intp]  # (g,) of the video's table
    crowd: NDArray[np.bool_]  # (g,)
    aside: NDArray[np.bool_]  # (a, g) do not count
    id_0: NDArray[np.bool_]  # (g,) the reference never sees them matched


@dataclass(frozen=True, slots=True, eq=False)
class _Ranked:
    """Found tracks that count, by category, then video, then falling score."""

    categories: NDArray[np.int64]  # (d,)
    scores: NDArray[np.float64]  # (d,)
    positions: NDArray[np.int64]  # (d,) in the list of the video
    rank: NDArray[np.int64]  # (d,) in its cell
    cells: dict[Place, slice]  # of the 100 best of each cell


class Measures:
    """The measures of one truth, for results whose overlaps come from a cache of it.

    Args:
        truth: read strictly.
        occlusion: of its tracks.
    """

    def __init__(self, truth: Truth, cache: OverlapCache, occlusion: TrackOcclusion) -> None:
        self._truth, self._cache = truth, cache
        bounds = OCCLUSION if occlusion.kind == "occlusion" else CROWDING
        low, high = (np.array([group[end] for group in bounds])[:, None] for end in (1, 2))
        self._cells: dict[Place, _TrueCell] = {}
        self._expected: dict[int, NDArray[np.int64]] = {}  # category -> (a,) true tracks that count
        for (video, category), tracks in reference_truth(truth).items():
            crowd = np.array([track.crowd for track in tracks], bool)
            value = np.array([occlusion.values[track.id] for track in tracks], float)  # nan: outside of all groups
            every = outside(np.array([mean_area(track.areas) for track in tracks], float))[:1]
            aside = np.concatenate((every, ~((value >= low) & (value <= high)))) | crowd
            id_0 = np.array([track.id == 0 for track in tracks], bool)
            self._cells[video, category] = _TrueCell(cache[video].columns(tracks), crowd, aside, id_0)
            self._expected[category] = self._expected.get(category, 0) + np.count_nonzero(~aside, axis=1)
        self._has_id_0 = any(cell.id_0.any() for cell in self._cells.values())

    def of(self, found: Found, thresholds: Mapping[int, float | None] | None) -> tuple[Values, bool]:
        """Every measure of these results, and whether the strict reading refuses them.

        Args:
            found: results whose masks are single objects (`attacks.unpacked`).
            thresholds: of the identity measures, by category; None: the best for these results.
        """
        seen = {video: self._cache[video].look(tracks) for video, tracks in found.items()}
        listed = {v: [track.category_id in self._truth.categories for track in ts] for v, ts in found.items()}
        scored = {v: [listed[v][i] and math.isfinite(t.score) for i, t in enumerate(ts)] for v, ts in found.items()}
        sound = all(self._cache[video].sound(one).all() for video, one in seen.items())
        refused = not (sound and all(map(all, scored.values())))
        whole = {video: self._cache[video].whole(one) for video, one in seen.items()} if refused else seen
        ranked = _ranked(found, scored)
        values = self._precisions(ranked, whole)
        values["ytvos.AP"] = values["strict.AP"]
        if refused or self._has_id_0:
            values["ytvos.AP"] = self._precisions(_ranked(found, listed), seen, reference=True)["strict.AP"]
        values |= self._identities(ranked, whole, thresholds)
        return {key: None if values[key] == UNDEFINED else values[key] for key in MEASURES}, refused

    def _precisions(self, ranked: _Ranked, seen: Mapping[int, Seen], reference: bool = False) -> dict[str, float]:
        """AP, AP50, AR10 and AP of the groups; by the reference's rules AP alone."""
        asides = 1 if reference else 1 + len(GROUPS)
        shape = (asides, len(THRESHOLDS), len(ranked.scores))
        hit, ignored = np.zeros(shape, bool), np.zeros(shape, bool)
        for cell, some, iou in self._compared(ranked, seen):
            aside = cell.aside[:asides]
            matched = match(iou, aside, cell.crowd)
            never = np.zeros((asides, len(iou)), bool)  # no size is outside of "all"
            hit[:, :, some], ignored[:, :, some] = outcomes(matched, aside, never, cell.id_0 & reference)
        precision: list[list[NDArray[np.float64]]] = [[] for _ in range(asides)]
        recall: list[NDArray[np.float64]] = []
        for category, expected in sorted(self._expected.items()):
            begin, end = np.searchsorted(ranked.categories, (category, category + 1))
            counted = begin + np.flatnonzero(ranked.rank[begin:end] < MOST)
            order = counted[np.argsort(-ranked.scores[counted], kind="stable")]
            for a in np.flatnonzero(expected[:asides]).tolist():
                precision[a].append(curve(hit[a][:, order], ignored[a][:, order], int(expected[a]))[0])
            if expected[0]:
                best = begin + np.flatnonzero(ranked.rank[begin:end] < TEN)
                recall.append(np.count_nonzero(hit[0][:, best], axis=1) / expected[0])
        stacked = [np.stack(one, axis=2) if one else np.empty((len(THRESHOLDS), 0, 0)) for one in precision]
        return {
            "strict.AP": mean_defined(stacked[0]),
            "strict.AP50": mean_defined(stacked[0][np.equal(THRESHOLDS, 0.5)]),
            "strict.AR10": mean_defined(np.stack(recall, axis=1) if recall else np.empty(0)),
            **{name: mean_defined(one) for name, one in zip(GROUPS, stacked[1:], strict=not reference)},
        }

    def _compared(
        self, ranked: _Ranked, seen: Mapping[int, Seen]
    ) -> Iterator[tuple[_TrueCell, slice, NDArray[np.float64]]]:
        """Cells with true and found tracks of which some overlap enough, and their IoU (d, g)."""
        ious = {video: self._cache[video].ious(one) for video, one in seen.items()}
        for place, cell in self._cells.items():
            some = ranked.cells.get(place)
            if some is None:
                continue
            lists = seen[place[0]].which[ranked.positions[some]]
            iou = ious[place[0]][lists[:, None], cell.columns]
            if iou.max() >= THRESHOLDS[0]:
                yield cell, some, iou

    def _identities(
        self, ranked: _Ranked, seen: Mapping[int, Seen], thresholds: Mapping[int, float | None] | None
    ) -> dict[str, float]:
        """HOTA, its parts and IDF1, averaged over the categories with true masks."""
        cells: dict[int, list[int]] = {category: [] for category in self._expected}
        for video, category in sorted({*self._cells, *ranked.cells}):
            if category in cells:
                cells[category].append(video)
        figures = []
        for category, videos in sorted(cells.items()):
            least = None if thresholds is None else thresholds[category]
            overlaps, scores = [], []
            for video in videos:
                some = ranked.cells.get((video, category), slice(0, 0))
                values, positions = ranked.scores[some], ranked.positions[some]
                if least is not None:
                    values, positions = values[values >= least], positions[values >= least]
                order = np.argsort(positions)  # the order of the file decides ties of overlap
                overlaps.append(self._frames((video, category), seen.get(video), positions[order]))
                scores.append(values[order])
            if least is None:
                least = best_threshold(overlaps, scores)
                kept = [values >= (np.inf if least is None else least) for values in scores]
                overlaps = [video.keep(some) for video, some in zip(overlaps, kept, strict=True)]
            total = sum(map(_counted, overlaps), NOTHING)
            if total.hota.truth:
                figures.append(total.figures)
        return {name: mean_defined(np.array([getattr(one, name) for one in figures])) for name in HEADLINES}

    def _frames(self, place: Place, seen: Seen | None, positions: NDArray[np.int64]) -> FrameOverlap:
        home, cell = self._cache[place[0]], self._cells.get(place)
        rows = np.zeros((0, home.length), np.intp) if seen is None else seen.rows[seen.which[positions]]
        if cell is None:
            return home.frame_overlap(rows, np.zeros(0, np.intp), np.zeros(0, bool))
        return home.frame_overlap(rows, cell.columns, cell.crowd)


def _counted(video: FrameOverlap) -> Tally:
    """`tally`, but for switches and fragments."""
    if video.iou.any():
        return Tally(hota_counts(video), identity_matches(video), 0, 0)
    found, truth = int(np.count_nonzero(video.found)), int(np.count_nonzero(video.truth))
    return Tally(HotaCounts(NO_COUNTS.matches, found, truth, NO_COUNTS.association, NO_COUNTS.overlap), 0, 0, 0)


def _ranked(found: Found, counts: Mapping[int, list[bool]]) -> _Ranked:
    """Args: counts: which tracks of each video."""
    chosen = [
        (video, i, track) for video, tracks in found.items() for i, track in enumerate(tracks) if counts[video][i]
    ]
    videos = np.array([video for video, *_ in chosen], np.int64)
    positions = np.array([i for _, i, _ in chosen], np.int64)
    categories = np.array([track.category_id for *_, track in chosen], np.int64)
    scores = np.array([track.score for *_, track in chosen], float)
    order = np.lexsort((-scores, videos, categories))  # stable: equal scores in the order of the file
    videos, positions, categories = (one[order] for one in (videos, positions, categories))
    new = (np.diff(videos, prepend=videos[:1]) != 0) | (np.diff(categories, prepend=categories[:1]) != 0)
    starts = np.flatnonzero(new | (np.arange(len(new)) == 0))
    sizes = np.diff(starts, append=len(order))
    places = zip(videos[starts].tolist(), categories[starts].tolist(), strict=True)
    ends = np.minimum(starts + MOST, starts + sizes)
    slices = (slice(begin, end) for begin, end in zip(starts.tolist(), ends.tolist(), strict=True))
    rank = np.arange(len(order)) - np.repeat(starts, sizes)
    cells: dict[Place, slice] = dict(zip(places, slices, strict=True))
    return _Ranked(categories, scores[order], positions, rank, cells)
