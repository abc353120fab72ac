"""How long the command needs before it does anything: whole processes, by the clock, in turns.

`import simvtr` is a process that imports it less one that does nothing, started one after the other. One round warms
the file cache and is not counted.
"""

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.record import ROOT, Figure, parser, report

SIMVTR = str(Path(sys.executable).parent / "simvtr")
COMMANDS = {
    "simvtr --help": [SIMVTR, "--help"],
    "simvtr eval --help": [SIMVTR, "eval", "--help"],
    "simvtr segment --help": [SIMVTR, "segment", "--help"],
    "python -c pass": [sys.executable, "-c", "pass"],
    "python -c 'import simvtr'": [sys.executable, "-c", "import simvtr"],
}


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--rounds", type=int, default=10, help="times that each is measured (default: 10)")
    args = command.parse_args()
    rounds = [{name: seconds(words) for name, words in COMMANDS.items()} for _ in range(args.rounds + 1)][1:]
    goals = {"simvtr --help": "< 0.3 s"}
    figures = [Figure.of(name, [times[name] for times in rounds], "s", goals.get(name, "")) for name in COMMANDS]
    imports = [times["python -c 'import simvtr'"] - times["python -c pass"] for times in rounds]
    figures.append(Figure.of("import simvtr", imports, "s", "< 0.15 s"))
    report(figures, keep=not args.no_record)
    return 0


def seconds(command: list[str]) -> float:
    """From start to end of one process."""
    begin = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
