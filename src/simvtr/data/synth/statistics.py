"""How occluded a data set is, measured from its masks: mBOR, tracks that vanish and return, OVIS labels."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simvtr.evaluation.occlusion import occlusion_rate
from simvtr.rle import box
from simvtr.schema import Truth

LABELS = ("no_occlusion", "slight_occlusion", "severe_occlusion")


@dataclass(frozen=True, slots=True)
class OcclusionStatistics:
    """Measures of a whole data set.

    Attributes:
        videos, tracks, frames: counts.
        mbor: mean over frames with objects of the bounding-box occlusion rate (`evaluation.occlusion.occlusion_rate`).
        returning: share of tracks that are absent between two frames in which they are present.
        labels: share of each OVIS label among the labelled object frames; 0 for all where there is no label.
    """

    videos: int
    tracks: int
    frames: int
    mbor: float
    returning: float
    labels: dict[str, float]

    def table(self) -> str:
        """The measures as aligned lines of text."""
        lines = [
            ("videos", f"{self.videos}"),
            ("frames", f"{self.frames}"),
            ("tracks per video", f"{self.tracks / max(1, self.videos):.2f}"),
            ("mBOR", f"{self.mbor:.3f}"),
            ("tracks that vanish and return", f"{self.returning:.1%}"),
            *((name.replace("_", " ") + ", of object frames", f"{share:.1%}") for name, share in self.labels.items()),
        ]
        return "\n".join(f"{name:<36}{value:>8}" for name, value in lines)


def statistics(truth: Truth) -> OcclusionStatistics:
    """Measures a data set in memory. Crowd tracks are left out."""
    rates: list[float] = []
    returning = count = frames = 0
    labels = Counter[str]()
    for video in truth.videos.values():
        tracks = [track for track in truth.tracks.get(video.id, []) if not track.crowd]
        count += len(tracks)
        frames += video.length
        returning += sum(vanishes_and_returns([s is not None for s in track.segmentations]) for track in tracks)
        for index in range(video.length):
            here = [track.segmentations[index] for track in tracks]
            boxes = [box(segmentation) for segmentation in here if segmentation is not None]
            if boxes:
                rates.append(occlusion_rate(np.array(boxes)))
        for label in (label for track in tracks for label in track.occlusion or () if label is not None):
            labels[label] += 1
    total = max(1, labels.total())
    return OcclusionStatistics(
        videos=len(truth.videos),
        tracks=count,
        frames=frames,
        mbor=float(np.mean(rates)) if rates else 0.0,
        returning=returning / max(1, count),
        labels={label: labels[label] / total for label in LABELS},
    )


def vanishes_and_returns(present: Sequence[bool]) -> bool:
    """Whether an absence lies between two presences.

    >>> vanishes_and_returns([True, False, True]), vanishes_and_returns([False, True, False])
    (True, False)
    """
    seen = np.flatnonzero(present)
    return bool(len(seen)) and bool(seen[-1] - seen[0] + 1 > len(seen))
