"""Rules of inference, on a model whose answers can be read off the frames."""

import json
import math
import weakref
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from simvtr.config import ModelConfig
from simvtr.errors import DataError
from simvtr.inference import LinkIdentity
from simvtr.inference import Predictor as AnyPredictor
from simvtr.inference.stretch import stretched
from simvtr.rle import decode

Predictor = partial(AnyPredictor, identity="slot")  # rules of frames, windows and tracks; tests/inference/test_link.py
CONFIG = ModelConfig(instances=3, classes=2, categories=((7, "cat"), (3, "dog")), short_side=16, long_side=64)


def frame(*probabilities, height=16, width=24, left=0):
    """A frame that makes the fake model answer: query i has `probabilities[i]` for its class, "no object" the rest.

    A probability below 0 stands for the second class. Query i covers rows 4·i to 4·i + 4; its first `left`
    columns are free.
    """
    picture = np.zeros((height, width, 3), np.uint8)
    for i, p in enumerate(probabilities):
        picture[0, i] = (round(abs(p) * 250), 255 * (p < 0), left)
    return picture


class Fake(nn.Module):
    """Answers per frame, as `frame` says; keeps what it was asked."""

    def __init__(self, config=CONFIG):
        super().__init__()
        self.config, self.calls, self.asked = config, [], []

    def forward(self, frames, padding=None, select=None):
        assert not self.training and torch.is_inference_mode_enabled() and padding is None
        b, t, _, height, width = frames.shape
        self.calls.append(t)
        n = self.config.instances
        deviation, mean = torch.tensor([0.229, 0.224, 0.225]), torch.tensor([0.485, 0.456, 0.406])
        code = (frames[0, :, :, 0, :n].transpose(1, 2) * deviation + mean) * 255  # (t, n, 3), the pixels back
        p = (code[..., 0] / 250).clamp(1e-6, 1 - 1e-6)
        second = code[..., 1] > 128
        probability = torch.stack([p * ~second, p * second, 1 - p], -1) + 1e-9  # (t, n, k+1)
        logits = probability.log()[None]
        masks = torch.full((t, n, math.ceil(height / 4), math.ceil(width / 4)), -8.0)
        for i in range(n):
            for frame_number in range(t):
                masks[frame_number, i, i, round(code[frame_number, i, 2].item()) // 4 :] = 8.0
        chosen = select(0, logits[0], torch.zeros(t, n, 4))
        self.asked.append(chosen.tolist())
        return SimpleNamespace(
            logits=logits, boxes=None, masks=[masks[:, chosen]], aux=(), embeddings=torch.zeros(b, n, 8), dense=()
        )


def stream(frames, **options):
    return list(Predictor(Fake(), **options).stream(frames))


def seen(result):
    return [(track.identity, track.category, round(track.score, 2)) for track in result.tracks]


def same(a, b):
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        assert x == y


# --- one frame ------------------------------------------------------------------------------------------------------


def test_score_is_the_largest_class_probability_and_no_object_is_not_a_class():
    (result,) = stream([frame(0.8, -0.6, 0.1)])  # query 2 is "no object" with 0.9, and still a cat with 0.1
    assert seen(result) == [(0, "cat", 0.8), (1, "dog", 0.6), (2, "cat", 0.1)]
    assert [track.category_id for track in result.tracks] == [7, 3, 7]  # the ids of the data set, not class indices


def test_objects_come_with_the_highest_score_first():
    assert [i for i, *_ in seen(stream([frame(0.2, 0.9, 0.5)])[0])] == [1, 2, 0]


def test_a_query_below_the_threshold_gets_no_mask_and_does_not_enter_the_mask_head():
    model = Fake()
    (result,) = Predictor(model, threshold=0.5).stream([frame(0.4, 0.6, 0.52)])
    assert model.asked == [[1, 2]]
    assert [i for i, *_ in seen(result)] == [1, 2]
    assert sorted(result.votes) == [0, 1, 2]  # its score still counts for the track


def test_in_a_window_a_query_has_masks_only_in_the_frames_where_its_score_suffices():
    first, second = stream([frame(0.9), frame(0.3)], window=2, threshold=0.5)
    assert seen(first) == [(0, "cat", 0.9)] and seen(second) == []


def test_no_query_above_the_threshold_is_an_empty_frame_not_an_error():
    assert seen(stream([frame(0.1)], threshold=0.5)[0]) == []


def test_masks_have_the_size_of_the_frame_that_came_in():
    picture = np.zeros((33, 50, 3), np.uint8)  # 16 rows inside the model, odd sizes outside
    picture[:2, :2] = (225, 0, 0)
    masks = [track.mask for result in stream([picture]) for track in result.tracks]
    assert masks and all(mask.shape == (33, 50) and mask.dtype == bool for mask in masks)


def test_a_mask_is_where_the_enlarged_probability_exceeds_one_half():
    (track,) = stream([frame(0.9, left=8)], threshold=0.5)[0].tracks
    # Cell row 0 and cell columns 2..5 hold logit +8, the others -8: bilinear zero crossings lie on the cell borders.
    expected = np.zeros((16, 24), bool)
    expected[:4, 8:] = True
    expected[3, 8] = False  # the corner is rounded: its share of +8 is 5/8 * 5/8, less than one half
    np.testing.assert_array_equal(track.mask, expected)


@pytest.mark.parametrize("size", [(480, 854), (97, 33), (11, 20)])
def test_masks_are_enlarged_as_torch_does_without_aligned_corners(size):
    logits = torch.randn(24, 43, generator=torch.Generator().manual_seed(0))
    large = torch.nn.functional.interpolate(logits[None, None], size=size, mode="bilinear", align_corners=False)
    expected = (large[0, 0] > 0.2).numpy()
    assert (stretched(logits.numpy(), size, 0.2) != expected).mean() < 1e-4  # rounding at the level itself


def test_a_higher_mask_threshold_makes_smaller_masks():
    def area(threshold):
        return stream([frame(0.9, left=8)], threshold=0.5, mask_threshold=threshold)[0].tracks[0].mask.sum()

    assert area(0.9) < area(0.5) < area(0.1)


def test_a_mask_without_a_pixel_counts_as_absent():
    (result,) = stream([frame(0.9, left=24)], threshold=0.5)  # all columns free
    assert result.tracks == [] and result.votes[0].score == pytest.approx(0.9, abs=0.01)


# --- windows --------------------------------------------------------------------------------------------------------

VIDEO = [frame(0.9, -0.2, left=4), frame(0.7, 0.3), frame(0.8, -0.4), frame(0.0005, -0.9), frame(0.6)]


@pytest.mark.parametrize("window", [2, 3, 5, 99, "all"])
def test_windows_change_nothing_for_a_model_that_looks_at_each_frame_alone(window):
    one, many = (Predictor(Fake(), window=w)(VIDEO) for w in (1, window))
    same(one, many)


def test_the_last_window_is_shorter_and_every_frame_comes_once_and_in_order():
    model = Fake()
    results = list(Predictor(model, window=2).stream(VIDEO))
    assert model.calls == [2, 2, 1]
    assert [result.index for result in results] == [0, 1, 2, 3, 4]


def test_coupled_queries_get_full_windows_by_repeating_the_last_frame():
    config = replace(CONFIG, queries="coupled", frames=4)
    model = Fake(config)
    same(Predictor(model, window=3)(VIDEO), Predictor(Fake())(VIDEO))
    assert model.calls == [4, 4]  # 3 + 1 repeated, 2 + 2 repeated


def test_a_repeated_frame_does_not_choose_queries():
    model = Fake(replace(CONFIG, queries="coupled", frames=4))
    list(Predictor(model, window=4, threshold=0.5).stream([frame(0.9), frame(0.1, 0.8)]))
    assert model.asked == [[0, 1]] and model.calls == [4]


def test_coupled_queries_refuse_a_window_longer_than_theirs():
    config = replace(CONFIG, queries="coupled", frames=4)
    with pytest.raises(ValueError, match="window must be at most 4 frames for this model, got 5"):
        Predictor(Fake(config), window=5)
    with pytest.raises(DataError, match=r"at most 4 frames for this model, got 5. Choose window 4"):
        Predictor(Fake(config), window="all")(VIDEO)


def test_a_video_without_frames_gives_nothing():
    model = Fake()
    assert list(Predictor(model).stream([])) == [] and Predictor(model)([]) == [] and model.calls == []


@pytest.mark.parametrize("window", [1, 3])
def test_no_more_than_one_frame_is_alive_however_long_the_window(window):
    alive, most = weakref.WeakSet(), 0

    def frames():
        nonlocal most
        for _ in range(20):
            picture = Picture(frame(0.9))
            alive.add(picture)
            most = max(most, len(alive))
            yield picture.view()
            del picture

    class Picture(np.ndarray):  # a plain array's views keep its base alive, so counting the base is enough
        def __new__(cls, array):
            return array.view(cls)

        def __hash__(self):
            return id(self)

    for _ in Predictor(Fake(), window=window).stream(frames()):
        most = max(most, len(alive))
    assert most == 1


def test_results_of_a_window_come_before_the_next_window_is_read():
    pulled = []

    def frames():
        for i in range(6):
            pulled.append(i)
            yield frame(0.9)

    results = Predictor(Fake(), window=2).stream(frames())
    next(results)
    assert pulled == [0, 1]
    next(results), next(results)
    assert pulled == [0, 1, 2, 3]


@pytest.mark.parametrize("window", [1, 2, "all"])
def test_overlapping_work_changes_no_result(window):
    video = [frame(0.1 * (i + 1), 0.9, left=i) for i in range(7)]
    plain, overlapping = (
        list(Predictor(Fake(), window=window).stream(iter(video), overlap=overlap)) for overlap in (False, True)
    )
    for one, other in zip(plain, overlapping, strict=True):
        assert (one.index, one.votes, seen(one)) == (other.index, other.votes, seen(other))
        assert all((a.mask == b.mask).all() for a, b in zip(one.tracks, other.tracks, strict=True))


def test_a_frame_of_another_size_is_told_after_the_results_before_it_when_work_overlaps():
    results = Predictor(Fake()).stream([frame(0.9), frame(0.9), frame(0.9, width=20)], overlap=True)
    assert [next(results).index for _ in range(2)] == [0, 1]
    with pytest.raises(DataError, match="one size"):
        next(results)


# --- tracks ---------------------------------------------------------------------------------------------------------


def test_a_track_has_the_category_that_is_most_probable_over_all_its_frames():
    tracks = Predictor(Fake())([frame(0.8), frame(-0.6), frame(0.4)])
    (track,) = (t for t in tracks if t.identity == 0)
    assert track.category_id == 7  # cat 1.2, dog 0.6
    assert track.score == pytest.approx(0.4, abs=0.005)  # (0.8 + 0.0 + 0.4) / 3, all masks sure
    (track,) = (t for t in Predictor(Fake())([frame(0.4), frame(-0.9), frame(0.4)]) if t.identity == 0)
    assert track.category_id == 3  # cat 0.8, dog 0.9: one sure frame against two unsure ones


def test_a_track_has_one_entry_per_frame_and_null_where_its_score_is_below_the_threshold():
    (track,) = Predictor(Fake(), threshold=0.5)([frame(0.8), frame(0.2), frame(0.7)])
    assert [s is not None for s in track.segmentations] == [True, False, True]
    assert decode(track.segmentations[0])[:4].all() and not decode(track.segmentations[0])[4:].any()
    assert track.score == pytest.approx((0.8 + 0.2 + 0.7) / 3, abs=0.005)  # absent frames lower the score, as in VisTR


def test_a_query_without_a_mask_in_any_frame_is_no_track():
    assert [t.identity for t in Predictor(Fake(), threshold=0.5)([frame(0.1, 0.9)] * 2)] == [1]


def test_another_identity_can_be_given_and_starts_anew_with_every_video():
    class Backwards:
        made = 0
        doubt = None

        def __init__(self):
            Backwards.made += 1

        def assign(self, window):
            assert window.embeddings.shape[0] == 3 and window.masks.shape[:2] == (1, 3)
            assert window.masks.any((0, 2, 3)).tolist() == [True, False, False]
            return [12, 11, 10]

    predictor = Predictor(Fake(), identity=Backwards, threshold=0.5)
    assert [t.identity for t in predictor([frame(0.9)] * 2)] == [12]
    assert [t.identity for t in predictor([frame(0.9)])] == [12]
    assert Backwards.made == 2


def test_objects_are_linked_unless_told_otherwise():
    assert isinstance(AnyPredictor(Fake()).namer(), LinkIdentity)


def test_a_linked_object_votes_where_it_is_seen_and_a_glimpse_scores_low():
    def scores(*frames):
        return [round(track.score, 2) for track in AnyPredictor(Fake(), threshold=0.5)(frames)]

    assert scores(*[frame(0.9)] * 20) == [0.45]  # 20 of 20 + 20 frames
    assert scores(*[frame(0.9)] * 20, *[frame(0.1)] * 20) == [0.45]  # its absence costs nothing
    assert scores(frame(0.9)) == [0.04]  # 1 of 1 + 20


def test_a_pass_goes_on_where_an_earlier_one_ended():
    whole = [seen(result) for result in AnyPredictor(Fake()).stream(VIDEO)]
    predictor = AnyPredictor(Fake())
    identity = predictor.namer()
    first = list(predictor.stream(VIDEO[:2], identity=identity))
    restored = LinkIdentity.restored(json.loads(json.dumps(identity.state())))
    rest = list(predictor.stream(VIDEO[2:], 2, restored))
    assert [seen(result) for result in first + rest] == whole
    assert [result.index for result in first + rest] == [0, 1, 2, 3, 4]


# --- the model's state, and wrong input -----------------------------------------------------------------------------


def test_the_model_is_in_eval_mode_even_if_somebody_trains_in_between():
    predictor = Predictor(Fake().train())
    predictor.model.train()
    assert len(predictor([frame(0.9)])) == 1  # the fake model asserts eval and inference mode


def test_model_time_is_counted():
    predictor = Predictor(Fake())
    predictor(VIDEO)
    assert 0 < predictor.model_seconds < 10


def test_frames_of_another_size_are_the_users_error():
    with pytest.raises(DataError, match="frame 1: all frames of a video must have one size, here 24x16, got 30x20"):
        stream([frame(0.9), frame(0.9, height=20, width=30)])
    with pytest.raises(DataError, match=r"frame 0: RGB uint8 \(H, W, 3\) expected, got float64 \(4, 4, 3\)"):
        stream([np.zeros((4, 4, 3))])


@pytest.mark.parametrize(
    ("frames", "cure"),
    [
        ([torch.zeros(4, 6, 3, dtype=torch.uint8)], r"Give frame\.cpu\(\)\.numpy\(\)\."),
        (np.zeros((4, 6, 3), np.uint8), r"got uint8 \(6, 3\)\. Of one picture give \[picture\]\."),
        ([np.zeros((4, 6), np.uint8)], r"axis=-1\) makes it of grey\."),
        ([np.zeros((3, 4, 6), np.uint8)], r"np\.moveaxis\(frame, 0, -1\) makes it\."),
        (["a.png"], r"Give a NumPy array\."),
    ],
)
def test_what_is_no_picture_is_told_how_it_becomes_one(frames, cure):
    with pytest.raises(DataError, match=r"frame 0: RGB uint8 \(H, W, 3\) expected, .*" + cure):
        stream(frames)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 0}, "window must be at least 1"),
        ({"window": "al"}, "window must be at least 1 frame, or \"all\", got 'al'"),
        ({"threshold": 1.5}, r"threshold must lie in \[0, 1\]"),
        ({"mask_threshold": 1.0}, "mask_threshold must lie between 0 and 1"),
        ({"identity": "slots"}, 'identity must be "slot", "link"'),
        ({"precision": "float16"}, 'precision must be "float32" or "bfloat16"'),
    ],
)
def test_wrong_settings_are_refused_at_once(options, message):
    with pytest.raises(ValueError, match=message):
        Predictor(Fake(), **options)


def test_names_in_place_of_a_model_and_of_pictures_are_refused_with_what_makes_them():
    with pytest.raises(TypeError, match=r"model must be a SimVTR, got str 'simvtr-tiny'. As simvtr\.load"):
        Predictor("simvtr-tiny")
    with pytest.raises(TypeError, match=r"frames must be pictures, got str 'clip.mp4'. Give simvtr\.read_frames"):
        Predictor(Fake())("clip.mp4")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000000000 bytes."),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 4000000000 bytes."),
    ],
    ids=["cuda", "linux", "windows"],
)
def test_a_window_that_does_not_fit_into_memory_is_told_with_its_size(error):
    class Full(Fake):
        def forward(self, *_, **__):
            raise error

    with pytest.raises(DataError, match=r"one of 5 frames does not\. Choose a smaller window\."):
        Predictor(Full(), window="all")([frame(0.9)] * 5)


def test_other_errors_of_the_model_stay_what_they_are():
    class Broken(Fake):
        def forward(self, *_, **__):
            raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        Predictor(Broken())([frame(0.9)])
