"""Rules that hold for any data set: drawn by hypothesis, checked on whole scoring runs."""

import gzip
import json
import zipfile
from dataclasses import replace
from random import Random

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simvtr.evaluation import evaluate
from simvtr.evaluation.overlap import track_iou, track_ious
from simvtr.rle import decode, encode, from_json
from simvtr.schema import Category, Track, Truth, TruthTrack, Video, read_predictions, read_truth
from tests.evaluation.reference_cases import Case, draw
from tests.evaluation.tiny import truth as tiny_truth

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=8, deadline=None, derandomize=True, database=None)


def data(seed: int, **options) -> tuple[Truth, dict[int, list[Track]]]:
    drawn, results = draw(Case(seed=seed, videos=3, categories=3, **options))
    made = tiny_truth({})
    videos = {v["id"]: Video(v["id"], v["width"], v["height"], v["length"]) for v in drawn["videos"]}
    true: dict[int, list[TruthTrack]] = {video: [] for video in videos}
    for a in drawn["annotations"]:
        masks = tuple(from_json(s, where="drawn") for s in a["segmentations"])
        track = TruthTrack(a["id"], a["video_id"], a["category_id"], masks, tuple(a["areas"]), (), bool(a["iscrowd"]))
        true[a["video_id"]].append(track)
    categories = {c["id"]: Category(c["id"], c["name"]) for c in drawn["categories"]}
    found: dict[int, list[Track]] = {video: [] for video in videos}
    for r in results:
        masks = tuple(from_json(s, where="drawn") for s in r["segmentations"])
        found[r["video_id"]].append(Track(r["category_id"], r["score"], masks))
    return replace(made, videos=videos, tracks=true, categories=categories), found


def shuffled(mapping: dict, random: Random, lists: bool) -> dict:
    keys = list(mapping)
    random.shuffle(keys)
    values = {key: list(mapping[key]) if lists else mapping[key] for key in keys}
    if lists:
        for value in values.values():
            random.shuffle(value)
    return values


@few
@given(seeds)
def test_the_order_of_videos_and_tracks_changes_nothing(seed):
    truth, found = data(seed, crowd=0.2)
    random = Random(seed)
    mixed = replace(
        truth,
        videos=shuffled(truth.videos, random, lists=False),
        tracks=shuffled(truth.tracks, random, lists=True),
        categories=shuffled(truth.categories, random, lists=False),
    )
    one, other = evaluate(truth, found), evaluate(mixed, shuffled(found, random, lists=True))
    np.testing.assert_array_equal(one.precision, other.precision)
    np.testing.assert_array_equal(one.recall, other.recall)


@few
@given(seeds, st.booleans())
def test_the_order_in_the_files_and_their_packing_change_nothing(tmp_path_factory, seed, class_agnostic):
    drawn, results = draw(Case(seed=seed, videos=3, categories=3, crowd=0.2))
    random, folder = Random(seed), tmp_path_factory.mktemp("files")
    mixed = {key: random.sample(drawn[key], len(drawn[key])) for key in random.sample(sorted(drawn), len(drawn))}
    mixed["annotations"] = [dict(sorted(a.items(), reverse=True)) for a in mixed["annotations"]]
    (folder / "truth.json").write_text(json.dumps(drawn))
    (folder / "results.json").write_text(json.dumps(results))
    (folder / "mixed.json.gz").write_bytes(gzip.compress(json.dumps(mixed, indent=1).encode(), 1))
    with zipfile.ZipFile(folder / "mixed.zip", "w") as archive:
        archive.writestr("anything.json", json.dumps(random.sample(results, len(results))))
    stats = []
    for one, other in (("truth.json", "results.json"), ("mixed.json.gz", "mixed.zip")):
        truth = read_truth(folder / one)
        stats.append(evaluate(truth, read_predictions(folder / other, truth), class_agnostic=class_agnostic))
    np.testing.assert_array_equal(stats[0].precision, stats[1].precision)
    np.testing.assert_array_equal(stats[0].recall, stats[1].recall)
    assert stats[0].stats == stats[1].stats


@few
@given(seeds, st.sampled_from([lambda s: s * 1e6, lambda s: s - 5, lambda s: s**3, lambda s: -1 / (s + 1e-3)]))
def test_scores_count_by_their_order_alone(seed, rising):
    truth, found = data(seed, crowd=0.2, coarse_scores=True)
    other = {video: [replace(track, score=rising(track.score)) for track in tracks] for video, tracks in found.items()}
    assert evaluate(truth, found).stats == evaluate(truth, other).stats


@few
@given(seeds)
def test_doubling_the_data_set_changes_no_figure(seed):
    truth, found = data(seed, crowd=0.2)
    twice = replace(
        truth,
        videos=truth.videos | {v + 100: replace(video, id=v + 100) for v, video in truth.videos.items()},
        tracks=truth.tracks
        | {
            v + 100: [replace(t, id=t.id + 1000, video_id=v + 100) for t in tracks]
            for v, tracks in truth.tracks.items()
        },
    )
    one, two = evaluate(truth, found), evaluate(twice, found | {v + 100: ts for v, ts in found.items()})
    # not to the last bit: the reference divides by the count plus 2e-16, which only shows in a count of 1
    np.testing.assert_allclose(one.precision, two.precision, rtol=1e-12)
    np.testing.assert_array_equal(one.recall, two.recall)


@few
@given(seeds)
def test_perfect_results_score_one(seed):
    truth, _ = data(seed)
    seen = {v: [t for t in ts if any(t.areas)] for v, ts in truth.tracks.items()}
    truth = replace(truth, tracks=seen)
    found = {v: [Track(t.category_id, 0.9, t.segmentations) for t in ts] for v, ts in seen.items()}
    for name, value in evaluate(truth, found).stats.items():
        if name != "AR1":  # one track a video and category cannot find two
            assert value == -1.0 or abs(value - 1) < 1e-12, name


@few
@given(seeds, st.integers(0, 10**6))
def test_one_more_found_track_never_lowers_recall(seed, pick):
    truth, found = data(seed, crowd=0.2, false_found=4)
    places = [(video, i) for video, tracks in found.items() for i in range(len(tracks))]
    assume(places)
    video, place = places[pick % len(places)]
    fewer = found | {video: [track for i, track in enumerate(found[video]) if i != place]}
    hundred = np.s_[..., 2]  # with a limit of 1 or 10 a false track may push a right one out
    assert (evaluate(truth, found).recall[hundred] >= evaluate(truth, fewer).recall[hundred]).all()


@few
@given(seeds, st.booleans())
def test_the_dialects_agree_on_clean_input(seed, class_agnostic):
    truth, found = data(seed, crowd=0.3, coarse_scores=True, same_masks=True, empty=0.3)
    strict, ytvos = (evaluate(truth, found, d, class_agnostic=class_agnostic) for d in ("strict", "ytvos"))
    np.testing.assert_array_equal(strict.precision, ytvos.precision)
    np.testing.assert_array_equal(strict.recall, ytvos.recall)
    assert strict.stats == ytvos.stats


@few
@given(seeds)
def test_overlap_is_symmetric_and_equals_the_count_of_pixels(seed):
    random = np.random.default_rng(seed)
    a, b = (random.random((2, 4, 7, 5)) < random.random((2, 4, 1, 1)) for _ in range(2))
    left, right = (
        [[encode(frame) if frame.any() else None for frame in track] for track in tracks] for tracks in (a, b)
    )
    iou = track_ious(left, right)
    np.testing.assert_array_equal(iou, track_ious(right, left).T)
    assert iou.tolist() == [[track_iou(x, y) for y in b] for x in a]
    assert all(
        (decode(m) == f).all() for track, t in zip(left, a, strict=True) for m, f in zip(track, t, strict=True) if m
    )
