"""One set of results under both readings."""

import math

import numpy as np

from simvtr.auditing.audit import MEASURES
from simvtr.auditing.cache import OverlapCache
from simvtr.auditing.reading import Reading, read, without_breaches
from simvtr.evaluation import evaluate
from simvtr.evaluation.groups import occlusion_of
from simvtr.evaluation.identities import identity
from simvtr.rle import encode
from simvtr.schema import Track, Truth
from tests.auditing.drawn import drawn
from tests.auditing.pairs import FOUND, TRUTH
from tests.evaluation.tiny import found, truth


def reading(tracks, true: Truth = TRUTH) -> Reading:
    return read(true, tracks, OverlapCache(true), occlusion_of(true))


def test_values_are_those_of_the_measures_themselves():
    values = reading(FOUND).values
    assert list(values) == list(MEASURES)
    strict, figures = evaluate(TRUTH, FOUND).stats, identity(TRUTH, FOUND).class_averaged
    assert values["ytvos.AP"] == evaluate(TRUTH, FOUND, "ytvos").stats["AP"]
    assert [values[f"strict.{name}"] for name in ("AP", "AP50", "AR10")] == [strict[n] for n in ("AP", "AP50", "AR10")]
    assert [values[name] for name in ("HOTA", "DetA", "AssA", "IDF1")] == [
        getattr(figures, name) for name in ("HOTA", "DetA", "AssA", "IDF1")
    ]


def test_an_undefined_measure_is_none():
    lone = truth({1: ["##.. ##.."]})  # nothing is occluded
    assert reading({1: [found("##.. ##..", 0.9)]}, lone).values["AP heavy"] is None


def test_what_strict_accepts_is_read_as_it_is():
    made = reading(FOUND)
    assert made.refusal is None
    assert made.whole is FOUND
    assert made.ytvos is made.strict


def test_a_true_track_of_id_0_is_read_by_each_dialect():
    (one,) = truth({1: ["##.. ##.."]}).tracks[1]
    zero = type(one)(0, 1, 1, one.segmentations, one.areas, one.boxes)
    true = Truth(truth({1: ["##.. ##.."]}).videos, {1: [zero]}, TRUTH.categories, TRUTH.path)
    made = reading({1: [found("##.. ##..", 0.9)]}, true)
    assert (made.values["ytvos.AP"], round(made.values["strict.AP"] or 0, 9)) == (0.0, 1.0)


def test_what_strict_refuses_is_read_by_the_reference_and_with_what_is_missing_as_missing():
    short = {1: [found("##.. ##..", 0.9)], 2: []}
    made = reading(short)
    assert made.refusal is not None
    assert "shorter than their video" in made.refusal
    assert made.ytvos.stats == evaluate(TRUTH, short, "ytvos").stats
    padded = {1: [found("##.. ##.. - - -", 0.9)], 2: []}
    assert made.strict.stats == evaluate(TRUTH, padded).stats
    assert made.values["HOTA"] == identity(TRUTH, padded).class_averaged.HOTA


def test_missing_is_what_is_not_there_does_not_fit_has_no_category_or_no_score():
    stub = encode(np.zeros((1, 1), bool))
    (short,) = found("##..", 0.9).segmentations
    tracks = [
        Track(1, 0.9, (short,)),
        Track(1, 0.8, (stub, short, None, None, None)),
        Track(1, 0.7, (short,) * 7),
        Track(99, 0.6, (short,) * 5),
        Track(1, math.nan, (short,) * 5),
        Track(1, math.inf, (short,) * 5),
    ]
    made = without_breaches(TRUTH, {1: tracks})[1]
    assert [drawn(track) for track in made] == ["##.. - - - -", "- ##.. - - -", "##.. ##.. ##.. ##.. ##.."]
    assert [track.score for track in made] == [0.9, 0.8, 0.7]
    assert reading({1: tracks}).refusal is not None
