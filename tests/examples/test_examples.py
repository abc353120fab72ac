"""Every example runs as its first line says, on data small enough for seconds."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from simvtr.data.synth import SynthConfig, write_dataset
from simvtr.data.video import write_video
from simvtr.model.weights import PACKAGED
from tests.schema.files import RESULTS, TRUTH, write

EXAMPLES = Path(__file__).parents[2] / "examples"
weights = pytest.mark.skipif(not (PACKAGED / "simvtr-tiny").is_dir(), reason="the packaged weights are not here")


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs an example in this process, which has torch already; gives what it prints."""

    def run(name: str, *words: object) -> str:
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", [name, *map(str, words)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return run


@pytest.fixture
def clip(tmp_path) -> Path:
    path = tmp_path / "clip.mp4"
    with write_video(str(path), 10, (64, 48)) as video:
        for _ in range(2):
            video.add(np.zeros((48, 64, 3), np.uint8))
    return path


WORDY = sorted(p.name for p in EXAMPLES.glob("*.py") if p.name not in ("tour.py", "make_notebook.py"))


@pytest.mark.parametrize("name", WORDY)
def test_an_example_without_words_says_how_it_is_called(run, name):
    with pytest.raises(SystemExit, match=f"python examples/{name}"):
        run(name)


@weights
def test_a_video_is_segmented_in_ten_lines(run, clip):
    text = (EXAMPLES / "segment_video.py").read_text().split('"""\n', 1)[1]
    assert len(text.strip().splitlines()) <= 10
    for line in run("segment_video.py", clip).splitlines():
        assert len(line.split(",")) == 5


@weights
def test_supervision_draws_every_frame(run, clip, tmp_path):
    run("draw_with_supervision.py", clip, tmp_path / "drawn")
    assert sorted(p.name for p in (tmp_path / "drawn").iterdir()) == ["00000.jpg", "00001.jpg"]


def test_results_of_others_are_scored_and_audited(run, tmp_path):
    empty = {"size": [2, 4], "counts": "8"}
    theirs = RESULTS[0] | {"segmentations": [RESULTS[0]["segmentations"][0], empty, empty]}
    said = run("score_and_audit.py", write(tmp_path, TRUTH), write(tmp_path, [theirs], "r.json"), tmp_path / "out")
    assert "note: 2 all-zero masks stood for absence: now null" in said
    assert "AP50" in said
    assert "HOTA" in said
    assert json.loads((tmp_path / "out/results.json").read_text())[0]["segmentations"][1:] == [None, None]
    assert (tmp_path / "out/audit.html").is_file()


def test_two_systems_are_compared(run, tmp_path):
    worse = RESULTS[0] | {"segmentations": [None, None, RESULTS[0]["segmentations"][0]]}
    files = [write(tmp_path, [worse], "a.json"), write(tmp_path, RESULTS, "b.json")]
    said = run("compare_two_systems.py", write(tmp_path, TRUTH), *files)
    assert ["AP", "0.00", "100.00", "+100.00"] in [line.split()[:4] for line in said.splitlines()]


def test_a_model_of_another_library_is_scored_and_audited(run, tmp_path):
    pytest.importorskip("transformers")
    from tests.neighbours.models import saved

    truth = write_dataset(tmp_path / "data", SynthConfig(width=64, height=48, frames=3), 1, 0)
    weights = saved("mask2former", tmp_path / "weights")
    said = run("segment_with_transformers.py", weights, truth, tmp_path / "data/JPEGImages", tmp_path / "out")
    assert "AP50" in said
    assert json.loads((tmp_path / "out/results.json").read_text())
    assert (tmp_path / "out/audit.html").is_file()


@weights
def test_a_model_is_trained_on_labels_of_another_tool(run, tmp_path):
    from simvtr.cli.main import main

    truth = write_dataset(tmp_path / "data", SynthConfig(width=64, height=48, frames=2, objects=(1, 1)), 1, 0)
    frames = next((tmp_path / "data/JPEGImages").iterdir())
    assert main(["convert", "annotations", str(truth), "-o", str(tmp_path / "task.xml")]) == 0
    small = ["--train.steps", "1", "--train.augment.short_sides", "[48]", "--train.augment.long_side", "64"]
    said = run("finetune_own_clip.py", tmp_path / "task.xml", frames, tmp_path / "run", *small)
    assert "no problem found" in said
    assert "overlay.mp4" in said
    assert (tmp_path / "run/weights/model.safetensors").is_file()
