"""Peak memory of `simvtr segment`, window 1, over that of a process that has only loaded the weights.

Each run is a process of its own, its peak the kernel's count of resident memory. This process stays small, because a
child's count starts from its parent's.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.record import ROOT, Figure, parser, report

LENGTHS = (100, 1000)
LOADED = """
import sys
import simvtr.cli.segment, simvtr.data.video.movie, simvtr.inference.overlay, simvtr.schema
from simvtr.inference import Predictor
from simvtr.model import load
Predictor(load(sys.argv[1]))
"""


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--weights", default="simvtr-tiny", help="packaged name or folder (default: simvtr-tiny)")
    command.add_argument("--lengths", type=int, nargs=2, default=LENGTHS, metavar="FRAMES", help="default: 100 1000")
    command.add_argument("--rounds", type=int, default=3, help="times that each is measured (default: 3)")
    args = command.parse_args()
    base, peaks = [], {length: [] for length in args.lengths}
    with tempfile.TemporaryDirectory() as name:
        videos = {length: Path(name) / f"{length}.mp4" for length in args.lengths}
        for length, video in videos.items():
            peak([sys.executable, "-m", "benchmarks.video", str(video), "--frames", str(length)])
        for _ in range(args.rounds):
            base.append(peak([sys.executable, "-c", LOADED, args.weights]))
            for length, video in videos.items():
                verb = [
                    sys.executable,
                    "-m",
                    "simvtr",
                    "segment",
                    str(video),
                    "-o",
                    f"{name}/out-{video.stem}",
                    "--weights",
                ]
                peaks[length].append(peak([*verb, args.weights]))
    short, long = args.lengths
    ground = median(base)
    figures = [
        Figure.of("weights loaded, no frame", base, "MiB"),
        *(
            Figure.of(f"segment, {length:,} frames, above that", [value - ground for value in peaks[length]], "MiB")
            for length in args.lengths
        ),
        Figure.of(
            f"segment, {long:,} frames above {short:,} frames",
            [b - a for a, b in zip(peaks[short], peaks[long], strict=True)],
            "MiB",
            "≤ 20 MiB",
        ),
    ]
    report(figures, keep=not args.no_record)
    return 0


def peak(command: list[str]) -> float:
    """Peak resident memory of a command, MiB."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = process.stderr.read() if process.stderr else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} left with {process.returncode}: {said}")
    return usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)  # bytes there, KiB elsewhere


if __name__ == "__main__":
    sys.exit(main())
