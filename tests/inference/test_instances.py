"""Rules of `simvtr.link`: identities for masks that come from anywhere."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import simvtr
from benchmarks.peers.floor import blobs
from simvtr.config import IdentityConfig
from simvtr.data.synth import SynthConfig, make_clip
from simvtr.inference import Instances, TrackBuilder
from simvtr.schema import Category


def test_true_masks_without_embeddings_keep_their_names_where_nothing_hides_them():
    clip = make_clip(SynthConfig(width=160, height=96, frames=30, occlusion="slight", objects=(3, 3)), seed=16)
    assert set(clip.categories) == {8} and (clip.visible_fraction > 0.9).all()  # of one kind, all in sight
    names, random = [set() for _ in clip.categories], np.random.default_rng(0)

    def frames():
        for i in range(clip.masks.shape[1]):
            order = random.permutation(len(clip.categories))  # candidates come in any order
            masks = clip.masks[order, i]
            yield Instances.scored(masks, [0.9] * len(order), clip.categories[order] - 1, classes=8)

    for frame in simvtr.link(frames()):
        for track in frame.tracks:
            names[[np.array_equal(track.mask, mask) for mask in clip.masks[:, frame.index]].index(True)].add(
                track.identity
            )
    assert sorted(map(len, names)) == [1, 1, 1] and len(set.union(*names)) == 3


def test_blobs_of_a_plain_rule_keep_their_names_while_one_hides_and_returns():
    still = np.zeros((48, 96, 3))

    def found():
        for i in range(24):
            picture = np.zeros((48, 96, 3), np.uint8)
            picture[4:16, 3 * i : 3 * i + 12] = 250
            if not 10 <= i < 14:
                picture[28:44, 40:56] = 120
            each = blobs(picture, still, 2)
            masks = np.stack([one.mask for one in each])
            yield Instances.scored(masks, [one.score for one in each], [0] * len(each), classes=1)

    results = list(simvtr.link(found(), [Category(2, "thing")]))
    assert [len(frame.tracks) for frame in results] == [2] * 10 + [1] * 4 + [2] * 10
    assert {track.identity for frame in results for track in frame.tracks} == {0, 1}
    builder = TrackBuilder()
    for frame in results:
        builder.add(frame)
    assert [sum(mask is not None for mask in track.segmentations) for track in builder.tracks()] == [24, 20]


def test_it_streams_and_says_no_more_than_one_frame_at_a_time():
    pulled = []

    def frames():
        for i in range(3):
            pulled.append(i)
            yield Instances.scored(np.ones((1, 2, 3), bool), [0.9], [0], classes=1)

    results = simvtr.link(frames())
    assert next(results).index == 0 and pulled == [0]


def test_the_config_rules_births_and_the_number_of_objects():
    rows = np.eye(3, dtype=bool)[:, :, None].repeat(9, 2)
    frame = Instances.scored(rows, [0.9, 0.5, 0.3], [0, 0, 0], classes=1)
    for config, many in ((IdentityConfig(), 3), (IdentityConfig(birth=0.4), 2), (IdentityConfig(live=1), 1)):
        assert len(next(simvtr.link([frame], config=config)).tracks) == many


MASKS = np.ones((2, 4, 4), bool)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((MASKS.astype(np.uint8), np.ones((2, 1))), r"masks must be bool \(n, H, W\), got uint8 \(2, 4, 4\)"),
        ((MASKS, np.ones((3, 1))), r"probabilities must be \(2, k\), as masks, got \(3, 1\)"),
        ((MASKS, np.full((2, 1), 1.5)), r"must lie in \[0, 1\]. Apply softmax"),
        ((MASKS, np.full((2, 1), np.nan)), r"must lie in \[0, 1\]"),
        ((MASKS, np.ones((2, 0))), r"probabilities must be of one class or more, got \(2, 0\)"),
        ((MASKS, np.full((2, 1), "x")), r"probabilities must be float \(2, k\), got <U1"),
        ((MASKS, np.ones((2, 1)), np.ones((1, 4))), r"embeddings must be \(2, c\), as masks, got \(1, 4\)"),
        ((MASKS[:, :0], np.ones((2, 1))), r"masks must be of one pixel or more, as the frame is, got \(2, 0, 4\)"),
        ((MASKS, np.ones((2, 1)), None, [0.5]), "sureness must have 2 entries, as masks, got 1"),
        ((MASKS, np.ones((2, 1)), None, None, ["a", "b"]), "slots must be numbers, got 'a'"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Instances(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (MASKS.tolist(), np.ones((2, 1))),
            r"masks must be bool \(n, H, W\), got list. masks > 0.5 makes it of probabilities",
        ),
        (([], np.ones((0, 1))), r"got list. .* np.zeros\(\(0, H, W\), bool\) of a frame without objects"),
        ((MASKS, [[1.0], [1.0]]), r"probabilities must be float \(2, k\), got list. Give a numpy array"),
        ((MASKS, np.ones((2, 1)), [[1.0], [1.0]]), r"embeddings must be float \(2, c\), got list"),
        ((MASKS, np.ones((2, 1)), None, 1.0), "sureness must be a list of numbers, one a mask, got float 1.0"),
    ],
)
def test_what_is_no_array_is_refused(arguments, message):
    with pytest.raises(TypeError, match=message):
        Instances(*arguments)


@pytest.mark.parametrize(
    ("change", "do"),
    [
        ({"masks": torch.ones(2, 4, 4)}, "(masks > 0.5).cpu().numpy()"),
        ({"masks": torch.ones(2, 4, 4, dtype=torch.bool)}, "masks.cpu().numpy()"),
        ({"probabilities": torch.ones(2, 1)}, "probabilities.cpu().numpy()"),
        ({"probabilities": torch.ones(2, 1, dtype=torch.bfloat16)}, "probabilities.float().cpu().numpy()"),
        ({"embeddings": torch.ones(2, 3, requires_grad=True)}, "embeddings.detach().cpu().numpy()"),
        ({"picture": torch.ones(4, 4, 3, dtype=torch.uint8)}, "picture.cpu().numpy()"),
    ],
)
def test_where_a_tensor_came_the_message_says_how_it_becomes_an_array(change, do):
    given = {"masks": MASKS, "probabilities": np.ones((2, 1)), **change}
    with pytest.raises(TypeError) as error:
        Instances(**given)
    assert str(error.value).endswith(f". Give {do}.")
    Instances(**{**given, **{name: eval(do, {name: value}) for name, value in change.items()}})  # and it is true


def test_a_frame_without_objects_is_made_as_the_message_says():
    empty = Instances.scored(np.zeros((0, 4, 4), bool), [], [], classes=8)
    assert [len(frame.tracks) for frame in simvtr.link([empty, empty])] == [0, 0]
    with pytest.raises(TypeError, match=r"np.zeros\(\(0, H, W\), bool\) of a frame without objects"):
        Instances.scored([], [], [], classes=8)


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([0.5, 90], [0, 1], r"scores must lie in \[0, 1\], got 90"),
        ([0.5, np.nan], [0, 1], r"scores must lie in \[0, 1\], got nan"),
        ([0.5], [0, 1], r"scores must have 2 entries, as masks, got 1\. .* np.moveaxis\(masks, -1, 0\)"),
        ([0.5, 0.5], [0], "labels must have 2 entries, as masks, got 1"),
        ([0.5, 0.5], [0, 3], r"labels must lie in 0\.\.2, from 0, and be whole, got 3"),
        ([0.5, 0.5], [-1, 0], r"labels must lie in 0\.\.2, from 0, and be whole, got -1"),
        ([0.5, 0.5], [0, 1.5], r"and be whole, got 1\.5"),
        ([0.5, 0.5], [0, np.nan], "and be whole, got nan"),
        ([0.5, 0.5], [0, "cat"], "labels must be numbers, got 'cat'"),
        ([0.5, None], [0, 1], "scores must be numbers, got None"),
        (torch.ones(2, 1), [0, 1], r"scores must be numbers, got \[1\.0\]"),
    ],
)
def test_scores_and_labels_that_do_not_fit_are_refused(scores, labels, message):
    with pytest.raises(ValueError, match=message):
        Instances.scored(MASKS, scores, labels, classes=3)


def test_one_mask_is_told_its_axes_not_the_number_of_its_rows():
    with pytest.raises(
        ValueError, match=r"masks must be bool \(n, H, W\), got bool \(4, 4\). .* mask\[None\] of one mask"
    ):
        Instances.scored(MASKS[0], [0.9], [0], classes=1)


@pytest.mark.parametrize(
    "change", [{"scores": None}, {"scores": 0.9}, {"scores": torch.tensor(0.5)}, {"labels": "12"}, {"classes": "8"}]
)
def test_what_is_no_list_or_no_number_of_classes_is_refused(change):
    ((name, given),) = change.items()
    with pytest.raises(
        TypeError, match=rf"Instances\.scored: {name} must be .* got .*({given}|{type(given).__name__})"
    ):
        Instances.scored(MASKS, **{"scores": [0.9, 0.9], "labels": [0, 1], "classes": 8, **change})


def test_scores_labels_and_sureness_come_as_lists_arrays_or_tensors():
    wanted = Instances.scored(MASKS, [0.25, 0.5], [2, 1], classes=3).probabilities.tolist()
    for of in (np.array, torch.tensor, lambda row: [np.array(one) for one in row]):
        found = Instances.scored(MASKS, of([0.25, 0.5]), of([2.0, 1.0]), np.int64(3))
        assert found.probabilities.tolist() == wanted
        made = Instances(MASKS, np.eye(2), sureness=of([0.25, 0.5]))
        assert (
            json.dumps([track.sureness for track in next(simvtr.link([made])).tracks]) == "[0.25]"
        )  # of two alike the first


def test_a_frame_that_is_no_instances_is_refused_and_told_how_to_make_one():
    for frame, kind in ((MASKS, r"ndarray bool \(2, 4, 4\)"), ({"masks": MASKS}, "dict"), (None, "None")):
        said = rf"frame 1 must be simvtr.Instances, got {kind}. Make one .*scored\(masks, scores, labels"
        with pytest.raises(TypeError, match=said):
            list(simvtr.link([Instances(MASKS, np.ones((2, 1))), frame]))
    with pytest.raises(TypeError, match=r"scored\(masks\.cpu\(\)\.numpy\(\), scores, labels"):
        list(simvtr.link([torch.from_numpy(MASKS)]))


def framed(side=4, classes=2, channels=3):
    return Instances(np.ones((2, side, 4), bool), np.full((2, classes), 0.5), channels and np.ones((2, channels)))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (framed(side=5), r"frame 1: height and width must be \(4, 4\) as in frame 0, got \(5, 4\)"),
        (framed(classes=1), "frame 1: classes must be 2 as in frame 0, got 1"),
        (framed(channels=4), "frame 1: channels of embeddings must be 3 as in frame 0, got 4"),
        (framed(channels=None), "frame 1: channels of embeddings must be 3 as in frame 0, got None"),
        (replace(framed(), embeddings=np.full((2, 3), np.nan)), "frame 1: embeddings must be finite"),
        (replace(framed(), embeddings=np.full((2, 3), np.inf)), "frame 1: embeddings must be finite"),
    ],
)
def test_a_frame_of_another_kind_is_refused_by_its_number(other, message):
    with pytest.raises(ValueError, match=message):
        list(simvtr.link([framed(), other]))


@pytest.mark.parametrize(
    ("categories", "kind", "message"),
    [
        (
            ["a", "b"],
            TypeError,
            r"list of simvtr\.Category records, one a class, got one of str 'a'\. Write \[simvtr\.Category\(",
        ),
        ([Category("1", "a"), Category(2, "b")], TypeError, "ids of categories must be whole numbers, got '1'"),
        ([Category(1, "a"), None], TypeError, "one a class, got one of None. Write"),
        ({1: "a", 2: "b"}, TypeError, r"must be a list of simvtr\.Category records, one a class, got dict"),
        ("ab", TypeError, r"must be a list of simvtr\.Category records, one a class, got str 'ab'"),
        ([Category(1, "a")], ValueError, "categories must be one for each of the 2 classes, got 1"),
        ([], ValueError, "categories must be one for each of the 2 classes, got 0"),
        ([Category(1, "a"), Category(1, "b")], ValueError, r"ids of categories must differ, got \[1, 1\]"),
    ],
)
def test_categories_are_records_one_a_class(categories, kind, message):
    with pytest.raises(kind, match=message):
        list(simvtr.link([framed()], categories))


@pytest.mark.parametrize(("frames", "came"), [(framed(), "Instances"), (None, "None"), (3, "int 3")])
def test_what_is_no_series_of_frames_is_refused_at_once(frames, came):
    said = rf"frames must be a list or generator of simvtr.Instances, got {came}\. One"
    with pytest.raises(TypeError, match=said):
        simvtr.link(frames)


@pytest.mark.parametrize("config", [{"gate": 0.3}, {}, 0.3])
def test_a_config_of_another_kind_is_refused_at_once(config):
    with pytest.raises(TypeError, match=rf"config must be a .*IdentityConfig, got {type(config).__name__}"):
        simvtr.link([framed()], config=config)
