"""Results cut into pieces wherever they are cut are the results read whole."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simvtr.errors import DataError
from simvtr.schema import pieces, read_predictions, read_truth
from simvtr.schema.entries import any_entries, even_entries
from simvtr.schema.pieces import UnevenText
from simvtr.schema.raw import RawResult
from tests.schema.files import JSON, RESULTS, TRUTH, edited, write

SCORES = [{**RESULTS[0], "score": float(i), "identity": i} for i in range(9)]
LAYOUTS = [{}, {"separators": (",", ":")}, {"indent": 1}, {"separators": (" ,\n ", " : ")}]


def small_pieces(monkeypatch, size):
    monkeypatch.setattr(pieces, "_PIECE", size)


def read(reader, path):
    return [entry for batch in reader(path) for entry in batch]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("size", [1 << 18, 700, 100, 9])
def test_however_it_is_written_and_cut_the_entries_are_the_same(tmp_path, monkeypatch, layout, size):
    small_pieces(monkeypatch, size)
    text = json.dumps(SCORES, **layout)
    path = write(tmp_path, f" {text}\n")
    found = read(even_entries, path)
    assert [entry.score for entry in found] == list(range(9))
    assert found == read(any_entries, path)


def test_entries_of_different_form_are_read_whole(tmp_path, monkeypatch):
    small_pieces(monkeypatch, 300)
    mixed = [SCORES[0], dict(reversed(SCORES[1].items())), *SCORES[2:]]
    nested = [{"video_id": 0, "meta": [{"video_id": 7}, 1], **SCORES[0]} for _ in range(4)]  # cut in the middle
    truth = read_truth(write(tmp_path, TRUTH))
    for content in (mixed, nested):
        found = read_predictions(write(tmp_path, content, "r.json"), truth).tracks[0]
        assert [track.score for track in found] == [entry["score"] for entry in content]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [(lambda text: text[:-1], "truncated"), (lambda text: text + "]", "trailing"),
     (lambda text: text.replace("}, {", "} {", 1), "malformed"),
     (lambda text: text.replace("}, {", "},, {"), "malformed"),
     (lambda text: text[:-1] + ", ]", "malformed"), (lambda text: "[, " + text[1:], "malformed"),
     (lambda text: "{}", r"\$?: expected `array`, got `object`. Results are one list")],
)  # fmt: skip
@pytest.mark.parametrize("size", [1 << 18, 300])
def test_whatever_the_cut_malformed_text_is_refused(tmp_path, monkeypatch, size, wrong, said):
    small_pieces(monkeypatch, size)
    path = write(tmp_path, wrong(json.dumps(SCORES)))
    with pytest.raises(UnevenText):
        read(even_entries, path)
    with pytest.raises(DataError, match=said):
        read(any_entries, path)


def test_the_place_of_an_entry_is_its_place_in_the_file(tmp_path, monkeypatch):
    small_pieces(monkeypatch, 300)
    truth = read_truth(write(tmp_path, TRUTH))
    with pytest.raises(DataError, match=r"\$\[7\], video 3, track 7: the video must be"):
        read_predictions(write(tmp_path, edited(SCORES, 7, "video_id", value=3), "r.json"), truth)
    with pytest.raises(DataError, match=r"\$\[8\].*expected `int`, got `str`"):
        read_predictions(write(tmp_path, edited(SCORES, 8, "video_id", value="3"), "r.json"), truth)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.lists(st.sampled_from(SCORES) | JSON, max_size=5), size=st.integers(1, 900), cut=st.integers(0, 900))
def test_what_is_read_in_pieces_is_what_is_read_whole(tmp_path, monkeypatch, content, size, cut):
    small_pieces(monkeypatch, size)
    text = json.dumps(content)
    path = write(tmp_path, text[:cut] + text[cut + 1 :])
    try:
        found = read(even_entries, path)
    except UnevenText:
        return
    whole = read(any_entries, path)
    assert found == whole
    assert all(isinstance(entry, RawResult) for entry in whole)
