"""What became of every track over time: for each video the true tracks, what was found of them, and what of nothing.

strict Result -> partners at IoU 0.5 ┐
OverlapCache  -> frame by frame      ┴-> one letter a frame -> Timeline
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simvtr.auditing.audit import Bar, Timeline
from simvtr.auditing.cache import OverlapCache
from simvtr.evaluation.dialects import Found
from simvtr.evaluation.identities import Identity
from simvtr.evaluation.result import Result
from simvtr.evaluation.switches import switches_and_fragments
from simvtr.schema import Track, Truth, Video

WELL = 0.5  # least IoU of a frame in which a track lies on another
SHOWN = 20  # found tracks of a video


def timelines(truth: Truth, whole: Found, result: Result, identity: Identity, cache: OverlapCache) -> list[Timeline]:
    """One `Timeline` a video, by rising id.

    Args:
        whole: results that strict accepts.
        result: of them, by category.
        identity: of them. Its thresholds of score say which found tracks count: others are not called false.
    """
    partners: dict[int, list[tuple[int, int, float]]] = {}  # video -> found position, true id, track IoU
    for c in result.comparisons:
        columns = c.matched[0, 0]  # all sizes, IoU 0.5
        for row in np.flatnonzero(columns >= 0).tolist():
            column = int(columns[row])
            if not c.crowd[column]:
                match = (int(c.found[row]), int(c.truth[column]), float(c.iou[row, column]))
                partners.setdefault(c.video_id, []).append(match)
    least = {c.id: np.inf if c.threshold is None else c.threshold for c in identity.categories}
    return [
        _timeline(truth, video, whole.get(video.id, ()), partners.get(video.id, []), least, cache)
        for _, video in sorted(truth.videos.items())
    ]


def _timeline(
    truth: Truth,
    video: Video,
    tracks: Sequence[Track],
    partners: Sequence[tuple[int, int, float]],
    least: dict[int, float],
    cache: OverlapCache,
) -> Timeline:
    true = [track for track in truth.tracks.get(video.id, ()) if not track.crowd]
    row_of = {track.id: j for j, track in enumerate(true)}
    true_of = {position: row_of[track_id] for position, track_id, _ in partners}
    counting = {i for i, track in enumerate(tracks) if track.score >= least[track.category_id]}
    alone = sorted((i for i in range(len(tracks)) if i not in true_of), key=lambda i: -tracks[i].score)
    shown = [*sorted(true_of, key=lambda i: true_of[i]), *alone][: max(SHOWN, len(true_of))]
    found_of = {true_of[i]: at for at, i in enumerate(shown) if i in true_of}
    seen = [*shown, *sorted(counting.difference(shown))]
    overlap = cache.frame_overlap(video.id, [tracks[i] for i in seen], true, np.zeros(len(true), bool))
    well = overlap.iou >= WELL  # (t, d, g)
    names = truth.categories
    true_bars = [
        Bar(
            label=f"{track.id} · {names[track.category_id].name}",
            category=names[track.category_id].name,
            score=None,
            partner=found_of.get(j),
            states=_true_states(overlap.truth[:, j], well[:, :, j], found_of.get(j)),
            track=track.id,
        )
        for j, track in enumerate(true)
    ]
    found_bars = [
        Bar(
            label=f"#{i} · {names[tracks[i].category_id].name} · {tracks[i].score:.2f}",
            category=names[tracks[i].category_id].name,
            score=tracks[i].score,
            partner=true_of.get(i),
            states=_found_states(overlap.found[:, at], overlap.iou[:, at], well[:, at], true_of.get(i)),
            track=i,
        )
        for at, i in enumerate(shown)
    ]
    counted = overlap.keep(np.array([i in counting for i in seen], bool))
    return Timeline(
        video_id=video.id,
        name=_name(video),
        length=video.length,
        true=tuple(true_bars),
        found=tuple(found_bars),
        hits=len(found_of),
        missed=len(true) - len(found_of),
        false=sum(i not in true_of for i in counting),
        switches=switches_and_fragments(counted)[0] if true else 0,
        mean_iou=float(np.mean([iou for *_, iou in partners])) if partners else None,
    )


def _true_states(present: NDArray[np.bool_], well: NDArray[np.bool_], partner: int | None) -> str:
    """Of well (t, d)."""
    met = np.zeros_like(present) if partner is None else well[:, partner]
    return "".join(np.select([~present, met, well.any(axis=1)], [".", "p", "o"], "m").tolist())


def _found_states(
    present: NDArray[np.bool_], iou: NDArray[np.float64], well: NDArray[np.bool_], partner: int | None
) -> str:
    """Of iou and well (t, g)."""
    on_any = well.any(axis=1)
    if partner is None:
        return "".join(np.select([~present, on_any], [".", "u"], "f").tolist())
    letters = np.select([~present, well[:, partner], on_any, iou[:, partner] > 0], [".", "g", "x", "b"], "f")
    return "".join(letters.tolist())


def _name(video: Video) -> str:
    folder = video.file_names[0].rpartition("/")[0] if video.file_names else ""
    return folder or f"video {video.id}"
