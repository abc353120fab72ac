"""`simvtr segment` on a folder of real videos of every kind: frames, objects, speed, and what it says of each.

Nothing of it is recorded: there is no truth, so the overlays are for looking at.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.record import ROOT


def main() -> int:
    command = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    command.add_argument("clips", type=Path, nargs="*", help="videos (default: all of ../shared/data/clips)")
    command.add_argument("--weights", default="simvtr-tiny", help="packaged name or folder (default: simvtr-tiny)")
    command.add_argument("--out", type=Path, default=Path("out/clips"), help="folder for the results of each")
    command.add_argument("--max-frames", default="100", help="of each video (default: 100)")
    args = command.parse_args()
    folder = ROOT / "../shared/data/clips"
    clips = args.clips or (sorted(folder.iterdir()) if folder.is_dir() else [])
    if not clips:
        print(f"{folder} is not here: nothing to segment")
    table = Table("clip", "exit", "frames", "frames/s", "objects", "warnings")
    for clip in clips:
        out = args.out / clip.name.replace(".", "-")
        (out / "results.json").unlink(missing_ok=True)  # perhaps of other options
        options = ["--weights", args.weights, "--max-frames", args.max_frames, "-o", str(out)]
        words = [sys.executable, "-m", "simvtr", "segment", str(clip), *options]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        rate = re.search(r"([\d,]+) frames?, ([\d.]+) frames/s", done.stdout)
        objects = re.search(r"^([\d,]+ objects?) with a score.*?: (.*)$", done.stdout, re.MULTILINE)
        said = [line.split("segment: ", 1)[-1] for line in done.stderr.splitlines() if "simvtr segment: " in line]
        table.add_row(
            clip.name,
            str(done.returncode),
            rate[1] if rate else "–",
            rate[2] if rate else "–",
            f"{objects[1]}: {objects[2]}" if objects else "–",
            "\n".join(said),
        )
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
