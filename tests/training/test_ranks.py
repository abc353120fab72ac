"""Two ranks are one training: the same numbers as one rank with all clips."""

import json
import shutil
import socket
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import yaml

from simvtr.config import TrainConfig
from simvtr.training.ranks import Ranks, device_of, settled
from tests.training.processes import Started


def page(recipe, folder: Path, **train) -> Path:
    """The recipe as a file: fixed norms and no dropout, which are what differs between ranks."""
    model = replace(recipe.model, frozen_norm=True, dropout=0.0)
    whole = replace(recipe, out=str(folder / "run"), model=model, train=replace(recipe.train, **train))
    folder.mkdir()
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(msgspec.to_builtins(whole)))
    return path


def curve(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "run" / "log.jsonl").read_text().splitlines()]


def started(starter, folder: Path, *words: str) -> list[Started]:
    """Two ranks, as torchrun starts them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    env = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    argv = ["train", str(folder / "recipe.yaml"), *words]
    return [starter.start(argv, folder / f"{i}.txt", RANK=str(i), LOCAL_RANK=str(i), **env) for i in (0, 1)]


def together(starter, folder: Path, *words: str) -> list[int]:
    """The exit codes of two ranks."""
    return [rank.wait() for rank in started(starter, folder, *words)]


def test_two_ranks_have_the_loss_curve_of_one_with_all_clips(starter, tiny_recipe, tmp_path):
    stages = tuple(replace(stage, clips=4) for stage in tiny_recipe.train.stages)
    for name in ("one", "two"):
        page(tiny_recipe, tmp_path / name, stages=stages, accumulate=2, checkpoint_minutes=0.0)
    assert starter.start(["train", str(tmp_path / "one" / "recipe.yaml")], tmp_path / "said").wait() == 0
    assert together(starter, tmp_path / "two") == [0, 0]
    one, two = curve(tmp_path / "one"), curve(tmp_path / "two")
    assert [line["step"] for line in two] == list(range(6))
    for a, b in zip(one, two, strict=True):
        for name in ("total", "label", "l1", "giou", "focal", "dice", "dense", "aux", "grad_norm"):
            assert b[name] == pytest.approx(a[name], rel=1e-5, abs=1e-7), (a["step"], name)
    assert [line["frames"] for line in two] == [line["frames"] for line in one]
    said = (tmp_path / "two" / "0.txt").read_text()
    assert "2 ranks by gloo, on cpu" in said
    assert said.endswith(f"{tmp_path / 'two' / 'run'}\n")
    assert "Warning" not in said
    assert (tmp_path / "two" / "1.txt").read_text() == ""  # rank 0 speaks for all


def test_clips_that_ranks_cannot_share_are_refused_in_one_line(starter, tiny_recipe, tmp_path):
    page(tiny_recipe, tmp_path / "odd")  # two clips, then one
    assert together(starter, tmp_path / "odd") == [1, 1]
    for name in ("0.txt", "1.txt"):  # each finds it alone, whichever comes first
        said = (tmp_path / "odd" / name).read_text()
        assert "clips must be multiples of ranks times train.accumulate, 2 x 1" in said
        assert said.count("\n") == 1


def test_a_rank_whose_neighbour_ends_says_so_in_one_line(starter, tiny_recipe, tmp_path):
    stages = tuple(replace(stage, clips=4) for stage in tiny_recipe.train.stages)
    page(tiny_recipe, tmp_path / "left", stages=stages, steps=100_000)
    ranks = started(starter, tmp_path / "left")
    log = tmp_path / "left" / "run" / "log.jsonl"
    while not (log.exists() and log.read_text()):
        time.sleep(0.05)
    ranks[0].kill()
    assert [rank.wait() for rank in ranks] == [-9, 1]
    said = (tmp_path / "left" / "1.txt").read_text()
    assert said.startswith("simvtr train: rank 1: another rank has ended; what it said tells why.")
    assert said.count("\n") == 1


def test_a_rank_that_finds_broken_data_lets_the_others_end_in_one_line_too(starter, tiny_recipe, tmp_path):
    stages = tuple(replace(stage, clips=4) for stage in tiny_recipe.train.stages)
    own = shutil.copytree(tiny_recipe.data[0].images, tmp_path / "pictures")  # the fixture is everyone's
    next(own.rglob("*.jpg")).write_bytes(b"no picture")
    data = replace(tiny_recipe.data[0], images=str(own))
    page(replace(tiny_recipe, data=(data,)), tmp_path / "broken", stages=stages)
    assert together(starter, tmp_path / "broken") == [1, 1]
    first, second = ((tmp_path / "broken" / name).read_text() for name in ("0.txt", "1.txt"))
    assert "See: simvtr check" in first
    assert "another rank has ended" in second
    assert first.startswith("checking 2 videos of ")  # what is being done, before what is wrong
    assert (first.count("\n"), second.count("\n")) == (2, 1)


def test_without_torchrun_there_is_one_rank(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    ranks = Ranks(TrainConfig(device="cpu"))
    assert (str(ranks), ranks.any(False)) == ("1 rank on cpu", False)


def test_float16_needs_a_scaler_and_so_a_gpu():
    with pytest.raises(ValueError, match=r"float16 needs train.device cuda, got cpu. Take bfloat16"):
        device_of(TrainConfig(device="cpu", precision="float16"))


@pytest.mark.parametrize(("does", "precision"), [(True, "bfloat16"), (False, "float32")])
def test_automatic_precision_is_what_the_processor_multiplies_in(monkeypatch, does, precision):
    monkeypatch.setattr("simvtr.training.ranks.multiplies_bfloat16", lambda device: does)
    assert settled(TrainConfig(device="cpu", precision="auto")).precision == precision
    assert settled(TrainConfig(device="cpu", precision="float16")).precision == "float16"  # what was asked for stays
