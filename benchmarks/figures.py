"""`make bench`: measures the package and rewrites the table of README.md from results.jsonl.

The training figures take minutes of their own: run `python -m benchmarks.finetune_clip`, then this with `--table`.
"""

import argparse
import json
import subprocess
import sys
from itertools import groupby
from pathlib import Path

from benchmarks.record import RESULTS, ROOT, Figure

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- figures: written by python -m benchmarks.figures -->\n", "<!-- end of figures -->\n"
MEASURED = ("model_cost", "startup", "segment_speed", "memory")  # by this command, in this order


def main() -> int:
    command = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    command.add_argument("--table", action="store_true", help="measure nothing, only rewrite the table")
    args = command.parse_args()
    for name in () if args.table else MEASURED:
        print(f"python -m benchmarks.{name}", file=sys.stderr)
        code = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=ROOT, check=False).returncode
        if code:
            return code
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    README.write_text(rewritten(README.read_text(encoding="utf-8"), table(lines)), encoding="utf-8")
    print(README)
    return 0


def table(lines: list[str]) -> str:
    """Markdown of the latest of every figure: one table for each run that any of them is from, oldest first."""
    latest: dict[tuple[str, str], dict] = {}
    for line in lines:
        entry = json.loads(line)
        key = entry["command"].split()[2], entry["name"]  # of "python -m benchmarks.NAME ..."
        latest.pop(key, None)  # last in time, last in order
        latest[key] = entry
    parts = []
    for (command, run), entries in groupby(latest.values(), key=lambda e: (e["command"], _run(e))):
        parts.append(f"`{command}` · {run}\n\n| figure | value | least to greatest | goal |\n|---|---|---|---|\n")
        for entry in entries:
            spread = tuple(entry["spread"]) if entry["spread"] else None
            figure = Figure(entry["name"], entry["value"], entry["unit"], spread, entry["goal"])
            parts.append(f"| {' | '.join(figure.row())} |\n")
        parts.append("\n")
    return "".join(parts)


def _run(entry: dict) -> str:
    return (
        f"{entry['date'][:10]}, commit {entry['commit']}, {entry['cpu']}, cores {entry['cores']}, "
        f"threads {entry['threads']}, load {entry['load']}, Python {entry['python']}, torch {entry['torch']}"
    )


def rewritten(text: str, between: str) -> str:
    """The text with what stands between the two markers replaced.

    >>> rewritten(f"a\\n{BEGIN}old\\n{END}b\\n", "new\\n") == f"a\\n{BEGIN}new\\n{END}b\\n"
    True
    """
    head, found, rest = text.partition(BEGIN)
    _, closed, tail = rest.partition(END)
    if not found or not closed:
        raise ValueError(f"{README}: must hold the two marker lines of the table, {BEGIN.strip()} and {END.strip()}")
    return head + BEGIN + between + END + tail


if __name__ == "__main__":
    sys.exit(main())
