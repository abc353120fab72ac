"""Which frames share a forward pass: the plan for a video of any length, also one whose end nobody knows yet."""

from collections.abc import Iterator
from itertools import count
from typing import Literal


def windows(length: int | None, window: int | Literal["all"]) -> Iterator[slice]:
    """Slices that cover frames 0, 1, ..., length - 1 once each and in order; only the last may be shorter.

    Args:
        length: frames of the video, 0 or more; None when unknown: the plan then never ends, and whoever pulls the
            frames stops at the first empty window.
        window: frames of each slice, 1 or more; "all": one slice for the whole video (`stop` is None when `length` is).
    Returns: an iterator, so that a plan without end costs nothing.
    Raises: ValueError at once, not at the first slice, when a number is too small.

    >>> list(windows(7, 3))
    [slice(0, 3, None), slice(3, 6, None), slice(6, 7, None)]
    >>> list(windows(7, "all"))
    [slice(0, 7, None)]
    """
    if window != "all" and window < 1:
        raise ValueError(f'windows: window must be at least 1 frame, or "all", got {window}')
    if length is not None and length < 0:
        raise ValueError(f"windows: length must be 0 or more, or None when unknown, got {length}")
    if window == "all":
        return iter(() if length == 0 else (slice(0, length),))
    if length is None:
        return (slice(start, start + window) for start in count(0, window))
    return (slice(start, min(start + window, length)) for start in range(0, length, window))
