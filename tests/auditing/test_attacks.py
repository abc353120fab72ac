"""Rules that every attack keeps, on pairs drawn from a seed; what each does is tested in the file of its family."""

import copy
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simvtr.auditing import ATTACKS, Attack
from simvtr.auditing.abstention import STUB
from simvtr.auditing.attacks import unpacked
from simvtr.errors import DataError
from simvtr.evaluation import evaluate
from simvtr.rle import MaskTrack, Rle, encode
from simvtr.schema import Category, Predictions, Track, Truth, TruthTrack, Video

HEIGHT, WIDTH, FRAMES = 30, 40, 18
EACH = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.slug)
BLIND = pytest.mark.parametrize("attack", [a for a in ATTACKS if not a.oracle], ids=lambda attack: attack.slug)


def box(y: float, x: float, size: float) -> Rle:
    picture = np.zeros((HEIGHT, WIDTH), bool)
    picture[max(0, round(y)) : round(y + size), max(0, round(x)) : round(x + size)] = True
    return encode(picture)


def drift(rng: np.random.Generator) -> np.ndarray:
    """y, x and size of a square in every frame."""
    start, speed = rng.uniform((2, 2, 8), (14, 22, 12)), rng.uniform(-0.3, 0.5, 3) * (1, 1, 0.2)
    return start + np.arange(FRAMES)[:, None] * speed


def generated(seed: int = 0, videos: int = 8) -> tuple[Truth, dict[int, list[Track]]]:
    """Squares that drift, found with a place that wobbles by frame; as many false tracks of low score."""
    rng = np.random.default_rng(seed)
    truth = Truth({}, {}, {k: Category(k, f"kind {k}") for k in (1, 2, 3)}, Path("truth.json"))  # none is of kind 3
    found: dict[int, list[Track]] = {}
    for video in range(1, videos + 1):
        truth.videos[video] = Video(video, WIDTH, HEIGHT, FRAMES)
        truth.tracks[video], found[video] = [], []
        for i in range(3):
            path, category = drift(rng), 1 + i % 2
            masks = tuple(box(*place) for place in path)
            truth.tracks[video].append(TruthTrack(10 * video + i, video, category, masks, (90.0,) * FRAMES, ()))
            wobble = path + rng.normal(0, rng.uniform(0.2, 1.6), path.shape) * (1, 1, 0.5)
            seen = tuple(box(*place) if rng.random() > 0.05 else None for place in wobble)
            found[video].append(Track(category, float(rng.uniform(0.5, 1)), seen))
            false = tuple(box(*place) for place in drift(rng))
            found[video].append(Track(category, float(rng.uniform(0, 0.6)), false))
    return truth, found


def test_slugs_and_names_are_unique_and_every_family_is_there():
    assert len({attack.slug for attack in ATTACKS}) == len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert {a.family for a in ATTACKS} == {"length", "frames", "abstention", "identity", "masks", "scores", "ceiling"}
    assert all(attack.says.endswith(".") and ". " not in attack.says for attack in ATTACKS)
    assert {attack.slug for attack in ATTACKS if attack.oracle} == {"abstain-bad", "free-category", "truth"}


def test_attacks_can_be_sent_to_another_process():
    assert pickle.loads(pickle.dumps(ATTACKS)) is not ATTACKS


def test_unpacked_results_stay_the_same_objects():
    _, found = generated(videos=1)
    assert unpacked(found)[1][0] is found[1][0]
    packed = {1: [replace(found[1][0], segmentations=MaskTrack.of(found[1][0].segmentations))]}
    assert unpacked(packed) == {1: found[1][:1]}
    assert isinstance(unpacked(packed)[1][0].segmentations, tuple)


@EACH
def test_the_same_seed_gives_the_same_results(attack: Attack):
    truth, found = generated(videos=2)
    assert attack.apply(found, truth, seed=3) == attack.apply(found, truth, seed=3)


@pytest.mark.parametrize("slug", ["shuffled", "flicker-10", "flicker-25"])
def test_another_seed_gives_other_results(slug):
    truth, found = generated(videos=2)
    (attack,) = [attack for attack in ATTACKS if attack.slug == slug]
    assert attack.apply(found, truth, seed=3) != attack.apply(found, truth, seed=4)


@EACH
def test_what_comes_in_is_not_changed(attack: Attack):
    truth, found = generated(videos=2)
    before = copy.deepcopy((truth, found))
    made = attack.apply(found, truth)
    for tracks in made.values():
        tracks.clear()  # nor is it handed out
    assert (truth, found) == before


@EACH
def test_the_order_and_number_of_videos_does_not_matter_to_any_of_them(attack: Attack):
    truth, found = generated(videos=4)
    made = attack.apply(found, truth)
    mixed = replace(truth, videos=dict(reversed(truth.videos.items())), tracks=dict(reversed(truth.tracks.items())))
    assert attack.apply(dict(reversed(found.items())), mixed) == made
    if attack.family != "scores":  # copies go below the tracks of all videos
        assert attack.apply({3: found[3]}, truth)[3] == made[3]


@EACH
def test_masks_that_are_not_changed_are_the_same_objects(attack: Attack):
    truth, found = generated(videos=2)
    ours = {id(mask) for tracks in found.values() for track in tracks for mask in track.segmentations}
    ours |= {id(STUB), id(None)}
    if attack.family == "ceiling":
        ours |= {id(mask) for tracks in truth.tracks.values() for track in tracks for mask in track.segmentations}
    made = attack.apply(found, truth)
    if attack.family != "masks":
        assert {id(mask) for tracks in made.values() for track in tracks for mask in track.segmentations} <= ours


@EACH
def test_scores_and_categories_stay_unless_they_are_the_attack(attack: Attack):
    truth, found = generated(videos=2)
    made = attack.apply(found, truth)
    if attack.family not in ("scores", "ceiling"):
        for video, tracks in found.items():
            kept = [(track.category_id, track.score) for track in made[video]]
            assert set(kept) == {(track.category_id, track.score) for track in tracks}
            assert attack.slug.startswith("cut") or len(kept) == len(tracks)


@BLIND
def test_attacks_that_are_no_oracles_do_not_look(attack: Attack):
    truth, found = generated(videos=2)
    bare = replace(truth, tracks={})
    assert (
        attack.apply(found, truth) == attack.apply(found, bare) == attack.tamper(found, bare, np.random.default_rng(0))
    )


@EACH
def test_results_without_tracks_and_tracks_without_masks_pass(attack: Attack):
    truth, _ = generated(videos=2)
    nothing = Track(1, 0.5, (None,) * FRAMES)
    for found in ({}, {1: []}, {1: [nothing], 2: [nothing, nothing]}, {1: [Track(1, 0.5, ())]}):
        made = attack.apply(found, truth)
        assert attack.family == "ceiling" or made.keys() == found.keys()
        evaluate(truth, made, "ytvos")


@EACH
def test_results_and_truth_read_from_files_are_taken_too(attack: Attack):
    truth, found = generated(videos=2)
    packed = {v: [replace(t, segmentations=MaskTrack.of(t.segmentations)) for t in ts] for v, ts in found.items()}
    true = {v: [replace(t, segmentations=MaskTrack.of(t.segmentations)) for t in ts] for v, ts in truth.tracks.items()}
    made = attack.apply(Predictions(packed, Path("results.json")), replace(truth, tracks=true))
    assert made == attack.apply(found, truth)
    assert all(isinstance(track.segmentations, tuple) for tracks in made.values() for track in tracks)


@EACH
def test_strict_scoring_refuses_short_lists_and_abstentions_and_takes_all_others(attack: Attack):
    truth, found = generated(videos=2)
    made = attack.apply(found, truth)
    if attack.slug.endswith("short") or attack.family == "abstention":
        with pytest.raises(DataError):
            evaluate(truth, made)
    else:
        evaluate(truth, made)


def average_precision(slug: str, dialect) -> float:
    truth, found = generated(videos=16)
    (attack,) = [attack for attack in ATTACKS if attack.slug == slug]
    return evaluate(truth, attack.apply(found, truth), dialect).stats["AP"]


def test_one_frame_keeps_more_than_half_of_the_score_unless_its_absence_counts():
    truth, found = generated(videos=16)
    honest = evaluate(truth, found).stats["AP"]
    assert 0.3 < honest < 0.9
    assert average_precision("first-1-short", "ytvos") > 0.5 * honest
    assert average_precision("first-1-padded", "ytvos") == average_precision("first-1-padded", "strict") < 0.01
    with pytest.raises(DataError, match="96 of 96 tracks are shorter than their video"):
        average_precision("first-1-short", "strict")


def test_the_ceiling_is_1_and_free_categories_are_free():
    truth, found = generated(videos=16)
    assert average_precision("truth", "strict") == pytest.approx(1)
    assert average_precision("free-category", "strict") == evaluate(truth, found).stats["AP"]
