"""What colours objects have, to tell two of one kind apart: pictures + masks -> a histogram for each candidate.

The network's embeddings say of what kind a thing is, hardly which one of its kind. Colours do, at no cost to speak of.
"""

import numpy as np

STEPS = 6  # of each of R, G and B; 4, 8 and 12 were no better (docs/LOG.md)


def histograms(pictures: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Square roots of the shares of STEPS³ colours in each mask: their products are 1 for equal shares, 0 for no shared
    colour (Bhattacharyya).

    Args: pictures: uint8 (t, h, w, 3), RGB. masks: bool (t, n, h, w).
    Returns: float64 (n, STEPS³), each row of length 1; zeros where a mask has no pixel.

    >>> red_and_blue = np.array([[[[255, 0, 0], [0, 0, 255]]]], np.uint8)
    >>> left, both = histograms(red_and_blue, np.array([[[[True, False]], [[True, True]]]]))
    >>> round(float(left @ both), 4)  # half of the second is red: sqrt(1 · 1/2)
    0.7071
    """
    numbers = _numbers(pictures)
    counts = [np.bincount(numbers[own], minlength=STEPS**3) for own in masks.swapaxes(0, 1)]
    shares = np.array(counts, np.float64).reshape(-1, STEPS**3)
    return np.sqrt(shares / np.maximum(shares.sum(1, keepdims=True), 1))


def _numbers(pictures: np.ndarray) -> np.ndarray:
    """Of STEPS³ colours, which each pixel of uint8 (..., 3) is."""
    step = (pictures.astype(np.uint16) * STEPS) >> 8  # 0..STEPS-1
    return (step[..., 0] * STEPS + step[..., 1]) * STEPS + step[..., 2]
