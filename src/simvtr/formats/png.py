"""PNGs whose pixels are object numbers, in and out."""

import io
import warnings

import numpy as np
from PIL import Image

from simvtr.errors import DataError
from simvtr.formats.gather import frame_size, from_spans
from simvtr.rle import Rle

MAX_PNG = 256 << 20  # bytes: 8K pixels of two bytes, unpacked, take 64 MiB
Palette = dict[int, tuple[int, ...]]  # colour of each number in use


def read_numbers(data: bytes, where: str) -> tuple[np.ndarray, Palette]:
    """The numbers of an indexed or grey PNG.

    Returns: uint8 or uint16 (H, W); the colours of the numbers in use, none for grey.
    Raises: DataError when the PNG is truncated, has colours instead of numbers, or its palette is not black at 0.
    """
    try:
        with _opened(data) as image:
            frame_size(image.height, image.width, where)
            if image.mode not in ("1", "P", "L", "I;16", "I"):
                raise DataError(
                    f"{where}: the PNG must hold object numbers (indexed or grey), got mode {image.mode}. "
                    "Save it with a palette, not as colours."
                )
            numbers = np.asarray(image, np.uint8) if image.mode == "1" else np.asarray(image)
            palette = image.getpalette() if image.mode == "P" else None
    except DataError:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise DataError(f"{where}: the PNG must be whole, got: {str(error)[:100]}. Copy it again.") from error
    if numbers.dtype not in (np.uint8, np.uint16):
        if numbers.min() < 0 or numbers.max() > 65535:
            raise DataError(f"{where}: object numbers must be from 0 to 65535, got {int(numbers.max())}.")
        numbers = numbers.astype(np.uint16)
    if palette is None:
        return numbers, {}
    if any(palette[:3]):
        raise DataError(f"{where}: a wrong palette: 0 must be black, the background, got {palette[:3]}. Save it anew.")
    used = np.unique(numbers).tolist()
    return numbers, {i: tuple(palette[3 * i : 3 * i + 3]) for i in used}


def _opened(data: bytes) -> Image.Image:
    """A PNG, not yet decoded. Pillow's own warning about its size is left out: `frame_size` refuses it in our words."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(io.BytesIO(data), formats=["PNG"])


def write_numbers(numbers: np.ndarray) -> bytes:
    """An indexed PNG with DAVIS's palette of numbers uint8 (H, W).

    >>> pixels = np.array([[0, 1], [255, 2]], np.uint8)
    >>> read_numbers(write_numbers(pixels), "example")[0].tolist()
    [[0, 1], [255, 2]]
    """
    image = Image.fromarray(numbers)
    image.putpalette(_palette())
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def number_masks(numbers: np.ndarray) -> dict[int, Rle]:
    """The mask of every number but 0, ascending. Work follows the pixels, not how many numbers there are.

    >>> number_masks(np.array([[0, 3], [2, 3]], np.uint8))
    {2: Rle(height=2, width=2, counts=b'112'), 3: Rle(height=2, width=2, counts=b'22')}
    """
    height, width = numbers.shape
    line = numbers.T.ravel()
    begins = np.flatnonzero(np.diff(line, prepend=line[0])).astype(np.int64)
    begins = np.concatenate([np.zeros(1, np.int64), begins])
    ends = np.append(begins[1:], len(line))
    values = line[begins]
    order = np.argsort(values, kind="stable")
    found, firsts = np.unique(values[order], return_index=True)
    groups = np.split(order, firsts[1:])
    return {
        int(number): from_spans(begins[spans], ends[spans], height, width)
        for number, spans in zip(found, groups, strict=True)
        if number
    }


def _palette() -> list[int]:
    """DAVIS's colours, which are PASCAL VOC's: the bits of a number dealt out to red, green and blue from the top.

    >>> _palette()[3:9]
    [128, 0, 0, 0, 128, 0]
    """
    numbers = np.arange(256)
    colours = np.zeros((256, 3), np.int64)
    for bit in range(8):
        colours[:, bit % 3] |= ((numbers >> bit) & 1) << (7 - bit // 3)
    return colours.ravel().tolist()
