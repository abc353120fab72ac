"""Weights on disk."""

import json
import re

import pytest
import torch
from safetensors.torch import load_file, save_file

from simvtr.errors import DataError
from simvtr.model import load, save
from simvtr.model.weights import PACKAGED
from tests.model.conftest import shaken, small


def test_what_is_saved_is_what_is_loaded(tmp_path, frames):
    model = shaken(small(categories=tuple((10 * i, f"shape {i}") for i in range(1, 9))))
    again = load(save(model, tmp_path / "weights"))
    assert again.config == model.config
    assert not again.training
    with torch.inference_mode():
        assert torch.equal(again(frames).masks, model(frames).masks)


def test_half_precision_halves_the_file_and_keeps_the_numbers(tmp_path, frames):
    model = shaken(small())
    whole = save(model, tmp_path / "whole") / "model.safetensors"
    half = save(model, tmp_path / "half", half=True) / "model.safetensors"
    assert half.stat().st_size < 0.55 * whole.stat().st_size
    assert half.stat().st_mode == half.with_name("config.json").stat().st_mode  # for all who may read the folder
    assert load(half).class_head.weight.dtype == torch.float32
    with torch.inference_mode():
        assert (load(half)(frames).logits - model(frames).logits).abs().max() < 0.05


def test_a_missing_tensor_is_named(tmp_path):
    folder = save(shaken(small()), tmp_path)
    state = load_file(folder / "model.safetensors")
    del state["class_head.bias"]
    save_file({**state, "stranger": torch.zeros(1)}, folder / "model.safetensors")
    with pytest.raises(DataError, match=r"1 missing \(class_head.bias\), 1 unknown \(stranger\)"):
        load(folder)


def test_the_named_file_is_the_one_that_is_loaded(tmp_path):
    folder = save(shaken(small()), tmp_path)
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    (folder / "model.safetensors").write_bytes(b"junk")
    assert load(folder / "other.safetensors").config.channels == 48


@pytest.mark.parametrize(("key", "value"), [("backbone", "resnet19000"), ("heads", 0)])
def test_an_impossible_shape_is_one_clear_line(tmp_path, key, value):
    folder = save(shaken(small()), tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, key: value}))
    with pytest.raises(DataError, match="must be readable"):
        load(folder)


@pytest.mark.parametrize("damage", ["truncate", "config", "type"])
def test_damaged_weights_are_one_clear_line(tmp_path, damage):
    folder = save(shaken(small()), tmp_path)
    if damage == "truncate":
        file = folder / "model.safetensors"
        file.write_bytes(file.read_bytes()[:1000])
    elif damage == "config":
        (folder / "config.json").write_text('{"channels": ')
    else:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, "channels": "many"}))
    with pytest.raises(DataError, match="must be readable"):
        load(folder)


@pytest.mark.parametrize("gone", ["config.json", "model.safetensors"])
def test_of_a_pair_of_files_the_missing_one_is_named(tmp_path, gone):
    (save(shaken(small()), tmp_path) / gone).unlink()
    with pytest.raises(DataError, match=rf"must lie in one folder, \S+ has no {gone}\. Name a folder"):
        load(tmp_path)


@pytest.mark.parametrize("source", ["", "model.safetensors"])
@pytest.mark.parametrize(
    ("config", "says"),
    [
        ('{"a": 1}', "config.json must be as `simvtr train` writes it, got the unknown key 'a'"),
        (
            '{"model_type": "mask2former", "backbone": null}',  # where ours is text
            "got a mask2former of transformers. `simvtr segment` and simvtr.segmenter take its folder: name {folder}.",
        ),
    ],
)
def test_weights_of_another_library_are_told_from_ours(tmp_path, source, config, says):
    save_file({"x": torch.zeros(1)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(DataError, match=re.escape(says.format(folder=tmp_path))):
        load(tmp_path / source)


def test_an_unknown_name_lists_the_packaged_ones():
    with pytest.raises(DataError, match="one of the packaged names"):
        load("simvtr-enormous")


def test_a_name_cannot_leave_the_package():
    with pytest.raises(DataError, match="there is none of that name"):
        load("../weights/../../..")


@pytest.mark.skipif(not (PACKAGED / "simvtr-tiny").is_dir(), reason="the packaged weights are not here")
@pytest.mark.parametrize("name", ["simvtr-tiny", "simvtr-tiny-finer"])
def test_the_packaged_weights_are_small_and_half_precise(name):
    file = PACKAGED / name / "model.safetensors"
    assert file.stat().st_size < 40e6
    kinds = {value.dtype for value in load_file(file).values()}
    assert kinds <= {torch.float16, torch.int64}  # counters of the norms are whole numbers
    assert load(name).config.category_names[0] == "disc"
