"""A clip: deterministic, disjoint masks, fractions and labels that follow from them."""

import dataclasses
import hashlib

import cv2
import numpy as np
import pytest

from simvtr.data.synth import CATEGORIES, SynthConfig, make_clip, occlusion_label
from simvtr.data.synth.clip import visible
from simvtr.data.synth.render import OCCLUDER, Frame, draw
from simvtr.data.synth.scene import make_scene

SMALL = SynthConfig(width=96, height=64, frames=6, occlusion="heavy")


def digest(clip) -> str:
    parts = (clip.frames, clip.masks, clip.categories, clip.visible_fraction)
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


def test_the_same_seed_gives_the_same_clip_and_another_seed_another():
    np.random.seed(1)  # global state must not matter
    first = digest(make_clip(SMALL, 5))
    np.random.seed(2)
    assert digest(make_clip(SMALL, 5)) == first
    assert digest(make_clip(SMALL, 6)) != first


def test_shapes_and_types_are_those_of_the_docstring():
    clip = make_clip(SMALL, 0)
    n = len(clip.categories)
    assert clip.frames.shape == (6, 64, 96, 3) and clip.frames.dtype == np.uint8
    assert clip.masks.shape == (n, 6, 64, 96) and clip.masks.dtype == bool
    assert clip.visible_fraction.shape == (n, 6)
    assert set(clip.categories) <= set(range(1, len(CATEGORIES) + 1))


@pytest.mark.parametrize("seed", range(6))
def test_masks_are_disjoint_and_agree_with_the_fractions(seed):
    clip = make_clip(SMALL, seed)
    assert clip.masks.sum(0).max() <= 1
    seen = clip.masks.any((2, 3))
    np.testing.assert_array_equal(seen, clip.visible_fraction > 0)  # nan > 0 is False
    assert seen.any(1).all()  # an object that never appears is left out
    assert np.nanmax(clip.visible_fraction) <= 1


def test_visible_fraction_counts_the_silhouette_inside_the_picture_only():
    labels = np.zeros((10, 10), np.uint8)
    labels[:5, :4] = 1  # 20 pixels seen of 40
    labels[5:, :4] = OCCLUDER
    labels[0, 9] = 2  # 1 pixel seen of 20: fewer than 4 are as good as none
    masks, fraction = visible(Frame(np.zeros((10, 10, 3), np.uint8), labels, np.array([40, 20, 0])))
    assert masks.sum((1, 2)).tolist() == [20, 0, 0]
    assert fraction[:2].tolist() == [0.5, 0.0] and np.isnan(fraction[2])


def test_labels_follow_the_thresholds():
    above = [occlusion_label(f) for f in (1.0, 0.951, 0.95, 0.501, 0.5, 0.01)]
    assert above == ["no_occlusion"] * 2 + ["slight_occlusion"] * 2 + ["severe_occlusion"] * 2
    assert occlusion_label(0.0) is None and occlusion_label(float("nan")) is None


def test_masks_follow_what_is_drawn():
    scene = make_scene(SynthConfig(width=96, height=64, frames=1, occlusion="slight", objects=(1, 1), noise=0), 4)
    with_object, without = draw(scene, 0), draw(dataclasses.replace(scene, objects=(), swap=None), 0)
    inside = with_object.labels == 1
    assert inside.sum() > 50
    change = with_object.picture.astype(int) - without.picture
    assert (change != 0).any(-1)[inside].mean() > 0.97  # an object's colour may equal the background's by chance
    outside = cv2.dilate(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0
    assert change[outside].max() <= 0  # further than a pixel from the mask there is only its shadow


def test_motion_blur_changes_the_picture_and_not_the_masks():
    sharp, blurred = make_clip(SMALL, 3), make_clip(dataclasses.replace(SMALL, motion_blur=True), 3)
    np.testing.assert_array_equal(sharp.masks, blurred.masks)
    assert (sharp.frames != blurred.frames).any()


@pytest.mark.parametrize("seed", (7, 8, 9))
def test_a_longer_clip_begins_with_the_shorter_one(seed):
    """So speed does not depend on the length. The rare swap of depth is the exception: it looks for a clear moment."""
    short, long = (
        dataclasses.replace(make_scene(dataclasses.replace(SMALL, frames=frames), seed), swap=None)
        for frames in (4, 60)
    )
    for index in range(4):
        np.testing.assert_array_equal(draw(short, index).picture, draw(long, index).picture)


def test_mixed_takes_the_levels_in_turn():
    mixed = SynthConfig(width=64, height=48, frames=2, occlusion="mixed")
    for seed, level in enumerate(("slight", "moderate", "heavy")):
        one = SynthConfig(width=64, height=48, frames=2, occlusion=level)
        assert digest(make_clip(mixed, seed)) == digest(make_clip(one, seed))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"width": 8}, "32 to 4096, got 8 x 180"),
        ({"frames": 0}, "at least 1, got 0"),
        ({"occlusion": "total"}, "slight, moderate, heavy, mixed, got 'total'"),
        ({"objects": (3, 2)}, r"fewest <= most <= 100, got \(3, 2\)"),
        ({"size": (0.5, 0.1)}, r"within 0.02 to 1 short sides, got \(0.5, 0.1\)"),
        ({"noise": -1.0}, "0 to 50 grey levels, got -1.0"),
    ],
)
def test_a_config_out_of_range_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        SynthConfig(**wrong)


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="seed must be an integer >= 0, got -1"):
        make_clip(SMALL, -1)
