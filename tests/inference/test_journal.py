"""Rules of the file that a killed run goes on from."""

import json

import numpy as np
import pytest

from simvtr.errors import DataError
from simvtr.inference import FrameResult, FrameTrack, TrackBuilder, Vote
from simvtr.inference.journal import Journal
from simvtr.rle import decode

SETTINGS = {"window": 1}


def result(index):
    mask = np.zeros((4, 6), bool)
    mask[:2, : index + 1] = True
    track = FrameTrack(5, 2, "ball", 0.1 + 0.2, mask, 2 / 3)
    return FrameResult(index, [track], {5: Vote({2: 0.1 + 0.2, 3: 1 / 3})}, doubt=20)


def write(path, frames, marks=()):
    with Journal(path, SETTINGS) as journal:
        for index in range(frames):
            journal.add(1, result(index))
            if index + 1 in marks:
                journal.mark(1, index + 1, {"born": index})


def read(path):
    with Journal(path, SETTINGS, resume=True) as journal:
        return [(found.index, found.votes, found.doubt) for found, _ in journal.replay(1)], journal.reached(1)


def test_what_comes_back_is_what_was_found_to_the_last_digit(tmp_path):
    write(tmp_path / "j", 3, marks=(3,))
    with Journal(tmp_path / "j", SETTINGS, resume=True) as journal:
        builder, same = TrackBuilder(journal.mask), TrackBuilder()
        for index, (found, places) in enumerate(journal.replay(1)):
            assert found.tracks[0].score == 0.1 + 0.2 and found.tracks[0].sureness == 2 / 3
            np.testing.assert_array_equal(found.tracks[0].mask, result(index).tracks[0].mask)
            np.testing.assert_array_equal(decode(journal.mask(places[0])), found.tracks[0].mask)
            builder.add(found, places)
            same.add(result(index))
        assert builder.tracks(5) == same.tracks(5)


def test_a_run_goes_on_from_the_last_mark(tmp_path):
    write(tmp_path / "j", 5, marks=(2, 4))
    frames, reached = read(tmp_path / "j")
    assert [index for index, *_ in frames] == [0, 1, 2, 3] and reached == (4, {"born": 3})


@pytest.mark.parametrize("bytes_lost", [1, 5, 40, 300])
def test_a_file_cut_anywhere_is_read_up_to_the_last_whole_mark(tmp_path, bytes_lost):
    write(tmp_path / "j", 5, marks=(2, 5))
    whole = (tmp_path / "j").read_bytes()
    (tmp_path / "j").write_bytes(whole[:-bytes_lost])
    frames, reached = read(tmp_path / "j")
    assert len(frames) == reached[0] == 2


def test_each_frame_is_on_disk_when_it_was_added(tmp_path):
    with Journal(tmp_path / "j", SETTINGS) as journal:
        for index in range(3):
            journal.add(1, result(index))
            lines = (tmp_path / "j").read_text().splitlines()
            assert json.loads(lines[-2])["frame"] == index and json.loads(lines[-1])["identity"] == 5


@pytest.mark.parametrize("content", ["", "nothing\n", "[]\n", '{"frame": 1}\n'])
def test_another_file_is_refused_and_stays(tmp_path, content):
    (tmp_path / "j").write_text(content)
    with pytest.raises(DataError, match=r"its first line must be the settings of a run\. Leave --resume out"):
        Journal(tmp_path / "j", SETTINGS, resume=True)
    assert (tmp_path / "j").read_text() == content
