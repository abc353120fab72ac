"""One run-length mask (COCO): made, read, measured and written; and many of them checked at once.

A mask of (H, W) pixels is read column by column; the runs count background, foreground, background, ... pixels.
"""

import re
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pycocotools.mask

from simvtr.errors import DataError, came

coco: Any = pycocotools.mask  # its stubs leave out lists of masks
MAX_PIXELS = 1 << 27  # pixels in one mask: four 8K frames; a hostile size must not reserve gigabytes
_MAX_GROUPS = 6  # characters in one run: 6 x 5 bits hold any run of MAX_PIXELS, and any difference of two
_MAX_OUTLINE = 2e6  # pixels along one polygon: pycocotools stores 5 points of 4 integers for each
_ALPHABET = bytes(range(48, 112))  # 6 bits each: 5 of value, 1 that says "more follows"
_TOO_LONG = re.compile(rb"[P-o]{%d}" % _MAX_GROUPS)


@dataclass(frozen=True, slots=True)
class Rle:
    """One mask as COCO's compressed runs.

    Make one with `encode`, `compress` or `from_json`: the constructor itself checks nothing, and every function of
    this module relies on runs that are non-negative and add up to height * width.

    Args:
        height, width: pixels.
        counts: the compressed runs, as the bytes of COCO's `counts` string.

    >>> encode(np.ones((2, 3), bool))
    Rle(height=2, width=3, counts=b'06')
    """

    height: int
    width: int
    counts: bytes

    def __post_init__(self) -> None:
        if type(self.counts) is not bytes:
            raise ValueError(f"Rle.counts must be bytes, got {came(self.counts)}. Use simvtr.rle.from_json.")


def encode(mask: np.ndarray) -> Rle:
    """Runs of a boolean picture.

    Args:
        mask: bool (H, W); H and W at least 1.
    Raises: ValueError when the mask is not boolean or not two-dimensional.

    >>> encode(np.eye(2, dtype=bool)).counts  # runs 0, 1, 2, 1
    b'0120'
    """
    mask = np.asarray(mask)
    if mask.ndim != 2 or mask.dtype != bool or not mask.size:
        raise ValueError(
            f"rle.encode: the mask must be bool (H, W) with at least one pixel, got {mask.dtype} {mask.shape}. "
            "Threshold it first."
        )
    counts = coco.encode(np.asfortranarray(mask).view(np.uint8))["counts"]
    return Rle(mask.shape[0], mask.shape[1], counts)


def decode(rle: Rle) -> np.ndarray:
    """The picture of a run-length mask: bool (H, W), in C order.

    >>> decode(encode(np.eye(2, dtype=bool))).tolist()
    [[True, False], [False, True]]
    """
    runs, _ = decoded_runs([rle.counts])
    columns = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(rle.width, rle.height)
    return np.ascontiguousarray(columns.T)


def area(rle: Rle) -> int:
    """Foreground pixels.

    >>> area(encode(np.eye(3, dtype=bool)))
    3
    """
    return int(coco.area(_coco(rle)))


def box(rle: Rle) -> tuple[int, int, int, int]:
    """Tightest box (x, y, w, h) in whole pixels; (0, 0, 0, 0) for an empty mask.

    >>> mask = np.zeros((4, 6), bool)
    >>> mask[1:3, 2:6] = True
    >>> box(encode(mask))
    (2, 1, 4, 2)
    """
    x, y, w, h = coco.toBbox(_coco(rle))
    return int(x), int(y), int(w), int(h)


def intersections(a: Sequence[Rle], b: Sequence[Rle]) -> np.ndarray:
    """Pixels that each mask of `a` shares with each mask of `b`: int64 (len(a), len(b)).

    Raises: ValueError when the masks are not all of one size.

    >>> left, all_ = np.array([[True, False]]), np.array([[True, True]])
    >>> intersections([encode(left)], [encode(left), encode(all_)]).tolist()
    [[1, 1]]
    """
    sizes = {(m.height, m.width) for m in (*a, *b)}
    if len(sizes) > 1:
        raise ValueError(f"rle.intersections: all masks must have one size, got {sorted(sizes)}. Compare them apart.")
    if not a or not b:
        return np.zeros((len(a), len(b)), np.int64)
    first = [_coco(m) for m in a]  # "crowd" divides by the area of `a`; the product is exact
    shares = coco.iou(first, [_coco(m) for m in b], [1] * len(b))
    areas = np.array([coco.area(mask) for mask in first], np.float64)  # one by one: its list form counts in uint8
    return np.rint(shares * areas[:, None]).astype(np.int64)


def to_json(rle: Rle | None) -> dict[str, Any] | None:
    """COCO's JSON form `{"size": [h, w], "counts": "..."}`; None for an absent mask.

    >>> to_json(encode(np.ones((2, 3), bool)))
    {'size': [2, 3], 'counts': '06'}
    """
    return None if rle is None else {"size": [rle.height, rle.width], "counts": rle.counts.decode("ascii")}


def from_json(value: Any, *, where: str, height: int | None = None, width: int | None = None) -> Rle | None:
    """A mask from any of COCO's JSON forms, checked.

    Args:
        value: None, {} or [] (absent); a list of polygons; `{"size": [h, w], "counts": runs}` with runs as a list of
            integers (uncompressed) or as a string (compressed).
        where: file, video, track, frame: the beginning of an error.
        height, width: pixels of the picture; only polygons need them.
    Raises: DataError when the value is not a mask.

    >>> from_json({"size": [2, 3], "counts": [0, 6]}, where="example")
    Rle(height=2, width=3, counts=b'06')
    >>> from_json({"size": [2, 3], "counts": [0, 5]}, where="r.json, track 0, frame 4")
    Traceback (most recent call last):
    simvtr.errors.DataError: r.json, track 0, frame 4: the runs must add up to 2 x 3 = 6 pixels, got 5. ...
    """
    if value is None or value == {} or value == []:
        return None
    if isinstance(value, list):
        return from_polygons(value, height, width, where=where)
    if not isinstance(value, dict) or "size" not in value or "counts" not in value:
        raise DataError(
            f"{where}: a mask must be null, a list of polygons or an object with size and counts, got {_short(value)}. "
            "Write it with simvtr.write_predictions."
        )
    height, width = checked_size(value["size"], where=where)
    counts = value["counts"]
    if isinstance(counts, list):
        return compress(counts, height, width, where=where)
    if not isinstance(counts, (str, bytes)):
        raise DataError(f"{where}: counts must be a string or a list of integers, got {_short(counts)}.")
    try:
        raw = counts.encode("ascii") if isinstance(counts, str) else counts
    except UnicodeEncodeError:
        raise DataError(f"{where}: {_NOT_ASCII} Encode the mask again.") from None
    (cleaned,), problems = clean([raw], [(height, width)])
    if problems:
        raise DataError(f"{where}: {problems[0]} Encode the mask again.")
    return Rle(height, width, cleaned)


def checked_size(size: Any, *, where: str) -> tuple[int, int]:
    """(height, width) of a mask or video: two positive whole numbers with at most 2**27 pixels, else DataError.

    >>> checked_size([720, 1280.0], where="example")
    (720, 1280)
    """
    if (
        isinstance(size, (list, tuple))
        and len(size) == 2
        and all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in size)
        and all(1 <= n <= MAX_PIXELS and n == int(n) for n in size)
        and size[0] * size[1] <= MAX_PIXELS
    ):
        return int(size[0]), int(size[1])
    raise DataError(
        f"{where}: the size must be [height, width], two whole numbers from 1 with at most {MAX_PIXELS} pixels, "
        f"got {_short(size)}."
    )


def compress(counts: Sequence[int], height: int, width: int, *, where: str) -> Rle:
    """Uncompressed runs (background first) as an `Rle`, checked; DataError when they do not fit the size.

    >>> compress([1, 2, 3], 2, 3, where="example")
    Rle(height=2, width=3, counts=b'123')
    """
    height, width = checked_size((height, width), where=where)
    total = height * width
    if not len(counts):
        raise DataError(f"{where}: the runs must not be empty. Write an empty mask as one run of {total}, or as null.")
    if len(counts) > 2 * total + 2:  # at least every second one is empty
        raise DataError(f"{where}: {total} pixels must have at most {2 * total + 2} runs, got {len(counts)}.")
    for n in counts:
        if type(n) is not int or not 0 <= n <= total:
            raise DataError(f"{where}: every run must be a whole number from 0 to {total}, got {_short(n)}.")
    if sum(counts) != total:
        raise DataError(
            f"{where}: the runs must add up to {height} x {width} = {total} pixels, got {sum(counts)}. "
            "Encode the mask again."
        )
    return compressed(np.asarray(counts, np.int64), height, width)


def from_polygons(polygons: list[Any], height: int | None, width: int | None, *, where: str) -> Rle:
    """The union of filled polygons, rasterised as COCO does.

    Args:
        polygons: lists x0, y0, x1, y1, ... in pixels, at least three points each.
        height, width: pixels of the picture.
    Raises: DataError for odd, short, non-finite or absurdly large polygons, or when the size is not known.

    >>> area(from_polygons([[1, 1, 4, 1, 4, 3, 1, 3]], 5, 5, where="example"))
    6
    """
    if height is None or width is None:
        raise DataError(f"{where}: a polygon needs the height and width of its picture. Give the video its size.")
    height, width = checked_size((height, width), where=where)
    for points in polygons:
        if not isinstance(points, list) or len(points) < 6 or len(points) % 2:
            raise DataError(
                f"{where}: a polygon must be a list x0, y0, x1, y1, ... of at least three points, got {_short(points)}."
            )
        for c in points:
            if type(c) not in (int, float) or not abs(c) <= MAX_PIXELS:
                raise DataError(f"{where}: polygon coordinates must be finite pixels of the picture, got {_short(c)}.")
    rings = [np.asarray(points, np.float64).reshape(-1, 2) for points in polygons]
    outline = sum(float(np.abs(np.roll(ring, -1, axis=0) - ring).max(axis=1).sum()) for ring in rings)
    most = min(_MAX_OUTLINE, 64 * (height + width))  # work must follow the picture: ten characters can say 2e6 pixels
    if not outline <= most:
        raise DataError(
            f"{where}: the polygons' outline must be at most {most:.0f} pixels, got {outline:.0f}. "
            "Write the mask as RLE."
        )
    merged = coco.merge(coco.frPyObjects([ring.ravel().tolist() for ring in rings], height, width))
    return Rle(height, width, merged["counts"])


_NOT_ASCII = "the counts must be characters from '0' to 'o' only."


def clean(counts: Sequence[bytes], sizes: Sequence[tuple[int, int]]) -> tuple[list[bytes], dict[int, str]]:
    """Check many compressed masks at once, and drop empty runs inside them.

    Args:
        counts: compressed runs, one bytes object a mask. About a quarter of a megabyte together is fastest.
        sizes: (height, width) of each mask, each passed by `checked_size`.
    Returns: the counts (those with empty runs inside rewritten: pycocotools mistakes two of them for the end of the
        mask), and what is wrong, by index. A mask with an entry there must not be used.

    >>> clean([b"06", b"07", b"0"], [(2, 3)] * 3)[1]
    {1: 'the runs must add up to 2 x 3 = 6 pixels, got 7.', 2: 'the runs must add up to 2 x 3 = 6 pixels, got 0.'}
    """
    good = list(counts)
    if len(sizes) != len(good):
        raise ValueError(f"rle.clean: there must be one size a mask, got {len(good)} masks and {len(sizes)} sizes.")
    groups, text_ends = _groups(good)
    problems: dict[int, str] = {} if is_whole(groups, text_ends) else _text_problems(good)
    keep = [i for i in range(len(good)) if i not in problems]
    if not keep:
        return good, problems
    runs, starts = spelled_runs(*(_groups([good[i] for i in keep]) if problems else (groups, text_ends)))
    totals = np.array([sizes[i][0] * sizes[i][1] for i in keep], np.int64)
    sums = np.add.reduceat(runs, starts, dtype=np.int64)
    first = runs[starts]
    runs[starts] = 1  # only the first run may be empty: now a minimum of 1 proves the rest
    if runs.min() > 0 and first.min() >= 0 and (sums == totals).all():
        return good, problems

    runs[starts] = first
    lowest = np.minimum.reduceat(runs, starts)
    empty = runs == 0
    empty[starts] = False
    has_empty = np.logical_or.reduceat(empty, starts)
    ends = np.append(starts[1:], len(runs))
    for k in np.flatnonzero(has_empty | (lowest < 0) | (sums != totals)).tolist():
        i = keep[k]
        if lowest[k] < 0:
            problems[i] = f"the runs must not be negative, got {lowest[k]}."
        elif sums[k] != totals[k]:
            problems[i] = f"the runs must add up to {sizes[i][0]} x {sizes[i][1]} = {totals[k]} pixels, got {sums[k]}."
        else:  # legal, though pycocotools itself never writes it
            good[i] = compressed(runs[starts[k] : ends[k]], *sizes[i]).counts
    return good, dict(sorted(problems.items()))


def decoded_runs(counts: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """The runs of many valid masks, one after the other.

    Args:
        counts: `Rle.counts` of each mask.
    Returns: runs int32 (r,), background first in every mask; starts int64 (len(counts),), where each mask begins.

    >>> runs, starts = decoded_runs([b"06", b"123"])
    >>> runs.tolist(), starts.tolist()
    ([0, 6, 1, 2, 3], [0, 2])
    """
    return spelled_runs(*_groups(counts))


def _groups(counts: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """The 6-bit groups of all masks, uint8, one after the other, and where each mask ends."""
    ends = np.cumsum(np.fromiter(map(len, counts), np.int64, len(counts)))
    return np.frombuffer(b"".join(counts), np.uint8) - np.uint8(48), ends


def spelled_runs(groups: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`decoded_runs` from groups that `is_whole` passes: characters less 48, and where each mask ends."""
    if not len(ends):
        return np.zeros(0, np.int32), np.zeros(0, np.int64)
    # A run is a little-endian string of 5-bit groups, the last of which carries the sign. 32 bits are enough: no
    # difference reaches 2**29, so from a sound run no step wraps around, and the first unsound one shows.
    more = groups >= 32
    runs = (((groups[~more] & 31) ^ 16).view(np.int8) - np.int8(16)).astype(np.int32)
    follows = np.flatnonzero(more)
    last = np.flatnonzero(more[:-1] > more[1:]) + 1  # of the runs of several groups: few
    place = last - np.searchsorted(follows, last)
    while len(last):
        last = last - 1
        runs[place] = runs[place] * 32 + (groups[last] & 31)
        wider = (last > 0) & more[last - 1]
        last, place = last[wider], place[wider]

    # From the fourth on it is the difference to the run two before. Undo that with two running sums over all masks,
    # over even and over odd places; then take from each mask what the sums had reached before it.
    starts = np.concatenate([[0], (ends - np.searchsorted(follows, ends))[:-1]])
    third = starts[np.diff(starts, append=len(runs)) > 2]
    runs[third + 2] -= runs[third]  # the third is no difference yet
    for parity in (0, 1) if len(runs) > 1 else ():
        sums = runs[parity::2].copy()  # side by side: a strided running sum takes four times as long
        np.cumsum(sums, dtype=np.int32, out=sums)
        begins = (starts + 1 - parity) // 2
        before = np.where(begins > 0, sums[begins - 1], 0)
        sums -= np.repeat(before, np.diff(begins, append=len(sums)))
        runs[parity::2] = sums
    return runs, starts


def is_whole(groups: np.ndarray, ends: np.ndarray) -> bool:
    """Whether the text of every mask can be split into runs."""
    more = groups >= 32
    if not len(groups) or not ends[0] or (ends[1:] == ends[:-1]).any() or groups.max() >= 64 or more[ends - 1].any():
        return False
    two = more[1:] & more[:-1]
    four = two[2:] & two[:-2]
    return not (four[2:] & four[:-2]).any()  # nowhere six that say "more": no run of seven


def _text_problems(counts: Sequence[bytes]) -> dict[int, str]:
    """Which masks cannot be split into runs, and why."""
    problems = {}
    for i, text in enumerate(counts):
        if not text:
            problems[i] = "the counts must not be empty."
        elif text.translate(None, _ALPHABET):
            problems[i] = _NOT_ASCII
        elif text[-1] >= 80:
            problems[i] = "the counts must not end in the middle of a run."
        elif _TOO_LONG.search(text):
            problems[i] = f"a run must take at most {_MAX_GROUPS} characters, got more."
    return problems


def compressed(runs: np.ndarray, height: int, width: int) -> Rle:
    """Valid runs, with empty ones inside merged away, as compressed counts."""
    colour = np.arange(len(runs)) % 2
    kept = runs > 0
    runs, colour = runs[kept], colour[kept]
    begins = np.flatnonzero(np.diff(colour, prepend=-1))
    merged = np.add.reduceat(runs, begins)
    if colour[0]:
        merged = np.concatenate([[0], merged])
    packed = coco.frPyObjects({"size": [height, width], "counts": merged.tolist()}, height, width)
    return Rle(height, width, packed["counts"])


def _coco(rle: Rle) -> dict[str, Any]:
    return {"size": [rle.height, rle.width], "counts": rle.counts}


def _short(value: Any) -> str:
    """What came, in at most 60 characters, without walking a huge value."""
    if isinstance(value, int) and abs(value) >= 10**20:
        return "an integer of more than 20 digits"
    text = _REPR.repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


_REPR = reprlib.Repr()
_REPR.maxlevel, _REPR.maxlist, _REPR.maxdict, _REPR.maxstring, _REPR.maxother = 2, 4, 4, 40, 40
