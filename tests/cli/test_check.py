"""`simvtr check`: the list on stdout, exit code 1 when something is fatal."""

import pytest

from simvtr.cli.main import main
from tests.schema.files import TRUTH, edited, write


def test_a_clean_data_set_exits_0(tmp_path, capsys):
    assert main(["check", str(write(tmp_path, TRUTH))]) == 0
    assert capsys.readouterr().out == "truth.json: no problem found: 1 video, 1 track, 3 frames\n"


def test_a_warning_exits_0(tmp_path, capsys):
    path = write(tmp_path, edited(TRUTH, "annotations", 0, "areas", 2, value=99))
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "warning      1 x area off mask: areas should count the pixels of their mask (5 % and 5 pixels of tolerance)",
        "                 $.annotations[0], video 0, track 0, frame 2: 99, its mask has 8",
        "truth.json: 0 fatal, 1 warning: 1 video, 1 track, 3 frames",
    ]


def test_a_fatal_problem_exits_1(tmp_path, capsys):
    path = write(tmp_path, TRUTH)
    (tmp_path / "images").mkdir()
    assert main(["check", str(path), "--images", str(tmp_path / "images")]) == 1
    assert "fatal        3 x missing image: every frame must have its image" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["", "[]", "{", "nul"])
def test_no_json_exits_1_with_one_line(tmp_path, capsys, content):
    assert main(["check", str(write(tmp_path, content))]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("simvtr check: truth.json: ")
    assert err.count("\n") == 1


def test_without_a_file_the_command_is_wrong(capsys):
    assert main(["check"]) == 2
    assert "truth" in capsys.readouterr().err


def test_a_folder_in_place_of_the_annotations_exits_1(tmp_path, capsys):
    assert main(["check", str(tmp_path)]) == 1
    assert "must be a file (JSON, ZIP or GZ), this is a folder" in capsys.readouterr().err
