"""Attacks by abstention: a mask of another size takes its frame out of the reference's score (docs/metric.md, 5)."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simvtr.auditing.frames import Tampered
from simvtr.auditing.packed import areas as areas_of
from simvtr.auditing.packed import lane
from simvtr.evaluation.dialects import Found
from simvtr.evaluation.overlap import Masks
from simvtr.rle import MaskTrack, Rle, frame_shared
from simvtr.schema import Track, Truth, Video

STUB = Rle(1, 1, b"1")  # {"size": [1, 1], "counts": "1"}: one pixel, background
JUMP = 1.25  # an area this many times its neighbour's, or less than the inverse, is a jump
BAD = 0.5  # IoU below which a frame is better left out: the lowest threshold of a match


def all_but_median(found: Found, truth: Truth, rng: np.random.Generator) -> Tampered:
    """The frame of a track's median area stays (the lower median, the earlier on a tie), all others abstain.

    They abstain over the whole length of the video, also where the track had no mask. A track without pixels stays
    as it is.
    """
    made: Tampered = {}
    for video, tracks in found.items():
        made[video] = []
        for track in tracks:
            areas = areas_of(track.segmentations)
            present = np.flatnonzero(areas)
            if not len(present):
                made[video].append(track)
                continue
            by_area = present[np.argsort(areas[present], kind="stable")]
            frame = int(by_area[(len(present) - 1) // 2])
            masks: list[Rle | None] = [STUB] * max(truth.videos[video].length, len(areas))
            masks[frame] = track.segmentations[frame]
            made[video].append(replace(track, segmentations=tuple(masks)))
    return made


def at_jumps(found: Found, truth: Truth, rng: np.random.Generator) -> Tampered:
    """Abstain in each frame whose area is over 1.25 times that of the frame before it, or under 1 / 1.25 of it.

    A frame without a mask has area 0: to vanish and to appear are jumps. The first frame is none.
    """
    made: Tampered = {}
    for video, tracks in found.items():
        made[video] = []
        for track in tracks:
            areas = areas_of(track.segmentations)
            low, high = np.minimum(areas[1:], areas[:-1]), np.maximum(areas[1:], areas[:-1])
            jumps = np.concatenate(([False], high > JUMP * low))[: len(areas)]
            made[video].append(_abstained(track, track.segmentations, jumps))
    return made


def at_bad_frames(found: Found, truth: Truth, rng: np.random.Generator) -> Tampered:
    """Oracle: abstain in each frame where the IoU with the track's best true track is below 0.5.

    The best is that of the highest IoU over all frames, among those of the video and category that are no crowd.
    Frames where neither track has pixels stay as they are, and so does a track that overlaps none.
    """
    made: Tampered = {}
    for video, tracks in found.items():
        home = truth.videos[video]
        made[video] = list(tracks)
        for category in {track.category_id for track in tracks}:
            positions = [i for i, track in enumerate(tracks) if track.category_id == category]
            true = [t for t in truth.tracks.get(video, ()) if t.category_id == category and not t.crowd]
            masks = [_fitted(tracks[i].segmentations, home) for i in positions]
            bad, overlaps = _bad_frames([lane(m) for m in masks], [lane(_fitted(t.segmentations, home)) for t in true])
            for row in np.flatnonzero(overlaps).tolist():
                made[video][positions[row]] = _abstained(tracks[positions[row]], masks[row], bad[:, row])
    return made


def _bad_frames(found: list[MaskTrack], truth: list[MaskTrack]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Frames that are bad, (t, d), and tracks that overlap a true one at all, (d,)."""
    shared = frame_shared(found, truth)
    if not shared.size:
        return np.zeros(shared.shape[:2], bool), np.zeros(len(found), bool)
    areas = np.stack([track.areas for track in found], axis=1)[:, :, None]
    union = areas + np.stack([track.areas for track in truth], axis=1)[:, None, :] - shared
    iou = shared.sum(axis=0) / np.maximum(union.sum(axis=0), 1)  # (d, g)
    best = iou.argmax(axis=1)[None, :, None]
    pixels = np.take_along_axis(union, best, axis=2)[:, :, 0]
    common = np.take_along_axis(shared, best, axis=2)[:, :, 0]
    return common < BAD * pixels, iou.max(axis=1) > 0


def _fitted(masks: Masks, video: Video) -> Masks:
    """One entry a frame of the video; masks of another size count as none."""
    size = (video.height, video.width)
    if isinstance(masks, MaskTrack) and len(masks) == video.length and (masks.height, masks.width) == size:
        return masks
    own = [mask if mask is not None and (mask.height, mask.width) == size else None for mask in masks[: video.length]]
    return (*own, *[None] * (video.length - len(own)))


def _abstained(track: Track, masks: Masks, frames: NDArray[np.bool_]) -> Track:
    chosen = zip(masks, frames.tolist(), strict=True)
    return replace(track, segmentations=tuple(STUB if out else mask for mask, out in chosen))
