"""Pictures for the audit page: one frame with the masks of the truth, the same with those of the results."""

import io
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from simvtr.errors import DataError
from simvtr.report.audit_page import FramePair
from simvtr.rle import Rle, decode

SIDE = 400  # pixels, longest of a picture on the page
STRENGTH = 0.45  # of a mask's colour over the picture
# Neighbours differ in hue and in lightness, and stand out on most pictures.
COLOURS = np.array(
    [(255, 99, 72), (46, 134, 222), (255, 211, 42), (95, 39, 205), (0, 184, 148), (253, 121, 168), (9, 132, 227),
     (250, 177, 160), (85, 239, 196), (214, 48, 49)]
)  # fmt: skip
GREY = np.array((150, 150, 150))  # of what has no partner


def read_picture(path: Path, size: tuple[int, int], where: str) -> NDArray[np.uint8]:
    """An image file as uint8 (H, W, 3), RGB, as it is stored.

    Raises: DataError naming `where` when it cannot be read or is not `size`, (height, width).
    """
    try:
        with Image.open(path) as image:
            got = image.size[::-1]
            picture = np.array(image.convert("RGB")) if got == size else None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, struct.error, zlib.error) as error:
        raise DataError(f"{where}: {path.name} must be a readable image, got: {error}.") from error
    except Image.DecompressionBombError as error:
        raise DataError(f"{where}: {path.name} must be a picture of reasonable size: {error}") from error
    if picture is None:
        raise DataError(
            f"{where}: {path.name} must be {size[0]} x {size[1]} (height x width), got {got[0]} x {got[1]}. Give the"
            " frames that the masks were drawn on."
        )
    return picture


def frame_pair(
    index: int,
    frame: NDArray[np.uint8],
    true: Sequence[tuple[Rle | None, int | None]],
    found: Sequence[tuple[Rle | None, int | None]],
) -> FramePair:
    """Draw one frame twice.

    Args:
        index: of the frame.
        frame: uint8 (H, W, 3), RGB.
        true, found: masks of H x W, each with the number of its colour; partners share one. None: grey.
    Raises: ValueError when a mask does not have the frame's size.

    >>> from simvtr.rle import encode
    >>> mask = encode(np.eye(8, dtype=bool))
    >>> pair = frame_pair(3, np.zeros((8, 8, 3), np.uint8), [(mask, 0)], [(None, 0)])
    >>> pair.index, pair.truth[:3] == b"\\xff\\xd8\\xff", len(pair.truth) > len(pair.result)
    (3, True, True)
    """
    return FramePair(index, _drawn(frame, true), _drawn(frame, found))


def _drawn(frame: NDArray[np.uint8], masks: Sequence[tuple[Rle | None, int | None]]) -> bytes:
    height, width = frame.shape[:2]
    factor = min(1.0, SIDE / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    picture = np.asarray(Image.fromarray(frame).resize(size)).astype(np.float32)
    for mask, number in masks:
        if mask is None:
            continue
        if (mask.height, mask.width) != (height, width):
            raise ValueError(f"frame_pair: masks must be {height} x {width}, got {mask.height} x {mask.width}")
        inside = np.asarray(Image.fromarray(decode(mask)).resize(size, Image.Resampling.NEAREST))
        tint = GREY if number is None else COLOURS[number % len(COLOURS)]
        picture[inside] += STRENGTH * (tint - picture[inside])
        picture[_edge(inside)] = tint
    buffer = io.BytesIO()
    Image.fromarray(picture.astype(np.uint8)).save(buffer, format="jpeg", quality=80)
    return buffer.getvalue()


def _edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of the mask with a neighbour outside of it."""
    framed = np.pad(mask, 1)
    inner = framed[:-2, 1:-1] & framed[2:, 1:-1] & framed[1:-1, :-2] & framed[1:-1, 2:]
    return mask & ~inner
