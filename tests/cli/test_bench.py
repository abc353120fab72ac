"""`simvtr bench`: what it says about this machine."""

import json

import pytest

from simvtr.cli import bench
from simvtr.cli.main import main


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(bench, "QUICK", 0.0)  # one window each


def test_a_row_for_each_window_with_rates_and_memory(capsys):
    assert main(["bench", "--quick", "--size", "64x48", "--window", "2", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["video"] == "64x48" and found["network"] == "simvtr-tiny"
    assert [(row["window"], row["frames"]) for row in found["rows"]] == [(1, 1), (2, 2)]
    for row in found["rows"]:
        assert row["network_frames_per_second"] >= row["frames_per_second"] > 0
        assert row["peak_memory_mib"] > 50


def test_the_table_is_for_people(capsys):
    assert main(["bench", "--quick", "--size", "64x48", "--window", "1"]) == 0
    said = capsys.readouterr().out
    assert "frames/s   network's alone" in said and "threads: " in said
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
