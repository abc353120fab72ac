"""Pairs of truth and results with every way to lose an identity: cuts, swaps, gaps, repeats, false and missed tracks.

`fixtures/identity_*.json` hold what TrackEval computes from these very pairs. The draws use `random.Random.random`
alone, whose sequence Python guarantees; all masks are rectangles of whole pixels.
"""

from dataclasses import dataclass
from random import Random

import numpy as np

from simvtr.rle import encode, to_json

HEIGHT, WIDTH = 96, 128
Rectangle = tuple[int, int, int, int]  # x, y, width, height
Path = list[Rectangle | None]  # one per frame, None where absent
Json = dict


@dataclass(frozen=True)
class Case:
    """What to draw. Shares are per track, in [0, 1]."""

    seed: int
    videos: int = 5
    categories: int = 3
    objects: int = 5  # at most, per video
    length: int = 12  # frames, at most
    wobble: int = 3  # pixels a found mask is off
    cut: float = 0.0  # a found track becomes two
    swap: float = 0.0  # two found tracks exchange their ends
    gap: float = 0.0  # frames left out in the middle
    repeat: float = 0.0  # found twice, the second time a little off
    twin: float = 0.0  # found twice, the second time to the pixel
    missed: float = 0.0
    other_category: float = 0.0
    false_found: int = 0  # found tracks of nothing, per video at most
    bare: bool = False  # a video without truth, one without results; a category without truth, one without results
    threshold: float = 0.0  # results below it are not shown to TrackEval


CASES = {
    "plain": Case(1),
    "cuts": Case(2, cut=0.7),
    "swaps": Case(3, swap=0.8, categories=1, objects=6),
    "gaps": Case(4, gap=0.8),
    "false": Case(5, false_found=6, missed=0.3),
    "repeats": Case(6, repeat=0.6, twin=0.3, categories=2),
    "rough": Case(7, wobble=9, cut=0.3, swap=0.3, categories=2, objects=8),
    "bare": Case(8, bare=True, categories=4, false_found=3, other_category=0.3),
    "crowded": Case(9, videos=3, categories=1, objects=14, wobble=6, cut=0.3, swap=0.3, gap=0.3, false_found=4),
    "everything": Case(
        10, videos=9, categories=4, cut=0.3, swap=0.3, gap=0.3, repeat=0.3, missed=0.1, other_category=0.1, bare=True
    ),
    "threshold": Case(11, cut=0.3, repeat=0.5, false_found=5, threshold=0.4),
}


def draw(case: Case) -> tuple[Json, list[Json]]:
    """The pair of one case as JSON values: the truth's object and the results' list."""
    random = Random(case.seed)
    videos, annotations, results = [], [], []
    for video in range(1, case.videos + 1):
        length = 3 + _below(random, case.length - 2)
        names = [f"v{video:02d}/{frame:03d}.jpg" for frame in range(length)]
        videos.append({"id": video, "height": HEIGHT, "width": WIDTH, "length": length, "file_names": names})
        true = [
            (_below(random, case.categories) + 1, _walk(random, length))
            for _ in range(1 + _below(random, case.objects))
        ]
        found = [(k, [r and _moved(random, r, case.wobble) for r in path]) for k, path in true]
        found = _spoil(case, random, found, length)
        if case.bare:
            true = [(k, path) for k, path in true if video != 2 and k != 2]
            found = [(k, path) for k, path in found if video != 3 and k != 3]
        annotations += [_truth(len(annotations) + i + 1, video, k, path) for i, (k, path) in enumerate(true)]
        for k, path in found:
            masks = [to_json(encode(_picture(r))) if r else None for r in path]
            results.append({"video_id": video, "category_id": k, "score": random.random(), "segmentations": masks})
    names = [{"id": k + 1, "name": f"kind {k + 1}"} for k in range(case.categories)]
    return {"videos": videos, "annotations": annotations, "categories": names}, results


def _spoil(case: Case, random: Random, found: list[tuple[int, Path]], length: int) -> list[tuple[int, Path]]:
    found = [track for track in found if random.random() >= case.missed]
    for i in range(1, len(found)):
        if random.random() < case.swap:
            at, (k, a), (other, b) = _below(random, length), found[i - 1], found[i]
            found[i - 1], found[i] = (k, a[:at] + b[at:]), (other, b[:at] + a[at:])
    spoilt = []
    for k, path in found:
        if random.random() < case.gap:
            at = _below(random, length)
            path = [None if at <= f < at + 1 + length // 4 else r for f, r in enumerate(path)]
        if random.random() < case.other_category:
            k = 1 + _below(random, case.categories)
        at = 1 + _below(random, length - 1) if random.random() < case.cut else length
        spoilt.append((k, [r if f < at else None for f, r in enumerate(path)]))
        if at < length:
            spoilt.append((k, [r if f >= at else None for f, r in enumerate(path)]))
        if random.random() < case.repeat:
            spoilt.append((k, [r and _moved(random, r, 2) for r in path]))
        if random.random() < case.twin:
            spoilt.append((k, path))
    for _ in range(_below(random, case.false_found + 1)):
        spoilt.append((1 + _below(random, case.categories), _walk(random, length)))
    ordered = sorted((random.random(), i) for i in range(len(spoilt)))
    return [spoilt[i] for _, i in ordered]


def _walk(random: Random, length: int) -> Path:
    here = (_below(random, 80), _below(random, 56), 20 + _below(random, 40), 16 + _below(random, 30))
    path: Path = []
    for _ in range(length):
        here = _moved(random, here, 2)
        path.append(here if random.random() >= 0.1 else None)
    return path if any(path) else [here] * length


def _moved(random: Random, r: Rectangle, by: int) -> Rectangle:
    x, y, w, h = (value + _below(random, 2 * by + 1) - by for value in r)
    return min(max(x, 0), WIDTH - 4), min(max(y, 0), HEIGHT - 4), max(w, 3), max(h, 3)


def _picture(r: Rectangle) -> np.ndarray:
    picture = np.zeros((HEIGHT, WIDTH), bool)
    picture[r[1] : r[1] + r[3], r[0] : r[0] + r[2]] = True
    return picture


def _truth(number: int, video: int, category: int, path: Path) -> Json:
    pictures = [_picture(r) if r else None for r in path]
    return {
        "id": number,
        "video_id": video,
        "category_id": category,
        "iscrowd": 0,
        "width": WIDTH,
        "height": HEIGHT,
        "segmentations": [None if p is None else {"size": [HEIGHT, WIDTH], "counts": _runs(p)} for p in pictures],
        "areas": [None if p is None else int(p.sum()) for p in pictures],
        "bboxes": [None if r is None else [float(v) for v in r] for r in path],
    }


def _runs(picture: np.ndarray) -> list[int]:
    """Uncompressed, background first: the form that TrackEval reads truth in."""
    pixels = np.concatenate(([False], picture.T.ravel()))
    edges = np.flatnonzero(pixels[1:] != pixels[:-1])
    return np.diff(np.concatenate(([0], edges, [picture.size]))).tolist()


def _below(random: Random, n: int) -> int:
    return int(random.random() * n)
