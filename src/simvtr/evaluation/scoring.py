"""`evaluate`: truth and results in, the figures out. Compares each video and category, then accumulates."""

from collections.abc import Callable, Mapping, Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from simvtr.evaluation.dialects import Dialect, reference_truth, require_known_videos, require_read, require_strict
from simvtr.evaluation.matching import (
    FOUND_LIMITS,
    SIZE_RANGES,
    THRESHOLDS,
    Comparison,
    match,
    mean_area,
    mean_pixels,
    outcomes,
    outside,
)
from simvtr.evaluation.overlap import mask_areas, track_ious
from simvtr.evaluation.precision import accumulate
from simvtr.evaluation.result import Result
from simvtr.schema import Predictions, Track, Truth, TruthTrack
from simvtr.schema.source import in_bulk

Overlaps = Callable[[int, Sequence[Track], Sequence[TruthTrack]], tuple[list[NDArray[np.int64]], NDArray[np.float64]]]
"""(video id, d found tracks, g true tracks) -> areas of each found track (t,), track IoU (d, g)."""


def compute_overlaps(
    video: int, tracks: Sequence[Track], true_tracks: Sequence[TruthTrack]
) -> tuple[list[NDArray[np.int64]], NDArray[np.float64]]:
    """`Overlaps` from the masks."""
    return _overlaps(tracks, true_tracks, least=0.0)


def deciding_overlaps(
    video: int, tracks: Sequence[Track], true_tracks: Sequence[TruthTrack]
) -> tuple[list[NDArray[np.int64]], NDArray[np.float64]]:
    """`Overlaps` for the figures alone: an IoU below every threshold may come as 0. Half the work or less."""
    return _overlaps(tracks, true_tracks, least=float(THRESHOLDS[0]))


def _overlaps(
    tracks: Sequence[Track], true_tracks: Sequence[TruthTrack], least: float
) -> tuple[list[NDArray[np.int64]], NDArray[np.float64]]:
    areas = [mask_areas(track.segmentations) for track in tracks]
    masks, true_masks = [t.segmentations for t in tracks], [t.segmentations for t in true_tracks]
    return areas, track_ious(masks, true_masks, areas, least=least)


@in_bulk()
def evaluate(
    truth: Truth,
    found: Predictions | Mapping[int, Sequence[Track]],
    dialect: Dialect = "strict",
    *,
    class_agnostic: bool = False,
    overlaps: Overlaps = compute_overlaps,
    progress: Callable[[int, int], None] | None = None,
) -> Result:
    """Average precision and recall of mask tracks, with the digits of youtubevos/cocoapi.

    Args:
        truth: what is in the videos.
        found: results, read from a file or as {video id: tracks}; videos without an entry count as empty. Of tracks
            of equal score the earlier in the list comes first.
        dialect: "strict" refuses lists that are not as long as their video, masks of another size and unlisted
            categories; "ytvos" scores them as the reference does. On input that strict accepts the two agree to the
            last bit, except for a true track with id 0, which the reference can never match.
        class_agnostic: compare tracks of all categories with one another, as one category.
        overlaps: where areas and overlaps come from; the audit has many of them already. `deciding_overlaps` gives the
            same figures sooner, and less to analyse.
        progress: is told how many of the pairs of a video and a category are done, and how many there are.
    Returns: `Result`: the twelve figures, the precision array, the matches of every video.
    Raises: DataError naming file, video, track and frame; ValueError for an unknown dialect, or a path.
    Source: SPEC §6, docs/metric.md.

    >>> from pathlib import Path
    >>> from simvtr.rle import encode
    >>> from simvtr.schema import Category, Video
    >>> mask = encode(np.ones((2, 2), bool))
    >>> video = Video(id=1, width=2, height=2, length=2, file_names=("0.jpg", "1.jpg"))
    >>> fish = TruthTrack(id=1, video_id=1, category_id=1, segmentations=(mask, mask), areas=(4.0, 4.0),
    ...     boxes=((0, 0, 2, 2), (0, 0, 2, 2)), crowd=False, occlusion=None)
    >>> truth = Truth({1: video}, {1: [fish]}, {1: Category(1, "fish")}, Path("truth.json"))
    >>> half = Track(category_id=1, score=0.9, segmentations=(mask, None))     # IoU 4 px of 8 = 0.5
    >>> {name: round(value, 6) for name, value in evaluate(truth, {1: [half]}).stats.items() if value > 0}
    {'AP': 0.1, 'AP50': 1.0, 'APs': 0.1, 'AR1': 0.1, 'AR10': 0.1, 'AR100': 0.1, 'ARs': 0.1}
    """
    if dialect not in get_args(Dialect):
        raise ValueError(f"evaluate: dialect must be one of {get_args(Dialect)}, got {dialect!r}")
    require_read("evaluate", truth, found)
    by_video: Mapping[int, Sequence[Track]] = found.tracks if isinstance(found, Predictions) else found
    where = str(found.path) if isinstance(found, Predictions) else "results"
    require_known_videos(truth, by_video, where)
    if dialect == "strict":
        require_strict(truth, by_video, where)

    category_ids = sorted(truth.categories)
    true_cells = reference_truth(truth)
    found_cells: dict[tuple[int, int], list[int]] = {}
    for video, tracks in by_video.items():
        for position, track in enumerate(tracks):
            found_cells.setdefault((video, track.category_id), []).append(position)
    videos_of: dict[int, set[int]] = {}  # only cells with tracks are visited: a file may name 10^4 x 10^4 of them
    for video, k in (*true_cells, *found_cells):
        videos_of.setdefault(k, set()).add(video)

    groups: list[tuple[int, ...]] = [tuple(category_ids)] if class_agnostic else [(k,) for k in category_ids]
    comparisons: list[list[Comparison]] = []
    visited = [set[int]().union(*videos_of.values())] if class_agnostic else videos_of.values()
    cells, done = sum(map(len, visited)), 0
    for group in groups:
        compared = []
        label = None if class_agnostic else group[0]
        seen: dict[int, list[int]] = {}  # categories in each video
        for k in group:
            for video in videos_of.get(k, ()):
                seen.setdefault(video, []).append(k)
        for video, kinds in sorted(seen.items()):
            true_tracks = [track for k in kinds for track in true_cells.get((video, k), ())]
            positions = [position for k in kinds for position in found_cells.get((video, k), ())]
            tracks = by_video.get(video, ())
            compared.append(_compare(video, label, true_tracks, tracks, positions, overlaps, dialect == "ytvos"))
            done += 1
            if progress is not None:
                progress(done, cells)
        comparisons.append(compared)
    precision, recall = accumulate(comparisons)
    return Result(
        precision=precision,
        recall=recall,
        categories=tuple(truth.categories[k] for k in category_ids),
        comparisons=tuple(c for compared in comparisons for c in compared),
        true_counts=tuple(sum(len(true_cells.get((v, k), ())) for v in videos_of.get(k, ())) for k in category_ids),
        found_counts=tuple(sum(len(found_cells.get((v, k), ())) for v in videos_of.get(k, ())) for k in category_ids),
        videos=len(truth.videos),
        dialect=dialect,
        class_agnostic=class_agnostic,
    )


def _compare(
    video: int,
    category: int | None,
    true_tracks: Sequence[TruthTrack],
    tracks: Sequence[Track],
    positions: Sequence[int],
    overlaps: Overlaps,
    id_0_unseen: bool,
) -> Comparison:
    scores = np.array([tracks[position].score for position in positions], float)
    best = np.argsort(-scores, kind="stable")[: FOUND_LIMITS[-1]]
    kept = [tracks[positions[i]] for i in best]
    areas, iou = overlaps(video, kept, true_tracks)
    crowd = np.array([track.crowd for track in true_tracks], bool)
    ids = np.array([track.id for track in true_tracks], np.int64)
    set_aside = outside(np.array([mean_area(track.areas) for track in true_tracks], float)) | crowd
    found_outside = outside(np.array([mean_pixels(pixels) for pixels in areas], float))
    matched = match(iou, set_aside, crowd)
    hit, ignored = outcomes(matched, set_aside, found_outside, (ids == 0) & id_0_unseen)
    return Comparison(
        video_id=video,
        category_id=category,
        found=np.array(positions, np.int64)[best],
        truth=ids,
        crowd=crowd,
        scores=scores[best],
        iou=iou,
        matched=matched,
        hit=hit,
        ignored=ignored,
        expected=np.count_nonzero(~set_aside, axis=1).reshape(len(SIZE_RANGES)),
    )
