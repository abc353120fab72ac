"""Pictures of the audit page: masks in the colour of their number, one size, JPEG; one line for what is no picture."""

import io

import numpy as np
import pytest
from PIL import Image

from simvtr.errors import DataError
from simvtr.report.pictures import COLOURS, GREY, SIDE, frame_pair, read_picture
from simvtr.rle import encode

BLACK = np.zeros((32, 64, 3), np.uint8)
LEFT = np.zeros((32, 64), bool)
LEFT[:, :32] = True


def opened(jpeg: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(jpeg)) as image:
        assert image.format == "JPEG"
        return np.array(image)


def test_the_truth_and_the_results_are_drawn_apart():
    pair = frame_pair(7, BLACK, [(encode(LEFT), 0)], [(encode(~LEFT), 0)])
    truth, result = opened(pair.truth).astype(int), opened(pair.result).astype(int)
    assert pair.index == 7
    assert truth[16, 16].sum() > 100 > 30 > truth[16, 48].sum()
    assert result[16, 48].sum() > 100 > 30 > result[16, 16].sum()


@pytest.mark.parametrize(("number", "colour"), [(0, COLOURS[0]), (len(COLOURS) + 1, COLOURS[1]), (None, GREY)])
def test_a_number_is_a_colour_and_none_is_grey(number, colour):
    picture = opened(frame_pair(0, BLACK, [(encode(LEFT), number)], []).truth).astype(int)
    np.testing.assert_allclose(picture[16, 16], 0.45 * colour, atol=20)  # over black, as far as JPEG keeps it


def test_an_absent_mask_draws_nothing():
    assert opened(frame_pair(0, BLACK, [(None, 0)], []).truth).max() < 10


def test_a_large_frame_is_shrunk_and_a_small_one_is_not():
    assert opened(frame_pair(0, np.zeros((900, 1600, 3), np.uint8), [], []).truth).shape == (225, SIDE, 3)
    assert opened(frame_pair(0, np.zeros((3, 2000, 3), np.uint8), [], []).truth).shape == (1, SIDE, 3)
    assert opened(frame_pair(0, BLACK, [], []).truth).shape == BLACK.shape


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"frame_pair: masks must be 32 x 64, got 1 x 1"):
        frame_pair(0, BLACK, [(encode(np.ones((1, 1), bool)), 0)], [])


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "CMYK", "1", "I;16"])
def test_pictures_of_every_kind_are_read_as_rgb(mode, tmp_path):
    file = tmp_path / ("0.tif" if mode in ("CMYK", "I;16") else "0.png")
    Image.new(mode, (4, 2)).save(file)
    picture = read_picture(file, (2, 4), "video 1, frame 0")
    assert (picture.shape, picture.dtype) == ((2, 4, 3), np.uint8)


def test_a_picture_of_another_size_is_an_error_of_one_line(tmp_path):
    Image.new("RGB", (5, 3)).save(tmp_path / "0.png")
    with pytest.raises(
        DataError, match=r"^video 1, frame 0: 0\.png must be 2 x 4 \(height x width\), got 3 x 5\. Give"
    ):
        read_picture(tmp_path / "0.png", (2, 4), "video 1, frame 0")


@pytest.mark.parametrize("cut", [0, 10, 60])
def test_what_is_no_whole_picture_is_an_error_of_one_line(cut, tmp_path):
    file = tmp_path / "0.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (20, 40, 3), np.uint8)).save(file)
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(DataError, match=r"^video 1, frame 0: 0\.png must be a readable image, got: "):
        read_picture(file, (20, 40), "video 1, frame 0")


def test_a_picture_that_claims_to_be_enormous_is_not_opened(tmp_path, monkeypatch):
    Image.new("RGB", (64, 64)).save(tmp_path / "0.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(DataError, match=r"0\.png must be a picture of reasonable size"):
        read_picture(tmp_path / "0.png", (64, 64), "video 1, frame 0")
