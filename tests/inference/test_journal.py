"""Rules of the file that a killed run goes on from."""

import json
from dataclasses import replace

import numpy as np
import pytest

from simvtr.errors import DataError
from simvtr.inference import FrameResult, FrameTrack, TrackBuilder, Vote
from simvtr.inference.journal import Journal, read_journal
from simvtr.rle import encode

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
        return [(found.index, found.votes, found.doubt) for found in journal.replay(1)], journal.reached(1)


def test_what_comes_back_is_what_was_found_to_the_last_digit(tmp_path):
    write(tmp_path / "j", 3, marks=(3,))
    with Journal(tmp_path / "j", SETTINGS, resume=True) as journal:
        builder, same = TrackBuilder(journal.masks), TrackBuilder()
        for index, found in enumerate(journal.replay(1)):
            assert found.tracks[0].score == 0.1 + 0.2 and found.tracks[0].sureness == 2 / 3
            np.testing.assert_array_equal(found.tracks[0].mask, result(index).tracks[0].mask)
            builder.add(found)
            same.add(result(index))
        (track,), (other,) = builder.tracks(5), same.tracks(5)
        assert tuple(track.segmentations) == tuple(other.segmentations)
        assert (track.score, track.category_id) == (other.score, other.category_id)


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


@pytest.mark.parametrize("line", range(1, 9))  # frames 0 and 1 with their tracks, mark, sum, frame 2
def test_a_file_with_another_letter_before_its_last_mark_is_refused(tmp_path, line):
    write(tmp_path / "j", 4, marks=(2, 4))
    lines = (tmp_path / "j").read_text().splitlines()
    at = next(i for i, letter in enumerate(lines[line]) if letter.isdigit())
    lines[line] = lines[line][:at] + str(9 - int(lines[line][at])) + lines[line][at + 1 :]  # JSON as before
    (tmp_path / "j").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=r"j: was changed since it was written\. Leave --resume out"):
        Journal(tmp_path / "j", SETTINGS, resume=True)


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


def test_the_masks_of_a_track_are_found_again_through_a_cut_and_a_second_run(tmp_path):
    def of(index):  # object 5 in every frame, object 6 in every third
        found = result(index)
        also = replace(found.tracks[0], identity=6)
        return replace(found, tracks=found.tracks + [also] * (index % 3 == 0))

    with Journal(tmp_path / "j", SETTINGS) as journal:
        for index in range(5):
            journal.add(1, of(index))
            if index == 3:
                journal.mark(1, 4, None)
    with Journal(tmp_path / "j", SETTINGS, resume=True) as journal:
        assert [found.index for found in journal.replay(1)] == [0, 1, 2, 3]
        for index in range(4, 8):
            journal.add(1, of(index))
        assert [frame for frame, _ in journal.masks(5)] == list(range(8))
        found = list(journal.masks(6))
        assert found == [(i, encode(result(i).tracks[0].mask)) for i in (0, 3, 6)]
        journal.add(2, of(0))  # the next video: numbers begin anew
        assert [frame for frame, _ in journal.masks(5)] == [0] and not list(journal.masks(7))


@pytest.mark.parametrize("bytes_lost", [0, 1, 40, 300, 700])
def test_a_cut_file_is_read_up_to_the_last_whole_frame(tmp_path, bytes_lost):
    write(tmp_path / "j", 5, marks=(2,))
    whole = (tmp_path / "j").read_bytes()
    (tmp_path / "j").write_bytes(whole[: len(whole) - bytes_lost])
    found = [one for _, one in read_journal(str(tmp_path / "j"))]  # a name does as well as a Path
    last = whole[: len(whole) - bytes_lost].rsplit(b'{"video"', 1)[0].count(b'"frame": ')
    assert last <= len(found) <= last + 1 and [one.index for one in found] == list(range(len(found)))
    assert all(one.votes == result(one.index).votes and one.tracks[0].score == 0.1 + 0.2 for one in found)
