"""Whatever ends a training, it goes on where it was: killed at random moments, out of disk space, a damaged file."""

import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import torch
import yaml
from safetensors.torch import load_file

from simvtr.training import checkpoint as checkpoints

STEPS = 10


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where that can be had: every checkpoint waits for its disk, and a busy one makes that minutes."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


@pytest.fixture
def page(tiny_recipe, folder):
    """The recipe as a file, with a checkpoint after every step."""
    config = replace(tiny_recipe.train, steps=STEPS, checkpoint_minutes=0.0)
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(msgspec.to_builtins(replace(tiny_recipe, train=config))))
    return path


def same(a: Path, b: Path) -> bool:
    """Whether two trainings ended with the same bits: weights, their average, the optimizer's state."""
    one, two = checkpoints.load(a), checkpoints.load(b)
    moments = [
        torch.equal(one.optimizer["state"][i][name], two.optimizer["state"][i][name])
        for i in one.optimizer["state"]
        for name in ("exp_avg", "exp_avg_sq")
    ]
    weights = [torch.equal(one.model[name], two.model[name]) for name in one.model]
    averages = [torch.equal(one.average[name], two.average[name]) for name in one.average]
    saved = load_file(a / "model.safetensors"), load_file(b / "model.safetensors")
    return all((*moments, *weights, *averages, *(torch.equal(saved[0][name], saved[1][name]) for name in saved[0])))


def steps_of(folder: Path) -> int:
    log = folder / "log.jsonl"
    return log.read_text().count("\n") if log.exists() else 0


def test_a_training_killed_at_random_moments_ends_with_the_bits_of_an_undisturbed_one(starter, page, folder):
    began = time.monotonic()
    assert starter.start(["train", str(page), "--out", str(folder / "calm")], folder / "said").wait() == 0
    step = (time.monotonic() - began) / STEPS
    words, moment, codes = ["train", str(page), "--out", str(folder / "hit"), "--resume"], random.Random(5), []
    for done in (1, 3, 4, 7):  # wait for so many steps, and a part of one more: in a step, in a write, between two
        process = starter.start(words, folder / "said")
        while steps_of(folder / "hit") < done:
            time.sleep(0.002)
        time.sleep(moment.uniform(0, 1.5) * step)
        process.kill()
        codes.append(process.wait())
    assert codes.count(-9) >= 2  # on a busy machine the last ones may come too late
    assert starter.start(words, folder / "said").wait() == 0
    assert same(folder / "calm", folder / "hit")
    lines = (folder / "hit" / "log.jsonl").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == [f'{{"step": {i}' for i in range(STEPS)]


def test_a_full_disk_is_one_line_and_leaves_the_checkpoint_before(starter, page, folder):
    out = folder / "full"
    words = ["train", str(page), "--out", str(out), "--quiet"]
    assert starter.start([*words, "--train.steps", "2"], folder / "said").wait() == 0
    whole = (out / "checkpoint.pt").stat().st_size
    for largest in (whole // 2, 20_000):  # in the middle of the weights, and in their first piece
        code = starter.start([*words, "--resume"], folder / "said", largest=largest).wait()
        said = (folder / "said").read_text()
        assert (code, said.count("\n")) == (1, 1), said
        assert "checkpoint.pt: must be writable, got: File too large. Make room there" in said
        assert checkpoints.load(out).step == 2
        assert not list(out.glob("*.part"))


def test_a_truncated_checkpoint_is_named_and_the_training_goes_on_from_the_one_before(starter, page, folder):
    out = folder / "cut"
    words = ["train", str(page), "--out", str(out), "--quiet"]
    assert starter.start([*words, "--train.steps", "4"], folder / "said").wait() == 0
    file = out / "checkpoint.pt"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert starter.start([*words, "--resume", "--train.steps", "4"], folder / "said").wait() == 0
    said = (folder / "said").read_text()
    assert "warning" in said and "checkpoint.pt: must be a whole checkpoint" in said
    assert "Continuing from checkpoint.previous.pt, step 3." in said
    assert checkpoints.load(out).step == 4
