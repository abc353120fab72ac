"""What each way to name objects is worth: AP, HOTA, AssA, IDF1, switches and cost, by window and occlusion.

The network runs once per window length over new synthetic videos; every row is made of the same outputs. The table
goes to docs/identity.md, with the share of hidden objects that come back with their name.
ByteTrack and OC-SORT need `pip install trackers`.
"""

import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.figures import rewritten
from benchmarks.identity_methods import Method, Names, methods
from benchmarks.identity_scene import Scene, names_around
from benchmarks.record import ROOT, Figure, parser, report
from simvtr.data.synth import SynthConfig, write_dataset
from simvtr.data.video import read_frames
from simvtr.evaluation import evaluate, identity
from simvtr.inference import FrameResult, FrameTrack, Predictor, SlotIdentity, TrackBuilder, Window
from simvtr.model import load
from simvtr.rle import Rle, area, encode, intersections
from simvtr.schema import Track, Truth, read_truth

LEVELS = ("slight", "moderate", "heavy")
SEEDS = (9101, 9102, 9103)  # the recipes draw from other seeds, and the numbers of `link` were chosen on another
GAPS = (1, 5, 20, 100)  # frames for which an object is hidden
BACK = ("slot", "link", "link without memory", "ByteTrack", "OC-SORT")  # rows of the returns
COLUMNS = ("AP", "HOTA", "AssA", "IDF1", "switches", "fragments", "duplicates")
DOUBLE = 0.5  # track IoU from which two found tracks are one object
PAGE = ROOT / "docs" / "identity.md"
BEGIN, END = "<!-- table: written by python -m benchmarks.identity -->\n", "<!-- end of table -->\n"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the network said about one window, and its objects in each frame, named by query."""

    window: Window
    results: list[FrameResult]
    masks: list[list[Rle]]  # of the results' tracks


class Recorder(SlotIdentity):
    """Slots, and the windows themselves."""

    def __init__(self) -> None:
        self.windows: list[Window] = []

    def assign(self, window: Window) -> Sequence[int | None]:
        self.windows.append(window)
        return super().assign(window)


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--weights", default="simvtr-tiny")
    command.add_argument("--windows", type=int, nargs="+", default=[1, 4, 8])
    command.add_argument("--videos", type=int, default=4, help="of each level and seed (default: 4)")
    command.add_argument("--scenes", type=int, default=10, help="of each length of absence (default: 10)")
    command.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    args = command.parse_args()
    model, rows = load(args.weights), methods()
    table: dict[tuple[int, str, str], list[dict[str, float]]] = {}  # (window, level, method) -> of each seed
    frame_ms, cost_ms = {}, {}
    with TemporaryDirectory() as folder:
        sets = {
            (level, seed): made(Path(folder) / f"{level}-{seed}", level, args.videos, seed)
            for level in LEVELS
            for seed in args.seeds
        }
        for length in args.windows:
            predictor, frames, spent = Predictor(model, length, Recorder), 0, dict.fromkeys(rows, 0.0)
            begin = time.process_time()
            outputs = {
                key: {v.id: watch(predictor, images, v.file_names) for v in truth.videos.values()}
                for key, (truth, images) in sets.items()
            }
            seconds = time.process_time() - begin
            for (level, seed), videos in zip(sets, outputs.values(), strict=True):
                truth = sets[level, seed][0]
                frames += sum(video.length for video in truth.videos.values())
                for method in rows:
                    begin = time.process_time()
                    names = {v: named(video, method) for v, video in videos.items()}
                    spent[method] += time.process_time() - begin
                    found = {v: tracks(video, names[v], method) for v, video in videos.items()}
                    table.setdefault((length, level, method.name), []).append(scored(truth, found))
            frame_ms[length] = 1000 * seconds / frames
            cost_ms |= {(length, method.name): 1000 * spent[method] / frames for method in rows}
            print(f"window {length}: {frames} frames, {frame_ms[length]:.1f} ms each", file=sys.stderr)
    returns = comebacks(Predictor(model, 1, Recorder), [m for m in rows if m.name in BACK], args.scenes)
    report(figures(table, frame_ms, cost_ms, returns, args.windows), keep=not args.no_record)
    text = page(table, frame_ms, cost_ms, returns, args)
    if args.no_record:
        print(text)
    else:
        PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), text, BEGIN, END), encoding="utf-8")
    return 0


def made(folder: Path, level: str, videos: int, seed: int) -> tuple[Truth, Path]:
    """A data set of one level, 160x96 and 40 frames a video as in synth-occlusion-v1, and the folder of its frames."""
    path = write_dataset(folder, SynthConfig(width=160, height=96, occlusion=level), videos, seed)
    return read_truth(path), folder / "JPEGImages"


def watch(predictor: Predictor, images: Path, files: Iterable[str]) -> list[Seen]:
    """The outputs for one video."""
    return watched(predictor, read_frames([images / name for name in files]))


def watched(predictor: Predictor, frames: Iterable[np.ndarray]) -> list[Seen]:
    recorder = Recorder()
    results = list(predictor.stream(frames, identity=recorder))
    seen = []
    for window in recorder.windows:
        own = results[window.start : window.start + len(window.masks)]
        seen.append(Seen(window, own, [[encode(track.mask) for track in result.tracks] for result in own]))
    return seen


def named(video: Sequence[Seen], method: Method) -> list[list[Names]]:
    """The method's names for each query in each frame of each window."""
    namer = method.make()
    return [namer(seen.window) for seen in video]


def renamed(seen: Seen, names: Sequence[Names], doubt: int | None) -> Iterable[tuple[FrameResult, list[Rle]]]:
    """The frames of a window with the method's names, and the masks of their tracks."""
    for result, masks, own in zip(seen.results, seen.masks, names, strict=True):
        kept = [(t, mask) for t, mask in zip(result.tracks, masks, strict=True) if own[t.identity] is not None]
        found: list[FrameTrack] = [replace(t, identity=own[t.identity]) for t, _ in kept]
        seen_here = {t.identity for t in found}
        votes = {own[q]: vote for q, vote in result.votes.items() if own[q] is not None}
        if doubt is not None:
            votes = {name: vote for name, vote in votes.items() if name in seen_here}
        yield FrameResult(result.index, found, votes, doubt or 0), [mask for _, mask in kept]


def tracks(video: Sequence[Seen], names: Sequence[Sequence[Names]], method: Method) -> list[Track]:
    """The method's tracks of one video."""
    builder = TrackBuilder()
    for seen, own in zip(video, names, strict=True):
        for result, masks in renamed(seen, own, method.doubt):
            builder.add(result, masks)
    return builder.tracks()


def scored(truth: Truth, found: dict[int, list[Track]]) -> dict[str, float]:
    """The columns of the table; percent, and counts."""
    kept = identity(truth, found)
    least = {c.id: c.threshold for c in kept.categories}
    sure = {
        v: [t for t in own if (limit := least[t.category_id]) is not None and t.score >= limit]
        for v, own in found.items()
    }
    figures = kept.class_averaged
    return {
        "AP": 100 * evaluate(truth, found).stats["AP"],
        "HOTA": 100 * figures.HOTA,
        "AssA": 100 * figures.AssA,
        "IDF1": 100 * figures.IDF1,
        "switches": figures.switches,
        "fragments": figures.fragments,
        "duplicates": sum(map(duplicates, sure.values())),
    }


def duplicates(found: Sequence[Track]) -> int:
    """How many of the tracks, best first, lie on a better one."""
    ordered = sorted(found, key=lambda track: -track.score)
    return sum(any(overlap(track, better) >= DOUBLE for better in ordered[:i]) for i, track in enumerate(ordered))


def overlap(a: Track, b: Track) -> float:
    """IoU of two tracks over all frames."""
    shared = union = 0.0
    for x, y in zip(a.segmentations, b.segmentations, strict=True):
        both = float(intersections([x], [y])[0, 0]) if x and y else 0.0
        shared += both
        union += (area(x) if x else 0) + (area(y) if y else 0) - both
    return shared / union if union else 0.0


def comebacks(predictor: Predictor, rows: Sequence[Method], scenes: int) -> dict[tuple[str, int], tuple[int, int]]:
    """(method, gap) -> how many objects came back with their name, of how many that were found before and after."""
    told: dict[tuple[str, int], tuple[int, int]] = {}
    for gap in GAPS:
        for seed in range(scenes):
            pictures, truth = zip(*Scene(gap, seed).frames(), strict=True)
            video = watched(predictor, pictures)
            for method in rows:
                pairs = zip(video, named(video, method), strict=True)
                results = [result for seen, names in pairs for result, _ in renamed(seen, names, method.doubt)]
                around = names_around(
                    [[(t.identity, t.mask) for t in r.tracks if t.score >= 0.1] for r in results], truth, gap
                )
                same, both = told.get((method.name, gap), (0, 0))
                told[method.name, gap] = (
                    same + (None not in around and around[0] == around[1]),
                    both + (None not in around),
                )
    return told


def figures(table, frame_ms, cost_ms, returns, windows: Sequence[int]) -> list[Figure]:
    """What results.jsonl keeps: link, its lead over slots and over the best of the others, cost, and the returns."""
    others = [name for name in dict.fromkeys(n for *_, n in table) if not name.startswith("link")]
    kept = []
    for length in windows:
        for level in LEVELS:
            for column in ("AP", "AssA", "IDF1"):
                values = {n: [seed[column] for seed in table[length, level, n]] for n in ("link", *others)}
                means = {n: statistics.mean(v) for n, v in values.items()}
                name = f"window {length}, {level}: {column}"
                kept.append(Figure(f"{name} of link", means["link"], "%", (min(values["link"]), max(values["link"]))))
                kept.append(Figure(f"{name}, link over slot", means["link"] - means["slot"], "points", goal="> 0"))
                best = max(others, key=means.__getitem__)
                kept.append(
                    Figure(f"{name}, link over the best other", means["link"] - means[best], "points", goal="> 0")
                )
        kept.append(Figure(f"window {length}: cost of link", cost_ms[length, "link"], "ms/frame"))
        share = 100 * cost_ms[length, "link"] / frame_ms[length]
        kept.append(Figure(f"window {length}: cost of link, share of the frame", share, "%", goal="< 5"))
    for (name, gap), (same, both) in returns.items():
        kept.append(Figure(f"back with its name after {gap} frames, {name}", 100 * same / max(1, both), f"% of {both}"))
    return kept


def page(table, frame_ms, cost_ms, returns, args) -> str:
    """Markdown of the whole table."""
    lines = [
        f"`python -m benchmarks.identity`: weights {args.weights}, {args.videos} videos of 40 frames for each of "
        f"{len(args.seeds)} seeds; means over the seeds. AP, HOTA, AssA and IDF1 in percent, at the best score "
        "threshold of each category by HOTA but for AP; counts a seed.\n\n"
    ]
    for length in args.windows:
        for level in LEVELS:
            lines.append(f"Windows of {length}, {level}:\n\n| identity | {' | '.join(COLUMNS)} | ms/frame |\n")
            lines.append("|---|" + "---|" * (len(COLUMNS) + 1) + "\n")
            for name in [n for w, lv, n in table if (w, lv) == (length, level)]:
                seeds = table[length, level, name]
                cells = [f"{statistics.mean(seed[c] for seed in seeds):.1f}" for c in COLUMNS]
                lines.append(f"| {name} | {' | '.join(cells)} | {cost_ms[length, name]:.2f} |\n")
            lines.append("\n")
        lines.append(f"The network itself: {frame_ms[length]:.1f} ms a frame.\n\n")
    lines.append("Objects that come back with their name, of those found before and after, windows of 1:\n\n")
    lines.append(f"| frames hidden | {' | '.join(map(str, GAPS))} |\n|---|" + "---|" * len(GAPS) + "\n")
    for name in dict.fromkeys(n for n, _ in returns):
        cells = ["{} of {}".format(*returns.get((name, gap), (0, 0))) for gap in GAPS]
        lines.append(f"| {name} | {' | '.join(cells)} |\n")
    return "".join(lines)


if __name__ == "__main__":
    sys.exit(main())
