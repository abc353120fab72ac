"""A measured figure, what it was measured on, and the file that remembers both: results.jsonl beside this file."""

import argparse
import importlib.metadata
import json
import math
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results.jsonl"


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


def parser(module_doc: str | None) -> argparse.ArgumentParser:
    """The command line of a benchmark; its module's first sentence is the help."""
    made = argparse.ArgumentParser(description=(module_doc or "").split("\n\n")[0])
    made.add_argument("--no-record", action="store_true", help="print the figures, but leave results.jsonl as it is")
    return made


def report(figures: Sequence[Figure], *, keep: bool) -> None:
    """Print the figures and, with `keep`, append a line for each to results.jsonl."""
    table = Table("figure", "value", "least to greatest", "goal")
    for figure in figures:
        table.add_row(*figure.row())
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    if keep:
        facts = environment()
        with RESULTS.open("a", encoding="utf-8") as file:
            for figure in figures:
                file.write(json.dumps({**asdict(figure), **facts}, ensure_ascii=False) + "\n")


def environment() -> dict[str, str | int | float]:
    """What a figure was measured with; `load` tells how busy the machine was in the last minute (1 = one core)."""
    return {
        "command": f"python -m benchmarks.{Path(sys.argv[0]).stem} {shlex.join(map(_anywhere, sys.argv[1:]))}".strip(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "torch": importlib.metadata.version("torch"),
        "system": platform.system(),
        "cpu": _cpu(),
        "cores": os.cpu_count() or 0,
        "threads": int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 0),
        "load": round(os.getloadavg()[0], 2),
        "commit": _commit(),
    }


def _anywhere(word: str) -> str:
    """A path in or beside the project as it is called from the project's folder; other words as they are."""
    return os.path.relpath(word, ROOT) if Path(word).is_absolute() and Path(word).is_relative_to(ROOT.parent) else word


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


def _commit() -> str:
    """The short commit, with a + when the code that is measured differs from it."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", "src", "recipes", "benchmarks/*.py")
        return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
