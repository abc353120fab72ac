"""Where masks are lost: their IoU in single frames by how occluded the object is there, for tracks that were found.

    python -m benchmarks.occlusion_masks work/synth-occlusion-v1/val/instances.json out/results.json

Every true track is looked at beside the found track that it shares most with, whatever the category (scores from 0.1).
"""

import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean

from benchmarks.record import Figure, parser, report
from simvtr.evaluation.overlap import track_ious
from simvtr.schema import read_predictions, read_truth

LEAST = 0.1  # score of a found track
SAID = {"no_occlusion": "not occluded", "slight_occlusion": "slightly", "severe_occlusion": "severely"}


def main() -> int:
    command = parser(__doc__)
    command.add_argument("truth", type=Path, help="with OVIS's labels of occlusion")
    command.add_argument("results", type=Path)
    args = command.parse_args()
    truth = read_truth(args.truth)
    found = read_predictions(args.results, truth).tracks
    ious: dict[str, list[float]] = defaultdict(list)
    missed: dict[str, list[bool]] = defaultdict(list)
    for video, true in truth.tracks.items():
        tracks = [track.segmentations for track in found.get(video, ()) if track.score >= LEAST]
        whole = track_ious(tracks, [track.segmentations for track in true])
        for g, track in enumerate(true):
            if not len(tracks) or not whole[:, g].max():
                continue
            best = tracks[whole[:, g].argmax()]
            for mask, own, label in zip(best, track.segmentations, track.occlusion or (), strict=True):
                if own is not None and label in SAID:
                    ious[label].append(float(track_ious([[mask]], [[own]])[0, 0]))
                    missed[label].append(mask is None)
    figures = []
    for label, said in SAID.items():
        if ious[label]:
            figures += [
                Figure(f"{said}: frames", len(ious[label]), ""),
                Figure(f"{said}: mean IoU of the mask", mean(ious[label]), ""),
                Figure(f"{said}: frames without a mask", 100 * mean(missed[label]), "%"),
            ]
    report(figures, keep=not args.no_record)
    return 0


if __name__ == "__main__":
    sys.exit(main())
