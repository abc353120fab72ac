"""pycocotools' C functions on our own arrays: no string and no Python object a mask.

Its wheels for Linux and macOS export them; their signatures have not changed since 2015. Where they are missing
(Windows), or do not give what they should, `library` is None and NumPy or pycocotools' Python side does the work.
"""

import ctypes
import functools

import numpy as np
import pycocotools._mask
from numpy.typing import NDArray

# struct RLE of maskApi.h: height, width, number of runs, address of the runs (uint32)
RECORD = np.dtype([("h", np.uint64), ("w", np.uint64), ("m", np.uint64), ("counts", np.uint64)])


@functools.cache
def library() -> ctypes.CDLL | None:
    """The C functions, tried on one small mask; None where they cannot be used."""
    if ctypes.sizeof(ctypes.c_ulong) != 8 or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None  # another struct
    size, address = ctypes.c_uint64, ctypes.c_void_p
    try:
        found = ctypes.CDLL(pycocotools._mask.__file__)
        found.rleArea.argtypes, found.rleArea.restype = [address, size, address], None
        found.rleIou.argtypes, found.rleIou.restype = [address, address, size, size, address, address], None
    except (AttributeError, OSError):
        return None
    runs = np.array([1, 1, 1, 3], np.uint32)
    sound = areas(found, runs, np.array([0, 4])).tolist() == [4]
    return found if sound else None


def records(runs: NDArray[np.uint32], starts: NDArray[np.int64], height: int, width: int) -> np.ndarray:
    """A record of each mask, pointing into `runs`: keep them alive. `starts` has one entry more than masks."""
    made = np.empty((len(starts) - 1, 4), np.uint64)  # by the column: by the field takes twice as long
    made[:, 0], made[:, 1], made[:, 2] = height, width, starts[1:] - starts[:-1]
    made[:, 3] = runs.ctypes.data + 4 * starts[:-1]
    return made.view(RECORD)[:, 0]


def areas(found: ctypes.CDLL, runs: NDArray[np.uint32], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Foreground pixels of each mask, whatever its size."""
    masks = records(runs, starts, 0, 0)
    pixels = np.empty(len(masks), np.uint32)
    found.rleArea(masks.ctypes.data, len(masks), pixels.ctypes.data)
    return pixels.astype(np.int64)


def frame_ious(found: ctypes.CDLL, a: np.ndarray, b: np.ndarray) -> NDArray[np.float64]:
    """IoU of the masks of `a` (t, d) with those of `b` (t, g) in each frame: (t, g, d).

    Records without runs are absent masks: their IoU is 0, as is that of masks whose boxes do not touch.
    """
    ious = np.zeros((len(a), b.shape[1], a.shape[1]))
    first, second, out = (array.ctypes.data for array in (a, b, ious))
    a_step, b_step, out_step = (array.strides[0] for array in (a, b, ious))
    both = a["m"].any(axis=1) & b["m"].any(axis=1)
    for t in np.flatnonzero(both).tolist():
        found.rleIou(first + t * a_step, second + t * b_step, a.shape[1], b.shape[1], None, out + t * out_step)
    return ious
