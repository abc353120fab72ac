"""The linter: what is odd about a results file, before any of its scores is believed."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simvtr.evaluation.dialects import Found
from simvtr.evaluation.matching import FOUND_LIMITS
from simvtr.evaluation.overlap import Masks, mask_areas, track_ious
from simvtr.rle import MaskTrack
from simvtr.schema import Predictions, Track, Truth

Place = tuple[int, int]  # video id, position of the track in the video's list
SHOWN = 20  # places a remark names
DUPLICATE = 0.95  # IoU above which two tracks of one category are the same
EARLY = 3  # a third of a video: honest files do not have half of their tracks end that early
COUNTED = FOUND_LIMITS[-1]  # tracks of a video and category that the metric counts


@dataclass(frozen=True, slots=True)
class Remark:
    """One kind of oddity in a results file.

    Args:
        kind: what it is called in JSON and in links.
        count: tracks it concerns.
        tracks: (video id, position in the video's list) of the first 20 of them.
        sentence: what it is, how many, and what comes of it.
    """

    kind: str
    count: int
    tracks: tuple[Place, ...]
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """A track of a known video, with what several rules ask about it."""

    place: Place
    track: Track
    length: int  # of its video
    missized: int  # masks of another size than the video's
    areas: NDArray[np.int64]  # (t,) pixels of each entry

    @property
    def short(self) -> bool:
        return len(self.areas) < self.length


def lint(truth: Truth, found: Predictions | Found) -> tuple[Remark, ...]:
    """What is odd about results: remarks of the kinds below, those that change the reference's score first.

    "short", "long" (lists), "missized" (masks), "unknown-video", "unknown-category", "not-finite", "outside" (0 to 1)
    and "tied" (scores), "duplicate", "constant" (one mask in all frames), "beyond-100" (of a video and category),
    "empty", "one-frame", "early" (half of all tracks end in the first third of their video).

    Args:
        truth: only its videos and categories are looked at.
        found: results, also such that `evaluate` refuses.
    Returns: one remark a kind that occurs; empty for a clean file.

    >>> from pathlib import Path
    >>> from simvtr.rle import encode
    >>> from simvtr.schema import Category, Video
    >>> truth = Truth({1: Video(1, 2, 2, length=3)}, {1: []}, {1: Category(1, "fish")}, Path("truth.json"))
    >>> (remark,) = lint(truth, {1: [Track(1, 0.9, (encode(np.eye(2, dtype=bool)),))]})
    >>> remark.kind, remark.count, remark.tracks
    ('short', 1, ((1, 0),))
    """
    by_video = found.tracks if isinstance(found, Predictions) else found
    total = sum(map(len, by_video.values()))
    looked = [
        _look((video, i), track, truth)
        for video, tracks in by_video.items()
        if video in truth.videos
        for i, track in enumerate(tracks)
    ]
    everywhere = [((video, i), track) for video, tracks in by_video.items() for i, track in enumerate(tracks)]
    remarks = (
        *_about_lists(looked, total),
        *_about_ids(everywhere, truth, total),
        *_about_scores(everywhere, total),
        *_about_copies(looked, total),
        *_about_presence(looked, total),
    )
    return tuple(remark for remark in remarks if remark.count)


def _look(place: Place, track: Track, truth: Truth) -> _Looked:
    video = truth.videos[place[0]]
    size = (video.height, video.width)
    masks = track.segmentations
    fit = isinstance(masks, MaskTrack) and (masks.height, masks.width) == size  # spares to unpack them
    missized = 0 if fit else sum(mask is not None and (mask.height, mask.width) != size for mask in masks)
    return _Looked(place, track, video.length, missized, mask_areas(masks))


def _about_lists(looked: Sequence[_Looked], total: int) -> Iterable[Remark]:
    yield _remark(
        "short",
        [one.place for one in looked if one.short],
        total,
        ("is shorter than its video", "are shorter than their video"),
        "the public evaluator scores them on their first frames alone",
    )
    yield _remark(
        "long",
        [one.place for one in looked if len(one.areas) > one.length],
        total,
        ("is longer than its video", "are longer than their video"),
        "the public evaluator leaves the extra frames out of the overlap, but not out of a track's size",
    )
    masks = sum(one.missized for one in looked)
    what = f"{masks:,} {'mask' if masks == 1 else 'masks'} of another size than the video"
    yield _remark(
        "missized",
        [one.place for one in looked if one.missized],
        total,
        (f"has {what}", f"have {what}"),
        "the public evaluator leaves such a frame out of the overlap wherever the object is there",
    )


def _about_ids(everywhere: Sequence[tuple[Place, Track]], truth: Truth, total: int) -> Iterable[Remark]:
    yield _remark(
        "unknown-video",
        [place for place, _ in everywhere if place[0] not in truth.videos],
        total,
        ("is of a video that the truth does not have", "are of videos that the truth does not have"),
        "no evaluator scores such a file",
    )
    yield _remark(
        "unknown-category",
        [place for place, track in everywhere if track.category_id not in truth.categories],
        total,
        ("is of a category that the truth does not list", "are of categories that the truth does not list"),
        "the public evaluator drops them unseen",
    )


def _about_scores(everywhere: Sequence[tuple[Place, Track]], total: int) -> Iterable[Remark]:
    wild = [place for place, track in everywhere if not math.isfinite(track.score)]
    yield _remark(
        "not-finite",
        wild,
        total,
        ("has a score that is not finite", "have scores that are not finite"),
        "their place in the order of all tracks means nothing",
    )
    yield _remark(
        "outside",
        [place for place, track in everywhere if math.isfinite(track.score) and not 0 <= track.score <= 1],
        total,
        ("has a score outside 0 to 1", "have scores outside 0 to 1"),
        "the metric sees only the order of scores, but a confidence would lie between them",
    )
    tied = total > 1 and not wild and len({track.score for _, track in everywhere}) == 1
    yield _remark(
        "tied",
        [place for place, _ in everywhere] if tied else [],
        total,
        ("have one and the same score", "have one and the same score"),
        "the order of the file decides which counts first",
    )


def _about_copies(looked: Sequence[_Looked], total: int) -> Iterable[Remark]:
    cells: dict[Place, list[_Looked]] = {}
    for one in looked:
        cells.setdefault((one.place[0], one.track.category_id), []).append(one)
    ranked = [sorted(cell, key=lambda one: -one.track.score) for cell in cells.values()]
    yield _remark(
        "duplicate",
        [cell[i].place for cell in ranked for i in _copies(cell[:COUNTED])],
        total,
        ("repeats a better scored one", "repeat a better scored one"),
        f"of the same video and category, with an IoU over {DUPLICATE}; what the first one hits they cannot hit again",
    )
    late = f"after the {COUNTED} best of its video and category"
    yield _remark(
        "beyond-100",
        [one.place for cell in ranked for one in cell[COUNTED:]],
        total,
        (f"comes {late}", f"come {late}"),
        "the metric never looks at them",
    )


def _copies(ranked: Sequence[_Looked]) -> list[int]:
    """Which tracks of one video and category overlap one before them by more than `DUPLICATE`."""
    areas = np.zeros((len(ranked), max((len(one.areas) for one in ranked), default=0)), np.int64)
    for row, one in zip(areas, ranked, strict=True):
        row[: len(one.areas)] = one.areas
    copies = []
    for i in range(1, len(ranked)):
        # two masks share at most the smaller area and cover at least the larger: few pairs are left to compare
        least, most = np.minimum(areas[:i], areas[i]), np.maximum(areas[:i], areas[i])
        near = np.flatnonzero(least.sum(axis=1) > DUPLICATE * most.sum(axis=1)).tolist()
        padded = [_padded(ranked[j].track, areas.shape[1]) for j in (i, *near)]
        if (track_ious(padded[:1], padded[1:]) > DUPLICATE).any():
            copies.append(i)
    return copies


def _padded(track: Track, frames: int) -> Masks:
    return (
        track.segmentations
        if len(track.segmentations) == frames
        else (*track.segmentations, *[None] * (frames - len(track.segmentations)))
    )


def _about_presence(looked: Sequence[_Looked], total: int) -> Iterable[Remark]:
    some = [one for one in looked if one.areas.any()]
    yield _remark(
        "constant",
        [one.place for one in some if len(one.areas) > 1 and _constant(one)],
        total,
        ("holds one mask in all of its frames", "hold one mask in all of their frames"),
        "nothing that moves was followed there",
    )
    yield _remark(
        "empty",
        [one.place for one in looked if not one.areas.any()],
        total,
        ("has no mask with pixels", "have no mask with pixels"),
        "they can only be false",
    )
    full = [one for one in some if not one.short and one.length > 1]
    yield _remark(
        "one-frame",
        [one.place for one in full if np.count_nonzero(one.areas) == 1],
        total,
        ("has a mask in one frame only", "have a mask in one frame only"),
        "a single mask is a detection, not a track",
    )
    early = [one.place for one in full if EARLY * (np.flatnonzero(one.areas)[-1] + 1) <= one.length]
    yield _remark(
        "early",
        early if 2 * len(early) >= len(full) else [],
        total,
        ("ends in the first third of its video", "end in the first third of their video"),
        "half or more of those with an entry for every frame: the file may hold only first frames",
    )


def _constant(one: _Looked) -> bool:
    return np.ptp(one.areas) == 0 and len(set(one.track.segmentations)) == 1


def _remark(kind: str, places: Sequence[Place], total: int, says: tuple[str, str], because: str) -> Remark:
    """`says` of one track, of several."""
    said = f"{len(places):,} of {total:,} tracks {says[len(places) != 1]}; {because}."
    return Remark(kind, len(places), tuple(places[:SHOWN]), said)
