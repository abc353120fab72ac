"""Figures under weights of the videos are those of data in which the videos are really repeated."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simvtr.evaluation import evaluate
from simvtr.evaluation.weighted import weighted_figures
from simvtr.schema import Track, Truth
from tests.evaluation import tiny


def drawn_pair(seed: int, videos: int = 5) -> tuple[Truth, dict[int, list[Track]]]:
    """Videos of four pixels and three frames, two categories, sizes of all ranges, all scores different."""
    random = Random(seed)

    def word() -> str:
        return random.choice(["#...", "##..", "###.", ".###", "..##", "...#", "####", "-"])

    def drawing() -> str:
        return f"{random.choice(['##..', '.###'])} {word()} {word()}"

    truth = tiny.truth(
        {v: [f"{random.choice([1, 2])}: {drawing()}" for _ in range(random.randrange(1, 4))] for v in range(videos)},
        {1: "fish", 2: "shark"},
    )
    for tracks in truth.tracks.values():
        for i, track in enumerate(tracks):
            scale = random.choice([1, 120, 200]) ** 2
            tracks[i] = replace(track, areas=tuple(None if area is None else area * scale for area in track.areas))
    found = {
        v: [tiny.found(drawing(), random.random(), random.choice([1, 2])) for _ in range(random.randrange(5))]
        for v in range(videos)
    }
    for v, tracks in truth.tracks.items():  # some of them perfect
        found[v] += [Track(t.category_id, random.random(), t.segmentations) for t in tracks if random.random() < 0.5]
    return truth, found


def repeated(truth: Truth, found: dict[int, list[Track]], weights: list[int]) -> tuple[Truth, dict[int, list[Track]]]:
    """The same data with each video as often as its weight says; copies follow each other."""
    videos, tracks, copies, ids = {}, {}, {}, 0
    for video, weight in zip(truth.videos, weights, strict=True):
        for _ in range(weight):
            new = len(videos) + 1
            videos[new] = replace(truth.videos[video], id=new)
            copies[new] = found.get(video, [])
            tracks[new] = [replace(track, id=ids + i + 1, video_id=new) for i, track in enumerate(truth.tracks[video])]
            ids += len(tracks[new])
    return Truth(videos, tracks, truth.categories, truth.path), copies


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.integers(0, 4), min_size=5, max_size=5), st.booleans())
def test_a_weight_counts_a_video_that_often(seed: int, weights: list[int], class_agnostic: bool):
    truth, found = drawn_pair(seed)
    result = evaluate(truth, found, class_agnostic=class_agnostic)
    once = weighted_figures(result, list(truth.videos), np.array([weights]))
    twice = evaluate(*repeated(truth, found, weights), class_agnostic=class_agnostic).stats
    for name, value in twice.items():
        assert once[name][0] == pytest.approx(value, abs=1e-12), name


def test_weights_of_one_give_the_figures_themselves():
    truth, found = drawn_pair(3, videos=12)
    result = evaluate(truth, found)
    figures = weighted_figures(result, list(truth.videos), np.ones((1, 12), int))
    assert list(figures) == list(result.stats)
    assert {name: values[0] for name, values in figures.items()} == pytest.approx(result.stats, abs=1e-12)


def test_every_hundredth_is_read_as_the_metric_reads_it():
    """Recalls of 100 true tracks fall on the 101 recalls themselves, where a rounding would show."""
    truth = tiny.truth({v: ["##.."] for v in range(1, 101)})
    for hits in (7, 29, 57, 100):
        found = {v: [tiny.found("##.." if v <= hits else "..##", 1 - v / 1000)] for v in range(1, 101)}
        result = evaluate(truth, found)
        figures = weighted_figures(result, list(truth.videos), np.array([[1] * 100, [3] * 100]))
        assert figures["AP"] == pytest.approx([result.stats["AP"]] * 2, abs=1e-12)


def test_a_category_nobody_drew_is_left_out_of_the_mean():
    truth = tiny.truth({1: ["1: ##.."], 2: ["2: ##.."]}, {1: "fish", 2: "shark"})
    result = evaluate(truth, {1: [tiny.found("##..", 0.9)]})
    figures = weighted_figures(result, [1, 2], np.array([[1, 1], [2, 0], [0, 2], [0, 0]]))
    assert figures["AP"] == pytest.approx([0.5, 1, 0, -1])


def test_weights_must_fit_the_videos():
    result = evaluate(*drawn_pair(1))
    with pytest.raises(ValueError, match=r"weights must be \(s, 4\), a column for each video, got \(1, 5\)"):
        weighted_figures(result, [0, 1, 2, 3], np.ones((1, 5), int))
    with pytest.raises(ValueError, match="must name all that the result has, video 4 is missing"):
        weighted_figures(result, [0, 1, 2, 3], np.ones((1, 4), int))
