"""MOTS's text form: what a line says, and lines that say nothing."""

import pytest

from simvtr.errors import DataError
from simvtr.formats import Work, read_annotations
from tests.formats.made import kinds, pictures


def save(folder, *lines, name="0002.txt"):
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_line_is_a_mask(tmp_path):
    work = Work()
    path = save(tmp_path, "1 1005 1 2 3 06", "3 2001 2 2 3 123", "3 10000 10 2 3 06")
    truth = read_annotations(path, work)
    assert kinds(truth) == {1005: "car", 2001: "pedestrian"}
    assert pictures(truth)[2001] == [None, None, [[False, True, False], [True, False, False]]]
    assert truth.videos[1].file_names == ("000001.jpg", "000002.jpg", "000003.jpg")
    assert work.notes[0].endswith("1 mask of what is to be ignored left out")


def test_frames_count_from_0_where_one_is_0(tmp_path):
    assert read_annotations(save(tmp_path, "0 1005 1 2 3 06", "2 1005 1 2 3 06"), Work()).videos[1].length == 3


def test_images_say_how_many_frames_there_are(tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    for i in range(1, 5):
        (images / f"{i}.jpg").touch()
    truth = read_annotations(save(tmp_path, "1 1005 1 2 3 06"), Work(images=images))
    assert truth.videos[1].length == 4


def test_every_file_is_a_video(tmp_path):
    for name in ("a.txt", "b.txt"):
        save(tmp_path, "1 1005 1 2 3 06", name=name)
    truth = read_annotations(tmp_path, Work())
    assert [video.file_names for video in truth.videos.values()] == [("a/000001.jpg",), ("b/000001.jpg",)]
    assert [track.id for tracks in truth.tracks.values() for track in tracks] == [1, 2]  # both were 1005


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("hello", r"0002\.txt, line 2: must be five numbers"),
        ("2 1005 1 2 3", "must be five numbers"),
        ("2 1005 1 2 99999999999 06", "must be five numbers"),
        ("2 1005 1 2 3 07", "line 2: the runs must add up to 2 x 3 = 6 pixels, got 7"),
        ("2 1005 1 3 2 06", "the size must be that of the other frames, 3 x 2, got 2 x 3"),
        ("99999999 1005 1 2 3 06", "a video must have 1 to 1048576 frames, got 99999999"),
        ("2 1005 1 20000 20000 06", "the size must be"),
        ("1 1005 1 2 3 06", "an object must be in a frame once"),
        ("2 1005 2 2 3 06", "an object must keep its category, got 'pedestrian' after 'car'"),
    ],
)
def test_what_is_no_mask_is_refused(tmp_path, line, match):
    with pytest.raises(DataError, match=match):
        read_annotations(save(tmp_path, "1 1005 1 2 3 06", line), Work())


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="a video must have a mask"):
        read_annotations(save(tmp_path), Work())
