"""What a full `simvtr audit` costs beside `simvtr eval`, and what a first-frame short list keeps of AP.

On a pair as large as YouTube-VIS 2019's validation set (benchmarks/eval_pair.py). Cold processes, start-up included,
the page and the JSON written; the kernel counts the CPU time of all processes of an audit together.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.eval_pair import SCALES, write_pair
from benchmarks.record import ROOT, Figure, parser, report

SIMVTR = str(Path(sys.executable).parent / "simvtr")
NAME = "ytvis"


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--pairs", type=Path, help="keep the pair in this folder, and take it from there")
    command.add_argument("--rounds", type=int, default=3, help="times that `simvtr eval` is measured (default: 3)")
    command.add_argument("--workers", type=int, help="processes of the audit (default: one a core)")
    args = command.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (args.pairs or Path(scratch)) / NAME
        pair = [str(folder / "truth.json"), str(folder / "results.json")]
        if not Path(pair[1]).exists():
            write_pair(folder, SCALES[NAME])
        out = Path(scratch) / "audit.json"
        audit = [SIMVTR, "audit", *pair, "-o", str(Path(scratch) / "audit.html"), "--json", str(out)]
        audit += ["--workers", str(args.workers)] if args.workers else []
        evals = [usage([SIMVTR, "eval", *pair]) for _ in range(args.rounds)]
        figures = cost(evals, usage(audit)) + kept(json.loads(out.read_text()))
    report(figures, keep=not args.no_record)
    return 0


def cost(evals: list[tuple[float, float, float]], audit: tuple[float, float, float]) -> list[Figure]:
    """CPU seconds, seconds by the clock and MiB of plain scoring and of the audit."""
    cpu, clock, _ = zip(*evals, strict=True)
    return [
        Figure.of(f"{NAME}: simvtr eval, CPU time", cpu, "s"),
        Figure.of(f"{NAME}: simvtr eval, by the clock", clock, "s"),
        Figure(f"{NAME}: simvtr audit, CPU time", audit[0], "s"),
        Figure(f"{NAME}: simvtr audit, by the clock", audit[1], "s"),
        Figure(f"{NAME}: audit / eval, least CPU time", audit[0] / min(cpu), ""),
        Figure(f"{NAME}: audit / eval, least time by the clock", audit[1] / min(clock), "", None, "≤ 20"),
        Figure(f"{NAME}: simvtr audit, peak memory of its largest process", audit[2], "MiB"),
    ]


def kept(audit: dict) -> list[Figure]:
    """AP of the results as they came, and of their first frames."""
    rows = {row["slug"]: row for row in audit["rows"]}
    honest = audit["honest"]["values"]
    short, padded = rows["first-1-short"], rows["first-1-padded"]
    share = short["values"]["ytvos.AP"] / honest["ytvos.AP"]
    return [
        Figure(f"{NAME}: AP, public evaluator", 100 * honest["ytvos.AP"], ""),
        Figure(f"{NAME}: AP of first frames as short lists, public evaluator", 100 * short["values"]["ytvos.AP"], ""),
        Figure(f"{NAME}: share of AP that first frames keep, public evaluator", share, "", None, "> 0.5"),
        Figure(f"{NAME}: strict refuses first frames as short lists (1: yes)", int(short["refused"]), "", None, "1"),
        Figure(f"{NAME}: AP of first frames padded with null, strict", 100 * padded["values"]["strict.AP"], ""),
    ]


def usage(command: list[str]) -> tuple[float, float, float]:
    """CPU seconds with those of its children, seconds by the clock, and peak MiB of one process."""
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, spent = os.wait4(process.pid, 0)
    took = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:2])} ended with {process.returncode}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return spent.ru_utime + spent.ru_stime, took, spent.ru_maxrss / unit


if __name__ == "__main__":
    sys.exit(main())
