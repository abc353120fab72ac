"""Pairs on which TIVE's rules and ours coincide, drawn from a seed: no crowds, no equal scores, every category true.

`fixtures/tive.json` holds what wenhe-jia/TIVE computes from these very pairs; `digest` of reference_cases ties the two
together. Videos are one pixel high: an object is an interval of columns that drifts.
"""

from random import Random

import numpy as np

from simvtr.rle import encode, to_json

WIDTH = 211
CATEGORIES = 3
SEEDS = range(1, 9)
Json = dict
Span = tuple[int, int]  # from, to


def draw(seed: int) -> tuple[Json, list[Json]]:
    """The truth's object and the results' list, as JSON values."""
    random = Random(seed)
    videos, annotations, results = [], [], []
    for video in range(1, 13):
        length = 3 + _below(random, 8)
        names = [f"{video}/{frame}.jpg" for frame in range(length)]
        videos.append({"id": video, "height": 1, "width": WIDTH, "length": length, "file_names": names})
        for _ in range(1 + _below(random, 3)):
            spans = _path(random, length)
            category = 1 + _below(random, CATEGORIES)
            annotations.append(_annotation(len(annotations) + 1, video, category, spans))
            for _ in range(_below(random, 5)):
                wobble = (3, 12, 30)[_below(random, 3)]
                late = (0.0, 0.0, 0.5)[_below(random, 3)]
                found = [span and _moved(random, span, wobble) for span in spans]
                found = [None if random.random() < late else span for span in found]
                kind = category if random.random() < 0.7 else 1 + _below(random, CATEGORIES)
                results.append(_result(random, video, kind, found))
        for _ in range(_below(random, 3)):
            results.append(_result(random, video, 1 + _below(random, CATEGORIES), _path(random, length)))
    names = [{"id": k, "name": f"kind {k}"} for k in range(1, CATEGORIES + 1)]
    return {"videos": videos, "annotations": annotations, "categories": names}, results


def _path(random: Random, length: int) -> list[Span | None]:
    at, wide, drift = _below(random, WIDTH - 60), 15 + _below(random, 45), _below(random, 7) - 3
    spans = [(at + drift * frame, at + drift * frame + wide) for frame in range(length)]
    return [None if frame and random.random() < 0.15 else _moved(random, s, 2) for frame, s in enumerate(spans)]


def _moved(random: Random, span: Span, by: int) -> Span:
    start = min(max(0, span[0] + _below(random, 2 * by + 1) - by), WIDTH - 5)
    return start, min(WIDTH, max(start + 3, span[1] + _below(random, 2 * by + 1) - by))


def _below(random: Random, n: int) -> int:
    return int(random.random() * n)


def _mask(span: Span | None) -> Json | None:
    columns = np.arange(WIDTH)[None]
    return span and to_json(encode((columns >= span[0]) & (columns < span[1])))


def _annotation(number: int, video: int, category: int, spans: list[Span | None]) -> Json:
    return {
        "id": number,
        "video_id": video,
        "category_id": category,
        "iscrowd": 0,
        "segmentations": [_mask(span) for span in spans],
        "areas": [span and span[1] - span[0] for span in spans],
        "bboxes": [span and [span[0], 0, span[1] - span[0], 1] for span in spans],
    }


def _result(random: Random, video: int, category: int, spans: list[Span | None]) -> Json:
    masks = [_mask(span) for span in spans]
    return {"video_id": video, "category_id": category, "score": random.random(), "segmentations": masks}
