"""Ctrl-C in `simvtr segment`: the frame at hand is finished, and so are the files."""

import signal
import threading
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


class Stop:
    """Ctrl-C asks for a stop between two frames, so that files can be finished; a second one stops at once."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> "Stop":
        self._ours = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler  # ignored or taken: not ours to change
        )
        if self._ours:
            signal.signal(signal.SIGINT, self._ask)
        return self

    def _ask(self, number: int, stack: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def check(self) -> None:
        """Raise KeyboardInterrupt if a stop was asked for."""
        if self.asked:
            raise KeyboardInterrupt

    def watch(self, frames: Iterable["np.ndarray"]) -> Iterator["np.ndarray"]:
        """The same frames, until a stop is asked for."""
        for frame in frames:
            self.check()
            yield frame

    def __exit__(self, *_: object) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
