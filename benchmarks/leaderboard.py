"""leaderboard.md: methods side by side on synth-occlusion-v1, every row by one command.

    python -m benchmarks.leaderboard simvtr-tiny-4 floor          # rows, on the validation split
    python -m benchmarks.leaderboard simvtr-tiny-4 --split test
    python -m benchmarks.leaderboard                              # no row: only write the page anew

A row's tracks are made, scored by columns.py and recorded; the page is written from results.jsonl and never by hand.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.columns import Found, scores
from benchmarks.figures import latest
from benchmarks.record import RESULTS, ROOT, Figure, parser, report
from simvtr.measurement import pretty
from simvtr.schema import Truth, read_predictions, read_truth

DATA = ROOT / "work/synth-occlusion-v1"
PAGE = Path(__file__).parent / "leaderboard.md"
SPLITS = ("val", "test")
QUALITY = (
    *("AP", "AP50", "class-agnostic AP", "AP light", "AP medium", "AP heavy"),
    *("HOTA", "AssA", "kept slots", "duplicates"),
)
SPEED, MEMORY, COST = "frames/s", "training memory", "training cost"
STEPS = 6  # of the training whose memory is measured

# How the packaged weights came to be, in order; their logs hold the cost. recipes/synth-tiny.yaml learned from 5,000
# videos of the same kind, not from the training split.
PACKAGED = ("recipes/synth-tiny.yaml", "recipes/synth-tiny-fine.yaml")
FINER = ("recipes/synth-tiny-finer.yaml", "recipes/synth-tiny-finest.yaml")  # their cost comes on top


@dataclass(frozen=True, slots=True)
class Made:
    """What a method found in a split, and at what speed: frames a second of CPU time, from files to tracks."""

    found: Found
    speed: float
    known: tuple[Figure, ...] = ()  # figures of the method itself that its own program measured


@dataclass(frozen=True, slots=True)
class Row:
    """A method: what it is, what makes its tracks, the recipes that trained it, what to run before."""

    about: str
    make: Callable[[Truth, str], Made]  # truth, split
    recipes: tuple[str, ...] = ()
    before: str = ""
    out: str | None = None  # folder of the training's log; None: those of the recipes


def main() -> int:
    command = parser(__doc__)
    command.add_argument("rows", nargs="*", choices=[[], *ROWS], metavar="ROW", help=f"of {', '.join(ROWS)}")
    command.add_argument("--split", choices=SPLITS, default="val")
    command.add_argument("--training-only", action="store_true", help="only measure memory and cost of the training")
    args = command.parse_args()
    os.chdir(ROOT)  # where the recipes' paths start
    path = DATA / args.split / "instances.json"
    if args.rows and not path.exists():
        sys.exit(f"{path} is not here: simvtr synth {path.parent.relative_to(ROOT)} --benchmark {args.split}")
    for name in args.rows:
        figures = [] if args.training_only else scored(name, read_truth(path), args.split)
        report([*figures, *training(name)], keep=not args.no_record)
        write_page()
    if not args.rows:
        write_page()
    return 0


def scored(name: str, truth: Truth, split: str) -> list[Figure]:
    """A row's quality and speed on a split."""
    made = ROWS[name].make(truth, split)
    columns = scores(truth, made.found)
    figures = [Figure(f"{name}, {split}: {column}", value, "%") for column, value in columns.items()]
    return [*figures, Figure(f"{name}, {split}: {SPEED}", made.speed, "frames/s"), *made.known]


def write_page() -> None:
    """leaderboard.md, of all that results.jsonl knows by now."""
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    PAGE.write_text(page(lines), encoding="utf-8")
    print(PAGE)


def training(name: str) -> list[Figure]:
    """What the training of a row costs, by its logs and by some steps; nothing where there is no recipe or no log."""
    from simvtr.cli.recipe import read_recipe

    row, paths = ROWS[name], ROWS[name].recipes
    if not paths:
        return []
    outs = [row.out] if row.out else [read_recipe(Path(path)).out for path in paths]
    logs = [Path(out) / "log.jsonl" for out in outs]
    figures = [Figure(f"{name}: {MEMORY}", steps_memory(paths[-1]), "MiB")]
    if all(log.exists() for log in logs):
        figures.append(Figure(f"{name}: {COST}", sum(map(logged_minutes, logs)), "min"))
    return figures


def logged_minutes(log: Path) -> float:
    """Of all steps and the waits between them; crops, checkpoints and validations are not in a log."""
    with log.open() as lines:
        entries = [json.loads(line) for line in lines]
    return sum(entry.get("seconds", 0) + entry.get("waited", 0) for entry in entries) / 60


MEASURE = """
import sys, tempfile
from dataclasses import replace
from pathlib import Path
from benchmarks.peak import peak
from simvtr.cli.recipe import read_recipe
from simvtr.training import train
recipe = read_recipe(Path(sys.argv[1]))
last = replace(recipe.train.stages[-1], share=1.0)
short = replace(recipe.train, crop_steps=0, steps=int(sys.argv[3]), stages=(last,), device="cpu")
data = replace(recipe.data[0], truth=f"{sys.argv[2]}/instances.json", images=f"{sys.argv[2]}/JPEGImages")
with tempfile.TemporaryDirectory() as out:
    recipe = replace(recipe, out=out, start=None, data=(data,), validate=None, validate_every=0, train=short)
    before = peak()
    train(recipe, progress=False)
print(peak() - before)
"""


def steps_memory(recipe: str) -> float:
    """Peak memory in MiB of some steps of a recipe's last stage, above a process that has imported all it needs.

    On the videos of the validation split: the memory of decoded training frames depends on how many there are.
    """
    words = [sys.executable, "-c", MEASURE, recipe, str(DATA / "val"), str(STEPS)]
    done = subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout.split()[-1])


def simvtr(weights: str, window: int, way: Literal["slot", "link"]) -> Callable[[Truth, str], Made]:
    """SimVTR or VisTR at one window and one way to name objects."""

    def make(truth: Truth, split: str) -> Made:
        from simvtr.data.video import read_frames
        from simvtr.inference import Predictor
        from simvtr.model import load

        predictor = Predictor(load(weights), window, way)
        frames, begin, found = 0, time.process_time(), {}
        for video in truth.videos.values():
            found[video.id] = predictor(read_frames([DATA / split / "JPEGImages" / n for n in video.file_names]))
            frames += video.length
        return Made(found, frames / (time.process_time() - begin))

    return make


def no_learning(truth: Truth, split: str) -> Made:
    """Blobs before a still background."""
    from benchmarks.peers.floor import floor
    from simvtr.data.video import read_frames

    frames, begin, found = 0, time.process_time(), {}
    for video in truth.videos.values():
        pictures = list(read_frames([DATA / split / "JPEGImages" / name for name in video.file_names]))
        found[video.id] = floor(pictures)
        frames += video.length
    return Made(found, frames / (time.process_time() - begin))


def maskrcnn(row: str, kind: str, folder: str) -> Callable[[Truth, str], Made]:
    """What `python -m benchmarks.peers.maskrcnn` left in files of a kind: it needs an environment of its own."""

    def make(truth: Truth, split: str) -> Made:
        results, about = (ROOT / folder / f"{what}-{split}.json" for what in (kind, "about"))
        if not (results.exists() and about.exists()):
            sys.exit(f"{results} is not here. First: {ROWS[row].before}")
        facts = json.loads(about.read_text())
        known = (Figure(f"{row}: {MEMORY}", facts["MiB"], "MiB"), Figure(f"{row}: {COST}", facts["minutes"], "min"))
        return Made(read_predictions(results, truth).tracks, facts["frames/s"], known)

    return make


WAYS: tuple[tuple[Literal["slot", "link"], str, str], ...] = (
    ("link", "", "objects linked"),
    ("slot", "-slot", "identity by query, as in the report"),
)
ROWS = {
    **{
        f"simvtr-tiny-{window}{suffix}": Row(
            f"packaged weights, windows of {window} frame{'s' * (window > 1)}, {about}",
            simvtr("simvtr-tiny", window, way),
            PACKAGED,
        )
        for way, suffix, about in WAYS
        for window in (1, 4, 16)
    },
    **{
        f"simvtr-tiny-finer-{window}": Row(
            f"packaged weights with tokens at stride 8, trained on from simvtr-tiny, windows of {window} "
            f"frame{'s' * (window > 1)}, objects linked",
            simvtr("simvtr-tiny-finer", window, "link"),
            FINER,
        )
        for window in (1, 4, 16)
    },
    **{
        f"simvtr-tiny-{kind}-{window}": Row(
            f"SimVTR in {time_} of a core, windows of {window} frame{'s' * (window > 1)}, objects linked",
            simvtr(f"runs/simvtr-tiny-{kind}", window, "link"),
            ("recipes/simvtr-tiny-short.yaml",),
            f"simvtr train recipes/simvtr-tiny-short.yaml{words}",
            f"runs/simvtr-tiny-{kind}",
        )
        for kind, time_, words in (
            ("short", "twenty minutes", ""),
            ("hour", "an hour", " --out runs/simvtr-tiny-hour --train.crop_steps 2000 --train.steps 3490"),
        )
        for window in (1, 4)
    },
    "vistr-tiny": Row(
        "coupled queries, VisTR's mask head, in twenty minutes of a core, windows of 4 frames, objects linked",
        simvtr("runs/vistr-tiny", 4, "link"),
        ("recipes/vistr-tiny.yaml",),
        "simvtr train recipes/vistr-tiny.yaml",
    ),
    **{
        f"maskrcnn{hour}{suffix}": Row(
            f"torchvision's Mask R-CNN on the same backbone in {time_} of a core, linked by {way}",
            maskrcnn(f"maskrcnn{hour}{suffix}", kind, f"runs/peers/maskrcnn{hour}"),
            before=f"python -m benchmarks.peers.maskrcnn{words}",
        )
        for hour, time_, words in (
            ("", "twenty minutes", ""),
            ("-hour", "an hour", " --steps 2490 --out runs/peers/maskrcnn-hour"),
        )
        for suffix, kind, way in (("", "results", "mask IoU"), ("-link", "linked", "`simvtr.link`"))
    },
    "floor": Row("no learning: blobs before the median picture, linked by mask IoU, one category", no_learning),
}


def page(lines: Sequence[str]) -> str:
    """The leaderboard from the lines of results.jsonl: what was not measured says so, with its command.

    >>> print(page([]).splitlines()[0])
    # Leaderboard: synth-occlusion-v1
    """
    entries = {name: entry for (bench, name), entry in latest(list(lines)).items() if bench == "benchmarks.leaderboard"}
    parts = [HEAD]
    for split in SPLITS:
        columns = [*QUALITY, SPEED, MEMORY, COST]
        parts += [f"\n## {split}\n\n", f"| row | {' | '.join(columns)} |\n", f"|---{'|---:' * len(columns)}|\n"]
        for name in ROWS:
            if split != SPLITS[0] and f"{name}, {split}: AP" not in entries:
                continue
            cells = [_cell(entries, f"{name}, {split}: {column}") for column in (*QUALITY, SPEED)]
            shared = [_cell(entries, f"{name}: {column}") for column in (MEMORY, COST)]
            learned = bool(ROWS[name].recipes or ROWS[name].before)
            parts.append(f"| {name} | {' | '.join([*cells, *(shared if learned else ['none', 'none'])])} |\n")
    parts.append("\n## Rows\n\n| row | what it is | command | latest figures |\n|---|---|---|---|\n")
    for name, row in ROWS.items():
        entry = entries.get(f"{name}, val: AP")
        when = f"{entry['date'][:10]}, commit {entry['commit']}, load {entry['load']}" if entry else "not measured"
        first = f"`{row.before}`, then " if row.before else ""
        parts.append(f"| {name} | {row.about} | {first}`python -m benchmarks.leaderboard {name}` | {when} |\n")
    return "".join(parts)


def _cell(entries: dict[str, dict], name: str) -> str:
    entry = entries.get(name)
    if entry is None:
        return "not measured"
    unit = "" if entry["unit"] in ("%", "frames/s") else f" {entry['unit']}"
    return f"{entry['value']:.1f}{unit}" if entry["unit"] != "MiB" else f"{pretty(round(entry['value']))}{unit}"


HEAD = """# Leaderboard: synth-occlusion-v1

Written by `python -m benchmarks.leaderboard` from [results.jsonl](results.jsonl). The data are made by
`simvtr synth work/synth-occlusion-v1/val --benchmark val` (also `train`, `test`): 60 videos of 40 frames, 160×96.

AP is by the strict rules, in percent. AP light, medium and heavy are OVIS's groups, by the labels of the tracks. HOTA
and AssA are means over categories, each at its best threshold on score; that choice sees the truth. Tracks from that
threshold on count for *kept slots* (share of frame pairs in which an object, found in both with a mask IoU of 0.5, is
on the same track) and *duplicates* (share of tracks of which a better-scored one has a track IoU above 0.5).
frames/s: by CPU time of one thread, from files to tracks. Training memory: the peak of a few steps, above a process
that has only imported its libraries. Training cost: minutes by the clock of the steps, without crops, on machines that
did other work as well; of Mask R-CNN processor time. What twenty minutes of a core buy, or an hour, is measured by
itself (`python -m benchmarks.peers.budget`). simvtr-tiny-finer's cost is on top of simvtr-tiny's. The second table has
the rows that were run on the test split. A commit with a `+` had changes beside it; load is the machine's, in
processes that want a core.
"""

if __name__ == "__main__":
    sys.exit(main())
