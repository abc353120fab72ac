"""The loops over characters and runs of `runs.wat`, compiled by wasmtime. For `track` and `shared`.

Each thread has a kernel of its own, made when it first needs one. Where wasmtime is missing or cannot start, `kernel`
gives None, and what runs without it does the work: `clean` mask by mask, `plain`.
"""

import atexit
import functools
import mmap
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

STRINGS, LISTS = b"\n", b"]"  # what stands behind each mask: of compressed strings, and of JSON lists
RECORD = 5  # of each mask: runs and long runs until its end, set pixels, first column with one, that behind the last
_ROOM = 128 << 20  # bytes of address space for one kernel's memory, which stays where it is: that is faster
_SPARE = 64 << 20  # bytes of it that starting wasmtime takes, and more: it ends the process where it gets none
_PAGE = 1 << 16
_CALL = 64  # bytes for the parameters and results of a call: as arguments each of them costs time


class Kernel:
    """One instance of `runs.wat` and its memory, for one thread."""

    def __init__(self) -> None:
        import wasmtime

        engine, module = _compiled()
        self._store = wasmtime.Store(engine)
        exports: Any = wasmtime.Instance(self._store, module, []).exports(self._store)
        self._memory, self._shared = exports["memory"], exports["shared"]
        self._readers = {STRINGS: exports["strings"], LISTS: exports["lists"]}
        self._bytes = np.zeros(0, np.uint8)
        self._grown(_PAGE)
        _all.add(self)

    def read(
        self, text: bytes, fence: bytes, sizes: NDArray[np.uint32]
    ) -> tuple[NDArray[np.uint16], NDArray[np.uint32], NDArray[np.uint32], int] | None:
        """The runs of many masks, laid out as `MaskTrack` has them, and checked.

        Args:
            text: the masks side by side, `fence` behind each; one without text is absent, and laid out as empty.
            fence: STRINGS or LISTS, which says what the text is; a list stands without its brackets.
            sizes: (n, 2), height and pixels of each mask, at most 2**27; n is at least 1.
        Returns: all runs, 0 for a long one; the long runs, from 2**16 on; (n, RECORD); how many masks have no text.
            Arrays of their own. None where a mask's runs do not add up to its pixels, where any but its first is empty,
            where the text is anything else, or is too long.

        >>> read = Kernel().read(b"06\\n\\n", STRINGS, np.array([[2, 6], [2, 6]], np.uint32))
        >>> [part.tolist() for part in read[:3]]   # empty column + 0, 6 set, an empty pixel, fence; column + 6 + pixel
        [[2, 6, 1, 1, 9, 1], [], [[4, 0, 6, 0, 3], [6, 0, 0, 0, 0]]]
        """
        masks, most = len(sizes), len(text) + 3 * len(sizes)  # no more runs: a character each, and 3 a mask
        longest = min(most, 3 * masks + 2 * int((sizes[:, 1] >> 16).sum(dtype=np.int64)))  # with an empty column each
        parts = [len(text) + 2, 8 * masks, 4 * RECORD * masks, 2 * most, 4 * longest]  # 2 are read at a time
        at, begins = _CALL, []
        for size in parts:
            begins.append(at)
            at += size + (-size) % 8
        if not self._grown(at):
            return None
        begin, given, records, short, long = begins
        self._bytes[begin : begin + len(text)] = np.frombuffer(text, np.uint8)
        self._words(given, 2 * masks)[:] = sizes.ravel()
        end, absent = self._called(self._readers[fence], [begin, masks, given, records, short, long])
        if end != begin + len(text):
            return None
        read = self._words(records, RECORD * masks).reshape(masks, RECORD).copy()
        runs, long_runs = read[-1, :2].tolist()
        return (
            self._bytes[short : short + 2 * runs].view(np.uint16).copy(),
            self._words(long, long_runs).copy(),
            read,
            absent,
        )

    def shared(
        self,
        a: Sequence[NDArray[np.integer]],
        b: Sequence[NDArray[np.integer]],
        most: NDArray[np.int64],
        least: int,
    ) -> int | None:
        """Pixels that two tracks share.

        Args:
            a, b: a track's runs (uint16, 0 for a long one) and long runs; where each frame begins among the first, and
                among the second, one entry more than frames. Both tracks have t frames of one size, or more.
            most: (t,), no more are shared in each frame; where that is 0, nobody looks.
            least: so many pixels matter.
        Returns: 0 as soon as it is seen that they are fewer than `least`. None where the tracks are too long.
        """
        at, places = _CALL, []
        parts = [*a, *b, most]
        for part, width in zip(parts, (2, 4, 4, 4) * 2 + (4,), strict=True):
            places.append((at, width * len(part)))
            at += width * len(part) + (-width * len(part)) % 8
        if not self._grown(at):
            return None
        for part, (begin, size), kind in zip(
            parts, places, (np.uint16, *[np.uint32] * 3) * 2 + (np.uint32,), strict=True
        ):
            self._bytes[begin : begin + size].view(kind)[:] = part
        spare = int(most.sum()) - least
        low, high = self._called(
            self._shared, [*(begin for begin, _ in places), len(most), spare & 0xFFFFFFFF, spare >> 32]
        )
        return low | high << 32

    def close(self) -> None:
        """Give its memory back. It cannot be used any more."""
        self._bytes = np.zeros(0, np.uint8)
        self._store.close()

    def _called(self, function: Any, arguments: Sequence[int]) -> tuple[int, int]:
        """Two results of a function that takes its arguments from the beginning of the memory."""
        words = self._words(0, _CALL // 4)
        words[: len(arguments)] = arguments
        function(self._store)
        return int(words[-2]), int(words[-1])

    def _words(self, begin: int, count: int) -> NDArray[np.uint32]:
        return self._bytes[begin : begin + 4 * count].view(np.uint32)

    def _grown(self, size: int) -> bool:
        """Whether the memory has so many bytes, now at the latest."""
        if size > _ROOM:
            return False
        missing = size - len(self._bytes)
        if missing > 0:
            self._memory.grow(self._store, max(0, size - self._memory.data_len(self._store) + _PAGE - 1) // _PAGE)
            self._bytes = np.frombuffer(self._memory.get_buffer_ptr(self._store), np.uint8)
        return True


def kernel() -> Kernel | None:
    """This thread's kernel; None where wasmtime is missing or cannot start."""
    if not hasattr(_of_thread, "kernel"):
        _of_thread.kernel = _started()
    return _of_thread.kernel


_of_thread = threading.local()
_all: weakref.WeakSet[Kernel] = weakref.WeakSet()


def _started() -> Kernel | None:
    try:
        mmap.mmap(-1, _ROOM + _SPARE).close()
        import wasmtime
    except (ImportError, OSError, RuntimeError):  # the last: no wheel is made for this platform
        return None
    try:
        return Kernel()
    except (wasmtime.WasmtimeError, AttributeError, MemoryError, OSError):  # the second: a version without a setting
        return None


@functools.cache
def _compiled() -> tuple[Any, Any]:
    """Engine and module, which all threads share."""
    import wasmtime

    config = wasmtime.Config()
    config.parallel_compilation = False  # no threads: processes are forked
    config.signals_based_traps = False  # no handlers: bounds are compared
    config.memory_reservation = _ROOM
    config.memory_may_move = False
    config.memory_guard_size = config.memory_reservation_for_growth = 0
    engine = wasmtime.Engine(config)
    text = Path(__file__).with_name("runs.wat").read_text()
    module = wasmtime.Module(engine, text)

    @atexit.register
    def closed() -> None:  # while wasmtime's own functions are still there
        for own in list(_all):
            own.close()
        module.close()
        engine.close()

    return engine, module
