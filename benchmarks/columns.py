"""The columns of the leaderboard that need nothing but tracks and truth; percent."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from simvtr.evaluation import by_groups, evaluate, identity
from simvtr.evaluation.frames import assign, frame_overlap
from simvtr.evaluation.overlap import track_ious
from simvtr.schema import Track, Truth

Found = Mapping[int, Sequence[Track]]  # by video id
SAME = 0.5  # IoU from which a found mask is that of a true object, and two found tracks are one object


def scores(truth: Truth, found: Found) -> dict[str, float]:
    """Every column by its name; undefined ones are left out.

    A track is confident when its score is at least its category's best by HOTA on this truth (`identity`): scores of
    different methods do not compare, this rule does. Duplicates and kept slots are of confident tracks alone.
    """
    result = evaluate(truth, found)
    identities = identity(truth, found)
    least = {c.id: np.inf if c.threshold is None else c.threshold for c in identities.categories}
    confident = {v: [t for t in found.get(v, ()) if t.score >= least[t.category_id]] for v in truth.videos}
    fractions = {
        "AP": result.stats["AP"],
        "AP50": result.stats["AP50"],
        "class-agnostic AP": evaluate(truth, found, class_agnostic=True).stats["AP"],
        **{f"AP {g.name}": g.AP for g in by_groups(truth, result) if g.kind == "occlusion"},
        "HOTA": identities.class_averaged.HOTA,
        "AssA": identities.class_averaged.AssA,
        "kept slots": kept_slots(truth, confident),
        "duplicates": duplicates(confident),
    }
    return {name: 100 * value for name, value in fractions.items() if value >= 0}


def kept_slots(truth: Truth, found: Found) -> float:
    """Share of frame pairs in which an object is on the same found track as in the frame before; nan without any.

    In every frame found and true masks are paired one to one for the greatest sum of IoU, from 0.5 on, categories
    apart from that ignored. A pair counts where the object is found in both frames.
    """
    kept = pairs = 0
    for video, tracks in truth.tracks.items():
        followed = np.concatenate([_followed(truth, video, found.get(video, ())), np.full((1, len(tracks)), -1)])
        both = (followed[1:] >= 0) & (followed[:-1] >= 0)
        pairs += int(np.count_nonzero(both))
        kept += int(np.count_nonzero(both & (followed[1:] == followed[:-1])))
    return kept / pairs if pairs else float("nan")


def _followed(truth: Truth, video: int, found: Sequence[Track]) -> NDArray[np.intp]:
    """Index of the found track on each true one in each frame, -1 for none: (t, g)."""
    true = truth.tracks[video]
    followed = np.full((truth.videos[video].length, len(true)), -1)
    if found and true:
        crowd = np.zeros(len(true), bool)  # ours have none
        overlap = frame_overlap([t.segmentations for t in found], [t.segmentations for t in true], crowd)
        score = np.where(overlap.iou >= SAME, overlap.iou, 0)
        frames, d, g = assign(score, overlap.found, overlap.truth)
        followed[frames, g] = d
    return followed


def duplicates(found: Found) -> float:
    """Share of tracks of which a better-scored track of the same video has a track IoU above 0.5; nan without any."""
    doubled = [bool((row > SAME).any()) for row in _with_better(found)]
    return sum(doubled) / len(doubled) if doubled else float("nan")


def _with_better(found: Found) -> Iterator[NDArray[np.float64]]:
    """For each track its IoU with the better ones of its video."""
    for tracks in found.values():
        ranked = [t.segmentations for t in sorted(tracks, key=lambda t: -t.score)]
        overlaps = track_ious(ranked, ranked)
        for i in range(len(ranked)):
            yield overlaps[i, :i]
