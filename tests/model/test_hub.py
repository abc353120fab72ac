"""The Hub's conventions, without a network."""

import copy
import os
import shutil
import subprocess
import sys
from pathlib import Path

import huggingface_hub
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from simvtr import DataError, SimVTR
from simvtr.model import load, save
from tests.model.conftest import shaken, small

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def model():
    return shaken(small(categories=tuple((i, f"shape {i}") for i in range(1, 9))))


def same(a: SimVTR, b: SimVTR) -> bool:
    state = b.state_dict()
    return a.config == b.config and all(torch.equal(value, state[name]) for name, value in a.state_dict().items())


@pytest.fixture
def cache(model, tmp_path, monkeypatch) -> Path:
    """As after a download of user/name, and now the network is gone."""
    repository = tmp_path / "cache" / "models--user--name"
    save(model, repository / "snapshots" / ("a" * 40))
    for name in ("main", "v1"):
        (repository / "refs").mkdir(exist_ok=True)
        (repository / "refs" / name).write_text("a" * 40)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return repository


def test_save_pretrained_writes_what_load_reads(model, tmp_path):
    model.save_pretrained(tmp_path / "mine")
    assert {path.name for path in (tmp_path / "mine").iterdir()} == {"config.json", "model.safetensors", "README.md"}
    assert same(load(tmp_path / "mine"), model)
    again = SimVTR.from_pretrained(tmp_path / "mine")
    assert same(again, model) and not again.training


def test_an_id_of_the_hub_is_read_from_the_cache(model, cache):
    for name in ("hf://user/name", "hf://user/name@v1"):
        assert same(load(name), model)
    assert same(SimVTR.from_pretrained("user/name"), model)


@pytest.mark.parametrize("name", ["hf://user/other", "hf://user/name@v2", "hf://", "hf://a/b.pt", "hf://a/b/c/d"])
def test_what_is_neither_in_the_cache_nor_within_reach_is_one_line(name, cache):
    with pytest.raises(DataError, match="must be on the Hub or in its cache") as error:
        load(name)
    assert "\n" not in str(error.value) and str(error.value).startswith(f"weights {name}: ")
    assert str(error.value).endswith(".")


def test_a_hub_that_does_not_answer_is_asked_once_and_the_cache_is_taken(model, cache, monkeypatch):
    asked = []

    def refused(url, **options):
        asked.append((url.rpartition("/")[2], options["timeout"]))
        raise ConnectionError("refused")

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("simvtr.model.hub.get_hf_file_metadata", refused)
    assert same(load("hf://user/name"), model)
    assert asked == [("config.json", 5.0)]
    with pytest.raises(DataError, match=r"in its cache, got: refused\. Check the id and the network\."):
        load("hf://user/other")
    assert len(asked) == 2


def test_at_the_command_line_a_hub_out_of_reach_is_one_line_without_a_wait(tmp_path):
    """The library's own attempts take 46 s, and print a dozen lines."""
    Image.new("RGB", (48, 32)).save(tmp_path / "0.png")
    words = ["segment", str(tmp_path / "0.png"), "--weights", "hf://user/name", "-o", str(tmp_path / "out")]
    surroundings = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0"}
    run = subprocess.run([sys.executable, "-m", "simvtr", *words], env=surroundings, capture_output=True, text=True)
    assert run.returncode == 1
    assert len(run.stderr.splitlines()) == 1 and "weights hf://user/name: config.json must be on the Hub" in run.stderr
    assert not (tmp_path / "out").exists()


def test_loading_is_strict(model, tmp_path):
    model.save_pretrained(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    del state["class_head.bias"]
    save_file(state, tmp_path / "model.safetensors")
    with pytest.raises(DataError, match=r"1 missing \(class_head\.bias\)"):
        SimVTR.from_pretrained(tmp_path)
    with pytest.raises(ValueError, match="strict must be True"):
        SimVTR.from_pretrained(tmp_path, strict=False)


def test_push_to_hub_uploads_the_same_files(model, tmp_path, monkeypatch):
    class Repository:
        repo_id = "user/name"

    def upload(self, *, folder_path, repo_id, **_):
        shutil.copytree(folder_path, tmp_path / "uploaded")
        return repo_id

    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", lambda self, **_: Repository)
    monkeypatch.setattr(huggingface_hub.HfApi, "upload_folder", upload)
    assert model.push_to_hub("user/name") == "user/name"
    assert same(load(tmp_path / "uploaded"), model)
    assert "library_name: simvtr" in (tmp_path / "uploaded" / "README.md").read_text()


def test_a_copy_of_a_network_is_a_network(model):
    assert same(copy.deepcopy(model), model)


def test_torch_hub_finds_the_entries(model, tmp_path):
    folder = str(save(model, tmp_path / "mine"))
    assert same(torch.hub.load(str(ROOT), "simvtr", folder, source="local"), model)
    assert torch.hub.load(str(ROOT), "simvtr_tiny", source="local").config.category_names[0] == "disc"


def test_a_name_that_nothing_has_is_told_what_else_segment_takes():
    with pytest.raises(DataError, match=r"there is none of that name\. `simvtr segment` takes folders of transformers"):
        load("nosuch")
