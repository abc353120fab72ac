"""Draws the README's picture: frames of `simvtr demo`, as the packaged weights see them.

Writes docs/figures/overlay.png from demo/overlay.mp4, which `make demo` makes.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from benchmarks.record import ROOT
from simvtr.data.video import read_frames

SHOWN = ((4, 20, 36), (84, 100, 116))  # frames of the overlay, row by row: first and last of its three videos
SCALE = 0.75
GAP = 6  # pixels between frames


def main() -> int:
    frames = dict(enumerate(read_frames(ROOT / "demo" / "overlay.mp4")))
    rows = [np.hstack([bordered(frames[index]) for index in row]) for row in SHOWN]
    picture = np.vstack(rows)[GAP:-GAP, GAP:-GAP]
    out = Path(ROOT / "docs" / "figures" / "overlay.png")
    out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(out), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    print(out)
    return 0


def bordered(frame: np.ndarray) -> np.ndarray:
    """The frame reduced, with a white rim."""
    small = cv2.resize(frame, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)
    return np.pad(small, ((GAP, GAP), (GAP, GAP), (0, 0)), constant_values=255)


if __name__ == "__main__":
    sys.exit(main())
