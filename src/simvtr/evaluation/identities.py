"""`identity`: are objects found, and are they the same objects throughout? HOTA, IDF1, switches, fragments.

masks -> frames.py -> hota.py, switches.py -> tally.py -> Identity
         (per video and category)             (sums)      (here)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from simvtr.evaluation.dialects import reference_truth, require_known_videos, require_read, require_strict
from simvtr.evaluation.frames import FrameOverlap, frame_overlap
from simvtr.evaluation.hota import NO_COUNTS, HotaCounts, hota_counts
from simvtr.evaluation.matching import FOUND_LIMITS
from simvtr.evaluation.precision import mean_defined
from simvtr.evaluation.tally import FRACTIONS, NOTHING, IdentityFigures, Tally, tally
from simvtr.evaluation.text import columns, percent
from simvtr.schema import Category, Predictions, Track, Truth, TruthTrack

FrameOverlaps = Callable[[int, Sequence[Track], Sequence[TruthTrack], NDArray[np.bool_]], FrameOverlap]
"""(video id, d found tracks, g' true tracks, which of these are crowds) -> overlap frame by frame."""
CANDIDATES = 20  # thresholds tried per category at once; twice, the second time around the best of the first


@dataclass(frozen=True, slots=True, eq=False)
class CategoryIdentity:
    """One category: its figures at `threshold`, None where nothing was found whatever the threshold."""

    id: int
    name: str
    threshold: float | None
    figures: IdentityFigures
    true_tracks: int  # crowds left out
    found_tracks: int  # at or above the threshold
    tally: Tally  # HOTA and its parts at every level of IoU


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """How well identities are kept. The headline is `class_averaged`.

    Args:
        class_averaged: mean over the categories that have true masks, as AP is; switches and fragments summed over the
            same.
        detection_averaged: all categories' counts added before any division: frequent objects weigh more, and false
            masks of categories without truth count.
        categories: by rising id.
        threshold: the least score of a track that counts, None where each category has its best by HOTA.
    """

    class_averaged: IdentityFigures
    detection_averaged: IdentityFigures
    categories: tuple[CategoryIdentity, ...]
    threshold: float | None

    def table(self) -> str:
        """The figures in percent, switches and fragments counted; "-" where undefined."""
        rows = [["category", "HOTA", "DetA", "AssA", "LocA", "IDF1", "switches", "fragments", "score", "true", "found"]]
        totals = [str(sum(c.true_tracks for c in self.categories)), str(sum(c.found_tracks for c in self.categories))]
        stated = "-" if self.threshold is None else f"{self.threshold:.3g}"
        rows.append(["class-averaged", *_cells(self.class_averaged), stated, *totals])
        rows.append(["detection-averaged", *_cells(self.detection_averaged), stated, *totals])
        for c in self.categories:
            least = "-" if c.threshold is None else f"{c.threshold:.3g}"
            name = " ".join(c.name.split())
            rows.append([name, *_cells(c.figures), least, str(c.true_tracks), str(c.found_tracks)])
        if self.threshold is None:
            rule = f"score: the least score that counts, per category the best by HOTA of up to {2 * CANDIDATES} tried"
        else:
            rule = f"score: the least score that counts, {self.threshold:g} as stated"
        return f"{columns(rows, names=True)}\n\n{rule}; percent."

    def as_dict(self) -> dict[str, object]:
        """For JSON: fractions at full precision, -1 where undefined; thresholds null where there is none."""
        return {
            "headline": "class_averaged",
            "class_averaged": asdict(self.class_averaged),
            "detection_averaged": asdict(self.detection_averaged),
            "threshold": self.threshold,
            "categories": [
                {
                    "id": c.id,
                    "name": c.name,
                    "threshold": c.threshold,
                    **asdict(c.figures),
                    "true": c.true_tracks,
                    "found": c.found_tracks,
                }
                for c in self.categories
            ],
        }


def compute_frame_overlaps(
    video: int, tracks: Sequence[Track], true_tracks: Sequence[TruthTrack], crowd: NDArray[np.bool_]
) -> FrameOverlap:
    """`FrameOverlaps` from the masks."""
    return frame_overlap([track.segmentations for track in tracks], [t.segmentations for t in true_tracks], crowd)


def identity(
    truth: Truth,
    found: Predictions | Mapping[int, Sequence[Track]],
    *,
    threshold: float | Mapping[int, float | None] | None = None,
    overlaps: FrameOverlaps = compute_frame_overlaps,
    progress: Callable[[int, int], None] | None = None,
) -> Identity:
    """HOTA with its parts, IDF1, identity switches and fragments of mask tracks, per category and over all.

    Found tracks meet the true tracks of their own category only; masks of one frame may overlap. A track that counts
    does so in full whatever its score, so raw lists of many guesses need a threshold. As for AP, only the 100 best
    tracks per video and category count.

    Args:
        truth: what is in the videos. Crowds are left out, and in each frame what lies in them (`frame_overlap`).
        found: results, read from a file or as {video id: tracks}; videos without an entry count as empty.
        threshold: the least score of a track that counts, or one for each category; None takes its best by HOTA
            (`best_threshold`). That choice sees the truth: say so.
        overlaps: where overlaps come from; the audit has many of them already.
        progress: is told how many of the pairs of a video and a category are done, and how many there are.
    Raises: DataError for what the dialect `strict` refuses; ValueError for a path, or a threshold that
        is not finite.
    Source: arXiv 2009.07736, docs/metric.md; HOTA, DetA, AssA, IDF1, switches and fragments of a category and
        detection-averaged equal TrackEval's.

    >>> from pathlib import Path
    >>> from simvtr.rle import encode
    >>> from simvtr.schema import Category, TruthTrack, Video
    >>> mask = encode(np.ones((2, 2), bool))
    >>> video = Video(id=1, width=2, height=2, length=2, file_names=("0.jpg", "1.jpg"))
    >>> fish = TruthTrack(id=1, video_id=1, category_id=1, segmentations=(mask, mask), areas=(4.0, 4.0),
    ...     boxes=((0, 0, 2, 2), (0, 0, 2, 2)))
    >>> truth = Truth({1: video}, {1: [fish]}, {1: Category(1, "fish")}, Path("truth.json"))
    >>> cut = [Track(1, 0.9, (mask, None)), Track(1, 0.8, (None, mask))]   # every mask right, the track cut in two
    >>> figures = identity(truth, {1: cut}, threshold=0.5).class_averaged
    >>> figures.DetA, figures.AssA, figures.IDF1, figures.switches
    (1.0, 0.5, 0.5, 1)
    """
    require_read("identity", truth, found)
    stated = threshold if isinstance(threshold, Mapping) else dict.fromkeys(truth.categories, threshold)
    if not all(least is None or np.isfinite(least) for least in stated.values()):
        raise ValueError(f"identity: threshold must be finite, got {threshold}. None chooses the best per category.")
    by_video: Mapping[int, Sequence[Track]] = found.tracks if isinstance(found, Predictions) else found
    where = str(found.path) if isinstance(found, Predictions) else "results"
    require_known_videos(truth, by_video, where)
    require_strict(truth, by_video, where)
    true_cells = reference_truth(truth)
    found_cells: dict[tuple[int, int], list[Track]] = {}
    for video, tracks in by_video.items():
        for track in tracks:
            found_cells.setdefault((video, track.category_id), []).append(track)
    videos_of: dict[int, list[int]] = {}  # only cells with tracks are visited: a file may name 10^4 x 10^4 of them
    for video, category in sorted({*true_cells, *found_cells}):
        videos_of.setdefault(category, []).append(video)

    rows, done, cells = [], 0, sum(map(len, videos_of.values()))
    for category in sorted(truth.categories):
        videos, scores = [], []
        for video in videos_of.get(category, ()):
            true_tracks, tracks = true_cells.get((video, category), []), _best(found_cells.get((video, category), []))
            if (least := stated[category]) is not None:
                tracks = [track for track in tracks if track.score >= least]  # the others need no overlaps
            crowd = np.array([track.crowd for track in true_tracks], bool)
            videos.append(overlaps(video, tracks, true_tracks, crowd))
            scores.append(np.array([track.score for track in tracks], float))
            done += 1
            if progress is not None:
                progress(done, cells)
        rows.append(_category(truth.categories[category], videos, scores, stated[category]))
    return Identity(
        class_averaged=_averaged([row.figures for row in rows if row.tally.hota.truth]),
        detection_averaged=sum((row.tally for row in rows), NOTHING).figures,
        categories=tuple(rows),
        threshold=None if isinstance(threshold, Mapping) else threshold,
    )


def best_threshold(overlaps: Sequence[FrameOverlap], scores: Sequence[NDArray[np.float64]]) -> float | None:
    """The score from which on found tracks give the best HOTA of one category, over all its videos together.

    Args:
        overlaps: one per video.
        scores: (d,) of each video.
    Returns: one of the distinct scores, of equally good ones the highest; None without any score. First 20 are tried,
        evenly by rank and the ends among them, then 20 between the best one's neighbours; up to 20 are all tried.

    >>> video = FrameOverlap(np.array([[[1.0], [0.0]]]), np.ones((1, 2), bool), np.ones((1, 1), bool))
    >>> best_threshold([video], [np.array([0.9, 0.3])])   # the second track is false
    0.9
    """
    distinct = np.unique(np.concatenate([*scores, np.zeros(0)]))[::-1]
    if not len(distinct):
        return None
    counts: list[dict[int, HotaCounts]] = [{} for _ in overlaps]  # by the number of tracks kept: it says which ones
    reached: dict[int, float] = {}  # HOTA by position in `distinct`
    first, last = 0, len(distinct) - 1
    for _ in range(2):
        tried = np.unique(np.linspace(first, last, CANDIDATES).round().astype(int))
        for at in tried.tolist():
            total = NO_COUNTS
            for video, values, known in zip(overlaps, scores, counts, strict=True):
                kept = values >= distinct[at]
                number = int(np.count_nonzero(kept))
                if number not in known:
                    known[number] = hota_counts(video.keep(kept))
                total += known[number]
            reached[at] = float(total.hota.mean())
        best = max(sorted(reached), key=reached.__getitem__)  # the first of equals
        first, last = int(tried[tried < best].max(initial=0)), int(tried[tried > best].min(initial=len(distinct) - 1))
    return float(distinct[best])


def _category(
    category: Category, videos: Sequence[FrameOverlap], scores: Sequence[NDArray[np.float64]], threshold: float | None
) -> CategoryIdentity:
    least = best_threshold(videos, scores) if threshold is None else threshold
    kept = [values >= (np.inf if least is None else least) for values in scores]
    total = sum((tally(video.keep(k)) for video, k in zip(videos, kept, strict=True)), NOTHING)
    return CategoryIdentity(
        id=category.id,
        name=category.name,
        threshold=least,
        figures=total.figures,
        true_tracks=sum(video.truth.shape[1] for video in videos),
        found_tracks=sum(int(k.sum()) for k in kept),
        tally=total,
    )


def _best(tracks: list[Track]) -> list[Track]:
    """At most 100 tracks, the best-scored; in the order of the file, which decides ties of overlap."""
    order = np.argsort([-track.score for track in tracks], kind="stable")[: FOUND_LIMITS[-1]]
    return [tracks[i] for i in sorted(order)]


def _averaged(figures: Sequence[IdentityFigures]) -> IdentityFigures:
    means = {name: mean_defined(np.array([getattr(f, name) for f in figures])) for name in FRACTIONS}
    switches, fragments = sum(f.switches for f in figures), sum(f.fragments for f in figures)
    return IdentityFigures(**means, switches=switches, fragments=fragments)


def _cells(f: IdentityFigures) -> list[str]:
    return [*[percent(getattr(f, name)) for name in FRACTIONS], str(f.switches), str(f.fragments)]
