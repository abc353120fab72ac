"""`simvtr bench`: what it says about this machine."""

import json

import pytest

from benchmarks.figures import table
from simvtr.cli import bench
from simvtr.cli.main import main
from tests.cli.torchless import refused


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(bench, "QUICK", 0.0)  # one window a round


def test_a_row_for_each_window_with_rates_and_memory(capsys):
    assert main(["bench", "--quick", "--size", "64x48", "--window", "2", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["video"] == "64x48" and found["network"] == "simvtr-tiny"
    assert [(row["window"], row["frames"]) for row in found["rows"]] == [(1, 3), (2, 6)]  # of three rounds
    for row in found["rows"]:
        assert row["network_frames_per_second"] >= row["frames_per_second"] > 0
        assert row["peak_memory_mib"] > 50
        for rate, (least, greatest) in row["spread"].items():
            assert least <= row[rate] <= greatest


def test_the_table_is_for_people(capsys):
    assert main(["bench", "--quick", "--size", "64x48", "--window", "1"]) == 0
    said, meanwhile = capsys.readouterr()
    assert "frames/s   least to greatest   network's alone" in said and "threads: " in said
    assert f"window 1: {said.splitlines()[-1].split()[1]} frames/s" in meanwhile
    assert main(["bench", "--help"]) == 0
    assert "network's alone: frames/s if the network were all" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--preset", "simvtr-r9"], "--preset must be one of simvtr-r50"),
        (["--size", "0x48"], "must be width x height in pixels"),
        (["--device", "cuda"], "one that this machine has"),
    ],
)
def test_what_is_not_there_is_a_wrong_command(options, message, capsys):
    assert main(["bench", *options]) == 2
    assert message in capsys.readouterr().err


def test_figures_are_added_to_a_file_as_the_benchmarks_have_them(tmp_path, capsys):
    file = tmp_path / "figures.jsonl"
    old = {
        "name": "start",
        "value": 1,
        "unit": "s",
        "spread": None,
        "goal": "",
        "command": "python -m benchmarks.other",
    }
    about = {"date": "2026-01-01", "python": "3", "torch": "2", "cpu": "x", "cores": 1, "threads": 1, "load": 0}
    file.write_text(json.dumps({**old, **about, "commit": "0"}) + "\n")
    before = file.read_text()
    assert main(["bench", "--quick", "--size", "64x48", "--window", "2", "--device", "cpu", "--append", str(file)]) == 0
    assert file.read_text().startswith(before)
    lines = file.read_text().splitlines()
    entries = [json.loads(line) for line in lines[1:]]
    assert [entry["name"].removeprefix("simvtr-tiny, 64x48, float32 on cpu, window 2: ") for entry in entries] == [
        "whole",
        "network's alone",
        "whole / network's alone",
        "CPU time",
        "peak memory",
    ]
    for entry in entries[:-1]:
        assert entry["spread"][0] <= entry["value"] <= entry["spread"][1]
    said = "simvtr bench --size 64x48 --weights simvtr-tiny --window 2 --device cpu --precision float32 --quick"
    assert {entry["command"] for entry in entries} == {said}
    page = table(lines)
    assert page.index("python -m benchmarks.other") < page.index(f"`{said}` · ")
    assert "| simvtr-tiny, 64x48, float32 on cpu, window 2: CPU time | " in page


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none/figures.jsonl", "must be a file that lines can be added to, got: No such file or directory"),
        ("", "must be a file that lines can be added to, got: Is a directory"),
        ("clip.mp4", "must be a new file or one of JSON lines that --append wrote, got other content"),
    ],
)
def test_a_file_that_takes_no_line_is_exit_1_before_torch_is_loaded(tmp_path, name, message):
    (tmp_path / "clip.mp4").write_bytes(b"no lines")
    line = refused("bench", "--append", tmp_path / name)
    assert line.startswith(f"simvtr bench: {tmp_path / name}: ") and message in line
    assert (tmp_path / "clip.mp4").read_bytes() == b"no lines"
