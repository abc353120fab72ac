"""The sensitivity matrix: a row for every attack, by honest thresholds, and for every way to link without tracking."""

import math

import pytest

from simvtr.auditing.attacks import ATTACKS
from simvtr.auditing.cache import OverlapCache
from simvtr.auditing.matrix import Matrix
from simvtr.auditing.reading import read, without_breaches
from simvtr.evaluation import evaluate
from simvtr.evaluation.groups import occlusion_of
from simvtr.evaluation.identities import identity
from simvtr.schema import Track
from tests.auditing.pairs import FOUND, TRUTH
from tests.evaluation.tiny import found


def matrix(tracks, cache: OverlapCache | None = None) -> Matrix:
    cache, occlusion = cache or OverlapCache(TRUTH), occlusion_of(TRUTH)
    return Matrix(TRUTH, tracks, cache, occlusion, read(TRUTH, tracks, OverlapCache(TRUTH), occlusion).identity, 0)


def rows(tracks):
    return {slug: job() for slug, job in matrix(tracks).attacks().items()}


@pytest.fixture(scope="module")
def made():
    """The rows of FOUND."""
    return rows(FOUND)


def test_there_is_a_row_for_every_attack_in_their_order(made):
    assert list(made) == [attack.slug for attack in ATTACKS]


def test_the_reference_s_column_is_what_its_dialect_scores(made):
    for attack in ATTACKS:
        tampered = attack.apply(FOUND, TRUTH, 0)
        assert made[attack.slug].values["ytvos.AP"] == evaluate(TRUTH, tampered, "ytvos").stats["AP"], attack.slug
        whole = without_breaches(TRUTH, tampered)
        assert made[attack.slug].values["strict.AP"] == evaluate(TRUTH, whole).stats["AP"], attack.slug


@pytest.mark.parametrize("slug", ["every-2-dropped", "swap-50", "cut-2", "duplicated", "all-categories"])
def test_thresholds_are_the_honest_ones_where_an_attack_leaves_the_scores(slug, made):
    (attack,) = [attack for attack in ATTACKS if attack.slug == slug]
    kept = {
        c.id: math.nextafter(math.inf, 0) if c.threshold is None else c.threshold
        for c in identity(TRUTH, FOUND).categories
    }
    theirs = identity(TRUTH, attack.apply(FOUND, TRUTH, 0), threshold=kept).class_averaged
    assert made[slug].values["HOTA"] == theirs.HOTA


@pytest.mark.parametrize("slug", ["tied", "rescaled", "truth"])
def test_thresholds_are_chosen_anew_where_an_attack_changes_the_scores(slug, made):
    (attack,) = [attack for attack in ATTACKS if attack.slug == slug]
    theirs = identity(TRUTH, attack.apply(FOUND, TRUTH, 0)).class_averaged
    assert made[slug].values["HOTA"] == theirs.HOTA


def test_tracks_added_where_nothing_was_found_do_not_count_by_the_honest_thresholds():
    lone = {1: [found("##.. ##.. ##.. ##.. ##..", 0.9)], 2: [found("#### #### - #### ####", 0.7, 1)]}  # no crab found
    assert (
        rows(lone)["all-categories"].values["HOTA"]
        == read(TRUTH, lone, OverlapCache(TRUTH), occlusion_of(TRUTH)).values["HOTA"]
    )


def test_a_row_says_whether_anything_was_changed(made):
    assert made["first-16-padded"].unchanged  # videos of 5 frames
    assert made["first-16-short"].unchanged
    assert not made["first-2-padded"].unchanged
    assert not made["free-category"].unchanged
    assert not made["truth"].unchanged
    lone = {1: FOUND[1][:1]}
    assert rows(lone)["swap-50"].unchanged  # one track has none to exchange with
    assert rows({1: [Track(1, 1.0, FOUND[1][0].segmentations)]})["tied"].unchanged


def test_a_row_says_whether_strict_refuses_it(made):
    refused = {slug for slug, row in made.items() if row.refused}
    assert refused == {f"first-{k}-short" for k in (1, 2)} | {"abstain-median", "abstain-jumps", "abstain-bad"}


def test_probes_need_no_results_and_leave_the_cache_as_it_was():
    cache = OverlapCache(TRUTH)
    made = matrix(FOUND, cache).probed()
    assert [row.slug for row in made] == ["linked-by-overlap", "linked-by-slot", "linked-by-class"]
    assert all(row.oracle and not row.refused for row in made)
    assert cache._videos[1].known == (0, 0)
    # by overlap only the fish that jumps from #... to .#.. is cut in two, and the crab, which is away for a frame
    assert made[0].values["DetA"] == pytest.approx(1.0)
    assert made[0].values["AssA"] is not None
    assert made[0].values["AssA"] < 1
