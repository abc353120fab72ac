"""What a frame must be, for whoever looks at one."""

from typing import Any

import numpy as np

from simvtr.errors import DataError, came, numpy_of


def check_picture(index: int, frame: Any) -> None:
    """Raises: DataError for what is no RGB uint8 (H, W, 3), with what makes one of it.

    >>> check_picture(0, np.zeros((180, 320, 3), np.uint8))
    >>> check_picture(7, np.zeros((3, 180, 320), np.uint8))
    Traceback (most recent call last):
    simvtr.errors.DataError: frame 7: RGB uint8 (H, W, 3) expected, got uint8 (3, 180, 320). \
np.moveaxis(frame, 0, -1) makes it.
    """
    array = isinstance(frame, np.ndarray)
    if array and frame.ndim == 3 and frame.shape[2] == 3 and frame.dtype == np.uint8 and 0 not in frame.shape:
        return
    got = f"{frame.dtype} {frame.shape}" if array else came(frame)
    raise DataError(f"frame {index}: RGB uint8 (H, W, 3) expected, got {got}.{_cure(frame)}")


def _cure(frame: Any) -> str:
    if call := numpy_of("frame", frame):
        return f" Give {call}."
    if not isinstance(frame, np.ndarray):
        return " Give a NumPy array."
    if frame.ndim == 2 and frame.shape[1] == 3:  # a row of a picture
        return " Of one picture give [picture]."
    if frame.ndim == 2:
        return " np.stack([frame] * 3, axis=-1) makes it of grey."
    if frame.ndim == 3 and frame.shape[0] == 3 != frame.shape[2]:
        return " np.moveaxis(frame, 0, -1) makes it."
    return ""
