"""Writes a truth and results of the size of a real validation set, for `benchmarks.eval_speed`: seeded, same bytes.

As in the real files the truth holds runs as lists of integers and the results hold compressed strings. A mask is an
ellipse with a ragged outline that drifts through its video, cut by a second object in some of its columns.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pycocotools.mask

coco: Any = pycocotools.mask


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a pair is. `sizes`: height, width and share of the videos."""

    videos: int
    frames: int  # of all videos together, about
    true_tracks: int
    found_tracks: int
    categories: int
    sizes: tuple[tuple[int, int, float], ...]
    columns: float  # mean width of a true object, in pictures of 1920


SCALES = {
    "ovis": Scale(140, 9_489, 790, 2_000, 25, ((1080, 1920, 0.7), (720, 1280, 0.2), (864, 1536, 0.1)), 205),
    "ytvis": Scale(302, 8_300, 520, 1_500, 40, ((720, 1280, 0.8), (1080, 1920, 0.1), (480, 854, 0.1)), 300),
}


@dataclass(frozen=True, slots=True)
class Path2D:
    """An object's centre, half height and half width in each frame, in pixels, and the frames where it is seen."""

    centre: np.ndarray  # (t, 2) y, x
    half: np.ndarray  # (t, 2)
    seen: np.ndarray  # bool (t,)


def write_pair(folder: Path, scale: Scale, seed: int = 0) -> tuple[Path, Path]:
    """Make `truth.json` and `results.json` in a folder. Returns their paths."""
    rng = np.random.default_rng(seed)
    lengths = np.maximum(8, rng.lognormal(0, 0.4, scale.videos))
    lengths = np.maximum(8, np.rint(lengths * scale.frames / lengths.sum())).astype(int).tolist()
    chosen = rng.choice(len(scale.sizes), scale.videos, p=[share for *_, share in scale.sizes])
    videos = [
        {"id": i + 1, "height": scale.sizes[c][0], "width": scale.sizes[c][1], "length": lengths[i],
         "file_names": [f"{i + 1:08}/{t:05}.jpg" for t in range(lengths[i])]}
        for i, c in enumerate(chosen.tolist())
    ]  # fmt: skip
    homes = rng.integers(0, scale.videos, scale.true_tracks)
    homes[: scale.videos] = np.arange(scale.videos)  # every video has an object
    kinds = rng.integers(1, scale.categories + 1, (scale.videos, 2))  # most videos show one kind or two
    categories = np.where(rng.random(len(homes)) < 0.75, kinds[homes, 0], kinds[homes, 1]).tolist()
    paths = [_path(rng, videos[v], scale.columns) for v in homes.tolist()]

    folder.mkdir(parents=True, exist_ok=True)
    truth, results = folder / "truth.json", folder / "results.json"
    with truth.open("w") as file:
        named = [{"id": k + 1, "name": f"kind {k + 1}", "supercategory": "object"} for k in range(scale.categories)]
        head = json.dumps({"info": {"description": "made, not real"}, "videos": videos, "categories": named})
        file.write(head[:-1] + ', "annotations": ')
        _write(file, _annotations(rng, videos, homes.tolist(), categories, paths))
        file.write("}")
    with results.open("w") as file:
        _write(file, _found(rng, videos, homes.tolist(), categories, paths, scale))
    return truth, results


def _write(file: IO[str], entries: Iterator[dict[str, Any]]) -> None:
    for i, entry in enumerate(entries):
        file.write((", " if i else "[") + json.dumps(entry))
    file.write("]")


def _annotations(
    rng: np.random.Generator, videos: list[dict[str, Any]], homes: list[int], categories: list[int], paths: list[Path2D]
) -> Iterator[dict[str, Any]]:
    for i, (home, category, path) in enumerate(zip(homes, categories, paths, strict=True)):
        video = videos[home]
        height, width = video["height"], video["width"]
        runs = [_runs(rng, path, t, height, width) for t in range(video["length"])]
        packed = [None if r is None else coco.frPyObjects({"size": [height, width], "counts": r}, height, width)
                  for r in runs]  # fmt: skip
        yield {
            "id": i + 1, "video_id": video["id"], "category_id": category, "iscrowd": 0,
            "height": height, "width": width, "length": 1,
            "segmentations": [r and {"counts": r, "size": [height, width]} for r in runs],
            "bboxes": [p and coco.toBbox(p).tolist() for p in packed],
            "areas": [p and int(coco.area(p)) for p in packed],
        }  # fmt: skip


def _found(
    rng: np.random.Generator,
    videos: list[dict[str, Any]],
    homes: list[int],
    categories: list[int],
    paths: list[Path2D],
    scale: Scale,
) -> Iterator[dict[str, Any]]:
    """One track near every true one, then worse copies, some of them of another category."""
    for i in range(scale.found_tracks):
        near = i % len(homes)
        home, error = homes[near], rng.uniform(0.02, 0.2) * (1 + 2 * (i // len(homes)))
        video, path = videos[home], paths[near]
        height, width = video["height"], video["width"]
        moved = Path2D(
            path.centre + path.half * rng.normal(0, error, 2),
            path.half * np.exp(rng.normal(0, error / 2, 2)),
            path.seen ^ (rng.random(len(path.seen)) < 0.05),
        )
        runs = [_runs(rng, moved, t, height, width) for t in range(video["length"])]
        masks: list[Any] = [r and coco.frPyObjects({"size": [height, width], "counts": r}, height, width) for r in runs]
        other = int(rng.integers(1, scale.categories + 1))
        yield {
            "video_id": video["id"],
            "category_id": categories[near] if rng.random() < 0.7 else other,
            "score": round(float(np.clip(rng.normal(0.9 - error, 0.1), 0.001, 0.999)), 4),
            "segmentations": [m and {"size": m["size"], "counts": m["counts"].decode()} for m in masks],
        }


def _path(rng: np.random.Generator, video: dict[str, Any], columns: float) -> Path2D:
    t, size = video["length"], np.array([video["height"], video["width"]])
    half = columns / 2 * video["width"] / 1920 * rng.lognormal(-0.1, 0.45, 2)
    drift = np.cumsum(rng.normal(0, 4, (t, 2)), axis=0) + np.arange(t)[:, None] * rng.normal(0, 2, 2)
    centre = np.clip(rng.uniform(0.2, 0.8, 2) * size + drift, 0.08 * size, 0.92 * size)
    grown = np.exp(np.cumsum(rng.normal(0, 0.02, (t, 2)), axis=0)) * np.minimum(half, size / 2.5)
    seen = np.ones(t, bool)
    if t > 20 and rng.random() < 0.4:  # hidden for a while
        begin = int(rng.integers(0, t - 8))
        seen[begin : begin + int(rng.integers(4, t // 3))] = False
    return Path2D(centre, np.clip(grown, 6, size / 2.2), seen)


def _runs(rng: np.random.Generator, path: Path2D, frame: int, height: int, width: int) -> list[int] | None:
    """Runs of the mask in one frame, column by column; None where the object is not seen."""
    if not path.seen[frame]:
        return None
    (y, x), (tall, wide) = path.centre[frame], path.half[frame]
    columns = np.arange(max(0, int(x - wide)), min(width, int(x + wide) + 1))
    reach = tall * np.sqrt(np.maximum(0, 1 - ((columns - x) / (wide + 1)) ** 2))
    ragged = np.cumsum(rng.integers(-1, 2, (2, len(columns))), axis=1) + rng.integers(-2, 3, (2, len(columns)))
    top = np.clip(np.rint(y - reach + ragged[0]), 0, height - 2).astype(int)
    bottom = np.clip(np.rint(y + reach + ragged[1]), top + 1, height - 1).astype(int)  # exclusive; never a full column
    begin, end = columns * height + top, columns * height + bottom
    cut = np.flatnonzero((rng.random() < 0.5) & (bottom - top > 12) & (np.abs(columns - x) < wide * rng.random()))
    if len(cut):  # something thin in front
        middle = begin[cut] + (bottom - top)[cut] // 2
        begin, end = np.sort(np.append(begin, middle + 3)), np.sort(np.append(end, middle - 3))
    edges = np.stack([begin, end], axis=1).ravel()
    keep = np.flatnonzero(np.diff(edges, prepend=-1) == 0)  # columns that touch: one run
    edges = np.delete(edges, np.concatenate([keep, keep - 1])) if len(keep) else edges
    return np.diff(edges, prepend=0, append=height * width).tolist()


def main() -> int:
    command = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    command.add_argument("scale", choices=SCALES)
    command.add_argument("folder", type=Path)
    command.add_argument("--seed", type=int, default=0)
    args = command.parse_args()
    write_pair(args.folder, SCALES[args.scale], args.seed)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
