"""The sensitivity matrix: what each measure says of results, honest or not, under both readings."""

import math
import multiprocessing
import os
import signal

import numpy as np
import pytest

from simvtr.auditing import matrix
from simvtr.auditing.attacks import ATTACKS
from simvtr.auditing.audit import MEASURES
from simvtr.auditing.cache import OverlapCache
from simvtr.auditing.matrix import Reading, attacked, probed, read, without_breaches
from simvtr.errors import DataError
from simvtr.evaluation import evaluate
from simvtr.evaluation.groups import occlusion_of
from simvtr.evaluation.identity import identity
from simvtr.rle import encode
from simvtr.schema import Track, Truth
from tests.auditing.drawn import drawn
from tests.evaluation.tiny import found, truth

TRUTH = truth(
    {
        1: ["##.. ##.. ##.. ##.. ##..", "..## ..## ..## ..## ..##"],
        2: ["2: #### #### - #### ####", "#... #... #... #... .#.."],
    },
    {1: "fish", 2: "crab", 3: "eel"},
)
FOUND = {
    1: [found("##.. ##.. ##.. ##.. #...", 0.9), found("..## ..## .### ..## ..##", 0.8)],
    2: [found("#### ###. - #### ####", 0.7, 2), found("#... #... - #... .#..", 0.6), found("...# - - - -", 0.1)],
}


def reading(tracks, true: Truth = TRUTH, thresholds=None) -> Reading:
    return read(true, tracks, OverlapCache(true), occlusion_of(true), thresholds)


def rows(tracks, workers: int = 1):
    cache, occlusion = OverlapCache(TRUTH), occlusion_of(TRUTH)
    honest = read(TRUTH, tracks, cache, occlusion)
    return {row.slug: row for row in attacked(TRUTH, tracks, cache, occlusion, honest, 0, workers)}


@pytest.fixture(scope="module")
def made():
    """The rows of FOUND."""
    return rows(FOUND)


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


def test_there_is_a_row_for_every_attack_in_their_order(made):
    assert list(made) == [attack.slug for attack in ATTACKS]


def test_one_process_and_two_make_the_same_rows(made):
    assert rows(FOUND, workers=2) == made


def killed(index: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)  # as a kernel does that is out of memory


def test_a_process_that_is_killed_is_told_and_not_waited_for(monkeypatch):
    monkeypatch.setattr(matrix, "_row", killed)
    with pytest.raises(DataError, match=r"ended from outside, .* Run with --workers 1\."):
        rows(FOUND, workers=2)
    assert multiprocessing.active_children() == []


def endless(index: int) -> None:
    signal.pause()


def test_an_interrupt_ends_all_processes_at_once(monkeypatch):
    monkeypatch.setattr(matrix, "_row", endless)
    before = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            rows(FOUND, workers=2)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert multiprocessing.active_children() == []


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
    assert rows(lone)["all-categories"].values["HOTA"] == reading(lone).values["HOTA"]


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
    made = probed(TRUTH, cache, occlusion_of(TRUTH))
    assert [row.slug for row in made] == ["linked-by-overlap", "linked-by-slot", "linked-by-class"]
    assert all(row.oracle and not row.refused for row in made)
    assert cache._videos[1].known == (0, 0)
    # by overlap only the fish that jumps from #... to .#.. is cut in two, and the crab, which is away for a frame
    assert made[0].values["DetA"] == pytest.approx(1.0)
    assert made[0].values["AssA"] is not None
    assert made[0].values["AssA"] < 1
