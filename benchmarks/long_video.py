"""`simvtr segment` on a long video whose objects leave for hundreds of frames: memory, time, names, returns.

The video is drawn and written frame by frame; `simvtr segment` is a process of its own, watched from outside. Shortly
before the end it is stopped, a second one is started on the last frames alone, and the two go on in turns: what a frame
costs at the end and at the start is measured on the same pictures and under the same load. Needs Linux (/proc).
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.long_scene import FPS, HEIGHT, LOOKED, TRAVEL, WIDTH, Absence, absences, long_scene, names_around
from benchmarks.record import ROOT, Figure, parser, report
from simvtr.data.synth.render import draw
from simvtr.data.synth.scene import Scene
from simvtr.data.video import write_video
from simvtr.rle import decode, from_json

SEED = 2
FIRST, WARM = 100, 500  # frames from which memory is to grow by little, and after which to stay where it is
TAIL, SETTLED = 1200, 50  # last frames, drawn as a video of their own; of these the first do not count
TURN = 0.5  # seconds for each of the two
PARTS = 5  # of the time in which they take turns: the median counts, what else the machine does comes and goes
SURE = 0.5  # score from which an object is drawn
SHOWN = 3  # frames in which a name must be drawn to count as shown
BUCKETS = ((200, 400), (400, 601))  # frames of absence


class Watched:
    """A process of `simvtr segment`, its memory, its processor time, and how many frames its journal has."""

    def __init__(self, video: Path, out: Path, words: Iterable[str]) -> None:
        command = [sys.executable, "-m", "simvtr", "segment", str(video), "-o", str(out), "--no-overlay", *words]
        self.out, self.frames, self._read = out, 0, 0
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def follow(self) -> int:
        """Frames that can be read in the journal by now."""
        journal = self.out / "results.partial.jsonl"
        if journal.exists():
            with journal.open("rb") as file:
                file.seek(self._read)
                text = file.read()
            text = text[: text.rfind(b"\n") + 1]
            self._read += len(text)
            self.frames += text.count(b'{"video": 1, "frame": ')  # a mark's state has frames, too
        return self.frames

    def until(self, frames: int) -> None:
        while self.follow() < frames and self._process.poll() is None:
            time.sleep(0.1)

    def peak(self) -> float:
        """MiB of resident memory, the most so far."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) / 2**10

    def seconds(self) -> float:
        """Processor time so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def go(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> float:
        """Wait for it. Returns its peak memory, as the kernel counted, MiB."""
        _, status, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        if self._process.returncode:
            sys.exit(f"simvtr segment left with {self._process.returncode}")
        return usage.ru_maxrss / 2**10


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--frames", type=int, default=10_000)
    command.add_argument("--seed", type=int, default=SEED)
    command.add_argument("--weights", default="simvtr-tiny")
    args = command.parse_args()
    if args.frames < WARM + TAIL:
        command.error(f"--frames must be at least {WARM + TAIL}")
    scene, words = long_scene(args.frames, args.seed), ("--weights", args.weights)
    with TemporaryDirectory() as name:
        folder = Path(name)
        long = Watched(written(scene, range(args.frames), folder / "long.mp4"), folder / "long", words)
        long.until(FIRST)
        first = long.peak()
        long.until(WARM)
        warm, cost_of_first = long.peak(), long.seconds()
        long.until(2 * WARM)
        cost_of_first = (long.seconds() - cost_of_first) / WARM
        long.until(args.frames - TAIL)
        long.stop()
        tail = written(scene, range(args.frames - TAIL, args.frames), folder / "tail.mp4")
        fresh = Watched(tail, folder / "fresh", words)
        fresh.until(SETTLED)
        fresh.stop()
        costs = in_turns(long, fresh, args.frames - SETTLED, TAIL - SETTLED)
        before_end = long.peak()
        fresh.go()
        fresh.end()
        long.go()
        peak = long.end()
        text = (folder / "long" / "results.json").read_text()
    tracks = json.loads(text)
    figures = [
        Figure("frames", args.frames, ""),
        Figure(
            "peak memory at the end, results.json written, above that at frame 100",
            peak - first,
            "MiB",
            goal="< 20 MiB",
        ),
        Figure("peak memory after frame 500, above that until then", before_end - warm, "MiB", goal="< 20 MiB"),
        Figure("the same, results.json written", peak - warm, "MiB", goal="< 20 MiB"),
        Figure("processor time of a frame, frames 500 to 1,000", 1000 * cost_of_first, "ms"),
        Figure.of("processor time of a frame, last frames", [1000 * end for end, _ in costs], "ms"),
        Figure.of(
            "the same frames in a video of their own, from its 50th on, in turns",
            [1000 * start for _, start in costs],
            "ms",
        ),
        Figure.of("at the end over at the start", [end / start for end, start in costs], "", "≤ 1.03"),
        Figure("results.json", len(text) / 2**20, "MiB"),
        Figure("objects of the video", len(scene.objects), ""),
        *names(tracks),
        *returns(scene, absences(scene, args.frames), tracks),
    ]
    report(figures, keep=not args.no_record)
    return 0


def written(scene: Scene, frames: Iterable[int], path: Path) -> Path:
    """The frames as an mp4. Returns its path."""
    with write_video(path, FPS, (WIDTH, HEIGHT)) as video:
        for index in frames:
            video.add(draw(scene, index).picture)
    return path


def in_turns(long: Watched, fresh: Watched, last: int, settled: int) -> list[tuple[float, float]]:
    """Processor seconds of a frame of either in each of `PARTS` parts of the time, until one of the two comes near its
    end. Both are stopped before and after.

    Two processes of which neither has a history differ by some percent in single runs: by where their memory lies, and
    by what else the machine does.

    Args: last, settled: frames of `long` and of `fresh` up to which they go.
    """
    both = long, fresh
    turns = [[(one.follow(), one.seconds()) for one in both]]
    while long.frames < last and fresh.frames < settled:
        for one in (long, fresh, fresh, long):  # neither is always the first
            one.go()
            time.sleep(TURN)
            one.stop()
        turns.append([(one.follow(), one.seconds()) for one in both])
    ends = [turns[len(turns) * part // PARTS - (part > 0)] for part in range(PARTS + 1)]
    costs = []
    for before, after in pairwise(ends):
        at_end, at_start = (
            (spent - before_spent) / (frames - before_frames)
            for (before_frames, before_spent), (frames, spent) in zip(before, after, strict=True)
        )
        costs.append((at_end, at_start))
    return costs


def names(tracks: list[dict]) -> list[Figure]:
    """How many names the results have, and how many of them are for objects that a viewer sees."""
    shown = [one for one in tracks if one["score"] >= SURE and sum(map(bool, one["segmentations"])) >= SHOWN]
    return [
        Figure("names in results.json", len(tracks), ""),
        Figure(f"names of tracks with a score of {SURE} or more in {SHOWN} frames or more", len(shown), ""),
    ]


def returns(scene: Scene, gone: list[Absence], tracks: list[dict]) -> list[Figure]:
    """Of the objects that are found before an absence and after it, the share that has its name again."""
    figures = []
    for shortest, longest in BUCKETS:
        told = []
        for one in gone:
            if shortest <= one.stop - one.start < longest:
                near = [*range(one.start - TRAVEL - LOOKED, one.start), *range(one.stop, one.stop + TRAVEL + LOOKED)]
                told.append(names_around(scene, one, {frame: found_in(tracks, frame) for frame in near}))
        both = [pair for pair in told if None not in pair]
        same = sum(before == after for before, after in both)
        name = f"back with its name after {shortest} to {longest - 1} frames"
        figures += [Figure(name, 100 * same / max(1, len(both)), f"% of {len(both)}")]
    return figures


def found_in(tracks: list[dict], frame: int) -> dict[int, np.ndarray]:
    """Name -> mask of what was found in a frame."""
    masks = {one["identity"]: from_json(one["segmentations"][frame], where="results.json") for one in tracks}
    return {name: decode(mask) for name, mask in masks.items() if mask is not None}


if __name__ == "__main__":
    sys.exit(main())
