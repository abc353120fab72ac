"""The progress of the long commands: what is done, at what rate, how long it still takes; on stderr.

A bar on a terminal; elsewhere plain lines now and then (plain.py).
"""

import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from simvtr.cli.plain import PlainLines


class _Bar(Progress):
    def __init__(self, *columns: Any, console: Console, show: bool) -> None:
        super().__init__(*columns, console=console, disable=not (show and console.is_terminal))
        self._plain = PlainLines() if show and not console.is_terminal else None
        self._began: dict[TaskID, float] = {}

    def add_task(self, description: str, *args: Any, **options: Any) -> TaskID:
        task = super().add_task(description, *args, **options)
        self._began[task] = time.monotonic()
        return task

    def update(self, task_id: TaskID, **changes: Any) -> None:
        super().update(task_id, **changes)
        if self._plain:
            task = self._tasks[task_id]
            self._plain.tell(task.description, task.completed, task.total, time.monotonic() - self._began[task_id])


def frames_bar(what: str = "frames", *, show: bool = True) -> Progress:
    """A bar that counts frames or what else; tasks need the field `rate`, text. Nothing with `show` False."""
    return _Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(what + " · {task.fields[rate]} a second ·"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        show=show,
    )
