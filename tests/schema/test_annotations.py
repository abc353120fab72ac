"""A truth whose lists of runs are cut out of the text is the truth read as JSON, or is left to the careful reader."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simvtr.errors import DataError
from simvtr.rle import Rle
from simvtr.schema import pieces, read_truth
from simvtr.schema import truth as truth_module
from simvtr.schema.annotations import any_truth, even_truth
from simvtr.schema.pieces import UnevenText
from tests.schema.files import TRUTH, write

LEFT, FULL = {"size": [2, 4], "counts": [0, 4, 4]}, {"size": [2, 4], "counts": [0, 8]}
TRACK = {**TRUTH["annotations"][0], "segmentations": [LEFT, None, FULL]}
TRACKS = [{**TRACK, "id": i, "areas": [float(i), None, 8.0]} for i in range(9)]
LISTS = {**TRUTH, "annotations": TRACKS}
LAYOUTS = [{}, {"separators": (",", ":")}, {"indent": 1}, {"separators": (" ,\n ", " : ")}]


def read(reader, path):
    """What one of the two ways to read makes of a file: a Truth, or the words of a refusal."""
    try:
        return truth_module._read(*reader(path), path, strict=True)
    except DataError as error:
        return str(error)


def content(truth):
    return truth if isinstance(truth, str) else (truth.videos, truth.categories, truth.tracks)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("size", [1 << 18, 700, 100, 9])
def test_however_it_is_written_and_cut_the_truth_is_the_same(tmp_path, monkeypatch, layout, size):
    monkeypatch.setattr(pieces, "_PIECE", size)
    path = write(tmp_path, f" {json.dumps(LISTS, **layout)}\n")
    truth = read(even_truth, path)
    assert [track.id for track in truth.tracks[0]] == list(range(9))
    assert truth.tracks[0][0].segmentations == (Rle(2, 4, b"044"), None, Rle(2, 4, b"08"))
    assert content(truth) == content(read(any_truth, path))


def behind(text):
    """Videos and categories behind the annotations."""
    return json.dumps({"annotations": TRACKS, "videos": TRUTH["videos"], "categories": TRUTH["categories"]})


@pytest.mark.parametrize(
    "odd",
    [
        behind,
        lambda text: text.replace("[0, 8]", '"08"', 1),  # a string among the lists
        lambda text: text.replace("[0, 8]", "0", 1),  # what the cut leaves in the place of a list
        lambda text: text.replace("[0, 8]", "0", 1).replace('"iscrowd"', '"counts": [0, 8], "iscrowd"', 1),
        lambda text: text.replace('"counts": [0, 8]', '"co\\u0075nts": 0, "x": {"counts": [0, 8]}', 1),
        lambda text: text.replace('"iscrowd"', '"x\\"counts": [0, 8], "iscrowd"', 1),
        lambda text: text.replace("[0, 8]", "[[0], 8]", 1),
        lambda text: text.replace("[0, 8]", "[0 8]", 1),
        lambda text: text.replace("[0, 8]", "[0, 8, ]", 1),
        lambda text: text.replace("[0, 8]", "[00, 8]", 1),
        lambda text: text.replace("[0, 8]", "[0, 7]", 1),
        lambda text: text.replace("[0, 8]", '[0, 8], "counts": [0, 8]', 1),
        lambda text: text[:-1] + ', "annotations": []}',
        lambda text: text[:-1] + ', "videos": []}',
        lambda text: text.replace('"annotations": [', '"annotations": [], "annotations": [', 1),
        lambda text: text.replace('"info": {', '"info": {"annotations": [{"id": 1}], ', 1),
        lambda text: text.replace('}, {"id": 5', '} {"id": 5', 1),
        lambda text: text.replace('}, {"id": 5', '},, {"id": 5', 1),
        lambda text: text + "]",
        lambda text: text[:-1],
    ],
)
@pytest.mark.parametrize("size", [1 << 18, 700])
def test_what_is_odd_is_left_to_the_careful_reader(tmp_path, monkeypatch, odd, size):
    monkeypatch.setattr(pieces, "_PIECE", size)
    text = json.dumps(LISTS)
    assert odd(text) != text
    path = write(tmp_path, odd(text))
    with pytest.raises(UnevenText):
        read(even_truth, path)
    careful = read(any_truth, path)
    try:
        assert content(read_truth(path)) == content(careful)
    except DataError as error:
        assert str(error) == careful


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(
    at=st.integers(0, len(json.dumps(LISTS))),
    put=st.sampled_from(["", *'[]{}",:0 -.e\\', '"counts": [']),
    size=st.integers(1, 900),
)
def test_one_wrong_character_is_read_as_it_is_by_the_careful_reader(tmp_path, monkeypatch, at, put, size):
    monkeypatch.setattr(pieces, "_PIECE", size)
    text = json.dumps(LISTS)
    path = write(tmp_path, text[:at] + put + text[at + 1 :])
    try:
        found = read(even_truth, path)
    except UnevenText:
        return
    assert content(found) == content(read(any_truth, path))
