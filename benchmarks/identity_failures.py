"""Where objects lose their name on the validation split of synth-occlusion-v1, counted and drawn.

    truth + what `link` found -> changes: an object's name is not the one it was last found under -> table, pictures

The table and two pictures, each of the largest object that lost its name in that way, go to docs/identity.md.
`simvtr synth work/synth-occlusion-v1/val --benchmark val` makes the videos.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.figures import rewritten
from benchmarks.record import ROOT, parser
from simvtr.data.video import read_frames
from simvtr.inference import FrameResult, Predictor
from simvtr.inference.overlay import draw, readable_scale
from simvtr.inference.trails import Trails
from simvtr.model import load
from simvtr.rle import decode
from simvtr.schema import TruthTrack, read_truth

VAL = ROOT / "work" / "synth-occlusion-v1" / "val"
PAGE, FIGURES = ROOT / "docs" / "identity.md", ROOT / "docs" / "figures"
BEGIN, END = "<!-- failures: written by python -m benchmarks.identity_failures -->\n", "<!-- end of failures -->\n"
LEAST_IOU = 0.5  # of an object with what has found it
LEAST_SCORE = 0.1  # of what counts as found
SHOWN = 0.5  # score from which an object is drawn
KINDS = {"taken": "another object's", "new": "a new one", "older": "its own of before that"}
GAPS = {"in the next frame": 1, "after 1 to 5 frames": 6, "after 6 to 20": 21, "after more": 10**9}  # below so many
SIDE, BETWEEN = 480, 6  # pixels: width of one of two frames, and between them


@dataclass(frozen=True, slots=True)
class Change:
    """An object is found under another name than when it was last found."""

    video: int
    before: int  # frame in which it was last found
    after: int
    object: int  # index of its truth track
    kind: str  # of KINDS
    area: int  # pixels of its mask, the smaller one of the two frames


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--weights", default="simvtr-tiny")
    command.add_argument("--window", type=int, default=1)
    command.add_argument("--data", type=Path, default=VAL, help="folder of instances.json and JPEGImages")
    command.add_argument("--videos", type=int, help="only the first so many")
    args = command.parse_args()
    truth, predictor = read_truth(args.data / "instances.json"), Predictor(load(args.weights), args.window)
    counts, found, largest = Counter(), 0, dict[str, Change]()
    for video in list(truth.videos.values())[: args.videos]:
        objects = truth.tracks[video.id]
        results = list(predictor.stream(read_frames([args.data / "JPEGImages" / name for name in video.file_names])))
        names = [names_of(objects, result) for result in results]
        found += sum(name is not None for frame in names for name in frame)
        for change in changes(video.id, objects, names):
            gap = change.after - change.before - 1
            counts[change.kind, next(what for what, end in GAPS.items() if gap < end)] += 1
            if change.kind not in largest or change.area > largest[change.kind].area:
                largest[change.kind] = change
    text = table(counts, found, args)
    print(text)
    if args.no_record:
        return 0
    for kind in ("taken", "new"):
        change = largest[kind]
        files = [args.data / "JPEGImages" / name for name in truth.videos[change.video].file_names]
        picture = drawn(change, truth.tracks[change.video], list(read_frames(files)), predictor)
        cv2.imwrite(str(FIGURES / f"identity-{kind}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        text += (
            f"\nThe largest object whose name is now {KINDS[kind]}, boxed, as `simvtr segment` draws it: video "
            f"{change.video}, frames {change.before} and {change.after}.\n\n"
        )
        text += f"![](figures/identity-{kind}.png)\n"
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), text, BEGIN, END), encoding="utf-8")
    return 0


def names_of(objects: Sequence[TruthTrack], result: FrameResult) -> list[int | None]:
    """Under which name each object is found in a frame; None: not found."""
    names: list[int | None] = []
    for track in objects:
        mask = track.segmentations[result.index]
        if mask is None:
            names.append(None)
            continue
        there = decode(mask)
        ious = [
            (float((t.mask & there).sum() / (t.mask | there).sum()), t.identity)
            for t in result.tracks
            if t.score >= LEAST_SCORE
        ]
        best = max(ious, default=(0.0, None))
        names.append(best[1] if best[0] >= LEAST_IOU else None)
    return names


def changes(video: int, objects: Sequence[TruthTrack], names: Sequence[Sequence[int | None]]) -> list[Change]:
    """Every change of a name in a video; names by frame and object."""
    last: dict[int, int] = {}  # object -> frame in which it was last found
    owners: dict[int, int] = {}  # name -> object that was last found under it
    own: dict[int, set[int]] = {}  # object -> all of its names
    told = []
    for frame, here in enumerate(names):
        for i, name in enumerate(here):
            if name is None:
                continue
            if i in last and (before := names[last[i]][i]) != name:
                kind = "older" if name in own[i] else "taken" if owners.get(name, i) != i else "new"
                areas = [_area(objects[i], last[i]), _area(objects[i], frame)]
                told.append(Change(video, last[i], frame, i, kind, min(areas)))
                assert before is not None
            last[i] = frame
            own.setdefault(i, set()).add(name)
        owners |= {name: i for i, name in enumerate(here) if name is not None}
    return told


def _area(track: TruthTrack, frame: int) -> int:
    mask = track.segmentations[frame]
    return 0 if mask is None else int(decode(mask).sum())


def table(counts: Counter, found: int, args) -> str:
    """Markdown: changes of names by what the new one is and how long the object was not found."""
    lines = [
        f"`python -m benchmarks.identity_failures{'' if args.videos is None else f' --videos {args.videos}'}`, on the "
        f"validation split: weights {args.weights}, windows of {args.window}; objects are "
        f"found in {found} frames (IoU {LEAST_IOU}), {sum(counts.values())} times under another name than before.\n\n",
        f"| the name is now | {' | '.join(GAPS)} |\n|---|{'---|' * len(GAPS)}\n",
    ]
    lines += [f"| {what} | {' | '.join(str(counts[kind, gap]) for gap in GAPS)} |\n" for kind, what in KINDS.items()]
    return "".join(lines)


def drawn(
    change: Change, objects: Sequence[TruthTrack], frames: Sequence[np.ndarray], predictor: Predictor
) -> np.ndarray:
    """The two frames of a change as `simvtr segment` draws them, the object boxed, RGB."""
    trails, pictures = Trails(), []
    for frame, result in zip(frames, predictor.stream(frames), strict=True):
        shown = [track for track in result.tracks if track.score >= SHOWN]
        past = trails.step(shown)
        if result.index in (change.before, change.after):
            scale = readable_scale(frame.shape[1], frame.shape[0])
            picture = draw(frame, shown, scale=scale, past=past)
            mask = objects[change.object].segmentations[result.index]
            assert mask is not None
            rows, columns = np.flatnonzero(decode(mask).any(1)), np.flatnonzero(decode(mask).any(0))
            start = (int(columns[0]) * scale - 4, int(rows[0]) * scale - 4)
            stop = (int(columns[-1] + 1) * scale + 3, int(rows[-1] + 1) * scale + 3)
            cv2.rectangle(picture, start, stop, (255, 255, 255), 2, cv2.LINE_AA)
            height = round(SIDE * picture.shape[0] / picture.shape[1])
            pictures.append(cv2.resize(picture, (SIDE, height), interpolation=cv2.INTER_AREA))
    between = np.full((pictures[0].shape[0], BETWEEN, 3), 255, np.uint8)
    return np.hstack([pictures[0], between, pictures[1]])


if __name__ == "__main__":
    sys.exit(main())
