"""Segment a video in ten lines: python examples/segment_video.py clip.mp4"""

import sys

import simvtr

if len(sys.argv) != 2:
    sys.exit(__doc__)
predictor = simvtr.Predictor(simvtr.load("simvtr-tiny"))  # packaged weights: synthetic shapes; or a folder of your own
for frame in predictor.stream(simvtr.read_frames(sys.argv[1])):  # one window of frames in memory at a time
    for track in frame.tracks:
        print(f"{frame.index},{track.identity},{track.category},{track.score:.2f},{track.mask.sum()}")
