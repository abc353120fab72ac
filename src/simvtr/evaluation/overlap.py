"""Overlap of mask tracks: pixels counted as integers over all frames, one division at the end."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simvtr.rle import MaskTrack, Rle, area, intersections, track_shared
from simvtr.rle import frame_shared as shared_pixels

Masks = Sequence[Rle | None]  # one entry per frame, None where the object is absent


def track_iou(truth: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> float:
    """Spatio-temporal IoU: summed intersections over summed unions of all frames.

    Args:
        truth: bool (t, H, W), one mask per frame; all-False where the object is absent.
        predicted: bool (t, H, W), same frames and same pixels as `truth`.
    Returns: IoU in [0, 1]; 0.0 when both tracks are empty in every frame.
    Raises: ValueError when the two tracks differ in frames, height or width.
    Source: arXiv 1905.04804, eq. 3; youtubevos/cocoapi stops at the shorter track instead
        (tests/evaluation/test_overlap.py::test_short_track_is_refused).

    >>> a = np.zeros((2, 1, 4), bool); a[:, 0, :2] = True   # 2 px in each of 2 frames
    >>> b = np.zeros((2, 1, 4), bool); b[0, 0, :2] = True   # the first frame only
    >>> track_iou(a, b)
    0.5
    """
    if truth.shape != predicted.shape:
        raise ValueError(
            f"track_iou: both tracks must cover the same (t, H, W), got truth {truth.shape} and predicted "
            f"{predicted.shape}. Fill frames without a mask with zeros; do not drop them."
        )
    union = np.count_nonzero(truth | predicted)
    return float(np.count_nonzero(truth & predicted) / union) if union else 0.0


def mask_areas(masks: Masks) -> NDArray[np.int64]:
    """Pixels of each frame's mask, int64 (t,): 0 where the mask is absent or empty.

    >>> from simvtr.rle import encode
    >>> mask_areas([encode(np.ones((2, 3), bool)), None, encode(np.zeros((2, 3), bool))]).tolist()
    [6, 0, 0]
    """
    if isinstance(masks, MaskTrack):
        return masks.areas
    return np.array([0 if mask is None else area(mask) for mask in masks], np.int64)


def frame_shared(found: Sequence[Masks], truth: Sequence[Masks]) -> NDArray[np.int64]:
    """Pixels that each found and each true track share in each frame: int64 (t, d, g).

    All lists must have one length and all masks one size; 0 where either mask is absent.

    >>> from simvtr.rle import encode
    >>> left, whole = encode(np.array([[True, False]])), encode(np.array([[True, True]]))
    >>> frame_shared([[left, None]], [[whole, left]]).tolist()
    [[[1]], [[0]]]
    """
    return shared_pixels([MaskTrack.of(masks) for masks in found], [MaskTrack.of(masks) for masks in truth])


def track_ious(
    found: Sequence[Masks],
    truth: Sequence[Masks],
    found_areas: Sequence[NDArray[np.int64]] | None = None,
    truth_areas: Sequence[NDArray[np.int64]] | None = None,
    least: float = 0.0,
) -> NDArray[np.float64]:
    """IoU of every found track with every true track.

    Lists of one length and masks of one size give the plain spatio-temporal IoU. For anything else the numbers are
    those of youtubevos/cocoapi, for the `ytvos` dialect: only the frames that both lists have are counted, and a frame
    where both masks are present but differ in size is counted neither in the intersection nor in the union.

    Args:
        found: d tracks, each one mask or None per frame.
        truth: g tracks, likewise.
        found_areas, truth_areas: `mask_areas` of each track, if the caller has them already.
        least: an IoU that is less may come as 0.0, which spares most comparisons of masks.
    Returns: float64 (d, g) in [0, 1]; 0.0 where the union is empty.

    >>> from simvtr.rle import encode
    >>> left, whole = encode(np.array([[True, False]])), encode(np.array([[True, True]]))
    >>> track_ious([[left, None]], [[whole, left], [left, None]]).tolist()   # 1 px of 3; the same pixel
    [[0.333..., 1.0]]
    """
    found_areas = [mask_areas(masks) for masks in found] if found_areas is None else found_areas
    truth_areas = [mask_areas(masks) for masks in truth] if truth_areas is None else truth_areas
    if not len(found) or not len(truth):
        return np.zeros((len(found), len(truth)))
    lengths, true_lengths = [len(masks) for masks in found], [len(masks) for masks in truth]
    common = np.minimum.outer(lengths, true_lengths)  # (d, g) frames
    if len({*lengths, *true_lengths}) == 1:
        # summed areas of both tracks over their common frames, here all
        total = np.add.outer([np.add.reduce(a) for a in found_areas], [np.add.reduce(a) for a in truth_areas])
    else:
        total = np.empty(common.shape, np.int64)
        for i, areas in enumerate(found_areas):
            total[i] = np.concatenate(([0], np.cumsum(areas)))[common[i]]
        for j, areas in enumerate(truth_areas):
            total[:, j] += np.concatenate(([0], np.cumsum(areas)))[common[:, j]]

    sizes = {size for masks in (*found, *truth) for size in _sizes(masks)}
    if len(sizes) <= 1:
        enough = (total * (least / (1 + least) * (1 - 1e-9))).astype(np.int64)  # IoU i / (total - i); rounded down
        intersection = track_shared([MaskTrack.of(m) for m in found], [MaskTrack.of(m) for m in truth], enough)
    else:
        intersection = np.zeros(common.shape, np.int64)
        found, truth = [tuple(masks) for masks in found], [tuple(masks) for masks in truth]
        for i, j in np.ndindex(common.shape):
            for frame in range(common[i, j]):
                a, b = found[i][frame], truth[j][frame]
                if a is None or b is None:
                    continue
                if (a.height, a.width) == (b.height, b.width):
                    intersection[i, j] += intersections([a], [b])[0, 0]
                else:
                    total[i, j] -= found_areas[i][frame] + truth_areas[j][frame]
    union = total - intersection
    return np.divide(intersection, union, out=np.zeros(common.shape), where=union > 0)


def _sizes(masks: Masks) -> set[tuple[int, int]]:
    """Height and width of the masks: one for most tracks, none for a track without any."""
    if isinstance(masks, MaskTrack):
        return {(masks.height, masks.width)} if masks.height else set()
    return {(mask.height, mask.width) for mask in masks if mask is not None}
