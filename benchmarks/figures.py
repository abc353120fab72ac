"""`make bench`: measures the package and rewrites the tables of both READMEs from results.jsonl.

The training figures take minutes of their own: run `python -m benchmarks.finetune_clip`, then this with `--table`.
"""

import argparse
import json
import subprocess
import sys
import time
from itertools import groupby
from pathlib import Path

from benchmarks.record import RESULTS, ROOT
from simvtr.measurement import Figure, pretty

README = Path(__file__).parent / "README.md"
FRONT = ROOT / "README.md"
BEGIN, END = "<!-- figures: written by python -m benchmarks.figures -->\n", "<!-- end of figures -->\n"
HEADLINES = {  # row of the project's README -> (benchmark, figure)
    "AP of the packaged weights on synthetic videos never trained on, windows of 1 frame (the default)": (
        "benchmarks.synth_score",
        "window 1: AP, mean of levels",
    ),
    "the same results cut to their first frame, by the public evaluator's rules": (
        "benchmarks.synth_score",
        "window 1: AP of the first frame as a short list, reference's rules, mean of levels",
    ),
    "the same, where missing frames count as missing": (
        "benchmarks.synth_score",
        "window 1: AP of the first frame padded to length, mean of levels",
    ),
    "AP on the frozen validation split, 60 videos (synth-occlusion-v1)": (
        "benchmarks.leaderboard",
        "simvtr-tiny-1, val: AP",
    ),
    "the same of `simvtr-tiny-finer`, tokens half as large": ("benchmarks.leaderboard", "simvtr-tiny-finer-1, val: AP"),
    "HOTA there after an hour of one core from scratch": ("benchmarks.leaderboard", "simvtr-tiny-hour-1, val: HOTA"),
    "the same of torchvision's Mask R-CNN with IoU tracking": ("benchmarks.leaderboard", "maskrcnn-hour, val: HOTA"),
    "fine-tuned on 50 frames of a real clip: mean track IoU on the 16 frames after": (
        "benchmarks.finetune_clip",
        "mean track IoU, frames 50..65, never trained on",
    ),
    "processor time that took": ("benchmarks.finetune_clip", "training, CPU time of all threads"),
    "`simvtr segment` with overlay, frames/s over the network's alone": (
        "benchmarks.segment_speed",
        "segment with overlay / network alone",
    ),
    "its peak memory at 1,000 frames over that at 100": (
        "benchmarks.memory",
        "segment, 1,000 frames above 100 frames",
    ),
    "start of `simvtr --help`": ("benchmarks.startup", "simvtr --help"),
}
OWN_PAGES = {"benchmarks.leaderboard", "benchmarks.identity"}  # their figures stand in leaderboard.md, docs/identity.md
MEASURED = (  # by this command, in this order
    "model_cost",
    "startup",
    "compiled",
    "segment_speed --rounds 3",
    "segment_speed --preset simvtr-r50 --frames 40 --rounds 3",
    "memory --rounds 1",
    "growth",
    "audit_pair",
)


def main() -> int:
    command = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    command.add_argument("--table", action="store_true", help="measure nothing, only rewrite the table")
    args = command.parse_args()
    begin = time.perf_counter()
    for words in () if args.table else MEASURED:
        print(f"python -m benchmarks.{words}", file=sys.stderr)
        name, *options = words.split()
        code = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *options], cwd=ROOT, check=False).returncode
        if code:
            return code
    print(f"{time.perf_counter() - begin:.0f} s", file=sys.stderr)
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    for file, make in ((README, table), (FRONT, headlines)):
        file.write_text(rewritten(file.read_text(encoding="utf-8"), make(lines)), encoding="utf-8")
        print(file)
    return 0


def latest(lines: list[str]) -> dict[tuple[str, str], dict]:
    """The newest entry of every figure, by the name of its benchmark and its own; oldest first."""
    found: dict[tuple[str, str], dict] = {}
    for line in lines:
        entry = json.loads(line)
        key = entry["command"].removeprefix("python -m ").split()[0], entry["name"]  # benchmarks.NAME, or simvtr
        found.pop(key, None)  # last in time, last in order
        found[key] = entry
    return found


def headlines(lines: list[str]) -> str:
    """Markdown of the few figures of the project's own README, each with its command; those not measured say so."""
    entries = latest(lines)
    rows = ["| what | measured | by |\n|---|---|---|\n"]
    for what, (benchmark, name) in HEADLINES.items():
        entry = entries.get((benchmark, name))
        value = f"{pretty(entry['value'])} {entry['unit']}".strip() if entry else "not measured"
        row = f" {name.partition(',')[0]}" if benchmark == "benchmarks.leaderboard" else ""  # without: a page
        rows.append(f"| {what} | {value} | `python -m {benchmark}{row}` |\n")
    return "".join(rows)


def table(lines: list[str]) -> str:
    """Markdown of the latest of every figure: one table for each run that any of them is from, oldest first.

    A figure that its command, given again in the same words, no longer measures is left out.
    """
    parts = []
    entries = [entry for (benchmark, _), entry in latest(lines).items() if benchmark not in OWN_PAGES]
    last = {entry["command"]: entry["date"] for entry in entries}
    shown = [entry for entry in entries if entry["date"] == last[entry["command"]]]
    for (command, run), entries in groupby(shown, key=lambda e: (e["command"], _run(e))):
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


def rewritten(text: str, between: str, begin: str = BEGIN, end: str = END) -> str:
    """The text with what stands between the two marker lines replaced.

    >>> rewritten(f"a\\n{BEGIN}old\\n{END}b\\n", "new\\n") == f"a\\n{BEGIN}new\\n{END}b\\n"
    True
    """
    head, found, rest = text.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the page must hold the two marker lines of its table, {begin.strip()} and {end.strip()}")
    return head + begin + between + end + tail


if __name__ == "__main__":
    sys.exit(main())
