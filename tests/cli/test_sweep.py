"""`simvtr audit TRUTH --sweep WEIGHTS --images DIR` from start to end, on tiny videos."""

import json
import os
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch

from simvtr.cli import sweep
from simvtr.cli.main import main
from simvtr.cli.sweep import run_sweep
from simvtr.config import simvtr_tiny
from simvtr.data.synth import SynthConfig, write_dataset
from simvtr.data.video import read_frames
from simvtr.errors import DataError
from simvtr.inference import Predictor
from simvtr.model import SimVTR, load, save
from simvtr.rle import decode
from simvtr.schema import read_truth

FRAMES = 6


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """Two videos of 6 frames, 96 x 64."""
    folder = tmp_path_factory.mktemp("synth")
    return write_dataset(folder, SynthConfig(width=96, height=64, frames=FRAMES, occlusion="heavy"), 2, 0)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    small = {"backbone_width": 16, "channels": 64, "encoder_layers": 1, "decoder_layers": 1, "instances": 3}
    categories = tuple((i + 1, f"kind {i + 1}") for i in range(8))
    model = SimVTR(simvtr_tiny(**small, classes=8, categories=categories, short_side=32, long_side=48))
    with torch.no_grad():
        model.mask_head.out.bias.fill_(1)  # untrained, it would find nothing
    return str(save(model, tmp_path_factory.mktemp("weights")))


@pytest.fixture
def here(monkeypatch):
    """Windows run in this process: quick, and its peak of memory is not asked for."""
    monkeypatch.setattr(sweep, "_in_a_process", sweep._run)
    monkeypatch.setattr(sweep, "_peak_mib", lambda device: None)


def arguments(truth, weights, out, **changes) -> Namespace:
    given = {"windows": "1,4,all", "images": truth.parent / "JPEGImages", "max_videos": None}
    return Namespace(truth=truth, sweep=weights, out=out, **given | changes)


def test_the_packaged_weights_are_swept_each_window_in_a_process_of_its_own(truth, tmp_path, capsys):
    command = ["audit", str(truth), "--sweep", "simvtr-tiny", "--images", str(truth.parent / "JPEGImages")]
    assert main([*command, "--windows", "2", "--max-videos", "1", "-o", str(tmp_path / "out")]) == 0
    output = capsys.readouterr().out.splitlines()
    assert output[0].split()[:6] == ["reading", "window", "AP", "ytvos", "AP", "strict"] and output[1].split()[:2] == [
        "slots",
        "2",
    ]
    assert output[-3:] == [str(tmp_path / "out" / f"sweep.{kind}") for kind in ("html", "svg", "json")]
    data = json.loads((tmp_path / "out" / "sweep.json").read_text())
    assert (data["weights"], data["videos"], data["frames"], data["stopped"]) == ("simvtr-tiny", 1, FRAMES, None)
    assert [(p["window"], p["reading"]) for p in data["points"]] == [(2, "slots"), (2, "first"), (2, "held")]
    assert all(p["frames"] == FRAMES and p["frames_per_second"] > p["end_to_end"] > 0 for p in data["points"])
    if Path("/proc/self/status").exists():
        assert all(p["peak_mib"] > 50 for p in data["points"])


def test_the_first_window_of_a_run_is_what_segmenting_those_frames_alone_gives(truth, weights):
    data = read_truth(truth)
    job = sweep._Job(weights, sweep._clips(data, truth.parent / "JPEGImages"), {1: "disc"})
    told = []
    run = sweep._run(job, 4, told.append)
    assert told == list(range(1, 2 * FRAMES + 1)) and run.frames == 2 * FRAMES
    for clip in job.clips:
        alone = Predictor(load(weights), 4, "slot")(list(read_frames(clip.paths))[:4])
        whole = Predictor(load(weights), 4, "slot")(read_frames(clip.paths))
        for made, wanted in ((run.first[clip.id], alone), (run.found[clip.id], whole)):
            assert made and [(t.category_id, t.score, t.identity) for t in made] == [
                (t.category_id, t.score, t.identity) for t in wanted
            ]
            for track, other in zip(made, wanted, strict=True):
                assert len(track.segmentations) == len(other.segmentations)
                for mask, expected in zip(track.segmentations, other.segmentations, strict=True):
                    assert mask == expected and (mask is None or decode(mask).shape == (64, 96))


def test_a_page_may_be_named_and_figure_and_json_lie_beside_it(truth, weights, tmp_path, here):
    assert run_sweep(arguments(truth, weights, tmp_path / "a" / "frames.html", windows="2")) == 0
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["frames.html", "frames.json", "frames.svg"]


def test_ctrl_c_keeps_the_windows_that_are_done_and_says_so(truth, weights, tmp_path, here, monkeypatch, capsys):
    def once(job, window, progress):
        if window != 1:
            raise KeyboardInterrupt
        return sweep._run(job, window, progress)

    monkeypatch.setattr(sweep, "_in_a_process", once)
    assert run_sweep(arguments(truth, weights, tmp_path)) == 130
    data = json.loads((tmp_path / "sweep.json").read_text())
    assert {p["window"] for p in data["points"]} == {1} and data["stopped"] == "interrupted"
    output = capsys.readouterr()
    assert "Stopped before the end: interrupted" in output.out and "the files hold the windows" in output.err


def test_a_window_too_large_keeps_the_others_and_is_wrong_data(truth, weights, tmp_path, here, monkeypatch):
    def once(job, window, progress):
        if window == "all":
            raise DataError("the video: a window must fit into memory.")
        return sweep._run(job, window, progress)

    monkeypatch.setattr(sweep, "_in_a_process", once)
    with pytest.raises(DataError, match=r"must fit into memory\. The files hold the windows before it\."):
        run_sweep(arguments(truth, weights, tmp_path))
    assert {p["window"] for p in json.loads((tmp_path / "sweep.json").read_text())["points"]} == {1, 4}


def test_a_process_that_the_system_ends_is_too_little_memory(truth, weights, monkeypatch):
    monkeypatch.setattr(sweep, "_answer", _killed)
    with pytest.raises(DataError, match="a window must fit into memory, all does not"):
        sweep._in_a_process(sweep._Job(weights, [], {}), "all", lambda done: None)


def _killed(pipe, job, window):
    os.kill(os.getpid(), 9)


@pytest.mark.parametrize("windows", ["", "0", "1,1", "1;2", "some", "-1"])
def test_windows_that_are_none_are_a_wrong_command(truth, weights, tmp_path, windows, capsys):
    assert run_sweep(arguments(truth, weights, tmp_path, windows=windows)) == 2
    assert "--windows must be numbers from 1" in capsys.readouterr().err


def test_no_videos_at_all_is_a_wrong_command(truth, weights, tmp_path, capsys):
    assert run_sweep(arguments(truth, weights, tmp_path, max_videos=0)) == 2
    assert "--max-videos must be at least 1, got 0" in capsys.readouterr().err


def test_what_is_wrong_with_the_data_is_one_line(truth, weights, tmp_path, here, capsys):
    images = str(truth.parent / "JPEGImages")

    def said(path, *options) -> str:
        assert main(["audit", str(path), "--images", images, "-o", str(tmp_path / "out"), *options]) == 1
        error = capsys.readouterr().err
        return next(line for line in error.splitlines() if line.startswith("simvtr audit: "))

    assert "weights nowhere: must be a folder" in said(truth, "--sweep", "nowhere")
    assert "no file" in said(truth, "--sweep", weights, "--images", str(tmp_path))
    data = json.loads(truth.read_text())
    strange = [{**c, "id": c["id"] + 100} for c in data["categories"]]
    moved = [{**a, "category_id": a["category_id"] + 100} for a in data["annotations"]]
    changed = {
        "other.json": ({"categories": strange, "annotations": moved}, "at least one category must be of the truth"),
        "empty.json": ({"annotations": []}, "there must be at least one true track"),
        "few.json": (
            {"videos": [{**v, "file_names": []} for v in data["videos"]]},
            "file_names must list its 6 frames",
        ),
    }
    for name, (change, message) in changed.items():
        path = tmp_path / name
        path.write_text(json.dumps(data | change))
        assert message in said(path, "--sweep", weights)


def test_frames_of_another_size_are_wrong_data(truth, weights, tmp_path, here):
    from PIL import Image

    data = read_truth(truth)
    for video in data.videos.values():
        for name in video.file_names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.zeros((32, 48, 3), np.uint8)).save(tmp_path / name)
    with pytest.raises(DataError, match="its frames must be 96x64, got 48x32"):
        run_sweep(arguments(truth, weights, tmp_path / "out", images=tmp_path))
