"""The command line of a benchmark, and its figures: printed, and remembered in results.jsonl beside this file."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from simvtr.measurement import Figure, anywhere, append, environment

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results.jsonl"


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
        words = shlex.join(anywhere(word, ROOT) for word in sys.argv[1:])
        module = ".".join(Path(anywhere(sys.argv[0], ROOT)).with_suffix("").parts)  # `-m` makes it the file's path
        append(RESULTS, figures, environment(f"python -m {module} {words}".strip()))
