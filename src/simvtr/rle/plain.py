"""What the kernel does, by NumPy alone and mask by mask: where wasmtime cannot run. For `track` and `shared`."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simvtr.rle.kernel import RECORD
from simvtr.rle.masks import clean, decoded_runs

_LONG = 1 << 16  # runs from here on are kept apart


def read(
    counts: Sequence[bytes | None], height: int, width: int
) -> tuple[NDArray[np.uint16], NDArray[np.uint32], NDArray[np.uint32]] | None:
    """As `Kernel.read`, of one track's compressed strings, None where it is absent.

    >>> [part.tolist() for part in read([b"06", None], 2, 3)]
    [[2, 6, 1, 1, 9, 1], [], [[4, 0, 6, 0, 3], [6, 0, 0, 0, 0]]]
    """
    pixels = height * width
    present = [text for text in counts if text is not None]
    cleaned, problems = clean(present, [(height, width)] * len(present))
    if problems or cleaned != present:
        return None
    line, records = [np.zeros(0, np.int64)], np.zeros((len(counts), RECORD), np.uint32)
    for record, text in zip(records, counts, strict=True):
        runs = np.array([pixels]) if text is None else decoded_runs([text])[0].astype(np.int64)
        if len(runs) % 2 == 0:
            runs = np.append(runs, 0)  # it ends in a set run: no pixel behind
        record[2] = runs[1::2].sum()
        if record[2]:
            record[3], record[4] = runs[0] // height, (pixels - runs[-1] - 1) // height + 1
        runs[0] += height
        runs[-1] += 1
        line.append(np.append(runs, 1))
    laid = np.concatenate(line)
    long = laid >= _LONG
    ends = np.cumsum([len(runs) for runs in line[1:]], dtype=np.int64)
    records[:, 0], records[:, 1] = ends, np.append(0, np.cumsum(long))[ends]
    return np.where(long, 0, laid).astype(np.uint16), laid[long].astype(np.uint32), records


def not_both(a: NDArray[np.unsignedinteger], b: NDArray[np.unsignedinteger]) -> int:
    """Pixels that one of two long masks has, and not both: every second stretch between their borders.

    Args:
        a, b: where their runs end, background first, an even number of them in each; both begin and end at one pixel.

    >>> not_both(np.array([1, 4], np.uint32), np.array([2, 4], np.uint32))   # 1 to 3, and 2 to 3
    1
    """
    borders = np.concatenate([a, b])
    borders.sort(kind="stable")  # a merge sort: two sorted lines are merged
    return int(np.add.reduce(borders[1::2] - borders[::2], dtype=np.uint64))
