"""Draws the README's pictures from what `make demo` made: frames of the overlay, and the audit page.

Writes docs/figures/overlay.png from demo/overlay.mp4 and docs/figures/audit.png from demo/report.html.
"""

import io
import sys

import cv2
import numpy as np
from PIL import Image

from benchmarks.record import ROOT
from simvtr.data.video import read_frames

DEMO, FIGURES = ROOT / "demo", ROOT / "docs" / "figures"
SHOWN = ((4, 20, 36), (84, 100, 116))  # frames of the overlay, row by row: first and last of its three videos
SCALE = 0.75
GAP = 6  # pixels between frames
CHROMIUM = "/usr/bin/chromium"
WIDTH, VERDICT, ROWS = 1180, 590, 700  # pixels of the page: its width, its head with the pictures, the matrix below it


def main() -> int:
    FIGURES.mkdir(parents=True, exist_ok=True)
    for name, picture in (("overlay.png", overlay()), ("audit.png", audit())):
        cv2.imwrite(str(FIGURES / name), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        print(FIGURES / name)
    return 0


def overlay() -> np.ndarray:
    """Frames of two of the demo's videos."""
    frames = dict(enumerate(read_frames(DEMO / "overlay.mp4")))
    rows = [np.hstack([bordered(frames[index]) for index in row]) for row in SHOWN]
    return np.vstack(rows)[GAP:-GAP, GAP:-GAP]


def audit() -> np.ndarray:
    """The head of the page, and below it the head of the sensitivity matrix."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": VERDICT}, color_scheme="light")
        page.goto((DEMO / "report.html").as_uri())
        head = page.screenshot()
        page.set_viewport_size({"width": WIDTH, "height": ROWS})
        page.locator("#matrix").evaluate("section => section.scrollIntoView()")
        below = page.screenshot()
        browser.close()
    return np.vstack([np.asarray(Image.open(io.BytesIO(part)).convert("RGB")) for part in (head, below)])


def bordered(frame: np.ndarray) -> np.ndarray:
    """The frame reduced, with a white rim."""
    small = cv2.resize(frame, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)
    return np.pad(small, ((GAP, GAP), (GAP, GAP), (0, 0)), constant_values=255)


if __name__ == "__main__":
    sys.exit(main())
