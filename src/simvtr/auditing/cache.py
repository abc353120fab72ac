"""Overlaps of results with the truth, each computed once: attacks move masks about, but seldom make new ones.

masks of tampered tracks -> known by object and frame? -> row of the video's table -> track IoU, FrameOverlap
                              no -> rle.frame_shared, all unknown ones of a video in one go
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simvtr.evaluation.dialects import Found
from simvtr.evaluation.frames import FrameOverlap, frame_overlap_of
from simvtr.evaluation.overlap import Masks, frame_shared, mask_areas
from simvtr.rle import Rle, area
from simvtr.schema import Track, Truth, TruthTrack, Video

ABSENT = 0  # row of the table


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a track's masks share with all g true tracks of the video. Axis t is the length of the list."""

    shared: NDArray[np.int64]  # (t, g) pixels
    areas: NDArray[np.int64]  # (t,) pixels, 0 where absent
    misfit: NDArray[np.bool_]  # (t,) a mask, but not of the video's size


class OverlapCache:
    """The overlaps of any rearrangement of known masks. Known are masks by object, so whole lists must stay alive.

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
            self._videos[video].learn([track.segmentations for track in tracks])

    def track_ious(
        self, video: int, tracks: Sequence[Track], true_tracks: Sequence[TruthTrack]
    ) -> tuple[list[NDArray[np.int64]], NDArray[np.float64]]:
        """Areas of each track, and the IoU (d, g) of `evaluation.overlap.track_ious`, to the last bit."""
        home = self._videos[video]
        seen = home.look([track.segmentations for track in tracks])
        columns = home.columns(true_tracks)
        areas, present = home.areas[:, columns], home.present[:, columns]  # (T, g)
        iou = np.zeros((len(tracks), len(columns)))
        for length in {len(one.areas) for one in seen}:
            rows = [i for i, one in enumerate(seen) if len(one.areas) == length]
            common = min(length, len(areas))
            own = np.stack([seen[i].areas[:common] for i in rows])  # (d, t)
            shared = np.stack([seen[i].shared[:common].sum(axis=0) for i in rows])[:, columns]
            total = own.sum(axis=1)[:, None] + areas[:common].sum(axis=0)
            misfit = np.stack([seen[i].misfit[:common] for i in rows])
            if misfit.any():  # such frames leave intersection and union, where the true mask is present
                total -= (misfit * own).astype(np.int64) @ present[:common] + misfit.astype(np.int64) @ areas[:common]
            union = total - shared
            iou[rows] = np.divide(shared, union, out=np.zeros(shared.shape), where=union > 0)
        return [one.areas for one in seen], iou

    def frame_overlap(
        self, video: int, tracks: Sequence[Track], true_tracks: Sequence[TruthTrack], crowd: NDArray[np.bool_]
    ) -> FrameOverlap:
        """`evaluation.frames.frame_overlap` of tracks as long as their video."""
        home = self._videos[video]
        seen = home.look([track.segmentations for track in tracks])
        columns = home.columns(true_tracks)
        frames = len(home.areas)
        shared = np.zeros((frames, len(seen), len(columns)), np.int64)
        areas = np.zeros((frames, len(seen)), np.int64)
        for i, one in enumerate(seen):
            shared[:, i], areas[:, i] = one.shared[:, columns], one.areas
        return frame_overlap_of(shared, areas, home.areas[:, columns], crowd)


class _VideoCache:
    def __init__(self, video: Video, true_tracks: Sequence[TruthTrack]) -> None:
        self._size = (video.height, video.width)
        self._truth = [track.segmentations for track in true_tracks]
        self._column = {id(track): j for j, track in enumerate(true_tracks)}
        self.areas = np.array([mask_areas(m) for m in self._truth], np.int64).reshape(len(true_tracks), video.length).T
        present = [[mask is not None for mask in masks] for masks in self._truth]
        self.present = np.array(present, bool).reshape(self.areas.T.shape).T
        self._place: dict[tuple[int, int], int] = {}  # (mask object, frame) -> row of the table
        self._alive: list[Rle] = []  # an object that is gone would leave its number to another
        self._shared = np.zeros((1, len(true_tracks)), np.int64)  # row ABSENT
        self._areas = np.zeros(1, np.int64)
        self._misfit = np.zeros(1, bool)

    def columns(self, true_tracks: Iterable[TruthTrack]) -> NDArray[np.intp]:
        return np.array([self._column[id(track)] for track in true_tracks], np.intp)

    def learn(self, tracks: Sequence[Masks]) -> None:
        unknown: dict[tuple[int, int], Rle] = {}
        for masks in tracks:
            for t, mask in enumerate(masks):
                if mask is not None and (id(mask), t) not in self._place:
                    unknown[id(mask), t] = mask
        if not unknown:
            return
        keys, masks = list(unknown), list(unknown.values())
        fits = np.array([(mask.height, mask.width) == self._size for mask in masks])
        shared = np.zeros((len(keys), len(self._truth)), np.int64)
        queues: dict[int, list[int]] = {}  # frame -> keys, to be laid into lists of one mask a frame
        for at, ((_, t), fit) in enumerate(zip(keys, fits, strict=True)):
            if fit and t < len(self.areas):
                queues.setdefault(t, []).append(at)
        lanes = [
            [queues[t][i] if i < len(queues.get(t, ())) else None for t in range(len(self.areas))]
            for i in range(max((len(queue) for queue in queues.values()), default=0))
        ]
        for lane in lanes:  # one at a time: memory stays that of one track
            pixels = frame_shared([[None if at is None else masks[at] for at in lane]], self._truth)
            for t, at in enumerate(lane):
                if at is not None:
                    shared[at] = pixels[t, 0]
        self._place.update(zip(keys, range(len(self._areas), len(self._areas) + len(keys)), strict=True))
        self._alive += masks
        self._shared = np.concatenate((self._shared, shared))
        self._areas = np.concatenate((self._areas, [area(mask) for mask in masks]))
        self._misfit = np.concatenate((self._misfit, ~fits))

    def look(self, tracks: Sequence[Masks]) -> list[Seen]:
        self.learn(tracks)
        seen = []
        for masks in tracks:
            rows = [ABSENT if mask is None else self._place[id(mask), t] for t, mask in enumerate(masks)]
            seen.append(Seen(self._shared[rows], self._areas[rows], self._misfit[rows]))
        return seen
