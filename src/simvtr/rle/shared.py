"""Pixels that tracks share: frame by frame, or of whole tracks at once.

MaskTrack, MaskTrack -> frame_shared  (t, d, g)
                     -> track_shared  (d, g), of the pairs that matter
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from simvtr.rle import native, plain
from simvtr.rle.kernel import kernel
from simvtr.rle.masks import intersections
from simvtr.rle.track import MaskTrack

_BLOCK = 1 << 20  # numbers held at once


def frame_shared(found: Sequence[MaskTrack], truth: Sequence[MaskTrack]) -> NDArray[np.int64]:
    """Pixels that each found and each true track share in each frame: int64 (t, d, g).

    t is the length of the longest track; beyond its end a track is absent.

    Raises: ValueError when the masks are not all of one size.

    >>> from simvtr.rle import encode
    >>> left, whole = encode(np.array([[True, False]])), encode(np.array([[True, True]]))
    >>> frame_shared([MaskTrack.of([left, None])], [MaskTrack.of([whole, left])]).tolist()
    [[[1]], [[0]]]
    """
    _one_size("frame_shared", found, truth)
    frames = max((len(track) for track in (*found, *truth)), default=0)
    if not frames or not found or not truth:
        return np.zeros((frames, len(found), len(truth)), np.int64)
    library = native.library()
    if library is None:
        return _frame_shared_slowly(found, truth, frames)
    found_runs, true_runs = [track.runs() for track in found], [track.runs() for track in truth]
    a, b = _records(found, found_runs, frames), _records(truth, true_runs, frames)
    ious = native.frame_ious(library, a, b)
    sums = np.zeros_like(ious)
    for j, track in enumerate(truth):
        sums[: len(track), j] += track.areas[:, None]
    for i, track in enumerate(found):
        sums[: len(track), :, i] += track.areas[:, None]
    # iou = i / (a + b - i); the nearest integer undoes the rounding of that division for any mask below 2**50 pixels
    return np.rint(ious * sums / (1 + ious)).astype(np.int64).transpose(0, 2, 1)


def track_shared(
    found: Sequence[MaskTrack], truth: Sequence[MaskTrack], enough: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Pixels that each found and each true track share in all frames that both have: int64 (d, g).

    Two tracks are compared as two long masks, unless they have too little in common for that: in a frame they share no
    more than the smaller mask, and no more than the columns hold that both reach.

    Args:
        enough: (d, g), at least so many pixels matter: a pair that cannot share as many comes as 0.
    Raises: ValueError when the masks are not all of one size.

    >>> from simvtr.rle import encode
    >>> left, whole = encode(np.array([[True, False]])), encode(np.array([[True, True]]))
    >>> track_shared([MaskTrack.of([left, None])], [MaskTrack.of([whole, left]), MaskTrack.of([left])]).tolist()
    [[1, 1]]
    """
    height, _ = _one_size("track_shared", found, truth)
    found, truth = (
        [track if type(track) is MaskTrack else MaskTrack.of(tuple(track)) for track in side] for side in (found, truth)
    )
    shared = np.zeros((len(found), len(truth)), np.int64)
    common = np.minimum.outer([len(track) for track in found], [len(track) for track in truth]).astype(np.int64)
    frames = int(common.max(initial=0))
    rows = max(1, _BLOCK // max(1, len(truth) * frames))
    true_sides = [_by_frame(truth, frames, side) for side in _SIDES]
    for begin in range(0, len(found) if frames else 0, rows):
        part = slice(begin, begin + rows)
        first, last, areas = [_by_frame(found[part], frames, side)[:, None] for side in _SIDES]
        columns = np.minimum(last, true_sides[1]) - np.maximum(first, true_sides[0])  # (rows, g, t) in common
        most = np.minimum(np.minimum(areas, true_sides[2]), np.maximum(columns, 0) * height)
        least = np.ones(most.shape[:2], np.int64) if enough is None else np.maximum(enough[part], 1)
        wanted = most.sum(axis=-1) >= least
        for i in np.flatnonzero(wanted.any(axis=1)).tolist():
            for j in np.flatnonzero(wanted[i]).tolist():
                hoped = most[i, j, : common[begin + i, j]]
                shared[begin + i, j] = _pair_shared(found[begin + i], truth[j], hoped, int(least[i, j]))
    return shared


def _pair_shared(a: MaskTrack, b: MaskTrack, most: NDArray[np.int64], least: int) -> int:
    """Pixels that two tracks share; where they are fewer than `least`, this may be 0.

    Args:
        most: (t,), no more are shared in each frame.
    """
    own = kernel()
    shared = own and own.shared(a.parts(), b.parts(), most, least)
    if shared is not None:
        return shared
    frames = len(most)
    pixels = int(a.areas[:frames].sum() + b.areas[:frames].sum())
    ends = [track.borders()[: int(track.first_runs[frames])] for track in (a, b)]
    return (pixels - plain.not_both(*ends)) // 2


_SIDES = (lambda track: track.columns[0], lambda track: track.columns[1], lambda track: track.areas)


def _by_frame(
    tracks: Sequence[MaskTrack], frames: int, side: Callable[[MaskTrack], NDArray[np.integer]]
) -> NDArray[np.int64]:
    """What tracks have in each of the first frames (n, t): 0 beyond their end."""
    made = np.zeros((len(tracks), frames), np.int64)
    for row, track in zip(made, tracks, strict=True):
        row[: len(track)] = side(track)[:frames]
    return made


def _one_size(who: str, found: Sequence[MaskTrack], truth: Sequence[MaskTrack]) -> tuple[int, int]:
    """The size of all masks; 0, 0 where there are none."""
    sizes = {(track.height, track.width) for track in (*found, *truth) if track.height}
    if len(sizes) > 1:
        raise ValueError(f"{who}: all masks must have one size, got {sorted(sizes)}. Compare them apart.")
    return sizes.pop() if sizes else (0, 0)


def _records(tracks: Sequence[MaskTrack], runs: Sequence[NDArray[np.uint32]], frames: int) -> np.ndarray:
    """`native.RECORD` (t, tracks); absent masks have no runs."""
    made = np.zeros((frames, len(tracks)), native.RECORD)
    for i, track in enumerate(tracks):
        track.records(runs[i], made[: len(track), i])
    return made


def _frame_shared_slowly(found: Sequence[MaskTrack], truth: Sequence[MaskTrack], frames: int) -> NDArray[np.int64]:
    shared = np.zeros((frames, len(found), len(truth)), np.int64)
    for frame in range(frames):
        rows = [(i, track[frame]) for i, track in enumerate(found) if frame < len(track)]
        columns = [(j, track[frame]) for j, track in enumerate(truth) if frame < len(track)]
        rows, columns = ([(i, mask) for i, mask in side if mask is not None] for side in (rows, columns))
        if rows and columns:
            cells = intersections([mask for _, mask in rows], [mask for _, mask in columns])
            shared[frame][np.array([i for i, _ in rows])[:, None], [j for j, _ in columns]] = cells
    return shared
