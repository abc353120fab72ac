"""Pairs of truth and results that cover every quirk of the reference evaluator, drawn from a seed.

`fixtures/*.npz` hold what youtubevos/cocoapi computes from these very pairs; `digest` ties the two together. The draws
use `random.Random.random` alone, whose sequence Python guarantees, and the outlines use integers alone.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from random import Random

import numpy as np

from simvtr.rle import encode, to_json

Json = dict


@dataclass(frozen=True)
class Case:
    """What to draw. Shares are per track or per frame, in [0, 1]."""

    seed: int
    videos: int = 6
    categories: int = 4
    class_agnostic: bool = False
    wobble: int = 6  # pixels a found mask is off
    false_found: int = 2  # found tracks of nothing, per video at most
    absent: float = 0.15  # frames without the object
    short: float = 0.0  # found lists cut
    long: float = 0.0  # found lists with frames beyond the video
    short_truth: float = 0.0  # true lists cut
    other_size: float = 0.0  # found frames of another size
    empty: float = 0.0  # found frames with an empty mask instead of none
    coarse_scores: bool = False  # many equal scores
    same_masks: bool = False  # found and true tracks repeated: equal IoU
    crowd: float = 0.0
    first_id: int = 1
    repeated_ids: bool = False
    missing_categories: bool = False  # listed without truth; ids with gaps and out of order
    unknown_categories: float = 0.0  # found tracks of unlisted categories
    crowded_video: bool = False  # more than 100 found tracks of one category
    far_ranges: bool = False  # areas in the JSON that sit on the ends of the size ranges


CASES = {
    "clean": Case(1),
    "clean-many": Case(2, videos=14, categories=7, wobble=10, false_found=5),
    "agnostic": Case(3, class_agnostic=True, coarse_scores=True),
    "short": Case(4, short=0.6),
    "long": Case(5, long=0.6),
    "short-truth": Case(6, short_truth=0.5, short=0.3),
    "other-size": Case(7, other_size=0.4),
    "empty": Case(8, empty=0.5, absent=0.4),
    "ties": Case(9, coarse_scores=True, same_masks=True, wobble=0),
    "crowd": Case(10, crowd=0.4, same_masks=True, wobble=4),
    "id-0": Case(11, first_id=0, wobble=3),
    "negative-ids": Case(12, first_id=-5, wobble=3),
    "repeated-ids": Case(13, repeated_ids=True, wobble=3),
    "categories": Case(14, missing_categories=True, unknown_categories=0.3),
    "crowded": Case(15, videos=2, categories=2, crowded_video=True, coarse_scores=True),
    "range-ends": Case(16, far_ranges=True, wobble=3),
    "everything": Case(
        17,
        videos=10,
        short=0.3,
        long=0.2,
        short_truth=0.2,
        other_size=0.2,
        empty=0.2,
        coarse_scores=True,
        same_masks=True,
        crowd=0.2,
        first_id=0,
        repeated_ids=True,
        missing_categories=True,
        unknown_categories=0.2,
        far_ranges=True,
    ),
    "everything-agnostic": Case(
        18, class_agnostic=True, short=0.3, other_size=0.2, coarse_scores=True, crowd=0.3, missing_categories=True
    ),
}


def draw(case: Case) -> tuple[Json, list[Json]]:
    """The pair of one case as JSON values: the truth's object and the results' list."""
    random = Random(case.seed)
    category_ids = [7 - 3 * i + 20 * (i % 2) for i in range(case.categories)] if case.missing_categories else None
    category_ids = category_ids or list(range(1, case.categories + 1))
    used = category_ids[: max(1, case.categories - 2)] if case.missing_categories else category_ids
    videos, annotations, results = [], [], []
    for video in range(case.videos, 0, -1):  # listed by falling id
        length = 2 + _below(random, 6)
        height, width = ((400, 440), (300, 300), (120, 200))[_below(random, 3)]
        videos.append({"id": video, "height": height, "width": width, "length": length})
        videos[-1]["file_names"] = [f"{video}/{frame}.jpg" for frame in range(length)]
        for _ in range(1 + _below(random, 4)):
            shape = _Shape.random(random, height, width)
            present = [random.random() >= case.absent for _ in range(length)]
            path = [shape.moved(random, 5) for _ in range(length)]
            category = used[_below(random, len(used))]
            segmentations = [s.mask(height, width) if p else None for s, p in zip(path, present, strict=True)]
            areas = [s and s["area"] for s in segmentations]
            if case.far_ranges:
                area = (128**2, 256**2, 128**2 - 1, 256**2 + 1)[_below(random, 4)]
                areas = [a and area for a in areas]
            if random.random() < case.short_truth:
                keep = 1 + _below(random, length)
                segmentations, areas = segmentations[:keep], areas[:keep]
            annotations.append(
                {
                    "id": case.first_id + len(annotations),
                    "video_id": video,
                    "category_id": category,
                    "iscrowd": int(random.random() < case.crowd),
                    "width": width,
                    "height": height,
                    "segmentations": [s and s["rle"] for s in segmentations],
                    "areas": areas,
                    "bboxes": [s and s["box"] for s in segmentations],
                }
            )
            if case.same_masks and random.random() < 0.5:
                annotations.append(annotations[-1] | {"id": case.first_id + len(annotations)})
            for _ in range(_below(random, 4)):
                found = [s.moved(random, case.wobble) if p else None for s, p in zip(path, present, strict=True)]
                if random.random() < 0.15:
                    category = category_ids[_below(random, len(category_ids))]
                results.append(_found(case, random, video, category, found, height, width))
        for _ in range(_below(random, case.false_found + 1)):
            path = [_Shape.random(random, height, width) for _ in range(length)]
            category = category_ids[_below(random, len(category_ids))]
            results.append(_found(case, random, video, category, path, height, width))
        if case.crowded_video:
            for _ in range(115):
                found = [s.moved(random, 2 * case.wobble) for s in path] if random.random() < 0.3 else [None] * length
                results.append(_found(case, random, video, used[0], found, height, width))
    if case.repeated_ids:
        for _ in range(3):
            at = _below(random, len(annotations) - 1)
            nearby = next((a for a in annotations[at + 1 :] if a["video_id"] == annotations[at]["video_id"]), None)
            if nearby is not None:
                annotations[at]["id"] = nearby["id"]
    results = [r for _, r in sorted(((random.random(), i), r) for i, r in enumerate(results))]
    names = [{"id": k, "name": f"kind {k}"} for k in category_ids]
    return {"videos": videos, "annotations": annotations, "categories": names}, results


def digest(truth: Json, results: list[Json]) -> str:
    """SHA-256 of a pair: equal means the reference saw this very input."""
    return hashlib.sha256(json.dumps([truth, results], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class _Shape:
    """A rectangle or an ellipse, in whole pixels."""

    x: int
    y: int
    half_width: int
    half_height: int
    round: bool

    @staticmethod
    def random(random: Random, height: int, width: int) -> "_Shape":
        size = 2 + _below(random, 9)
        return _Shape(
            x=_below(random, width),
            y=_below(random, height),
            half_width=4 + width * size // 18 * (50 + _below(random, 50)) // 100,
            half_height=4 + height * size // 18 * (50 + _below(random, 50)) // 100,
            round=random.random() < 0.5,
        )

    def moved(self, random: Random, by: int) -> "_Shape":
        steps = [_below(random, 2 * by + 1) - by for _ in range(4)]
        return replace(
            self,
            x=self.x + steps[0],
            y=self.y + steps[1],
            half_width=max(2, self.half_width + steps[2]),
            half_height=max(2, self.half_height + steps[3]),
        )

    def mask(self, height: int, width: int) -> Json | None:
        dx = np.arange(width)[None, :] - self.x
        dy = np.arange(height)[:, None] - self.y
        a, b = self.half_width, self.half_height
        inside = dx**2 * b**2 + dy**2 * a**2 <= a**2 * b**2 if self.round else (abs(dx) <= a) & (abs(dy) <= b)
        if not inside.any():
            return None
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        box = [columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1]
        return {"rle": to_json(encode(inside)), "area": int(inside.sum()), "box": [float(v) for v in box]}


def _found(
    case: Case, random: Random, video: int, category: int, path: list[_Shape | None], height: int, width: int
) -> Json:
    segmentations: list[Json | None] = []
    for shape in path:
        mask = shape and shape.mask(height, width)
        segmentations.append(mask and mask["rle"])
        if segmentations[-1] is None and random.random() < case.empty:
            segmentations[-1] = to_json(encode(np.zeros((height, width), bool)))
        if random.random() < case.other_size and shape is not None:
            other = shape.mask(height - 20, width) if random.random() < 0.7 else None
            segmentations[-1] = other["rle"] if other else to_json(encode(np.ones((1, 1), bool)))
    if random.random() < case.short:
        segmentations = segmentations[: 1 + _below(random, len(segmentations))]
    elif random.random() < case.long:
        segmentations = [*segmentations, segmentations[0], None, segmentations[-1]]
    score = random.random()
    if case.coarse_scores:
        score = (1 + int(4 * score)) / 8
    if random.random() < case.unknown_categories:
        category = 999
    return {"video_id": video, "category_id": category, "score": score, "segmentations": segmentations}


def _below(random: Random, n: int) -> int:
    return int(random.random() * n)
