"""Small data sets, by hand and by hypothesis, for round trips through every format."""

from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from simvtr.formats import Work
from simvtr.formats.gather import Gather
from simvtr.rle import decode, encode
from simvtr.schema import Predictions, Track, Truth

NAMES = ("cat", "dog", "fish & chips", "größe")


def truth_of(masks: dict[int, list[np.ndarray | None]], kinds: dict[int, str] | None = None) -> Truth:
    """One video: of each object a picture or None a frame; `kinds`: its category, "object" where it has none."""
    length = len(next(iter(masks.values())))
    height, width = next(m.shape for frames in masks.values() for m in frames if m is not None)
    gather = Gather(Path("made.json"))
    video = gather.video(height=height, width=width, length=length, names=[f"{i:05d}.jpg" for i in range(length)])
    for number, frames in masks.items():
        for frame, mask in enumerate(frames):
            if mask is not None:
                kind = (kinds or {}).get(number, "object")
                gather.add(video, frame, identity=number, category=kind, mask=encode(mask), where="made")
    return gather.truth(Work())


def pictures(truth: Truth) -> dict[int, list[list | None]]:
    """Every mask as lists of lists by track, whatever its runs look like; tracks without any mask left out."""
    tracks = [track for tracks in truth.tracks.values() for track in tracks]
    shown = {t.id: [None if m is None else decode(m).tolist() for m in t.segmentations] for t in tracks}
    return {number: frames for number, frames in shown.items() if any(frame is not None for frame in frames)}


def kinds(truth: Truth) -> dict[int, str]:
    """The name of each track's category."""
    return {t.id: truth.categories[t.category_id].name for tracks in truth.tracks.values() for t in tracks}


@st.composite
def truths(draw: st.DrawFn, overlap: bool = True) -> Truth:
    """A video of 1 to 4 frames, 1 to 6 pixels a side, of 1 to 4 objects, numbered from 1, in any frames."""
    height, width, length = draw(st.integers(1, 6)), draw(st.integers(1, 6)), draw(st.integers(1, 4))
    objects = draw(st.integers(1, 4))
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    owner = random.integers(0, objects + 1, (length, height, width))
    masks: dict[int, list[np.ndarray | None]] = {}
    for number in range(1, objects + 1):
        shown = random.random((length, height, width)) < 0.5 if overlap else owner == number
        masks[number] = [frame if frame.any() and random.random() < 0.8 else None for frame in shown]
    masks = {number: frames for number, frames in masks.items() if any(f is not None for f in frames)}
    if not masks:
        masks = {1: [np.ones((height, width), bool)] * length}
    masks = dict(enumerate(masks.values(), start=1))
    return truth_of(masks, {number: draw(st.sampled_from(NAMES)) for number in masks})


def as_results(truth: Truth) -> Predictions:
    """A data set as results, every track with score 1: what a perfect system would hand in."""
    tracks = {
        number: [Track(t.category_id, 1.0, t.segmentations, t.id) for t in tracks if not t.crowd]
        for number, tracks in truth.tracks.items()
    }
    return Predictions(tracks, truth.path)
