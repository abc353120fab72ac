"""Overlaps of results with the truth, each computed once: attacks move masks about, but seldom make new ones.

masks of tampered tracks -> known by object and frame? -> row of the video's table -> track IoU, FrameOverlap
                              no -> rle.frame_shared, all unknown ones of a video in one go
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simvtr.evaluation.dialects import Found
from simvtr.evaluation.frames import FrameOverlap, frame_overlap_of
from simvtr.evaluation.overlap import Masks, mask_areas
from simvtr.rle import MaskTrack, Rle, area, frame_shared
from simvtr.schema import Track, Truth, TruthTrack, Video

ABSENT = 0  # row of the table
CHUNK = 2**21  # cells (t, d, g) that are compared at once


class OverlapCache:
    """The overlaps of any rearrangement of known masks.

    Masks are known by object: those of a tuple are compared once, those of a `MaskTrack`, which makes them anew for
    whoever asks, each time (`attacks.unpacked`).

    Args: truth: read strictly: every list has its video's length, every mask its video's size.

    >>> from pathlib import Path
    >>> from simvtr.rle import encode
    >>> half, whole = encode(np.array([[True, False]])), encode(np.array([[True, True]]))
    >>> fish = TruthTrack(1, 1, 1, (whole, whole), (2.0, 2.0), ((0, 0, 2, 1),) * 2)
    >>> truth = Truth({1: Video(1, width=2, height=1, length=2)}, {1: [fish]}, {}, Path("truth.json"))
    >>> cache = OverlapCache(truth)
    >>> cache.track_ious(1, [Track(1, 0.9, (half,)), Track(1, 0.8, (half, None))], [fish])[1].tolist()
    [[0.5], [0.25]]
    """

    def __init__(self, truth: Truth) -> None:
        self._videos = {video.id: _VideoCache(video, truth.tracks.get(video.id, ())) for video in truth.videos.values()}

    def learn(self, found: Found) -> None:
        """Compute what is not known yet of these results, video by video."""
        for video, tracks in found.items():
            self._videos[video].look(tracks)

    @contextmanager
    def briefly(self) -> Iterator[None]:
        """What is learnt inside is forgotten at the end: masks of one attack are of no use to the next."""
        known = {video: home.known for video, home in self._videos.items()}
        try:
            yield
        finally:
            for video, home in self._videos.items():
                home.forget(known[video])

    def track_ious(
        self, video: int, tracks: Sequence[Track], true_tracks: Sequence[TruthTrack]
    ) -> tuple[list[NDArray[np.int64]], NDArray[np.float64]]:
        """Areas of each track, and the IoU (d, g) of `evaluation.overlap.track_ious`, to the last bit."""
        home = self._videos[video]
        columns = home.columns(true_tracks)
        seen = home.look(tracks)
        sums = np.array([one.sums for one in seen], np.int64).reshape(len(seen), 2, home.areas.shape[1])[:, :, columns]
        shared, union = sums[:, 0], sums[:, 1]
        return [one.areas for one in seen], np.divide(shared, union, out=np.zeros(shared.shape), where=union > 0)

    def frame_overlap(
        self, video: int, tracks: Sequence[Track], true_tracks: Sequence[TruthTrack], crowd: NDArray[np.bool_]
    ) -> FrameOverlap:
        """`evaluation.frames.frame_overlap` of tracks as long as their video."""
        home = self._videos[video]
        columns = home.columns(true_tracks)
        seen = home.look(tracks)
        rows = np.array([one.rows for one in seen], np.intp).reshape(len(seen), len(home.areas)).T
        areas = np.array([one.areas for one in seen], np.int64).reshape(rows.T.shape).T
        return frame_overlap_of(home.shared[rows][:, :, columns], areas, home.areas[:, columns], crowd)


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A list of t masks, compared with all g true tracks of its video."""

    masks: Masks  # alive: an object that is gone would leave its number to another
    rows: NDArray[np.intp]  # (t,) of the table
    areas: NDArray[np.int64]  # (t,) pixels, 0 where absent
    sums: NDArray[np.int64]  # (2, g) pixels shared and in the union, over the frames that both lists have


class _VideoCache:
    def __init__(self, video: Video, true_tracks: Sequence[TruthTrack]) -> None:
        self._size = (video.height, video.width)
        self._truth = [MaskTrack.of(track.segmentations) for track in true_tracks]
        self._column = {id(track): j for j, track in enumerate(true_tracks)}
        shape = (len(true_tracks), video.length)
        self.areas = np.array([mask_areas(masks) for masks in self._truth], np.int64).reshape(shape).T  # (t, g)
        present = [[mask is not None for mask in track.segmentations] for track in true_tracks]
        self._present = np.array(present, bool).reshape(shape).T
        self._place: dict[tuple[int, int], int] = {}  # (mask object, frame) -> row of the table
        self._seen: dict[int, _Seen] = {}  # by tuple object
        self.shared = np.zeros((1, len(true_tracks)), np.int64)  # the table; row ABSENT
        self._areas = np.zeros(1, np.int64)
        self._misfit = np.zeros(1, bool)  # a mask, but not of the video's size

    @property
    def known(self) -> tuple[int, int]:
        """Masks and lists."""
        return len(self._place), len(self._seen)

    def forget(self, known: tuple[int, int]) -> None:
        """All that was learnt after so much was known."""
        masks, lists = known
        while len(self._seen) > lists:
            self._seen.popitem()  # the last one
        while len(self._place) > masks:
            self._place.popitem()
        # copies: a view would keep the whole table
        self.shared, self._areas = self.shared[: 1 + masks].copy(), self._areas[: 1 + masks].copy()
        self._misfit = self._misfit[: 1 + masks].copy()

    def columns(self, true_tracks: Iterable[TruthTrack]) -> NDArray[np.intp]:
        return np.array([self._column[id(track)] for track in true_tracks], np.intp)

    def look(self, tracks: Sequence[Track]) -> list[_Seen]:
        lists = [tuple(track.segmentations) for track in tracks]  # a tuple stays the same object
        new = {id(masks): masks for masks in lists if id(masks) not in self._seen}
        if new:
            self._learn(new.values())
            self._seen |= {key: self._compared(masks) for key, masks in new.items()}
        return [self._seen[id(masks)] for masks in lists]

    def _learn(self, lists: Iterable[Masks]) -> None:
        unknown: dict[tuple[int, int], Rle] = {}
        for masks in lists:
            for t, mask in enumerate(masks):
                if mask is not None and (id(mask), t) not in self._place:
                    unknown[id(mask), t] = mask
        if not unknown:
            return
        shared = np.zeros((len(unknown), len(self._truth)), np.int64)
        areas = np.zeros(len(unknown), np.int64)
        misfit = np.zeros(len(unknown), bool)
        lanes: list[list[Rle | None]] = []  # lists of one mask a frame, as full as can be: few, to be compared at once
        rows: list[tuple[int, int, int]] = []  # of `shared`; lane, frame
        depth = [0] * len(self.areas)
        for at, ((_, t), mask) in enumerate(unknown.items()):
            misfit[at] = (mask.height, mask.width) != self._size
            if misfit[at] or t >= len(depth):  # nothing to compare it with
                areas[at] = area(mask)
                continue
            if depth[t] == len(lanes):
                lanes.append([None] * len(depth))
            lanes[depth[t]][t] = mask
            rows.append((at, depth[t], t))
            depth[t] += 1
        if rows:
            at, lane, t = np.array(rows).T
            packed = [MaskTrack.of(masks) for masks in lanes]
            areas[at] = np.stack([track.areas for track in packed])[lane, t]
            step = max(1, CHUNK // max(1, self.areas.size))
            for begin in range(0, len(packed), step):
                some = (begin <= lane) & (lane < begin + step)
                pixels = frame_shared(packed[begin : begin + step], self._truth)
                shared[at[some]] = pixels[t[some], lane[some] - begin]
        self._place.update(zip(unknown, range(len(self._areas), len(self._areas) + len(unknown)), strict=True))
        self.shared = np.concatenate((self.shared, shared))
        self._areas = np.concatenate((self._areas, areas))
        self._misfit = np.concatenate((self._misfit, misfit))

    def _compared(self, masks: Masks) -> _Seen:
        rows = np.array([ABSENT if mask is None else self._place[id(mask), t] for t, mask in enumerate(masks)], np.intp)
        own = self._areas[rows]
        common = rows[: len(self.areas)]
        areas, misfit = self.areas[: len(common)], self._misfit[common]
        shared = self.shared[common].sum(axis=0)
        total = self._areas[common].sum() + areas.sum(axis=0)
        if misfit.any():  # such frames leave intersection and union, where the true mask is present
            total -= own[: len(common)][misfit] @ self._present[: len(common)][misfit] + areas[misfit].sum(axis=0)
        return _Seen(masks, rows, own, np.stack((shared, total - shared)))
