"""Where the threads of `simvtr segment` take their memory from."""

import contextlib
import ctypes

_ARENA_MAX = -8  # of <malloc.h>


def one_heap() -> None:
    """Lets all threads share one heap, where the C library is glibc: each would keep the peak of its own otherwise, and
    what loading the weights has freed could not be used by any."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
