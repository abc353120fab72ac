"""Where masks are lost: their IoU in single frames by how occluded the object is there, for tracks that were found, and
what their pixels lie on.

    python -m benchmarks.occlusion_masks work/synth-occlusion-v1/val/instances.json out/results.json

Every true track is looked at beside the found track that it shares most with, whatever the category (scores from 0.1).
"""

import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean

from benchmarks.record import Figure, parser, report
from simvtr.evaluation.overlap import track_ious
from simvtr.rle import area, intersections
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
    pixels: dict[str, list[tuple[int, int, int, int]]] = defaultdict(list)
    for video, true in truth.tracks.items():
        tracks = [track.segmentations for track in found.get(video, ()) if track.score >= LEAST]
        whole = track_ious(tracks, [track.segmentations for track in true])
        for g, track in enumerate(true):
            if not len(tracks) or not whole[:, g].max():
                continue
            best = tracks[whole[:, g].argmax()]
            for frame, label in enumerate(track.occlusion or ()):
                mask, own = best[frame], track.segmentations[frame]
                if own is None or label not in SAID:
                    continue
                ious[label].append(float(track_ious([[mask]], [[own]])[0, 0]))
                missed[label].append(mask is None)
                if mask is not None:
                    others = [other.segmentations[frame] for other in true if other is not track]
                    on = intersections([mask], [own, *(other for other in others if other is not None)])[0]
                    pixels[label].append((area(mask), area(own), int(on[0]), int(on[1:].sum())))
    figures = []
    for label, said in SAID.items():
        if ious[label]:
            figures += [
                Figure(f"{said}: frames", len(ious[label]), ""),
                Figure(f"{said}: mean IoU of the mask", mean(ious[label]), ""),
                Figure(f"{said}: frames without a mask", 100 * mean(missed[label]), "%"),
            ]
            painted, real, right, others = (sum(column) for column in zip(*pixels[label], strict=True))
            figures += [
                Figure(f"{said}: of the object's pixels, where it has a mask, found", 100 * right / real, "%"),
                Figure(f"{said}: of the mask's pixels, on other objects", 100 * others / painted, "%"),
                Figure(f"{said}: of the mask's pixels, on none", 100 * (painted - right - others) / painted, "%"),
            ]
    report(figures, keep=not args.no_record)
    return 0


if __name__ == "__main__":
    sys.exit(main())
