"""Every figure is that of `evaluate`, `identity` and `occlusion_groups`, to the last bit, after every attack."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simvtr.auditing.attacks import ATTACKS
from simvtr.auditing.audit import MEASURES
from simvtr.auditing.cache import OverlapCache
from simvtr.auditing.measures import Measures
from simvtr.auditing.reading import without_breaches
from simvtr.errors import DataError
from simvtr.evaluation import evaluate
from simvtr.evaluation.dialects import require_strict
from simvtr.evaluation.groups import occlusion_groups, occlusion_of
from simvtr.evaluation.identities import identity
from simvtr.evaluation.precision import UNDEFINED
from simvtr.schema import Track, Truth
from tests.auditing.pairs import FOUND, TRUTH
from tests.auditing.test_attacks import generated

PAIR = generated(videos=2)


def ours(truth: Truth, found, thresholds=None):
    return Measures(truth, OverlapCache(truth), occlusion_of(truth)).of(found, thresholds)


def theirs(truth: Truth, found, thresholds=None):
    """The same from the masks, by the functions that score results for users."""
    try:
        require_strict(truth, found, "results")
        refused = False
    except DataError:
        refused = True
    whole = without_breaches(truth, found)
    strict, kept = evaluate(truth, whole), identity(truth, whole, threshold=thresholds).class_averaged
    groups = [group.AP for group in occlusion_groups(strict, occlusion_of(truth))]
    figures = [evaluate(truth, found, "ytvos").stats["AP"], *(strict.stats[name] for name in ("AP", "AP50", "AR10"))]
    figures += [getattr(kept, name) for name in ("HOTA", "DetA", "AssA", "IDF1")]
    return {k: None if v == UNDEFINED else v for k, v in zip(MEASURES, figures + groups, strict=True)}, refused


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.slug)
def test_figures_after_an_attack_are_the_same(attack):
    truth, found = PAIR
    tampered = attack.apply(found, truth)
    assert ours(truth, tampered) == theirs(truth, tampered)


def test_figures_of_crowds_gaps_and_unmatched_categories_are_the_same():
    assert ours(TRUTH, FOUND) == theirs(TRUTH, FOUND)
    crowd = {2: [replace(TRUTH.tracks[2][0], crowd=True), TRUTH.tracks[2][1]], 1: TRUTH.tracks[1]}
    assert ours(replace(TRUTH, tracks=crowd), FOUND) == theirs(replace(TRUTH, tracks=crowd), FOUND)


def test_a_true_track_of_id_0_is_seen_by_one_reading():
    zero = replace(TRUTH, tracks={1: [replace(TRUTH.tracks[1][0], id=0), TRUTH.tracks[1][1]], 2: TRUTH.tracks[2]})
    values, refused = ours(zero, FOUND)
    assert (values, refused) == theirs(zero, FOUND)
    assert not refused
    assert values["ytvos.AP"] != values["strict.AP"]


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**32 - 1))
def test_figures_of_drawn_results_are_the_same(seed):
    rng = np.random.default_rng(seed)
    truth, found = generated(seed=seed % 1000, videos=2)
    every = [track for tracks in found.values() for track in tracks]
    categories, scores = [1, 2, 3, 77], [0.2, 0.5, 0.5, 0.9, float("nan")]
    drawn = {
        video: [
            Track(
                int(rng.choice(categories)), float(rng.choice(scores)), every[i].segmentations[: rng.integers(15, 20)]
            )
            for i in rng.integers(0, len(every), rng.integers(0, 8))
        ]
        for video in truth.videos
    }
    thresholds = None if rng.random() < 0.5 else dict.fromkeys(truth.categories, 0.5)
    assert ours(truth, drawn, thresholds) == theirs(truth, drawn, thresholds)


def test_more_than_100_tracks_of_a_video_and_category_are_cut():
    truth, found = PAIR
    many = {1: [replace(track, score=i / 200) for i, track in enumerate(found[1] * 40)], 2: found[2]}
    many[1] = [replace(track, category_id=1) for track in many[1]]
    assert ours(truth, many) == theirs(truth, many)
