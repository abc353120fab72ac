"""What the queries of a window say, each as one candidate for an object's next masks.

Axes: t frames   n queries   k classes   c channels   h w grid of the masks
"""

import math
from dataclasses import dataclass

import numpy as np

from simvtr.config import IdentityConfig
from simvtr.inference.colours import histograms
from simvtr.inference.identity import Window

_GRID = 128  # cells of the longer side at which masks are compared: more costs time and says no more
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Candidate:
    """What one query says in a window. Its score, classes and frames are of those frames in which it has a mask."""

    index: int
    score: float  # highest class probability, mean over frames
    classes: np.ndarray  # (k,), sums to 1
    embedding: np.ndarray  # (c,), length 1; (0,) where there are none
    colours: np.ndarray  # (216,), length 1; idem
    frames: np.ndarray  # numbers, rising
    masks: np.ndarray  # bool (t, h, w), of the whole window
    first: np.ndarray  # bool (h, w), in the first of its frames
    last: np.ndarray
    start: np.ndarray  # (2,), row and column: centre of the first mask
    stop: np.ndarray


def candidates(window: Window, config: IdentityConfig) -> list[Candidate]:
    """The queries with a mask and a score of `least`, best first: in an order that does not depend on their numbers."""
    step = -(-max(window.masks.shape[2:]) // _GRID)
    masks, small = _cells(window.masks, step)
    seen = np.asarray(masks.any(axis=(2, 3)))  # (t, n)
    probabilities = window.probabilities.astype(np.float64)  # as a `state` has them: a resumed run counts the same
    best = probabilities.max(-1)  # idem
    colours = None
    if window.pictures is not None:
        colours = histograms(window.pictures[:, ::step, ::step], masks)
        if small:  # a cell's one pixel may be none of the object's
            colours[small] = histograms(window.pictures, window.masks[:, small])
    found = []
    for i in range(masks.shape[1]):
        frames = np.flatnonzero(seen[:, i])
        if not len(frames) or (score := float(best[frames, i].sum() / len(frames))) < config.least:
            continue
        first, last = masks[frames[0], i], masks[frames[-1], i]
        start = _centre(first)
        query = Candidate(
            index=i,
            score=score,
            classes=probabilities[frames, i].sum(0) / probabilities[frames, i].sum(),
            embedding=np.zeros(0) if window.embeddings is None else unit(window.embeddings[i].astype(np.float64)),
            colours=np.zeros(0) if colours is None else colours[i],
            frames=frames + window.start,
            masks=masks[:, i],
            first=first,
            last=last,
            start=start,
            stop=start if len(frames) == 1 else _centre(last),
        )
        found.append(query)
    return sorted(found, key=lambda query: (-query.score, *query.start))


def _cells(masks: np.ndarray, step: int) -> tuple[np.ndarray, list[int]]:
    """Masks (t, n, h, w) at every `step`-th pixel; what lies between those is in all the cells that it touches.

    Returns: the cells, and the queries of which that is so in some frame.
    """
    cells = masks[:, :, ::step, ::step]
    missed = [(t, i) for t, i in np.argwhere(~cells.any(axis=(2, 3))) if masks[t, i].any()] if step > 1 else []
    if missed:
        cells = cells.copy()  # the window is not ours to change
    for t, i in missed:
        rows, columns = masks[t, i].nonzero()
        cells[t, i, rows // step, columns // step] = True
    return cells, sorted({int(i) for _, i in missed})


def _centre(mask: np.ndarray) -> np.ndarray:
    """Row and column (2,), the mean over the pixels of a mask with at least one."""
    rows, columns = mask.nonzero()
    return np.array([rows.sum(), columns.sum()]) / len(rows)


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(math.sqrt(vector @ vector), _TINY)
