"""How occluded a true track is: by OVIS's labels, as its organisers score them, or by the boxes around it."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simvtr.rle import box
from simvtr.schema import TruthTrack, Video

LABEL_SCORES = {"no_occlusion": 0.0, "slight_occlusion": 0.25, "severe_occlusion": 0.75}
CHUNK = 2**22  # cells of all grids at once, so that long or full videos need no more than some 100 MB


def occlusion_score(labels: Sequence[str | None]) -> float | None:
    """A track's occlusion: the mean over the more occluded half of its labelled frames; None without any label.

    Args:
        labels: keys of `LABEL_SCORES` or None, one per frame. Of an odd number of labels the half is rounded up.
    Returns: 0 (never occluded) to 0.75 (severely in half of the frames).
    Source: SPEC §6; `_prepare` of qjy981010/cocoapi, the fork of OVIS's organisers, which stops where we say None.

    >>> occlusion_score(["no_occlusion", None, "slight_occlusion", "severe_occlusion"])   # (0.75 + 0.25) / 2
    0.5
    """
    scores = sorted(LABEL_SCORES[label] for label in labels if label is not None)
    top = scores[len(scores) // 2 :]
    return math.fsum(top) / len(top) if top else None


def occlusion_rate(boxes: NDArray) -> float:
    """BOR of one frame: area of the union of pairwise box intersections over area of the union of boxes.

    Args: boxes: (n, 4) as x, y, width, height; n at least 1.
    Returns: share in [0, 1]; 0.0 where no box has any area.
    Source: OVIS (arXiv 2102.01558), Bounding-box Occlusion Rate.

    >>> occlusion_rate(np.array([(0, 0, 2, 1), (1, 0, 2, 1)]))  # 1 of 3 columns is covered twice
    0.3333333333333333
    """
    _, _, depth, cell = _grids(boxes[None])
    union = cell[depth > 0].sum()
    return float(cell[depth > 1].sum() / union) if union else 0.0


def covered_shares(boxes: NDArray) -> NDArray[np.float64]:
    """Share of each box's area that lies under other boxes of its frame: BOR, asked of one box.

    Args: boxes: (t, n, 4) as x, y, width, height; without area where the object is absent.
    Returns: (t, n) in [0, 1]; 0 where a box has no area. Area under several boxes counts once.

    >>> covered_shares(np.array([[(0, 0, 2, 1), (1, 0, 4, 1), (9, 9, 1, 1)]])).tolist()
    [[0.5, 0.25, 0.0]]
    """
    columns, rows, depth, cell = _grids(boxes)
    covered = ((rows @ np.where(depth > 1, cell, 0)) * columns).sum(axis=-1)
    area = boxes[..., 2] * boxes[..., 3]
    return np.divide(covered, area, out=np.zeros(area.shape), where=area > 0).clip(max=1)


def crowding(tracks: Sequence[TruthTrack], video: Video) -> list[float | None]:
    """How crowded each true track of a video is: `covered_shares`, averaged over the track's frames. Ours.

    BOR belongs to a frame and is the same for all that is in it. This asks what BOR asks, how much of the boxes is
    shared, of one object, so that the one that stands apart counts as apart. It knows neither who is in front nor what
    hides an object without being annotated.

    Args:
        tracks: the true tracks of one video. Crowds neither cover nor are covered.
    Returns: for each track its mean share in [0, 1]; None for crowds and for tracks that are never present. Boxes are
        the file's, cut at the picture's edge.
    """
    single = [track for track in tracks if not track.crowd]
    frames = max((len(track.segmentations) for track in single), default=0)
    boxes = np.zeros((frames, len(single), 4))
    for i, track in enumerate(single):
        for frame, mask in enumerate(track.segmentations):
            if mask is not None:
                given = track.boxes[frame] if frame < len(track.boxes) else None
                boxes[frame, i] = box(mask) if given is None else given
    corner = boxes[..., :2].clip(0, (video.width, video.height))
    boxes[..., 2:] = (boxes[..., :2] + boxes[..., 2:]).clip(corner, (video.width, video.height)) - corner
    boxes[..., :2] = corner
    present = (boxes[..., 2:] > 0).all(axis=-1)
    shared = np.flatnonzero(present.sum(axis=1) > 1)
    shares = np.zeros(present.shape)
    step = max(1, CHUNK // max(1, 4 * len(single) ** 2))
    for at in range(0, len(shared), step):
        shares[shared[at : at + step]] = covered_shares(boxes[shared[at : at + step]])
    counts = present.sum(axis=0).tolist()
    means = iter([total / n if n else None for total, n in zip(shares.sum(axis=0).tolist(), counts, strict=True)])
    return [None if track.crowd else next(means) for track in tracks]


def _grids(boxes: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """The grid that all edges of a frame's boxes span, each box covering whole cells of it.

    Returns: which columns (t, n, x) and rows (t, n, y) of the grid each box covers; how many boxes cover each cell
        (t, y, x); the area of each cell (t, y, x).
    """
    first, last = boxes[..., :2], boxes[..., :2] + boxes[..., 2:]
    covers, sizes = [], []
    for axis in (0, 1):
        low, high = first[..., axis], last[..., axis]  # (t, n)
        edges = np.sort(np.concatenate((low, high), axis=1), axis=1)
        covers.append((low[:, :, None] <= edges[:, None, :-1]) & (edges[:, None, 1:] <= high[:, :, None]))
        sizes.append(np.diff(edges, axis=1))
    columns, rows = (cover.astype(np.float32) for cover in covers)
    return columns, rows, rows.swapaxes(1, 2) @ columns, sizes[1][:, :, None] * sizes[0][:, None, :]
