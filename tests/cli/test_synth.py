"""`simvtr synth`: statistics on stdout, progress on stderr, exit codes."""

import re

import pytest

from simvtr.cli.main import main

SMALL = ["--videos", "2", "--frames", "4", "--width", "96", "--height", "64", "--seed", "3"]


def test_it_makes_a_data_set_and_prints_what_it_measured(tmp_path, capsys):
    assert main(["synth", str(tmp_path / "out"), "--occlusion", "heavy", "--objects", "3", *SMALL]) == 0
    printed = capsys.readouterr()
    assert (tmp_path / "out" / "instances.json").exists()
    assert len(list((tmp_path / "out").rglob("*.jpg"))) == 8
    for line in (r"^videos +2$", r"^frames +8$", r"^mBOR +0\.\d{3}$", r"^tracks that vanish and return +\d+\.\d%$"):
        assert re.search(line, printed.out, re.M), printed.out
    assert printed.err == ""  # progress is for terminals
    assert "drawing" not in printed.out


def test_what_it_makes_is_clean_in_check(tmp_path, capsys):
    pytest.importorskip("simvtr.cli.check")
    assert main(["synth", str(tmp_path / "out"), *SMALL]) == 0
    images = tmp_path / "out" / "JPEGImages"
    assert main(["check", str(tmp_path / "out" / "instances.json"), "--images", str(images)]) == 0


@pytest.mark.parametrize(
    "wrong",
    [["--objects", "many"], ["--objects", "5-2"], ["--videos", "0"], ["--width", "7"], ["--occlusion", "total"]],
)
def test_a_wrong_command_exits_2_and_makes_nothing(tmp_path, capsys, wrong):
    assert main(["synth", str(tmp_path / "out"), *SMALL, *wrong]) == 2
    assert not list(tmp_path.rglob("*.jpg"))
    assert capsys.readouterr().out == ""


def test_a_folder_called_like_a_file_exits_2_and_is_not_made(tmp_path, capsys):
    assert main(["synth", str(tmp_path / "x.json"), *SMALL]) == 2
    assert capsys.readouterr().err == (
        f"simvtr synth: out {tmp_path / 'x.json'} must be a folder, for instances.json and JPEGImages/, got the name "
        "of a file. Leave .json out.\n"
    )
    assert not list(tmp_path.iterdir())


def test_a_folder_of_other_settings_exits_1_in_one_line(tmp_path, capsys):
    assert main(["synth", str(tmp_path / "out"), *SMALL]) == 0
    capsys.readouterr()
    assert main(["synth", str(tmp_path / "out"), *SMALL, "--occlusion", "slight"]) == 1
    assert [line for line in capsys.readouterr().err.splitlines() if "other settings" in line]


def test_a_benchmark_split_takes_no_other_setting(tmp_path, capsys):
    assert main(["synth", str(tmp_path / "out"), "--benchmark", "val", "--videos", "3", "--motion-blur"]) == 2
    assert capsys.readouterr().err.endswith("settings of its own; leave out --videos, --motion-blur\n")
    assert not (tmp_path / "out").exists()
