"""What edges cost: AP if the masks were right near the edges of what they are of, and as wrong as they are elsewhere.

    python -m benchmarks.edges work/synth-occlusion-v1/val/instances.json out/results.json

A found track is of the true one that it shares most with, whatever the category, from a track IoU of 0.1 on. Within
some pixels of the edge of that one its masks become the truth, in frames in which both have one.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.record import Figure, parser, report
from simvtr.evaluation import evaluate
from simvtr.evaluation.overlap import track_ious
from simvtr.rle import Rle, decode, encode
from simvtr.schema import Track, TruthTrack, read_predictions, read_truth

LEAST = 0.1  # track IoU of a found track and what it is of
PIXELS = (1, 2, 3)


def main() -> int:
    command = parser(__doc__)
    command.add_argument("truth", type=Path)
    command.add_argument("results", type=Path)
    args = command.parse_args()
    truth = read_truth(args.truth)
    found = read_predictions(args.results, truth).tracks
    figures = [Figure("AP as found", 100 * evaluate(truth, found).stats["AP"], "%")]
    for pixels in PIXELS:
        better = {video: sharper(tracks, truth.tracks[video], pixels) for video, tracks in found.items()}
        what = f"AP with true edges, {pixels} pixel{'s' * (pixels > 1)} to both sides"
        figures.append(Figure(what, 100 * evaluate(truth, better).stats["AP"], "%"))
    report(figures, keep=not args.no_record)
    return 0


def sharper(found: Sequence[Track], true: Sequence[TruthTrack], pixels: int) -> list[Track]:
    """Found tracks of a video, true within some pixels of the edges of what they are of."""
    if not found or not true:
        return list(found)
    ious = track_ious([track.segmentations for track in found], [track.segmentations for track in true])
    return [
        replace(
            track,
            segmentations=[
                mask if mask is None or own is None else near(mask, own, pixels)
                for mask, own in zip(track.segmentations, true[row.argmax()].segmentations, strict=True)
            ],
        )
        if row.max() >= LEAST
        else track
        for track, row in zip(found, ious, strict=True)
    ]


def near(mask: Rle, own: Rle, pixels: int) -> Rle:
    """A mask that is `own` within some pixels of its edge, and itself elsewhere.

    >>> def row(*columns): return encode(np.isin(np.arange(8), columns)[None].repeat(3, 0))
    >>> decode(near(row(2, 3, 7), row(1, 2, 3, 4), 1))[1].astype(int).tolist()  # 7 is too far from the edge at 4 | 5
    [0, 1, 1, 1, 1, 0, 0, 1]
    """
    truth = decode(own).astype(np.uint8)
    square = np.ones((3, 3), np.uint8)
    grown = cv2.dilate(truth, square, iterations=pixels)
    band = grown > cv2.erode(truth, square, iterations=pixels, borderType=cv2.BORDER_REPLICATE)
    return encode(np.where(band, truth, decode(mask)).astype(bool))


if __name__ == "__main__":
    sys.exit(main())
