"""Progress for a log file: where stderr is no terminal, a line after half a minute and then at most one a minute."""

import sys
import time

FIRST, EVERY = 30.0, 60.0  # seconds


class PlainLines:
    """Says how far a command is. Short ones say nothing; a line has no control characters."""

    def __init__(self) -> None:
        self._next = time.monotonic() + FIRST

    def tell(self, task: str, done: float = 0, total: float | None = None, seconds: float = 0.0) -> None:
        """`done` steps of a task took so many seconds; 0: its steps are not counted."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY
        print(visible(far(task, done, total, seconds) if done else f"{task} ..."), file=sys.stderr, flush=True)


def far(task: str, done: float, total: float | None, seconds: float) -> str:
    """How far a task is, at what rate, and how long it still takes.

    >>> far("clip.mp4", 300, 3000, 60.0), far("decoding", 40, None, 60.0)
    ('clip.mp4: 300/3,000, 5.0 a second, 9 min left', 'decoding: 40, 0.7 a second')
    """
    rate = done / max(seconds, 1e-9)
    text = f"{task}: {done:,.0f}" + ("" if total is None else f"/{total:,.0f}")
    text += f", {rate:,.0f} a second" if rate >= 10 else f", {rate:.1f} a second"
    if total is None:
        return text
    left = (total - done) / max(rate, 1e-9)
    return f"{text}, {left:,.0f} s left" if left < 120 else f"{text}, {left / 60:,.0f} min left"


def visible(line: str) -> str:
    """What the name of a file could steer a terminal with is no letter."""
    return "".join(c if c.isprintable() else "?" for c in line)
