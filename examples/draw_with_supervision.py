"""Draw what is found with supervision's annotators: python examples/draw_with_supervision.py clip.mp4 out/

Needs supervision, which comes with simvtr[model]. Writes one JPEG a frame.
"""

import sys
from pathlib import Path

import supervision as sv
from PIL import Image

import simvtr

if len(sys.argv) != 3:
    sys.exit(__doc__)

video, out = sys.argv[1], Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
by_track = sv.ColorLookup.TRACK  # a colour an identity, not a category
annotators = (sv.MaskAnnotator(color_lookup=by_track), sv.BoxCornerAnnotator(color_lookup=by_track))
names = sv.LabelAnnotator(color_lookup=by_track)
predictor = simvtr.Predictor(simvtr.load("simvtr-tiny"))
frames = simvtr.read_frames(video)
for pixels, frame in zip(frames, predictor.stream(simvtr.read_frames(video)), strict=True):
    found = simvtr.to_supervision(frame.tracks)
    picture = pixels.copy()
    for annotator in annotators:
        picture = annotator.annotate(picture, found)
    labels = [f"{track.identity} {track.category}" for track in frame.tracks]
    Image.fromarray(names.annotate(picture, found, labels)).save(out / f"{frame.index:05d}.jpg")
