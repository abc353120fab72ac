"""Results appear whole or not at all, with one entry a frame."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest

from simvtr.rle import encode
from simvtr.schema import Predictions, PredictionWriter, Track, read_truth, write_predictions, write_truth
from tests.schema.files import TRUTH, write

MASK = encode(np.ones((2, 4), bool))


def test_nothing_appears_before_the_end(tmp_path):
    path = tmp_path / "results.json"
    with PredictionWriter(path) as writer:
        writer.add(1, Track(2, 0.5, (MASK, None)))
        assert not path.exists()
        assert [p.suffix for p in tmp_path.iterdir()] == [".part"]
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]
    assert json.loads(path.read_text()) == [
        {"video_id": 1, "category_id": 2, "score": 0.5, "segmentations": [{"size": [2, 4], "counts": "08"}, None]}
    ]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("name", ["results.json", "results.zip", "results.json.gz"])
def test_an_interrupted_writer_leaves_nothing(tmp_path, error, name):
    (tmp_path / name).write_text("the old results")
    with pytest.raises(error), PredictionWriter(tmp_path / name) as writer:
        writer.add(1, Track(2, 0.5, (MASK,)))
        raise error
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "the old results"


@pytest.mark.parametrize("name", ["results.json", "results.zip", "results.json.gz"])
def test_finish_keeps_what_is_done(tmp_path, name):
    with pytest.raises(KeyboardInterrupt), PredictionWriter(tmp_path / name) as writer:
        writer.add(1, Track(2, 0.5, (MASK,)))
        writer.finish()
        writer.finish()  # a second call does nothing
        raise KeyboardInterrupt
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).stat().st_size > 0


def test_no_track_is_an_empty_list(tmp_path):
    write_predictions(tmp_path / "results.json", {})
    assert json.loads((tmp_path / "results.json").read_text()) == []


def test_short_tracks_are_filled_to_the_given_length(tmp_path):
    path = tmp_path / "results.json"
    write_predictions(path, {1: [Track(2, 0.5, (MASK,)), Track(2, 0.4, ())]}, lengths={1: 3})
    assert [len(track["segmentations"]) for track in json.loads(path.read_text())] == [3, 3]


def test_tracks_of_other_lengths_are_refused(tmp_path):
    path = tmp_path / "results.json"
    for lengths, first in (({1: 2}, 2), (None, 2)):
        with pytest.raises(
            ValueError, match=rf"^results\.json, video 1, track 1: .* must have {first} frames, got 3\. Put"
        ):
            write_predictions(path, {1: [Track(2, 0.5, (None,) * n) for n in (2, 3)]}, lengths)
    with pytest.raises(ValueError, match=r"a track of this video must have 2 frames, got 1"):
        write_predictions(path, {1: [Track(2, 0.5, (None,) * n) for n in (2, 1)]})
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_video_or_score_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"^r\.json, video 2, track 0: the video must be one of `lengths`\. Add"):
        write_predictions(tmp_path / "r.json", {2: [Track(2, 0.5, (None,))]}, lengths={1: 1})
    for score in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match=rf"^r\.json, video 1, track 0: the score must be finite, got {score}"):
            write_predictions(tmp_path / "r.json", {1: [Track(2, score, (None,))]})


@dataclass
class FrameResult:
    """As `simvtr.FrameResult`, which this test does without: another class is another class."""

    index: int


COLLECT = "Frames of a stream become tracks by simvtr.TrackBuilder: add() each, then tracks()."
TRACK = Track(2, 0.5, (MASK, None))


@pytest.mark.parametrize(
    ("tracks", "wanted", "came", "do"),
    [
        ([TRACK], "tracks must be {video id: list of simvtr.Track}", "list", f"Write {{1: tracks}}. {COLLECT}"),
        (TRACK, "tracks must be {video id: list of simvtr.Track}", "Track", "Write {1: [track]}."),
        ([FrameResult(0)], "tracks must be {video id: list of simvtr.Track}", "list", COLLECT),
        (None, "tracks must be {video id: list of simvtr.Track}", "None", COLLECT),
        (Predictions({}, "r.json"), "{video id: list of simvtr.Track}", "Predictions", "Give its .tracks."),
        ({1: TRACK}, "video 1 must have a list of simvtr.Track", "Track", "Write [track]."),
        ({1: FrameResult(0)}, "video 1 must have a list of simvtr.Track", "FrameResult", COLLECT),
        ({1: [FrameResult(0)]}, "video 1, track 0 must be a simvtr.Track", "FrameResult", COLLECT),
        ({1: [TRACK, None]}, "video 1, track 1 must be a simvtr.Track", "None", COLLECT),
        ({1: np.ones((3, 2, 4), bool)}, "video 1, track 0 must be a simvtr.Track", "ndarray bool (2, 4)", COLLECT),
        (
            {"a.mp4": [TRACK]},
            "track 0: the video id must be a whole number",
            "str 'a.mp4'",
            "Give the one of the truth.",
        ),
    ],
)
def test_what_is_no_list_of_tracks_is_refused_with_what_to_give(tmp_path, tracks, wanted, came, do):
    with pytest.raises(TypeError) as error:
        write_predictions(tmp_path / "r.json", tracks)
    assert f"{wanted}, got {came}. " in str(error.value) and do in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"category_id": "dog"}, "the category_id must be a whole number, got str 'dog'"),
        ({"category_id": 1.5}, "the category_id must be a whole number, got float 1.5"),
        ({"identity": np.ones(2)}, "the identity must be a whole number, got ndarray float64 (2,)"),
        ({"score": None}, "the score must be one number, got None"),
        ({"score": "0.5"}, "the score must be one number, got str '0.5'"),
        ({"segmentations": None}, "segmentations must be a list, simvtr.Rle or None a frame, got None"),
        ({"segmentations": np.ones((2, 2, 4), bool)}, "simvtr.Rle or None a frame, got ndarray bool (2, 2, 4)"),
        ({"segmentations": MASK}, "simvtr.Rle or None a frame, got Rle"),
        ({"segmentations": [None, np.ones((2, 4), bool)]}, "frame 1: a mask must be simvtr.Rle or None, got ndarray"),
        ({"segmentations": [{"size": [2, 4], "counts": "08"}]}, "frame 0: a mask must be simvtr.Rle or None, got dict"),
    ],
)
def test_a_track_of_other_kinds_than_a_track_has_is_refused_by_its_number(tmp_path, fields, says):
    with pytest.raises(TypeError) as error:
        write_predictions(tmp_path / "r.json", {7: [TRACK, replace(TRACK, **fields)]})
    assert str(error.value).startswith("r.json, video 7, track 1") and says in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_where_a_tensor_came_the_message_says_how_it_becomes_an_array(tmp_path):
    torch = pytest.importorskip("torch")
    masks, encoded = torch.ones(3, 2, 4) > 0, "simvtr.rle.encode(mask.cpu().numpy())"
    track = f"A track of masks is simvtr.Track(category_id, score, [{encoded} for mask in masks])."
    for tracks, says in (
        (masks, f"got Tensor torch.bool (3, 2, 4). Write {{1: [track]}}. {track}"),
        ({1: masks}, f"video 1, track 0 must be a simvtr.Track, got Tensor torch.bool (2, 4). {track}"),
        ({1: [Track(2, 0.5, masks)]}, f"Rle or None a frame, got Tensor torch.bool (3, 2, 4). {encoded} makes one of"),
        (
            {1: [Track(2, 0.5, [*masks])]},
            f"frame 0: a mask must be simvtr.Rle or None, got Tensor torch.bool (2, 4). {encoded}",
        ),
        ({1: [Track(2, torch.ones(2), [])]}, "the score must be one number, got Tensor torch.float32 (2,)"),
    ):
        with pytest.raises(TypeError) as error:
            write_predictions(tmp_path / "r.json", tracks)
        assert says in str(error.value)
    write_predictions(tmp_path / "r.json", {1: [Track(2, 0.5, [encode(mask.cpu().numpy()) for mask in masks])]})


def test_a_path_or_lengths_of_another_kind_are_refused(tmp_path):
    with pytest.raises(TypeError, match=r"path must be a str or Path, got dict\. Name the file first"):
        write_predictions({1: [TRACK]}, tmp_path / "r.json")
    for write_to, caller in ((write_predictions, "write_predictions"), (PredictionWriter, "PredictionWriter")):
        with pytest.raises(ValueError, match=rf"^{caller}: path must name a file, got '\.'"):
            write_to(".", {})
        with pytest.raises(TypeError, match=rf"^{caller}: lengths must be"):
            write_to(tmp_path / "r.json", lengths=3, **({"tracks": {}} if write_to is write_predictions else {}))
    for lengths, says in ((3, r"\{video id: frames\}, got int 3"), ({1: None}, "video 1: .* got int 1 and None")):
        with pytest.raises(TypeError, match=rf"lengths.* {says}"):
            write_predictions(tmp_path / "r.json", {1: [TRACK]}, lengths)
    assert list(tmp_path.iterdir()) == []


def test_numpy_numbers_are_written_as_numbers(tmp_path):
    track = Track(np.int64(2), np.float32(0.5), (None,), identity=np.int64(4))
    write_predictions(tmp_path / "r.json", {np.int64(1): [track]})
    (entry,) = json.loads((tmp_path / "r.json").read_text())
    assert entry == {"video_id": 1, "category_id": 2, "score": 0.5, "segmentations": [None], "identity": 4}


def test_equal_results_are_equal_files(tmp_path):
    for name in ("r.json", "r.zip", "r.json.gz"):
        write_predictions(tmp_path / name, {1: [Track(2, 0.5, (MASK,))]})
        first = (tmp_path / name).read_bytes()
        write_predictions(tmp_path / name, {1: [Track(2, 0.5, (MASK,))]})
        assert (tmp_path / name).read_bytes() == first


def test_a_truth_that_cannot_be_written_leaves_nothing(tmp_path):
    truth = read_truth(write(tmp_path, TRUTH))
    truth.tracks[0][0] = type(truth.tracks[0][0])(1, 99, 1, (), (), ())  # of a video that is not there
    with pytest.raises(KeyError):
        write_truth(tmp_path / "again.json", truth)
    assert [p.name for p in tmp_path.iterdir()] == ["truth.json"]


def test_a_track_of_hours_is_written_as_one_of_seconds(tmp_path, monkeypatch):
    mask = encode(np.ones((2, 3), bool))
    track = Track(2, 0.5, tuple(mask if i % 3 else None for i in range(7)), 4)
    write_predictions(tmp_path / "whole.json", {1: [track, track]}, lengths={1: 9})
    monkeypatch.setattr("simvtr.schema.writer._PIECE", 2)
    write_predictions(tmp_path / "pieces.json", {1: [track, track]}, lengths={1: 9})
    assert (tmp_path / "pieces.json").read_bytes() == (tmp_path / "whole.json").read_bytes()
    assert [len(entry["segmentations"]) for entry in json.loads((tmp_path / "pieces.json").read_text())] == [9, 9]


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    killed = subprocess.Popen([sys.executable, "-c", "pass"])
    killed.wait()
    kept = {f"r.json.{os.getppid()}.part", f"other.json.{killed.pid}.part", "r.json.mine.part", f"r.json.{10**30}.part"}
    for name in (f"r.json.{killed.pid}.part", *kept):
        (tmp_path / name).write_bytes(b"half")
    write_predictions(tmp_path / "r.json", {1: [Track(2, 0.5, (None,))]})
    assert {p.name for p in tmp_path.iterdir()} == {"r.json", *kept}
