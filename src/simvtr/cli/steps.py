"""Progress of commands that take seconds to minutes: a line on a terminal's stderr, but not for what is soon done."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 1.5  # seconds before anything is shown; most runs are over by then
EVERY = 0.2  # seconds between two lines


class StepsBar:
    """Counts the steps of one task after the other. Writes nothing where stderr is no terminal.

    Not `rich`: its import is a fifth of the time of a small scoring run.
    """

    def __init__(self) -> None:
        self._begin = self._shown = time.monotonic()
        self._width = 0

    def of(self, task: str) -> Callable[[int, int], None]:
        """What a function with `progress(done, total)` is to call."""
        began = time.monotonic()

        def show(done: int, total: int) -> None:
            now = time.monotonic()
            if now - self._begin < PATIENCE or now - self._shown < EVERY or not sys.stderr.isatty():
                return
            self._shown = now
            rate = done / max(now - began, 1e-9)
            shown_rate = f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
            left = (total - done) / max(rate, 1e-9)
            self._write(f"{task}: {done}/{total}, {shown_rate} a second, {left:,.0f} s left")

        return show

    def doing(self, task: str) -> None:
        """Name a task whose steps are not counted."""
        if time.monotonic() - self._begin >= PATIENCE and sys.stderr.isatty():
            self._write(f"{task} ...")

    def clear(self) -> None:
        """Take the line away."""
        if self._width:
            self._write("")

    def _write(self, line: str) -> None:
        # A line that wraps cannot be taken back; what a file's name could steer is no letter.
        line = "".join(c if c.isprintable() else "?" for c in line)[: shutil.get_terminal_size().columns - 1]
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
