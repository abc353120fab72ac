"""Masks, boxes and presence follow the pixels through every change of a clip."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from simvtr.config import AugmentConfig
from simvtr.data.dataset import Clip
from simvtr.data.transforms import (
    augment,
    boxes_of,
    collate,
    colour_map,
    crop,
    fitted,
    flip,
    paste,
    random_crop,
    resize,
    reverse,
    to_input,
)

NOTHING = AugmentConfig(flip=0, photometric=0, crop=0, short_sides=())


def white_on_black(t=4, height=96, width=160) -> Clip:
    """A white ellipse and a white bar that move apart; the bar leaves the picture after the second frame."""
    y, x = np.mgrid[:height, :width]
    masks = np.zeros((2, t, height, width), bool)
    for i in range(t):
        masks[0, i] = ((y - 40 - 3 * i) / 20) ** 2 + ((x - 50 - 5 * i) / 30) ** 2 <= 1
        if i < 2:
            masks[1, i, 5 : 15 + 2 * i, 110:150] = True
    return Clip(np.repeat(masks.any(0)[..., None] * np.uint8(255), 3, axis=3), masks, np.array([2, 5]))


def bright(clip: Clip) -> np.ndarray:
    return clip.frames.mean(-1) > 127


@pytest.mark.parametrize(
    "change",
    [
        flip,
        reverse,
        lambda clip: crop(clip, 10, 20, 60, 90),
        lambda clip: resize(clip, 48, 540),
        lambda clip: resize(clip, 61, 540),
        lambda clip: resize(clip, 200, 540),
        lambda clip: resize(clip, 300, 210),
    ],
    ids=["flip", "reverse", "crop", "half", "smaller", "larger", "bounded"],
)
def test_masks_are_the_white_pixels_after_every_single_change(change):
    changed = change(white_on_black())
    assert np.array_equal(changed.masks.any(0), bright(changed))
    assert changed.frames.any()


@pytest.mark.parametrize("seed", range(12))
def test_masks_are_the_white_pixels_after_all_changes_together(seed):
    config = AugmentConfig(
        reverse=0.5, photometric=0, permute_channels=1, crop=1, crop_resize=(96, 140), crop_size=(40, 120),
        short_sides=(50, 96, 130), long_side=210,
    )  # fmt: skip
    changed = augment(white_on_black(), config, np.random.default_rng(seed))
    assert np.array_equal(changed.masks.any(0), bright(changed))


@pytest.mark.parametrize("seed", range(6))
def test_boxes_are_tight_around_the_white_pixels_after_augmentation(seed):
    whole = white_on_black()
    one = Clip(whole.masks[0][..., None].repeat(3, -1) * np.uint8(255), whole.masks[:1], whole.labels[:1])
    config = AugmentConfig(photometric=0, crop=1, crop_resize=(96,), crop_size=(60, 120), short_sides=(80,))
    batch = collate([augment(one, config, np.random.default_rng(seed))])
    white = to_pixels(batch.frames[0])
    _, height, width = white.shape
    for picture, (cx, cy, w, h) in zip(white, batch.targets[0].boxes[0].tolist(), strict=True):
        if not picture.any():  # cropped away in this frame
            assert (cx, cy, w, h) == (0, 0, 0, 0)
            continue
        rows, columns = np.nonzero(picture.any(1))[0], np.nonzero(picture.any(0))[0]
        left, right, top, bottom = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
        assert ((cx - w / 2) * width, (cx + w / 2) * width) == pytest.approx((left, right), abs=1e-3)
        assert ((cy - h / 2) * height, (cy + h / 2) * height) == pytest.approx((top, bottom), abs=1e-3)


def to_pixels(frames: torch.Tensor) -> np.ndarray:
    """Which pixels of normalised frames are brighter than half."""
    return (frames.mean(1) > to_input(np.full((1, 1, 1, 3), 127, np.uint8), None, 1).mean()).numpy()


def test_flipping_or_reversing_twice_is_nothing():
    clip = white_on_black()
    for change in (flip, reverse):
        twice = change(change(clip))
        assert np.array_equal(twice.frames, clip.frames)
        assert np.array_equal(twice.masks, clip.masks)


def test_a_single_frame_can_be_flipped_reversed_and_batched():
    # numpy calls a reversed axis of length 1 contiguous; torch refuses its stride
    config = AugmentConfig(flip=1, reverse=1, photometric=0, crop=0, short_sides=())
    clip = white_on_black(t=1)
    batch = collate([augment(clip, config, np.random.default_rng(0))])
    assert np.array_equal(batch.targets[0].masks.numpy(), clip.masks[..., ::-1])
    view = Clip(clip.frames[::-1], clip.masks[:, ::-1, ::-1], clip.labels)
    assert np.array_equal(collate([view]).targets[0].masks.numpy(), view.masks)


def test_photometric_changes_leave_masks_alone_and_treat_all_frames_alike():
    clip = white_on_black()
    still = Clip(np.repeat(clip.frames[:1] // 2 + 40, 4, 0), np.repeat(clip.masks[:, :1], 4, 1), clip.labels)
    changed = augment(still, AugmentConfig(flip=0, photometric=1, crop=0, short_sides=()), np.random.default_rng(3))
    assert np.array_equal(changed.masks, still.masks)
    assert not np.array_equal(changed.frames, still.frames)
    for one, other in pairwise(changed.frames):
        assert np.array_equal(one, other)


def test_a_permutation_of_channels_moves_whole_channels():
    frames = np.zeros((1, 2, 2, 3), np.uint8) + np.array([10, 20, 30], np.uint8)
    clip = Clip(frames, np.ones((1, 1, 2, 2), bool), np.array([0]))
    config = AugmentConfig(flip=0, photometric=0, permute_channels=1, crop=0, short_sides=())
    seen = {tuple(augment(clip, config, np.random.default_rng(i)).frames[0, 0, 0].tolist()) for i in range(60)}
    assert len(seen) == 6
    assert all(sorted(colours) == [10, 20, 30] for colours in seen)


def test_grey_stays_grey_under_saturation_and_hue():
    for seed in range(20):
        colour = colour_map(AugmentConfig(photometric=1), np.random.default_rng(seed))
        assert colour is not None
        assert np.ptp(colour @ [90, 90, 90, 1]) < 1e-9


def test_without_any_change_the_clip_comes_back_bit_equal():
    clip = white_on_black()
    same = augment(clip, NOTHING, np.random.default_rng(0))
    assert np.array_equal(same.frames, clip.frames)
    assert np.array_equal(same.masks, clip.masks)


def test_the_same_seed_gives_the_same_clip_and_another_seed_another():
    config = AugmentConfig(crop_resize=(96,), crop_size=(50, 90), short_sides=(60,))
    one, again, other = (augment(white_on_black(), config, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one.frames, again.frames)
    assert not np.array_equal(one.frames, other.frames)


def test_a_crop_keeps_some_object_in_the_picture():
    masks = np.zeros((1, 2, 100, 100), bool)
    masks[0, 1, 30:70, 30:70] = True
    clip = Clip(np.zeros((2, 100, 100, 3), np.uint8), masks, np.array([0]))
    config = AugmentConfig(crop_resize=(100,), crop_size=(20, 40))
    sizes = set()
    for seed in range(50):
        cropped = random_crop(clip, config, np.random.default_rng(seed))
        assert cropped.masks.any()
        sizes.add(cropped.frames.shape[1:3])
    assert len(sizes) > 40  # and does vary


def test_crop_sizes_are_pixels_of_the_resized_picture():
    clip = Clip(np.zeros((1, 50, 100, 3), np.uint8), np.zeros((0, 1, 50, 100), bool), np.zeros(0, np.int64))
    config = AugmentConfig(crop_resize=(200,), crop_size=(80, 80))  # 4 times larger: 80 there are 20 here
    assert random_crop(clip, config, np.random.default_rng(0)).frames.shape == (1, 20, 20, 3)


def test_objects_that_no_frame_shows_any_more_are_dropped():
    clip = white_on_black()
    hidden = Clip(clip.frames[2:], clip.masks[:, 2:], clip.labels)  # the bar has left
    assert augment(hidden, NOTHING, np.random.default_rng(0)).labels.tolist() == [2]


@pytest.mark.parametrize(
    ("size", "sides", "wanted"),
    [
        ((480, 640), (300, 540), (300, 400)),
        ((640, 480), (300, 540), (400, 300)),
        ((720, 1280), (300, 540), (300, 533)),
        ((100, 400), (300, 540), (135, 540)),  # 540 / 4
        ((96, 160), (96, 176), (96, 160)),
    ],
)
def test_the_short_side_is_set_and_the_long_side_bounded(size, sides, wanted):
    assert fitted(*size, *sides) == wanted


def test_inference_sees_the_numbers_of_training():
    frames = np.random.default_rng(0).integers(0, 256, (2, 90, 160, 3), np.uint8)
    clip = Clip(frames, np.zeros((0, 2, 90, 160), bool), np.zeros(0, np.int64))
    config = AugmentConfig(flip=0, photometric=0, crop=0, short_sides=(64,), long_side=100)
    trained = collate([augment(clip, config, np.random.default_rng(0))]).frames[0]
    assert torch.equal(to_input(frames, 64, 100), trained)
    assert torch.equal(to_input(torch.from_numpy(frames), 64, 100), trained)


def test_input_must_be_bytes():
    with pytest.raises(ValueError, match=r"must be uint8 \(t, H, W, 3\), got float64 \(2, 4, 4, 3\)"):
        to_input(np.zeros((2, 4, 4, 3)), None, 1)


def test_clips_of_different_size_are_padded_and_keep_their_own_boxes():
    large, small = white_on_black(), resize(white_on_black(), 48, 540)  # 96x160 and 48x80
    batch = collate([small, large])
    assert batch.frames.shape == (2, 4, 3, 96, 160)
    assert batch.sizes.tolist() == [[48, 80], [96, 160]]
    assert batch.padding is not None
    assert (~batch.padding).sum((1, 2)).tolist() == [48 * 80, 96 * 160]
    assert not batch.padding[0, :48, :80].any()
    assert not batch.frames[0, :, :, 48:].any()
    assert batch.targets[0].masks.shape == (2, 4, 48, 80)
    assert torch.allclose(batch.targets[0].boxes, batch.targets[1].boxes, atol=1.01 / 48)  # a small pixel


def test_clips_of_one_size_need_no_padding():
    assert collate([white_on_black(), white_on_black()]).padding is None


def test_clips_of_different_length_are_refused():
    with pytest.raises(ValueError, match=r"same number of frames, got \[3, 4\]"):
        collate([white_on_black(3), white_on_black(4)])


def test_absent_objects_have_no_presence_and_an_empty_box():
    target = collate([white_on_black()]).targets[0]
    assert target.present.tolist() == [[True] * 4, [True, True, False, False]]
    assert target.boxes[1, 2:].tolist() == [[0] * 4] * 2
    # rows 5..14 of 96, columns 110..149 of 160
    assert target.boxes[1, 0].tolist() == pytest.approx([130 / 160, 10 / 96, 40 / 160, 10 / 96])


def test_a_clip_without_objects_is_a_batch_without_targets():
    clip = Clip(np.zeros((2, 8, 8, 3), np.uint8), np.zeros((0, 2, 8, 8), bool), np.zeros(0, np.int64))
    target = collate([augment(clip, AugmentConfig(crop=1), np.random.default_rng(0))]).targets[0]
    assert target.boxes.shape == (0, 2, 4)
    assert target.present.shape == (0, 2)
    assert boxes_of(clip.masks).dtype == np.float32


def test_pasted_objects_hide_what_is_behind_them_and_presence_and_boxes_follow():
    # 2 frames of 4 x 4; ours: the left half. Theirs: the whole picture in frame 0, the top row in frame 1.
    ours, theirs = np.zeros((1, 2, 4, 4), bool), np.zeros((1, 2, 4, 4), bool)
    ours[..., :2], theirs[0, 0], theirs[0, 1, 0] = True, True, True
    black, white = np.zeros((2, 4, 4, 3), np.uint8), np.full((2, 4, 4, 3), 255, np.uint8)
    both = paste(Clip(black, ours, np.array([1])), Clip(white, theirs, np.array([2])), np.random.default_rng(0))
    (target,) = collate([both]).targets
    assert target.labels.tolist() == [1, 2]
    assert target.present.tolist() == [[False, True], [True, True]]
    assert target.masks.sum((2, 3)).tolist() == [[0, 6], [16, 4]]  # of 8 pixels the top two are hidden
    assert target.boxes[0].tolist() == [[0, 0, 0, 0], [0.25, 0.625, 0.5, 0.75]]
    assert (both.frames[0] == 255).all()
    assert (both.frames[1, 0] == 255).all()
    assert (both.frames[1, 1:] == 0).all()


def test_an_object_that_is_hidden_for_good_is_dropped_and_no_more_than_three_are_pasted():
    clip = white_on_black(height=48, width=80)
    everywhere = Clip(np.zeros((4, 24, 40, 3), np.uint8), np.ones((5, 4, 24, 40), bool), np.arange(5))  # half the size
    both = paste(clip, everywhere, np.random.default_rng(1))
    assert 1 <= len(both.labels) <= 3
    assert both.masks.shape[1:] == clip.masks.shape[1:]
    assert not both.frames.any()


def test_of_a_clip_without_objects_nothing_is_pasted():
    clip = white_on_black()
    assert paste(clip, Clip(clip.frames, clip.masks[:0], clip.labels[:0]), np.random.default_rng(0)) is clip


def test_clips_of_other_lengths_are_not_pasted():
    with pytest.raises(ValueError, match="clips must have as many frames, got 4 and 2"):
        paste(white_on_black(), white_on_black(t=2), np.random.default_rng(0))
