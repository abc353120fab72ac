"""Results are read against their truth: strictly, or as the original evaluator would."""

import contextlib
import gzip
import json
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simvtr.errors import DataError
from simvtr.rle import encode
from simvtr.schema import Track, read_predictions, read_truth, write_predictions
from simvtr.schema import source as source_module
from tests.schema.files import FULL, JSON, LEFT, RESULTS, TRUTH, edited, places, write


@pytest.fixture
def truth(tmp_path):
    return read_truth(write(tmp_path, TRUTH))


def read(tmp_path, truth, content, strict=True):
    return read_predictions(write(tmp_path, content, "results.json"), truth, strict=strict)


def test_every_value_arrives(tmp_path, truth):
    left = np.zeros((2, 4), bool)
    left[:, :2] = True
    expected = Track(40, 0.5, (encode(left), None, encode(np.ones((2, 4), bool))))
    found = read(tmp_path, truth, RESULTS)
    assert found.tracks == {0: [expected]}
    assert found.path.name == "results.json"


def test_other_keys_are_ignored_and_identities_kept(tmp_path, truth):
    extra = edited(edited(RESULTS, 0, "bboxes", value=[None] * 3), 0, "identity", value=6)
    assert read(tmp_path, truth, extra).tracks[0][0].identity == 6


def test_a_truth_that_was_not_read_is_refused(tmp_path):
    path = write(tmp_path, RESULTS, "results.json")
    with pytest.raises(
        ValueError, match=r"truth must be a Truth, got str 'truth\.json'\. Read it with simvtr\.read_truth"
    ):
        read_predictions(path, "truth.json")


def test_a_video_without_results_has_an_empty_list(tmp_path, truth):
    assert read(tmp_path, truth, []).tracks == {0: []}


def test_scores_may_be_whole_or_beyond_one(tmp_path, truth):
    assert read(tmp_path, truth, edited(RESULTS, 0, "score", value=3)).tracks[0][0].score == 3.0


def test_gz_and_zip_read_like_json(tmp_path, truth):
    text = json.dumps(RESULTS).encode()
    (tmp_path / "r.json.gz").write_bytes(gzip.compress(text))
    with zipfile.ZipFile(tmp_path / "r.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("results.json", text)
        archive.writestr("__MACOSX/._results.json", b"finder")
        archive.writestr("readme.txt", b"hello")
    plain = read(tmp_path, truth, RESULTS).tracks
    assert read_predictions(tmp_path / "r.json.gz", truth).tracks == plain
    assert read_predictions(tmp_path / "r.zip", truth).tracks == plain


def test_a_zip_must_hold_exactly_one_json(tmp_path, truth):
    for names in ([], ["a.json", "b.json"]):
        with zipfile.ZipFile(tmp_path / "r.zip", "w") as archive:
            archive.writestr("readme.txt", "hello")
            for name in names:
                archive.writestr(name, "[]")
        with pytest.raises(DataError, match=rf"r.zip: a ZIP must hold exactly one JSON file, got {len(names)}"):
            read_predictions(tmp_path / "r.zip", truth)


def test_a_bomb_is_not_unpacked(tmp_path, truth, monkeypatch):
    monkeypatch.setattr(source_module, "_SMALL", 1 << 20)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("results.json", b" " * (16 << 20))
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b" " * (16 << 20)))
    for name in ("bomb.zip", "bomb.gz"):
        with pytest.raises(DataError, match=rf"{name}: \d+ packed bytes must unpack to at most 400 times as many"):
            read_predictions(tmp_path / name, truth)


def test_too_much_json_is_refused(tmp_path, truth, monkeypatch):
    monkeypatch.setattr(source_module, "MAX_BYTES", 10)
    with pytest.raises(DataError, match=r"results.json: the JSON must be at most 0 GiB"):
        read(tmp_path, truth, RESULTS)


def test_damaged_archives_are_refused(tmp_path, truth):
    packed = gzip.compress(json.dumps(RESULTS).encode())
    with zipfile.ZipFile(tmp_path / "whole.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("results.json", json.dumps(RESULTS))
    whole = (tmp_path / "whole.zip").read_bytes()
    pieces = [packed[:20], packed[:-4] + b"\0\0\0\0", packed[:15] + b"\xff" * 9 + packed[24:], whole[:50]]
    pieces.append(whole.replace(whole[45:60], bytes(15), 1))
    for piece in pieces:
        (tmp_path / "damaged").write_bytes(piece)
        with pytest.raises(DataError, match=r"damaged: cannot be read: .+"):
            read_predictions(tmp_path / "damaged", truth)


def test_a_zip_of_another_packing_is_refused(tmp_path, truth):
    with zipfile.ZipFile(tmp_path / "r.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("results.json", json.dumps(RESULTS))
    with pytest.raises(DataError, match=r"r.zip: the JSON in a ZIP must be deflated or stored"):
        read_predictions(tmp_path / "r.zip", truth)


def test_a_zip_whose_names_are_no_text_is_refused(tmp_path, truth):
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as archive:
        archive.writestr("caf\u00e9.json", json.dumps(RESULTS))
    (tmp_path / "r.zip").write_bytes((tmp_path / "r.zip").read_bytes().replace("\u00e9".encode(), b"\xff\xff"))
    with pytest.raises(DataError, match=r"r.zip: cannot be read: .*can't decode byte 0xff"):
        read_predictions(tmp_path / "r.zip", truth)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no endless device here")
def test_a_device_is_refused_at_once(truth):
    with pytest.raises(DataError, match=r"/dev/zero: must be a file, got a pipe or device"):
        read_predictions("/dev/zero", truth)


REFUSED = {
    "an object": ({"results": RESULTS}, r"results.json: expected `array`, got `object`\. .*the truth is an object"),
    "byte order mark": ("\ufeff" + json.dumps(RESULTS), r"results.json: JSON is malformed: .*a byte order mark"),
    "results of images": ([{"image_id": 1, "category_id": 1, "score": 1}], r"`video_id`\. .*a result of an image"),
    "boxes alone": (
        [{"video_id": 0, "category_id": 7, "score": 1, "bboxes": []}],
        r"`segmentations`\. .*boxes are not scored",
    ),
    "score missing": (edited(RESULTS, 0, "score", drop=True), r"\$\[0\]: object missing required field `score`"),
    "score a text": (edited(RESULTS, 0, "score", value="0.5"), r"\$\[0\], \$\.score: expected `float`, got `str`"),
    "score NaN": (json.dumps(edited(RESULTS, 0, "score", value=float("nan"))), r"malformed.*near .*score.*NaN"),
    "score infinite": (json.dumps(edited(RESULTS, 0, "score", value=float("inf"))), r"malformed.*near .*Infinity"),
    "score beyond float": (json.dumps(RESULTS).replace("0.5", "1e999"), r"\$\[0\].*score.*number out of range"),
    "id a text": (edited(RESULTS, 0, "video_id", value="0"), r"\$\[0\], \$\.video_id: expected `int`, got `str`"),
    "unknown video": (
        edited(RESULTS, 0, "video_id", value=3),
        r"track 0: the video must be one of .*truth\.json, which has 1 with ids from 0 to 0, got 3",
    ),
    "unknown category": (
        edited(RESULTS, 0, "category_id", value=3),
        r"the category must be one of .*truth\.json, got 3",
    ),
    "short list": (
        edited(RESULTS, 0, "segmentations", value=[LEFT]),
        r"results.json, \$\[0\], video 0, track 0: segmentations must have one entry a frame, 3, got 1\. Put null",
    ),
    "long list": (edited(RESULTS, 0, "segmentations", value=[LEFT] * 4), r"one entry a frame, 3, got 4"),
    "mask of another size": (
        edited(RESULTS, 0, "segmentations", 1, value={"size": [1, 1], "counts": "1"}),
        r"results.json, \$\[0\], video 0, track 0, frame 1: the size of a mask must be .*\[2, 4\], got \[1, 1\]",
    ),
    "malformed mask": (
        edited(RESULTS, 0, "segmentations", 1, value={"size": [2, 4], "counts": "18"}),
        r"track 0, frame 1: the runs must add up to 2 x 4 = 8 pixels, got 9",
    ),
    "NUL": (
        edited(RESULTS, 0, "segmentations", 1, value={"size": [2, 4], "counts": "\0"}),
        r"frame 1: the counts must",
    ),
    "no segmentations": (edited(RESULTS, 0, "segmentations", drop=True), r"missing required field `segmentations`"),
    "a null track": ([*RESULTS, None], r"\$\[1\]: expected `object`, got `null`"),
    "trailing text": (json.dumps(RESULTS) + "]", r"JSON is malformed: trailing characters"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_breach_names_its_place_in_one_line(tmp_path, truth, name):
    content, message = REFUSED[name]
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, truth, content)
    assert str(caught.value).startswith(str(tmp_path / "results.json"))
    assert "\n" not in str(caught.value)


def test_text_that_is_not_utf8_is_refused(tmp_path, truth):
    (tmp_path / "r.json").write_bytes(b'[{"name": "caf\xe9"}]')
    with pytest.raises(
        DataError, match=r"r.json.*must be UTF-8 text, got byte 0xe9|r.json.*malformed|missing required"
    ):
        read_predictions(tmp_path / "r.json", truth)


def test_the_other_breaches_are_counted_over_all_tracks(tmp_path, truth):
    short = edited(RESULTS, 0, "segmentations", value=[LEFT])[0]
    with pytest.raises(DataError, match=r"\$\[1\].*got 1\. Put null.*\(4 more problems in this file\.\)"):
        read(tmp_path, truth, [*RESULTS, *[short] * 5])


def test_lenient_reading_keeps_lists_sizes_and_categories(tmp_path, truth):
    odd = edited(RESULTS, 0, "segmentations", value=[{"size": [1, 1], "counts": "1"}])
    odd = edited(odd, 0, "category_id", value=99)
    (found,) = read(tmp_path, truth, odd, strict=False).tracks[0]
    assert (found.category_id, len(found.segmentations), found.segmentations[0].height) == (99, 1, 1)


@pytest.mark.parametrize("name", ["NUL", "unknown video", "score missing"])
def test_lenient_reading_still_refuses(tmp_path, truth, name):
    content, message = REFUSED[name]
    with pytest.raises(DataError, match=message):
        read(tmp_path, truth, content, strict=False)


def test_order_in_the_file_is_kept(tmp_path, truth):
    scores = [0.1, 0.9, 0.5, 0.9]
    found = read(tmp_path, truth, [edited(RESULTS, 0, "score", value=s)[0] for s in scores])
    assert [t.score for t in found.tracks[0]] == scores


@pytest.mark.parametrize(
    ("truth_name", "name"),
    [("sam3_veval_toy/gt_compact", "sam3_veval_toy/pred"), ("sav_000001/instances_manual", "sav_000001/results_auto")],
)
def test_real_results_read_and_write_back_equal(shared, tmp_path, truth_name, name):
    truth = read_truth(shared / "data" / f"{truth_name}.json")
    found = read_predictions(shared / "data" / f"{name}.json", truth)
    assert sum(map(len, found.tracks.values())) == {"sam3_": 20, "sav_0": 9}[name[:5]]
    for packed in ("again.json", "again.json.gz", "again.zip"):
        write_predictions(tmp_path / packed, found.tracks)
        assert read_predictions(tmp_path / packed, truth).tracks == found.tracks


def test_many_tiny_tracks_read_in_bounded_time(tmp_path):
    one = {"id": 1, "width": 4, "height": 2, "length": 1}
    truth = read_truth(write(tmp_path, {"videos": [one], "categories": [{"id": 1}]}))
    track = json.dumps({"video_id": 1, "category_id": 1, "score": 1, "segmentations": [FULL]})
    path = write(tmp_path, "[" + ",".join([track] * 20_000) + "]", "tiny.json")
    begin = time.process_time()
    assert len(read_predictions(path, truth).tracks[1]) == 20_000
    assert time.process_time() - begin < 3  # some 0.2 s are usual: a million in ten


FUZZ = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def survives(tmp_path, truth, content):
    for strict in (True, False):
        with contextlib.suppress(DataError):
            read(tmp_path, truth, content, strict=strict)


@FUZZ
@given(st.sampled_from([(0,), *list(places(RESULTS))[1:]]), JSON)
def test_any_value_in_any_place_is_read_or_refused(tmp_path, truth, path, value):
    survives(tmp_path, truth, json.dumps(edited(RESULTS, *path, value=value)))


@FUZZ
@given(st.integers(0, 150), st.integers(0, 4), st.text(max_size=4))
def test_any_damage_to_the_text_is_read_or_refused(tmp_path, truth, at, dropped, inserted):
    text = json.dumps(RESULTS)
    survives(tmp_path, truth, text[:at] + inserted.encode("ascii", "replace").decode() + text[at + dropped :])
