"""A measured figure, what it was measured on, and a file that remembers both, a JSON line for each. No torch."""

import importlib.metadata
import json
import math
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from simvtr.errors import DataError

_LONGEST = 2**16  # bytes of a line; no figure comes near


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. `spread`: least and greatest of its repetitions; None: it has no noise, or was taken once."""

    name: str
    value: float
    unit: str
    spread: tuple[float, float] | None = None
    goal: str = ""  # as the project states it, e.g. "≥ 0.8"

    @classmethod
    def of(cls, name: str, values: Sequence[float], unit: str, goal: str = "") -> "Figure":
        """The median of repetitions, with their spread.

        >>> Figure.of("start", [0.5, 0.25, 1.0], "s")
        Figure(name='start', value=0.5, unit='s', spread=(0.25, 1.0), goal='')
        """
        return cls(name, median(values), unit, (min(values), max(values)), goal)

    def row(self) -> tuple[str, str, str, str]:
        """What a table shows: name, value with its unit, spread, goal."""
        spread = "" if self.spread is None else f"{pretty(self.spread[0])} to {pretty(self.spread[1])}"
        return self.name, f"{pretty(self.value)} {self.unit}".strip(), spread, self.goal


def pretty(value: float) -> str:
    """Three digits, or all those before the point; a count as it is.

    >>> pretty(0.12345), pretty(12.345), pretty(-0.5), pretty(12345.6), pretty(3), pretty(0.0)
    ('0.123', '12.3', '-0.500', '12,346', '3', '0')
    """
    if value == 0 or isinstance(value, int):
        return f"{value:,.0f}"
    return f"{value:,.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def append(path: Path, figures: Sequence[Figure], facts: Mapping[str, Any]) -> None:
    """Add a line for each figure, all with the same `facts` (of `environment`), behind those that the file has."""
    with path.open("a", encoding="utf-8") as file:
        for figure in figures:
            file.write(json.dumps({**asdict(figure), **facts}, ensure_ascii=False) + "\n")


def refuse_no_log(path: Path) -> None:
    """Raises: DataError, before anything is measured, when `append` could not write there or would spoil a file."""
    new = not path.exists()
    try:
        with path.open("a+b") as file:
            file.seek(0)
            first = file.readline(_LONGEST)
            file.seek(-1 if first else 0, os.SEEK_END)
            end = file.read(1)
    except OSError as error:
        raise DataError(
            f"{path}: must be a file that lines can be added to, got: {error.strerror or error}. Name another."
        ) from error
    if new:
        path.unlink()
    if first and not (end == b"\n" and _is_figure(first)):
        raise DataError(
            f"{path}: must be a new file or one of JSON lines that --append wrote, got other content. Name another."
        )


def _is_figure(line: bytes) -> bool:
    """Whether a line is a JSON object of its own that names a value: other JSON may begin and end alike."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and {"name", "value"} <= found.keys()


def environment(command: str, threads: int | None = None) -> dict[str, str | int | float | None]:
    """What a figure was measured with; `load` tells how busy the machine was in the last minute (1 = one core).

    Args:
        threads: of torch; None: as OMP_NUM_THREADS says, or one a core.
    """
    cores = os.cpu_count() or 0
    return {
        "command": command,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "torch": importlib.metadata.version("torch"),
        "system": platform.system(),
        "cpu": _cpu(),
        "cores": cores,
        "threads": threads or int(os.environ.get("OMP_NUM_THREADS") or cores),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,  # Windows has none
        "commit": _commit(),
    }


def anywhere(word: str, home: Path) -> str:
    """A path in or beside a folder as it is called from there, so that no line tells whose disk it was; others as is.

    >>> anywhere("/a/home/weights", Path("/a/home")), anywhere("/a/data", Path("/a/home")), anywhere("/b", Path("/a/c"))
    ('weights', '../data', '/b')
    """
    return os.path.relpath(word, home) if Path(word).is_absolute() and Path(word).is_relative_to(home.parent) else word


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


def _commit() -> str:
    """The short commit, with a + when the code that is measured differs from it; outside a checkout the version.

    A package that is installed in a folder of some other repository is not tracked there.
    """

    def git(*words: str) -> str:
        here = Path(__file__).parent
        return subprocess.run(["git", *words], cwd=here, capture_output=True, text=True, check=True).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", Path(__file__).name)
        changed = git("status", "--porcelain", "--", ":/src", ":/recipes", ":/benchmarks/*.py")
        return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return f"simvtr {importlib.metadata.version('simvtr')}"
