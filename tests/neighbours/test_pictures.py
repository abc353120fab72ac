"""Rules of frames as other libraries' models take them."""

import json

import numpy as np
import pytest

from simvtr import DataError
from simvtr.neighbours.pictures import Pictures, read_pictures
from tests.neighbours.models import video

DETR = Pictures({"shortest_edge": 800, "longest_edge": 1333})


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (640, 480, (1066, 800)),  # 640 · 800 / 480 = 1066.7, cut off
        (480, 640, (800, 1066)),
        (
            1920,
            1080,
            (1333, 750),
        ),  # 1422 would be too long: 1333 · 1080 / 1920 = 749.8, rounded; the other side is 1333
        (800, 800, (800, 800)),
    ],
)
def test_sides_are_the_librarys(width, height, expected):
    transformers = pytest.importorskip("transformers")
    assert DETR.fitted(width, height) == expected
    theirs = transformers.image_transforms.get_size_with_aspect_ratio((height, width), 800, 1333)
    assert theirs == expected[::-1]


def test_pixels_are_the_librarys():
    import simvtr.model.backbone  # noqa: F401

    transformers = pytest.importorskip("transformers")
    frame = video(1)[0]
    for size, divisor in (({"shortest_edge": 32, "longest_edge": 44}, 0), ({"height": 30, "width": 50}, 32)):
        kind = transformers.Mask2FormerImageProcessorPil if divisor else transformers.DetrImageProcessorPil
        theirs = kind(size=size, **({"size_divisor": divisor} if divisor else {}))(frame, return_tensors="np")
        ours = Pictures(size, divisor)(frame).numpy()
        assert ours.shape == theirs["pixel_values"][0].shape
        assert np.abs(ours - theirs["pixel_values"][0]).max() < 1e-5


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"size": 800, "max_size": 1333}, DETR),  # as it was written in 2021
        ({"size": {"shortest_edge": 800, "longest_edge": 1333}, "do_normalize": False},
         Pictures(DETR.size, mean=(0, 0, 0), std=(1, 1, 1))),
        ({"do_resize": False}, Pictures(None)),
        ({"image_processor": {"size": {"height": 6, "width": 8}, "image_mean": [0.5] * 3}},
         Pictures({"height": 6, "width": 8}, mean=(0.5,) * 3)),
        ({"do_rescale": False, "resample": 3}, Pictures(DETR.size, factor=1.0, resample=3)),
    ],
)  # fmt: skip
def test_every_way_to_say_it_is_read(tmp_path, said, expected):
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(said))
    assert read_pictures(tmp_path, DETR) == expected


def test_what_no_file_says_is_the_models_own(tmp_path):
    assert read_pictures(tmp_path, DETR) is DETR


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "must say how pictures are made"),
        ("[]", "must say how pictures are made"),
        (
            '{"size": {"max_height": 5, "max_width": 6}}',
            r"must have shortest_edge and longest_edge, or height and width",
        ),
    ],
)
def test_what_cannot_be_followed_is_refused(tmp_path, text, message):
    (tmp_path / "preprocessor_config.json").write_text(text)
    with pytest.raises(DataError, match=message):
        read_pictures(tmp_path, DETR)
