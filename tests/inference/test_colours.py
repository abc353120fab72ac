"""What colours are worth to a name: rules of `histograms`, and of `link` where two things are of one kind."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simvtr
from simvtr.config import IdentityConfig, simvtr_tiny
from simvtr.inference import LinkIdentity, Predictor, SlotIdentity, Window
from simvtr.inference.colours import STEPS, histograms
from simvtr.model import SimVTR

RED, BLUE, GREY = (220, 20, 20), (20, 20, 220), (128, 128, 128)


def scene(*squares):
    """A picture (48, 64, 3), grey, and masks (n, 48, 64) of squares of side 10: (row, column, colour)."""
    picture, masks = np.full((48, 64, 3), GREY, np.uint8), np.zeros((len(squares), 48, 64), bool)
    for mask, (row, column, colour) in zip(masks, squares, strict=True):
        mask[row : row + 10, column : column + 10] = True
        picture[mask] = colour
    return picture, masks


def window(start, *squares, pictures=True):
    """One frame of objects of one class, without embeddings."""
    picture, masks = scene(*squares)
    return Window(start, np.full((1, len(masks), 1), 0.9), masks[None], pictures=picture[None] if pictures else None)


def test_a_surface_of_one_colour_is_one_bin_and_no_pixel_is_none():
    pictures, masks = np.zeros((1, 2, 2, 3), np.uint8), np.array([[np.ones((2, 2)), np.zeros((2, 2))]], bool)
    black, nothing = histograms(pictures, masks)
    assert (black[0], black.sum(), nothing.sum()) == (1, 1, 0)


def test_frames_of_a_window_count_by_their_pixels():
    pictures = np.array([[[RED, RED, RED]], [[BLUE, GREY, GREY]]], np.uint8)
    masks = np.array([[[[True, True, True]]], [[[True, False, False]]]])
    assert sorted(histograms(pictures, masks)[0])[-2:] == pytest.approx([0.5, 0.75**0.5])  # 1 of 4 pixels, 3 of 4


def test_colours_of_an_object_smaller_than_a_cell_are_its_own_pixels():
    pictures, masks = np.full((1, 1080, 1920, 3), GREY, np.uint8), np.zeros((1, 2, 1080, 1920), bool)
    for i, colour in enumerate((RED, BLUE)):
        masks[0, i, 301:308, 600 * i + 301 : 600 * i + 308] = True  # between every 15th pixel, 300 and 315
        pictures[masks[:, i]] = colour
    link = LinkIdentity()
    names = link.assign(Window(0, np.full((1, 2, 1), 0.9), masks, pictures=pictures))
    for query, colour in enumerate((RED, BLUE)):
        alone = histograms(np.full((1, 1, 1, 3), colour, np.uint8), np.ones((1, 1, 1, 1), bool))[0]
        assert link.objects[names[query]].colours @ alone == 1


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(0, 3))
def test_a_histogram_has_length_one_whatever_order_the_pixels_have(seed, frames, count):
    random = np.random.default_rng(seed)
    pictures = random.integers(0, 256, (frames, 3, 5, 3), dtype=np.uint8)
    masks = random.random((frames, count, 3, 5)) > 0.5
    found = histograms(pictures, masks)
    assert found.shape == (count, STEPS**3)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), masks.any(axis=(0, 2, 3)).astype(float))
    turned = histograms(pictures[::-1, ::-1, ::-1], masks[::-1, :, ::-1, ::-1])
    np.testing.assert_array_equal(found, turned)


def test_two_of_a_kind_that_change_places_unseen_keep_their_names_by_colour():
    before, after = [(5, 5, RED), (30, 45, BLUE)], [(5, 5, BLUE), (30, 45, RED)]
    link, blind = LinkIdentity(), LinkIdentity()
    assert (link.assign(window(0, *before)), blind.assign(window(0, *before, pictures=False))) == ([0, 1], [0, 1])
    for i in range(1, 30):
        assert link.assign(window(i)) == blind.assign(window(i, pictures=False)) == []
    assert link.assign(window(30, *after)) == [1, 0]
    assert 0 not in blind.assign(window(30, *after, pictures=False))  # of class alone nobody comes back after so long


def test_when_the_light_goes_on_everything_has_other_colours_and_keeps_its_name_where_it_stands():
    link = LinkIdentity()
    assert link.assign(window(0, (5, 5, RED), (30, 45, BLUE))) == [0, 1]
    assert link.assign(window(1, (6, 6, (255, 160, 160)), (30, 44, (160, 160, 255)))) == [0, 1]


def test_a_weight_of_zero_is_as_if_there_were_no_pictures():
    config = replace(IdentityConfig(), colour=0.0)
    frames = [[(5, 5, RED), (8, 30, BLUE)], [(6, 28, RED), (7, 8, BLUE)], [(30, 5, RED)]]
    coloured, plain = LinkIdentity(config), LinkIdentity(config)
    for i, squares in enumerate(frames):
        assert coloured.assign(window(i, *squares)) == plain.assign(window(i, *squares, pictures=False))


def test_what_is_remembered_of_colours_survives_a_restart():
    frames = [[(5, 5, RED), (30, 45, BLUE)], [], [(5, 5, BLUE), (30, 45, RED)]]
    link = LinkIdentity()
    for i, squares in enumerate(frames):
        again = LinkIdentity.restored(link.state())
        names = link.assign(window(i, *squares))
        assert again.assign(window(i, *squares)) == names


# --- simvtr.link ----------------------------------------------------------------------------------------------------


def found(*squares, picture=True):
    frame, masks = scene(*squares)
    n = len(masks)
    return simvtr.Instances.scored(masks, [0.9] * n, [0] * n, classes=1, picture=frame if picture else None)


def test_masks_of_any_segmenter_are_told_apart_by_the_pictures_that_come_with_them():
    before, after = found((5, 5, RED), (30, 45, BLUE)), found((5, 5, BLUE), (30, 45, RED))
    frames = list(simvtr.link([before, *[found()] * 20, after]))
    places = {t.identity: bool(t.mask[5, 5]) for t in frames[-1].tracks}
    assert places == {0: False, 1: True}


def test_a_frame_without_anything_needs_no_picture():
    frames = simvtr.link([found((5, 5, RED)), found(picture=False), found((5, 5, RED))])
    assert [[t.identity for t in frame.tracks] for frame in frames] == [[0], [], [0]]


def test_pictures_come_with_all_frames_or_with_none():
    with pytest.raises(ValueError, match="frame 1: whether it has a picture must be True as in frame 0, got False"):
        list(simvtr.link([found((5, 5, RED)), found((5, 5, RED), picture=False)]))


@pytest.mark.parametrize(
    ("picture", "error", "message"),
    [
        ([[0]], TypeError, r"picture must be uint8 \(H, W, 3\), got list"),
        (
            np.zeros((48, 64, 3)),
            ValueError,
            r"picture must be uint8 \(48, 64, 3\), the frame of these masks, got float64",
        ),
        (np.zeros((48, 64), np.uint8), ValueError, r"got uint8 \(48, 64\)"),
        (np.zeros((24, 32, 3), np.uint8), ValueError, r"got uint8 \(24, 32, 3\)"),
    ],
)
def test_a_picture_must_be_the_frame_of_the_masks(picture, error, message):
    with pytest.raises(error, match=message):
        simvtr.Instances.scored(np.ones((1, 48, 64), bool), [0.9], [0], classes=1, picture=picture)


SHADES = np.arange(12, dtype=np.uint8).reshape(3, 4)
COLOURS = SHADES[..., None] + np.array([0, 20, 40], np.uint8)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (SHADES, SHADES[..., None].repeat(3, 2)),
        (SHADES[..., None], SHADES[..., None].repeat(3, 2)),
        (np.dstack([COLOURS, SHADES]), COLOURS),  # RGBA
        (np.moveaxis(COLOURS, -1, 0), COLOURS),  # channels first
        (COLOURS.astype(np.int64), COLOURS),
        (COLOURS.astype(np.float32), COLOURS),
        (COLOURS / 255, COLOURS),
        (np.moveaxis(COLOURS, -1, 0) / 255, COLOURS),
        (SHADES > 5, 255 * (SHADES[..., None] > 5).repeat(3, 2)),
    ],
)
def test_what_is_said_of_a_picture_makes_it_what_it_must_be(given, wanted):
    with pytest.raises(ValueError, match="picture must be uint8") as error:
        simvtr.Instances.scored(np.ones((1, 3, 4), bool), [0.9], [0], classes=1, picture=given)
    (formula,) = re.findall(r"\. (\S.*) makes it", str(error.value))
    made = eval(formula, {"np": np, "picture": given})
    assert made.dtype == np.uint8 and np.array_equal(made, wanted)
    simvtr.Instances.scored(np.ones((1, 3, 4), bool), [0.9], [0], classes=1, picture=made)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (COLOURS[::2], "enlarge or shrink the masks to its size first"),
        (COLOURS[None], "Give the frame that the masks were found in, as RGB"),
        (COLOURS.astype(np.int64) - 9, "values must lie in [0, 255]: undo what normalised it"),
        (np.full((3, 4, 3), np.nan), "values must lie in [0, 255]"),
        (np.full((3, 4, 3), "x"), "values must lie in [0, 255]"),
    ],
)
def test_of_a_picture_that_no_formula_makes_it_is_said_what_to_give(given, says):
    with pytest.raises(ValueError, match="picture must be uint8") as error:
        simvtr.Instances.scored(np.ones((1, 3, 4), bool), [0.9], [0], classes=1, picture=given)
    assert says in str(error.value)


# --- what the predictor tells -----------------------------------------------------------------------------------------


class Listener(SlotIdentity):
    def __init__(self):
        self.windows = []

    def assign(self, window):
        self.windows.append(window)
        return super().assign(window)


@pytest.mark.parametrize("stride", [2, 4])
@pytest.mark.parametrize("height,width", [(75, 101), (64, 96), (66, 98)])
def test_a_window_has_a_pixel_for_every_cell_of_its_masks(stride, height, width):
    model = SimVTR(simvtr_tiny(backbone_width=16, channels=64, mask_stride=stride, short_side=64, long_side=128))
    frames = np.full((3, height, width, 3), (250, 128, 3), np.uint8)
    listener = Listener()
    list(Predictor(model, window=2, identity=lambda: listener).stream(frames))
    for window in listener.windows:
        assert window.pictures.shape == (len(window.masks), *window.masks.shape[2:], 3)
        assert (abs(window.pictures.astype(int) - (250, 128, 3)) <= 1).all()


@pytest.mark.parametrize("overlap", [False, True])
def test_by_slots_no_small_picture_is_made(monkeypatch, overlap):
    def made(_):
        raise AssertionError("a picture was made")

    model = SimVTR(simvtr_tiny(backbone_width=16, channels=64, short_side=64, long_side=128))
    monkeypatch.setattr("simvtr.inference.predictor.pixels_of", made)
    frames = np.zeros((2, 48, 64, 3), np.uint8)
    assert len(list(Predictor(model, identity="slot").stream(frames, overlap=overlap))) == 2
    with pytest.raises(AssertionError, match="a picture was made"):
        list(Predictor(model, identity="link").stream(frames))
