"""What a training says while it runs: a line of JSON per step, TensorBoard where installed, progress on a terminal."""

import json
import time
from collections import deque
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

NAME = "log.jsonl"
PLAIN_SECONDS = 30.0  # between two lines of progress where there is no terminal
RECENT = 50  # steps that rate and running loss are taken over


class Log:
    """`log.jsonl` and TensorBoard events in the training's folder. Lines of steps that are done again are dropped.

    With `write` False nothing is written: another rank does.
    """

    def __init__(self, folder: Path, step: int, *, write: bool = True) -> None:
        self._file = self._board = None
        if not write:
            return
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / NAME
        kept = [line for line in path.read_text().splitlines() if _step(line) < step] if path.exists() and step else []
        path.write_text("".join(f"{line}\n" for line in kept))
        self._file = path.open("a")
        self._board = _board(folder, step)

    def add(self, step: int, **values: Any) -> None:
        """One line: the step it is about, and numbers by name, or groups of them."""
        if self._file is not None:
            self._file.write(json.dumps({"step": step, **values}) + "\n")
            self._file.flush()
        if self._board is not None:
            for name, value in values.items():
                for key, number in value.items() if isinstance(value, dict) else [("", value)]:
                    self._board.add_scalar(f"{name}/{key}" if key else name, number, step)

    def close(self) -> None:
        """Finish the files."""
        if self._file is not None:
            self._file.close()
        if self._board is not None:
            self._board.close()


def scored(folder: Path, done: int) -> bool:
    """Whether the log of a training has the validation after so many steps."""
    path = folder / NAME
    lines = path.read_text().splitlines() if path.exists() else []
    return any(_step(line) == done - 1 and "validation" in json.loads(line) for line in lines)


def _step(line: str) -> int:
    """Step of a line; a line that a crash cut short belongs to no step and is dropped."""
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return 1 << 62


def _board(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder / "tensorboard"), purge_step=step)


class Meter:
    """Progress on stderr: a bar on a terminal, a line every half minute elsewhere; silent on request.

    >>> clock(3725), clock(59)
    ('1:02:05', '0:59')
    """

    def __init__(self, step: int, steps: int, *, show: bool, value: str = "loss") -> None:
        self._value = value  # what the number of a step is called
        self._steps, self._console = steps, Console(stderr=True, quiet=not show)
        self._losses: deque[float] = deque(maxlen=RECENT)
        self._times: deque[float] = deque([time.monotonic()], maxlen=RECENT + 1)
        self._spoke = time.monotonic()
        self._bar = Progress(
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=self._console,
            disable=not show or not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=steps, completed=step)
        self._bar.start()

    def say(self, line: str) -> None:
        """One line beside the bar."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def step(self, done: int, loss: float) -> None:
        """`done` steps are finished, the last with this loss."""
        self._losses.append(loss)
        self._times.append(time.monotonic())
        rate = (len(self._times) - 1) / max(1e-9, self._times[-1] - self._times[0])
        mean = sum(self._losses) / len(self._losses)
        line = f"{self._value} {mean:.3f}, {rate:.2f} steps/s, {clock((self._steps - done) / rate)} left"
        self._bar.update(self._task, completed=done, description=line)
        if not self._console.is_terminal and (
            self._times[-1] - self._spoke > PLAIN_SECONDS or done == self._steps or len(self._losses) == 1
        ):
            self._spoke = self._times[-1]
            self.say(f"step {done}/{self._steps}: {line}")

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._bar.stop()


def announce(line: str, *, show: bool) -> None:
    """One line on stderr, before there is anything to count."""
    Console(stderr=True, quiet=not show).print(line, markup=False, highlight=False, soft_wrap=True)


def clock(seconds: float) -> str:
    """A duration as h:mm:ss, or m:ss below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"
