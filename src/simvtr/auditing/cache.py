"""Overlaps of results with the truth, each computed once: attacks move masks about, but seldom make new ones.

masks of tampered tracks -> known by object and frame? -> row of the video's table -> track IoU, FrameOverlap
                              no -> rle.frame_shared, all unknown ones of a video in one go
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simvtr.auditing.packed import Frame, lane, present
from simvtr.evaluation.dialects import Found
from simvtr.evaluation.frames import FrameOverlap, frame_overlap_of
from simvtr.evaluation.overlap import Masks
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
        self._videos = {video.id: VideoCache(video, truth.tracks.get(video.id, ())) for video in truth.videos.values()}

    def __getitem__(self, video: int) -> "VideoCache":
        return self._videos[video]

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
        seen = home.look(tracks)
        areas = [home.areas[rows[:length]] for rows, length in zip(seen.rows, seen.lengths.tolist(), strict=True)]
        return [areas[i] for i in seen.which.tolist()], home.ious(seen)[seen.which][:, home.columns(true_tracks)]

    def frame_overlap(
        self, video: int, tracks: Sequence[Track], true_tracks: Sequence[TruthTrack], crowd: NDArray[np.bool_]
    ) -> FrameOverlap:
        """`evaluation.frames.frame_overlap` of tracks as long as their video."""
        home = self._videos[video]
        seen = home.look(tracks)
        return home.frame_overlap(seen.rows[seen.which], home.columns(true_tracks), crowd)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The lists of masks of some tracks as rows of their video's table."""

    rows: NDArray[np.intp]  # (n, t) of n distinct lists, ABSENT beyond the end of each
    lengths: NDArray[np.int64]  # (n,)
    which: NDArray[np.intp]  # (d,) the list of each track: copies of tracks share one


class VideoCache:
    """What is known of one video: a table with a row for each pair of a mask and a frame, a column for each true track.

    Attributes:
        shared: (m, g) pixels that the mask shares with the true track in its frame; row ABSENT is 0.
        areas: (m,) pixels of the mask.
        misfit: (m,) it is a mask, but not of the video's size.
        length: frames of the video.
    """

    def __init__(self, video: Video, true_tracks: Sequence[TruthTrack]) -> None:
        self.length = video.length
        self._size = (video.height, video.width)
        self._truth = [lane(track.segmentations) for track in true_tracks]
        self._column = {id(track): j for j, track in enumerate(true_tracks)}
        shape = (len(true_tracks), video.length)
        self.true_areas = np.array([track.areas for track in self._truth], np.int64).reshape(shape).T  # (t, g)
        self._area_before = np.concatenate((np.zeros((1, shape[0]), np.int64), np.cumsum(self.true_areas, axis=0)))
        self._place: dict[tuple[int, int], int] = {}  # (mask object, frame) -> row of the table
        self._rows: dict[int, tuple[Masks, NDArray[np.intp]]] = {}  # by tuple object, which is kept alive
        self.shared = np.zeros((1, len(true_tracks)), np.int64)
        self.areas = np.zeros(1, np.int64)
        self.misfit = np.zeros(1, bool)

    @property
    def known(self) -> tuple[int, int]:
        """Masks and lists."""
        return len(self._place), len(self._rows)

    def forget(self, known: tuple[int, int]) -> None:
        """All that was learnt after so much was known."""
        masks, lists = known
        while len(self._rows) > lists:
            self._rows.popitem()  # the last one
        if len(self._place) == masks:
            return
        while len(self._place) > masks:
            self._place.popitem()
        # copies: a view would keep the whole table
        self.shared, self.areas = self.shared[: 1 + masks].copy(), self.areas[: 1 + masks].copy()
        self.misfit = self.misfit[: 1 + masks].copy()

    def columns(self, true_tracks: Iterable[TruthTrack]) -> NDArray[np.intp]:
        """Where true tracks of this video stand in the table."""
        return np.array([self._column[id(track)] for track in true_tracks], np.intp)

    def look(self, tracks: Sequence[Track]) -> Seen:
        """The rows of these tracks, with whatever of them was not known compared now."""
        lists: dict[int, Masks] = {}
        which = []
        for track in tracks:
            masks = tuple(track.segmentations)  # a tuple stays the same object
            lists.setdefault(id(masks), masks)
            which.append(id(masks))
        new = [masks for key, masks in lists.items() if key not in self._rows]
        if new:
            self._rows |= {id(masks): (masks, rows) for masks, rows in zip(new, self._learn(new), strict=True)}
        known = [self._rows[key][1] for key in lists]
        lengths = np.array([len(one) for one in known], np.int64)
        rows = np.full((len(known), max(lengths.tolist(), default=0)), ABSENT, np.intp)
        for row, one in zip(rows, known, strict=True):
            row[: len(one)] = one
        place = {key: i for i, key in enumerate(lists)}
        return Seen(rows, lengths, np.array([place[key] for key in which], np.intp))

    def whole(self, seen: Seen) -> Seen:
        """The lists as the strict reading wants them: as long as the video, and absent what does not fit it."""
        rows = np.full((len(seen.rows), self.length), ABSENT, np.intp)
        frames = min(self.length, seen.rows.shape[1])
        rows[:, :frames] = seen.rows[:, :frames]
        rows[self.misfit[rows]] = ABSENT
        return replace(seen, rows=rows, lengths=np.full(len(rows), self.length, np.int64))

    def sound(self, seen: Seen) -> NDArray[np.bool_]:
        """Which lists (n,) the strict reading takes as they are."""
        return (seen.lengths == self.length) & ~self.misfit[seen.rows].any(axis=1)

    def ious(self, seen: Seen) -> NDArray[np.float64]:
        """IoU (n, g) of each list with every true track, over the frames that both have."""
        rows = seen.rows[:, : self.length]
        shared = self.shared[rows].sum(axis=1)
        common = np.minimum(seen.lengths, self.length)
        total = self.areas[rows].sum(axis=1)[:, None] + self._area_before[common]
        misfit = self.misfit[rows].astype(np.int64)
        if misfit.any():  # where the true mask is present, such frames do not count
            frames = misfit.shape[1]
            total -= (self.areas[rows] * misfit) @ self._present[:frames] + misfit @ self.true_areas[:frames]
        union = total - shared
        return np.divide(shared, union, out=np.zeros(shared.shape), where=union > 0)

    def frame_overlap(
        self, rows: NDArray[np.intp], columns: NDArray[np.intp], crowd: NDArray[np.bool_]
    ) -> FrameOverlap:
        """Frame by frame, of lists as long as the video: rows (d, t)."""
        at = rows.T.reshape(self.length, len(rows))
        shared = self.shared[at[:, :, None], columns]
        return frame_overlap_of(shared, self.areas[at], self.true_areas[:, columns], crowd)

    @cached_property
    def _present(self) -> NDArray[np.int64]:
        """1 in the frames in which a true track has a mask, be it empty: (t, g)."""
        shown = [present(track) for track in self._truth]
        return np.array(shown, np.int64).reshape(self.true_areas.T.shape).T

    def _learn(self, lists: Iterable[Masks]) -> list[NDArray[np.intp]]:
        """The rows of each list; what is not known yet is compared, all of it at once."""
        learnt: list[NDArray[np.intp]] = []
        lanes: list[MaskTrack] = []  # of each list what is to be compared
        rows: list[int] = []  # of the table; lane and frame
        places: list[tuple[int, int]] = []
        loose: list[tuple[int, Rle]] = []  # what there is nothing to compare with
        place, before, fitting = self._place, len(self._place), None
        for masks in lists:
            own, new = [ABSENT] * len(masks), {}
            for t, mask in enumerate(masks):
                if mask is None:
                    continue
                own[t] = row = place.setdefault((id(mask), t), 1 + len(place))
                if row <= before + len(rows) + len(loose):
                    continue
                home = mask.track if isinstance(mask, Frame) else mask
                if home is not fitting and (home.height, home.width) == self._size:
                    fitting = home
                if home is not fitting or t >= self.length:
                    loose.append((row, mask))
                    continue
                new[t] = mask
                rows.append(row)
                places.append((len(lanes), t))
            learnt.append(np.array(own, np.intp))
            if new:
                lanes.append(lane([new.get(t) for t in range(self.length)]))
        self._extend(len(place) - before)
        for row, mask in loose:
            self.areas[row], self.misfit[row] = area(mask), (mask.height, mask.width) != self._size
        if rows:
            at, (in_lane, t) = np.array(rows), np.array(places).T
            self.areas[at] = np.stack([one.areas for one in lanes])[in_lane, t]
            step = max(1, CHUNK // max(1, self.true_areas.size))
            for begin in range(0, len(lanes) if self._truth else 0, step):
                some = (begin <= in_lane) & (in_lane < begin + step)
                pixels = frame_shared(lanes[begin : begin + step], self._truth)
                self.shared[at[some]] = pixels[t[some], in_lane[some] - begin]
        return learnt

    def _extend(self, count: int) -> None:
        if count:
            self.shared = np.concatenate((self.shared, np.zeros((count, len(self._truth)), np.int64)))
            self.areas = np.concatenate((self.areas, np.zeros(count, np.int64)))
            self.misfit = np.concatenate((self.misfit, np.zeros(count, bool)))
