"""Eight categories that outline alone tells apart."""

import cv2
import numpy as np
import pytest

from simvtr.data.synth.config import CATEGORIES
from simvtr.data.synth.shapes import POINTS, Wobble, outline, resample

IDS = range(1, len(CATEGORIES) + 1)
SIDE = 64


def drawn(contours, turn=0.0) -> np.ndarray:
    """The contours filled in a SIDE x SIDE picture, scaled to equal area: what is left is shape."""
    spin = np.array(((np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))))
    area = sum(sign * abs(_area(c)) for sign, c in zip((1, -1), contours, strict=False))
    scale = SIDE / 4 * np.sqrt(np.pi / 2 / area)
    picture = np.zeros((SIDE, SIDE), np.uint8)
    points = [np.round((c @ spin.T * scale + SIDE / 2) * 16).astype(np.int32) for c in contours]
    cv2.fillPoly(picture, points, 1, shift=4)
    return picture > 0


def _area(contour: np.ndarray) -> float:
    x, y = contour.T
    return 0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1))


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


@pytest.mark.parametrize("category", IDS)
def test_an_outline_fits_the_unit_circle_and_touches_it(category):
    reach = max(np.hypot(*contour.T).max() for contour in outline(category))
    assert reach == pytest.approx(1.0)


def test_no_two_categories_agree_at_equal_area_in_any_of_24_turns():
    turned = {c: [drawn(outline(c), turn) for turn in np.arange(24) * np.pi / 12] for c in IDS}
    worst = max((max(iou(turned[a][0], b) for b in turned[b_id]), a, b_id) for a in IDS for b_id in IDS if a < b_id)
    assert worst[0] < 0.85, f"{CATEGORIES[worst[1] - 1]} and {CATEGORIES[worst[2] - 1]} agree by {worst[0]:.2f}"


@pytest.mark.parametrize("category", IDS)
def test_wobble_bends_a_shape_but_leaves_it_nearer_to_itself_than_to_others(category):
    for seed in range(6):
        wobble = Wobble.draw(np.random.default_rng(seed))
        bent = drawn([wobble(contour, 10.0) for contour in outline(category)])
        same = iou(_centred(bent), _centred(drawn(outline(category))))
        others = max(iou(_centred(bent), _centred(drawn(outline(other)))) for other in IDS if other != category)
        assert others < same < 1


def _centred(mask: np.ndarray) -> np.ndarray:
    y, x = np.nonzero(mask)
    return np.roll(mask, (SIDE // 2 - round(y.mean()), SIDE // 2 - round(x.mean())), (0, 1))


def test_wobble_never_folds_the_plane():
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 41), np.linspace(-1, 1, 41)), -1)
    for seed in range(20):
        bent = Wobble.draw(np.random.default_rng(seed))(grid, 7.0)
        (xx, yx), (xy, yy) = (np.moveaxis(np.gradient(bent, axis=axis), -1, 0) for axis in (1, 0))
        assert (xx * yy - xy * yx > 0).all()  # orientation kept everywhere


def test_resample_keeps_corners_when_a_step_lands_on_them():
    square = resample(np.array([(0, 0), (1, 0), (1, 1), (0, 1)]))  # perimeter 4, POINTS / 4 steps a side
    assert square.shape == (POINTS, 2)
    np.testing.assert_allclose(square[:: POINTS // 4], [(0, 0), (1, 0), (1, 1), (0, 1)])
