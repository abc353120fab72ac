"""Run-length masks agree with NumPy, and nothing malformed passes."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from simvtr import rle
from simvtr.errors import DataError

MASKS = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12))
RECTANGLE = np.zeros((5, 7), bool)
RECTANGLE[1:3, 2:6] = True  # x 2, y 1, w 4, h 2: 8 px


def spelled(text: bytes) -> list[int]:
    """The runs of compressed counts, one character at a time: the format's own definition."""
    runs: list[int] = []
    place = 0
    while place < len(text):
        value = shift = 0
        while True:
            group = text[place] - 48
            value |= (group & 31) << shift
            shift += 5
            place += 1
            if not group & 32:
                break
        value -= (1 << shift) if group & 16 else 0
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
    return runs


def test_a_rectangle_is_columns_of_runs():
    mask = rle.encode(RECTANGLE)
    # 2 empty columns and 1 px: 11; then 2 on, 3 off, ... four times; 7 left to 35
    assert spelled(mask.counts) == [11, 2, 3, 2, 3, 2, 3, 2, 7]
    assert rle.area(mask) == 8
    assert rle.box(mask) == (2, 1, 4, 2)


@given(MASKS)
def test_masks_return_unchanged(mask):
    packed = rle.encode(mask)
    assert np.array_equal(rle.decode(packed), mask)
    assert rle.decode(packed).flags.c_contiguous
    assert rle.area(packed) == mask.sum()
    assert rle.from_json(rle.to_json(packed), where="here") == packed


@given(MASKS)
def test_uncompressed_runs_are_the_same_mask(mask):
    packed = rle.encode(mask)
    assert rle.from_json({"size": list(mask.shape), "counts": spelled(packed.counts)}, where="here") == packed


@given(st.integers(0, 6), st.integers(0, 6), st.integers(1, 5), st.integers(1, 5))
def test_a_rectangle_is_the_same_as_polygon_and_as_runs(x, y, w, h):
    mask = np.zeros((12, 12), bool)
    mask[y : y + h, x : x + w] = True
    corners = [x, y, x + w, y, x + w, y + h, x, y + h]
    assert rle.from_json([corners], height=12, width=12, where="here") == rle.encode(mask)


def test_polygons_of_one_mask_are_united():
    two = [[0, 0, 2, 0, 2, 2, 0, 2], [3, 3, 5, 3, 5, 5, 3, 5], [0, 0, 1, 0, 1, 1, 0, 1]]  # 4 + 4 px, one covered
    assert rle.area(rle.from_polygons(two, 6, 6, where="here")) == 8


def test_null_and_empty_forms_are_absent():
    for value in (None, {}, []):
        assert rle.from_json(value, where="here") is None
    assert rle.to_json(None) is None


def test_an_empty_mask_is_not_an_absent_one():
    empty = rle.from_json({"size": [2, 3], "counts": "6"}, where="here")
    assert empty is not None
    assert rle.area(empty) == 0
    assert rle.box(empty) == (0, 0, 0, 0)


@given(st.lists(hnp.arrays(bool, (6, 5)), max_size=4), st.lists(hnp.arrays(bool, (6, 5)), max_size=4))
def test_intersections_are_shared_pixels(a, b):
    expected = [[int((x & y).sum()) for y in b] for x in a]
    got = rle.intersections([rle.encode(m) for m in a], [rle.encode(m) for m in b])
    assert got.shape == (len(a), len(b))
    assert got.dtype == np.int64
    assert got.tolist() == expected


def test_intersections_of_two_sizes_are_refused():
    a, b = rle.encode(np.ones((2, 3), bool)), rle.encode(np.ones((3, 2), bool))
    with pytest.raises(ValueError, match=r"one size, got \[\(2, 3\), \(3, 2\)\]"):
        rle.intersections([a], [b])


def test_large_intersections_are_exact():
    mask = np.ones((3000, 4000), bool)
    mask[0, 0] = False
    assert rle.intersections([rle.encode(mask)], [rle.encode(mask)]).item() == 3000 * 4000 - 1


@given(st.lists(MASKS, min_size=1, max_size=8))
def test_runs_of_many_masks_equal_those_of_each(masks):
    counts = [rle.encode(mask).counts for mask in masks]
    runs, starts = rle.decoded_runs(counts)
    assert [part.tolist() for part in np.split(runs, starts[1:])] == [spelled(text) for text in counts]


def test_no_masks_have_no_runs():
    assert [part.tolist() for part in rle.decoded_runs([])] == [[], []]
    assert rle.clean([], []) == ([], {})


def test_empty_runs_inside_are_merged_away():
    # 1 off, 0 on, 2 off, 3 on, 0 off, 0 on = 3 off, 3 on
    assert rle.compress([1, 0, 2, 3, 0, 0], 2, 3, where="here") == rle.compress([3, 3], 2, 3, where="here")
    sloppy = b"1021M0"  # runs 1, 0, 2, 0 + 1, 2 - 3 < 0 is refused; see the next line for a sound one
    assert rle.clean([sloppy], [(2, 3)])[1]
    sound = b"10230O"  # 1, 0, 2, then 0 + 3, 2 + 0, 3 - 1
    assert spelled(sound) == [1, 0, 2, 3, 2, 2]
    (text,), problems = rle.clean([sound], [(2, 5)])
    assert not problems
    assert spelled(text) == [3, 3, 2, 2]


@given(st.lists(st.tuples(st.binary(max_size=12) | st.text("0123456789?@OPQ_`no", max_size=12).map(str.encode),
                          st.tuples(st.integers(1, 40), st.integers(1, 40))), max_size=6))  # fmt: skip
def test_any_bytes_are_sound_or_named(masks):
    counts, sizes = [text for text, _ in masks], [size for _, size in masks]
    cleaned, problems = rle.clean(counts, sizes)
    for i, (text, (h, w)) in enumerate(masks):
        whole = text and all(48 <= c < 112 for c in text) and text[-1] < 80
        runs = spelled(text) if whole else [-1]
        sound = min(runs) >= 0 and sum(runs) == h * w
        if i not in problems:
            assert sound
            assert rle.area(rle.Rle(h, w, cleaned[i])) == sum(runs[1::2])
        elif "characters, got more" not in problems[i]:
            assert not sound
        alone = rle.clean([text], [(h, w)])  # neighbours change nothing
        assert alone == ([cleaned[i]], {0: problems[i]} if i in problems else {})


def runs(counts, size=(2, 3)):
    return {"size": list(size), "counts": counts}


HOSTILE = {
    "total too small": (runs("5"), r"add up to 2 x 3 = 6 pixels, got 5"),
    "total too large": (runs("07"), r"add up to 2 x 3 = 6 pixels, got 7"),
    "total of a difference": (runs("0111"), r"pixels, got 4"),  # 0, 1, 1, 1 + 1
    "empty string": (runs(""), r"counts must not be empty"),
    "empty list": (runs([]), r"runs must not be empty.*or as null"),
    "NUL alone": (runs("\0"), r"characters from '0' to 'o'"),
    "NUL inside": (runs("0\x006"), r"characters from '0' to 'o'"),
    "NUL at the end": (runs("06\0"), r"characters from '0' to 'o'"),
    "letter beyond o": (runs("0p"), r"characters from '0' to 'o'"),
    "space": (runs("0 6"), r"characters from '0' to 'o'"),
    "slash": (runs("0/6"), r"characters from '0' to 'o'"),
    "latin-1 letter": (runs("0é"), r"characters from '0' to 'o'"),
    "emoji": (runs("0😀"), r"characters from '0' to 'o'"),
    "lone surrogate": (runs("0\ud800"), r"characters from '0' to 'o'"),
    "bytes of 0xff": (runs(b"0\xff"), r"characters from '0' to 'o'"),
    "ends in a group": (runs("0V"), r"end in the middle of a run"),
    "only an open group": (runs("o"), r"end in the middle of a run"),
    "million open groups": (runs("o" * 10**6), r"end in the middle of a run"),
    "run of seven characters": (runs("0" + "P" * 6 + "6"), r"at most 6 characters"),
    "run of a million characters": (runs("P" * 10**6 + "1"), r"at most 6 characters"),
    "negative first": (runs("O7"), r"must not be negative, got -1"),
    "negative second": (runs("6O1"), r"must not be negative, got -1"),
    "negative by difference": (runs("011N3"), r"must not be negative, got -1"),  # run 3 is 1 - 2
    "largest run": (runs("0ooooo?"), r"pixels, got 536870911"),  # 2**29 - 1
    "runs that climb past 32 bits": (runs("0" + "ooooo?" * 40), r"negative|add up"),
    "wraps at 32 bits": (runs("0VPPPPP4"), r"at most 6 characters"),
    "long negative run": (runs("0oooooO"), r"must not be negative, got -1"),
    "list with a negative": (runs([7, -1]), r"whole number from 0 to 6, got 7"),
    "list with only a negative": (runs([-1, 6, 1]), r"whole number from 0 to 6, got -1"),
    "list too short": (runs([1, 2]), r"add up to 2 x 3 = 6 pixels, got 3"),
    "list too long": (runs([0] * 100 + [6]), r"6 pixels must have at most 14 runs, got 101"),
    "list with a huge run": (runs([0, 2**40]), r"got 1099511627776"),
    "list with a giant": (runs([0, 10**4000]), r"more than 20 digits"),
    "list with a float": (runs([0, 6.0]), r"whole number from 0 to 6, got 6\.0"),
    "list with a text": (runs([0, "6"]), r"whole number from 0 to 6, got '6'"),
    "list with a bool": (runs([True, 5]), r"whole number from 0 to 6, got True"),
    "list with a null": (runs([None, 6]), r"whole number from 0 to 6, got None"),
    "nested list": (runs([[0, 6]]), r"whole number"),
    "counts null": (runs(None), r"counts must be a string or a list of integers, got None"),
    "counts a number": (runs(6), r"counts must be a string or a list of integers, got 6"),
    "counts an object": (runs({"0": 6}), r"counts must be a string or a list"),
    "size [0, 0]": (runs("0", (0, 0)), r"size must be \[height, width\].*got \[0, 0\]"),
    "size [0, 5]": (runs("0", (0, 5)), r"got \[0, 5\]"),
    "size [1e5, 1e5]": (runs("0", (10**5, 10**5)), r"at most 134217728 pixels, got \[100000, 100000\]"),
    "size [1e9, 1e9]": (runs([10**18], (10**9, 10**9)), r"at most 134217728 pixels"),
    "size of giants": (runs("0", (10**400, 1)), r"size must be"),
    "size negative": (runs("6", (-2, -3)), r"got \[-2, -3\]"),
    "size NaN": (runs("6", (float("nan"), 3)), r"got \[nan, 3\]"),
    "size infinite": (runs("6", (float("inf"), 3)), r"got \[inf, 3\]"),
    "size of halves": (runs("6", (1.5, 4)), r"got \[1\.5, 4\]"),
    "size of one": (runs("6", (6,)), r"got \[6\]"),
    "size of three": (runs("6", (1, 2, 3)), r"got \[1, 2, 3\]"),
    "size of texts": (runs("6", ("2", "3")), r"got \['2', '3'\]"),
    "size of bools": (runs("1", (True, True)), r"got \[True, True\]"),
    "size null": ({"size": None, "counts": "6"}, r"got None"),
    "size missing": ({"counts": "6"}, r"object with size and counts"),
    "counts missing": ({"size": [2, 3]}, r"object with size and counts"),
    "a number": (7, r"null, a list of polygons or an object with size and counts, got 7"),
    "a text": ("06", r"null, a list of polygons or an object"),
    "a bool": (True, r"null, a list of polygons or an object"),
    "polygon of two points": ([[0, 0, 1, 1]], r"at least three points, got \[0, 0, 1, 1\]"),
    "polygon of no point": ([[]], r"at least three points"),
    "odd polygon": ([[0, 0, 1, 1, 2, 2, 3]], r"at least three points, got \[0, 0, 1, 1, \.\.\.\]"),
    "flat polygon": ([0, 0, 1, 1, 2, 2], r"at least three points, got 0"),
    "polygon with NaN": ([[0, 0, 1, float("nan"), 2, 2]], r"must be finite pixels of the picture, got nan"),
    "polygon with infinity": ([[0, 0, 1, float("-inf"), 2, 2]], r"must be finite pixels of the picture, got -inf"),
    "polygon with a text": ([[0, 0, 1, "1", 2, 2]], r"must be finite pixels of the picture, got '1'"),
    "polygon with null": ([[0, 0, 1, None, 2, 2]], r"must be finite pixels of the picture, got None"),
    "polygon of giants": ([[0, 0, 1e300, 0, 1e300, 1e300]], r"must be finite pixels of the picture, got 1e\+300"),
    "polygon as long as a street": ([[0, 0, 10**8, 0, 0, 10**8]], r"outline must be at most 320 pixels"),
    "polygon of a million zigzags": ([[0, 0, 3, 3] * 10**6], r"outline must be at most 320 pixels"),
    "a text among polygons": ([[0, 0, 1, 0, 1, 1], "x"], r"at least three points, got 'x'"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mask_is_refused_in_one_line(name):
    value, message = HOSTILE[name]
    begin = time.process_time()
    with pytest.raises(DataError, match=f"^r.json, video 1, track 2, frame 3: .*{message}") as caught:
        rle.from_json(value, where="r.json, video 1, track 2, frame 3", height=2, width=3)
    assert time.process_time() - begin < 2
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_polygon_without_a_picture_is_refused():
    with pytest.raises(DataError, match="needs the height and width of its picture"):
        rle.from_json([[0, 0, 1, 0, 1, 1]], where="here")


def test_a_polygon_that_repeats_points_or_leaves_the_picture_is_cut_to_it():
    assert rle.area(rle.from_polygons([[2, 2, 2, 2, 2, 2]], 5, 5, where="here")) <= 1
    assert rle.area(rle.from_polygons([[-9, -9, 99, -9, 99, 99, -9, 99]], 5, 4, where="here")) == 20


def test_encode_refuses_what_is_no_picture():
    for wrong in (np.ones((2, 2), np.uint8), np.ones(4, bool), np.ones((0, 3), bool)):
        with pytest.raises(ValueError, match=r"must be bool \(H, W\) with at least one pixel"):
            rle.encode(wrong)


def test_counts_must_be_bytes():
    with pytest.raises(ValueError, match="must be bytes, got str '06'"):
        rle.Rle(2, 3, "06")  # type: ignore[arg-type]


def test_clean_wants_one_size_a_mask():
    with pytest.raises(ValueError, match="got 1 masks and 2 sizes"):
        rle.clean([b"06"], [(2, 3)] * 2)


def test_first_places_count_zero_runs_as_one_character():
    assert rle.encode(np.ones((1, 1), bool)).counts == b"01"


def test_checking_is_fast():
    h, w = 360, 640
    y, x = np.mgrid[:h, :w]
    masks = [rle.encode((x - 300 - k) ** 2 / 40000 + (y - 180) ** 2 / 10000 + np.sin(x / 9) / 9 < 1) for k in range(70)]
    counts = [mask.counts for mask in masks]
    begin = time.process_time()
    for _ in range(20):
        rle.clean(counts, [(h, w)] * 70)
    seconds = time.process_time() - begin
    assert seconds < 1, f"20 tracks x 70 frames took {seconds:.2f} s; some 0.02 s are usual"
