"""Progress of commands that take seconds to minutes: a line on a terminal's stderr, but not for what is soon done.

Elsewhere plain lines now and then (plain.py).
"""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from simvtr.cli.plain import PlainLines, far, visible

PATIENCE = 1.5  # seconds before anything is shown; most runs are over by then
EVERY = 0.2  # seconds between two lines


class StepsBar:
    """Counts the steps of one task after the other.

    Not `rich`: its import is a fifth of the time of a small scoring run.
    """

    def __init__(self) -> None:
        self._begin = self._shown = time.monotonic()
        self._width = 0
        self._plain = None if sys.stderr.isatty() else PlainLines()

    def of(self, task: str) -> Callable[[int, int], None]:
        """What a function with `progress(done, total)` is to call."""
        began = time.monotonic()

        def show(done: int, total: int) -> None:
            now = time.monotonic()
            if self._plain:
                self._plain.tell(task, done, total, now - began)
            elif now - self._begin >= PATIENCE and now - self._shown >= EVERY:
                self._shown = now
                self._write(far(task, done, total, now - began))

        return show

    def doing(self, task: str) -> None:
        """Name a task whose steps are not counted."""
        if self._plain:
            self._plain.tell(task)
        elif time.monotonic() - self._begin >= PATIENCE:
            self._write(f"{task} ...")

    def clear(self) -> None:
        """Take the line away."""
        if self._width:
            self._write("")

    def _write(self, line: str) -> None:
        line = visible(line)[: shutil.get_terminal_size().columns - 1]  # one that wraps cannot be taken back
        before, self._width = self._width, len(line)  # first: an interrupt may come while the line is written
        sys.stderr.write("\r" + line.ljust(before) + ("" if line else "\r"))
        sys.stderr.flush()


@contextmanager
def steps_bar() -> Iterator[StepsBar]:
    """A `StepsBar` whose line is gone at the end, also when interrupted."""
    bar = StepsBar()
    try:
        yield bar
    finally:
        bar.clear()
