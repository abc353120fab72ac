"""CPU time and peak memory of `simvtr eval` beside the public reference, on pairs as large as real validation sets.

    git clone https://github.com/youtubevos/cocoapi /tmp/cocoapi
    python -m benchmarks.eval_speed /tmp/cocoapi/PythonAPI/pycocotools

Cold processes in turns, start-up included; the kernel counts. Both are compiled to bytecode before, as `pip install`
does. The reference's two files are imported from where they
lie, with the names that have gone since 2019 (tests/evaluation/freeze_reference.py). Before anything is timed, all of
its precisions, recalls and figures must equal ours to the last bit.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.eval_pair import SCALES, write_pair
from benchmarks.record import ROOT, Figure, parser, report

SIMVTR = str(Path(sys.executable).parent / "simvtr")
GOALS = {"ovis": "≥ 8 (aim: 12)", "ytvis": "≥ 4"}
# What reads its arguments, runs the reference, prints its figures, and keeps them in a file if one is named.
REFERENCE = """
import sys
from pathlib import Path
import numpy as np
from tests.evaluation.freeze_reference import load_reference
data_set, evaluator = load_reference(Path(sys.argv[1]))
truth = data_set(sys.argv[2])
run = evaluator(truth, truth.loadRes(sys.argv[3]), "segm")
run.evaluate()
run.accumulate()
run.summarize()
if len(sys.argv) > 4:
    np.savez(sys.argv[4], stats=run.stats, precision=run.eval["precision"], recall=run.eval["recall"])
"""
# What reads a pair and the file above, and fails unless our arrays are the same. With the overlaps of the command.
EQUAL = """
import sys
import numpy as np
from simvtr.evaluation.scoring import deciding_overlaps, evaluate
from simvtr.schema import read_predictions, read_truth
truth = read_truth(sys.argv[1])
result = evaluate(truth, read_predictions(sys.argv[2], truth), overlaps=deciding_overlaps)
with np.load(sys.argv[3]) as kept:
    same = [np.array_equal(kept["precision"], result.precision), np.array_equal(kept["recall"], result.recall)]
    same.append(kept["stats"].tolist() == list(result.stats.values()))
sys.exit(not all(same))
"""


def main() -> int:
    command = parser(__doc__)
    command.add_argument("reference", type=Path, help="folder with ytvos.py and ytvoseval.py")
    command.add_argument("--scale", choices=SCALES, action="append", help="which pair (default: both)")
    command.add_argument("--pairs", type=Path, help="keep the pairs in this folder, and take them from there")
    command.add_argument("--rounds", type=int, default=3, help="times that each is measured (default: 3)")
    args = command.parse_args()
    sys.argv[1:] = ["REFERENCE", "--rounds", str(args.rounds)]  # what is recorded names no folder of this machine
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in args.scale or SCALES:
            folder = (args.pairs or Path(scratch)) / name
            pair = folder / "truth.json", folder / "results.json"
            if not pair[1].exists():
                write_pair(folder, SCALES[name])
            figures += measured(name, args.reference, pair, Path(scratch), args.rounds)
    report(figures, keep=not args.no_record)
    return 0


def measured(name: str, reference: Path, pair: tuple[Path, Path], scratch: Path, rounds: int) -> list[Figure]:
    """The figures of one pair."""
    theirs = [sys.executable, "-c", REFERENCE, str(reference.resolve()), *map(str, pair)]
    ours = [SIMVTR, "eval", *map(str, pair)]
    drawn = [*ours, "--bootstrap", "1000"]
    surroundings = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    surroundings["PYTHONPYCACHEPREFIX"] = str(scratch / "bytecode")
    require_equal(theirs, pair, scratch / f"{name}.npz", surroundings)
    usage(drawn, surroundings)
    spent = [tuple(usage(command, surroundings) for command in (theirs, ours, drawn)) for _ in range(rounds)]
    (their_time, their_peak), (our_time, our_peak), (drawn_time, _) = (
        zip(*side, strict=True) for side in zip(*spent, strict=True)
    )
    least = min(their_time) / min(our_time)
    return [
        Figure(f"{name}: size of the pair", sum(path.stat().st_size for path in pair) / 1e6, "MB"),
        Figure.of(f"{name}: reference, CPU time", their_time, "s"),
        Figure.of(f"{name}: simvtr eval, CPU time", our_time, "s"),
        Figure(f"{name}: reference / simvtr eval, least CPU times", least, "", None, GOALS[name]),
        Figure.of(f"{name}: simvtr eval --bootstrap 1000, CPU time", drawn_time, "s"),
        Figure(f"{name}: --bootstrap 1000 / plain, least CPU times", min(drawn_time) / min(our_time), "", None, "≤ 3"),
        Figure.of(f"{name}: reference, peak memory", their_peak, "MiB"),
        Figure.of(f"{name}: simvtr eval, peak memory", our_peak, "MiB"),
        Figure(f"{name}: simvtr eval / reference, peak memory", max(our_peak) / min(their_peak), "", None, "≤ 0.5"),
    ]


def require_equal(theirs: list[str], pair: tuple[Path, Path], kept: Path, surroundings: dict[str, str]) -> None:
    """Leave unless the reference's arrays equal ours to the last bit."""
    for command in ([*theirs, str(kept)], [sys.executable, "-c", EQUAL, *map(str, pair), str(kept)]):
        # processes of their own: what a child takes over from a large parent would count as its peak
        if subprocess.run(command, cwd=ROOT, env=surroundings, stdout=subprocess.DEVNULL).returncode:
            raise SystemExit(f"{pair[0]}: our scores differ from the reference's, or one of the two failed")


def usage(command: list[str], surroundings: dict[str, str]) -> tuple[float, float]:
    """CPU seconds and peak MiB of one process."""
    process = subprocess.Popen(command, cwd=ROOT, env=surroundings, stdout=subprocess.DEVNULL)
    _, status, spent = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return spent.ru_utime + spent.ru_stime, spent.ru_maxrss / unit


if __name__ == "__main__":
    sys.exit(main())
