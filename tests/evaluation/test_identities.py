import json
from dataclasses import replace
from functools import cache
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest import approx

from simvtr.errors import DataError
from simvtr.evaluation.frames import frame_overlap
from simvtr.evaluation.identities import CANDIDATES, Identity, best_threshold, compute_frame_overlaps, identity
from simvtr.evaluation.tally import FRACTIONS
from simvtr.rle import decode, encode
from simvtr.schema import Category, Track, Truth
from tests.evaluation.identity_cases import HEIGHT, WIDTH, Case, draw
from tests.evaluation.test_identity_parity import read
from tests.evaluation.tiny import found, masks, truth

two_kinds = {1: "fish", 2: "bird"}
few = settings(max_examples=8, deadline=None, derandomize=True, database=None)


def figures(of) -> tuple[float, ...]:
    return tuple(getattr(of, name) for name in FRACTIONS)


def test_the_worked_example_of_the_documentation():
    data = truth({1: ["#... #... #... #...", "..#. ..#. ..#. ..#."]})
    results = {1: [found("#... #... ..#. ..#.", 0.9), found("..#. ..#. #... -", 0.8), found("...# - - -", 0.3)]}
    best = identity(data, results)
    assert best.categories[0].threshold == 0.8
    assert figures(best.class_averaged) == approx((np.sqrt(2.3 / 8), 7 / 8, 2.3 / 7, 1, 8 / 15))
    assert (best.class_averaged.switches, best.class_averaged.fragments) == (2, 0)
    assert figures(identity(data, results, threshold=0.3).class_averaged)[0] == approx(np.sqrt(2.3 / 9))
    assert figures(identity(data, results, threshold=0.9).class_averaged)[0] == approx(np.sqrt(4 / 8 / 3))


def test_perfect_results_score_1():
    data = truth({1: ["## ## -", ".# .# .#", "2: #. #. #."], 2: ["## -"]}, two_kinds)
    same = {v: [Track(t.category_id, 0.5, t.segmentations) for t in tracks] for v, tracks in data.tracks.items()}
    result = identity(data, same)
    assert figures(result.class_averaged) == figures(result.detection_averaged) == (1.0,) * 5
    assert (result.class_averaged.switches, result.class_averaged.fragments) == (0, 0)


def test_no_results_score_0_and_have_no_localisation():
    result = identity(truth({1: ["# #"]}), {})
    assert figures(result.class_averaged) == (0.0, 0.0, 0.0, -1.0, 0.0)
    assert result.categories[0].threshold is None


def test_idf1_gives_a_cut_track_its_longer_part():
    cut = identity(truth({1: ["# # # #"]}), {1: [found("# # # -", 0.9), found("- - - #", 0.8)]}, threshold=0)
    assert cut.class_averaged.IDF1 == 2 * 3 / (4 + 4)
    assert cut.class_averaged.AssA == approx((3 * 3 / 4 + 1 / 4) / 4)
    assert cut.class_averaged.switches == 1


def test_a_track_meets_its_own_category_only():
    data = truth({1: ["# #", "2: -  #"]}, two_kinds)
    result = identity(data, {1: [found("# #", 0.9, category=2)]}, threshold=0)
    fish, bird = result.categories
    assert fish.figures.HOTA == 0.0
    assert bird.figures.DetA == 1 / 2  # one match, one false mask
    assert result.class_averaged.DetA == 1 / 4
    assert result.detection_averaged.DetA == 1 / 4  # one match, one false, two missed masks


def test_a_category_without_truth_counts_detection_averaged_alone():
    data = truth({1: ["# #"]}, two_kinds)
    result = identity(data, {1: [found("# #", 0.9), found("# #", 0.9, category=2)]}, threshold=0)
    assert figures(result.categories[1].figures) == (-1.0,) * 5
    assert result.class_averaged.DetA == 1.0
    assert result.detection_averaged.DetA == 1 / 2


def test_a_stated_threshold_keeps_equal_scores():
    data, results = truth({1: ["#. #."]}), {1: [found("#. #.", 0.5), found(".# .#", 0.4)]}
    assert identity(data, results, threshold=0.5).class_averaged.DetA == 1.0
    assert identity(data, results, threshold=0.4).class_averaged.DetA == 1 / 2
    assert identity(data, results, threshold=0.6).class_averaged.DetA == 0.0


def test_the_best_threshold_is_chosen_per_category():
    data = truth({1: ["#. #.", "2: #. #."]}, two_kinds)
    results = [found("#. #.", 0.9), found(".# .#", 0.5), found("#. #.", 0.3, category=2)]
    fish, bird = identity(data, {1: results}).categories
    assert (fish.threshold, fish.figures.HOTA, fish.found_tracks) == (0.9, 1.0, 1)
    assert (bird.threshold, bird.figures.HOTA, bird.found_tracks) == (0.3, 1.0, 1)


def test_of_equally_good_thresholds_the_highest_is_chosen():
    # without truth every threshold gives HOTA 0
    (only,) = identity(truth({1: ["# #"]}), {1: [found("- -", 0.2), found("- -", 0.7)]}).categories
    assert only.threshold == 0.7


def test_no_other_threshold_is_better_than_the_best():
    data, results = read(*draw(Case(21, videos=3, categories=1, repeat=0.5, false_found=6)))
    results = {v: [replace(t, score=round(t.score, 1)) for t in ts] for v, ts in results.items()}
    stated = [identity(data, results, threshold=tenth / 10).class_averaged.HOTA for tenth in range(11)]
    assert identity(data, results).class_averaged.HOTA == max(stated) > stated[0]


@pytest.mark.parametrize("at", range(CANDIDATES))
def test_up_to_20_scores_are_all_tried(at):
    scores = np.roll(np.linspace(0.1, 0.9, CANDIDATES), at)
    # one right track and 19 false ones: the right one's score is best
    video = frame_overlap([masks("#.")] + [masks(".#")] * (CANDIDATES - 1), [masks("#.")], np.zeros(1, bool))
    assert best_threshold([video], [scores]) == scores[0]


def test_of_many_scores_the_lowest_and_the_highest_are_tried():
    right, false = [masks("#.")], [masks(".#")] * 99
    video = frame_overlap(right + false, [masks("#.")], np.zeros(1, bool))
    assert best_threshold([video], [np.linspace(0.9, 0.1, 100)]) == 0.9
    all_right = frame_overlap(right * 100, [masks("#.")] * 100, np.zeros(100, bool))
    assert best_threshold([all_right], [np.linspace(0.9, 0.1, 100)]) == 0.1


def test_between_the_scores_tried_first_the_best_is_found():
    # 34 right tracks, then 66 false ones; the 20 scores tried first have ranks 0, 5, 10, ..., 31, 36, ..., 99
    right, false = [masks("#.")] * 34, [masks(".#")] * 66
    video = frame_overlap(right + false, right, np.zeros(34, bool))
    scores = np.linspace(0.9, 0.1, 100)
    assert best_threshold([video], [scores]) == scores[33]


def test_a_crowd_is_left_out_with_what_lies_in_it():
    data = truth({1: ["##.... ##....", "..#### ..####"]})
    data = replace(data, tracks={1: [data.tracks[1][0], replace(data.tracks[1][1], crowd=True)]})
    results = {1: [found("##.... ##....", 0.9), found("...##. ...##.", 0.8)]}
    result = identity(data, results, threshold=0)
    assert figures(result.class_averaged) == (1.0,) * 5
    assert result.categories[0].true_tracks == 1


def test_only_the_100_best_tracks_of_a_video_and_category_count():
    data = truth({1: ["#."]})
    many = [found(".#", 0.1 + i / 1000) for i in range(100)]
    assert identity(data, {1: [found("#.", 0.05), *many]}, threshold=0).class_averaged.DetA == 0.0
    assert figures(identity(data, {1: [*many, found("#.", 0.9)]}, threshold=0).class_averaged)[1] == approx(1 / 100)


def test_what_strict_refuses_is_refused():
    with pytest.raises(DataError, match=r"results, video 1, track 0 of that video: there must be one mask .* 2 frames"):
        identity(truth({1: ["# #"]}), {1: [found("#", 0.9)]})
    with pytest.raises(DataError, match=r"video 7: results must be of videos in truth\.json"):
        identity(truth({1: ["# #"]}), {7: [found("#", 0.9)]})


@pytest.mark.parametrize("threshold", [float("nan"), float("inf")])
def test_a_threshold_must_be_finite(threshold):
    with pytest.raises(ValueError, match="threshold must be finite, got"):
        identity(truth({1: ["# #"]}), {}, threshold=threshold)


def test_the_table_says_which_threshold_was_chosen():
    data = truth({1: ["# # # #"]}, {1: "fish", 2: "a\nbird"})
    lines = identity(data, {1: [found("# # # -", 0.9)]}).table().splitlines()
    assert lines[0].split() == [*("category", *FRACTIONS), "switches", "fragments", "score", "true", "found"]
    assert " ".join(lines[1].split()) == "class-averaged 75.00 75.00 75.00 100.00 85.71 0 0 - 1 1"
    assert " ".join(lines[3].split()) == "fish 75.00 75.00 75.00 100.00 85.71 0 0 0.9 1 1"
    assert " ".join(lines[4].split()) == "a bird - - - - - 0 0 - 0 0"
    assert "per category the best by HOTA of up to 40 tried; percent." in lines[-1]
    assert "0.5 as stated" in identity(data, {}, threshold=0.5).table()


def test_the_dictionary_is_json():
    data = truth({1: ["# # # #"]}, two_kinds)
    made = json.loads(json.dumps(identity(data, {1: [found("# # # -", 0.9)]}).as_dict()))
    assert made["headline"] == "class_averaged"
    assert made["threshold"] is None
    assert made["class_averaged"]["IDF1"] == 6 / 7
    assert made["categories"][0]["threshold"] == 0.9
    assert made["categories"][1] == {
        "id": 2,
        "name": "bird",
        "threshold": None,
        **dict.fromkeys(FRACTIONS, -1.0),
        "switches": 0,
        "fragments": 0,
        "true": 0,
        "found": 0,
    }


def test_overlaps_may_come_from_elsewhere_and_progress_is_told():
    data, results = read(*draw(Case(22, videos=3, categories=2)))
    asked, told = [], []

    def known(video, tracks, true_tracks, crowd):
        asked.append(video)
        return compute_frame_overlaps(video, tracks, true_tracks, crowd)

    result = identity(data, results, overlaps=known, progress=lambda done, cells: told.append((done, cells)))
    assert result.as_dict() == identity(data, results).as_dict()
    assert told == [(i + 1, len(asked)) for i in range(len(asked))]


@cache
def drawn(seed: int) -> tuple[Truth, dict[int, list[Track]], Identity]:
    case = Case(seed, videos=3, categories=2, objects=4, length=6, cut=0.3, swap=0.3, repeat=0.3, false_found=2)
    data, results = read(*draw(case))
    return data, results, identity(data, results)


seeds = st.integers(0, 2**32 - 1)


@few
@given(seeds)
def test_the_order_of_videos_and_tracks_changes_nothing(seed):
    data, results, before = drawn(seed)
    random = Random(seed)
    videos = random.sample(list(data.videos), len(data.videos))
    mixed = replace(
        data,
        videos={v: data.videos[v] for v in videos},
        tracks={v: random.sample(data.tracks[v], len(data.tracks[v])) for v in videos},
    )
    after = identity(mixed, {v: random.sample(results[v], len(results[v])) for v in videos})
    assert figures(after.class_averaged) == approx(figures(before.class_averaged))
    assert after.class_averaged.switches == before.class_averaged.switches


@few
@given(seeds)
def test_names_of_categories_change_nothing(seed):
    data, results, before = drawn(seed)
    new = {1: 30, 2: 20}
    renamed = replace(
        data,
        tracks={v: [replace(t, category_id=new[t.category_id]) for t in ts] for v, ts in data.tracks.items()},
        categories={new[k]: Category(new[k], f"new {k}") for k in data.categories},
    )
    after = identity(
        renamed, {v: [replace(t, category_id=new[t.category_id]) for t in ts] for v, ts in results.items()}
    )
    assert figures(after.class_averaged) == approx(figures(before.class_averaged))
    assert figures(after.detection_averaged) == approx(figures(before.detection_averaged))


@few
@given(seeds)
def test_a_track_of_nothing_lowers_detection_and_leaves_the_rest(seed):
    data, results, _ = drawn(seed)
    corner = np.zeros((HEIGHT, WIDTH), bool)
    true = [decode(mask) for t in data.tracks[1] for mask in t.segmentations if mask is not None]
    corner[-1, -1] = not any(mask[-1, -1] for mask in true)  # a pixel that no object has, or else none
    masks_of_nothing = (encode(corner),) * data.videos[1].length
    more = results | {1: [*results[1], Track(1, 1.0, masks_of_nothing)]}
    before, after = (identity(data, r, threshold=0).categories[0].figures for r in (results, more))
    assert after.DetA <= before.DetA
    assert (after.AssA, after.LocA, after.switches) == approx((before.AssA, before.LocA, before.switches))
