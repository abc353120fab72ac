"""`simvtr train`: recipes, changes to them, exit codes, validation."""

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from simvtr.cli.main import main
from simvtr.cli.recipe import read_recipe
from simvtr.cli.train import cut, validator
from simvtr.config import DataConfig, Recipe, Stage, TrainConfig
from simvtr.rle import encode
from simvtr.schema import Category, Truth, TruthTrack, Video
from tests.cli.torchless import refused

PAGE = """
out: {out}
model: {{backbone: resnet18, backbone_width: 16, channels: 64, feedforward: 32, instances: 3, encoder_layers: 1,
         decoder_layers: 1, frozen_norm: false, pre_norm: true, unit_maps: true}}
data: [{{truth: "{truth}", images: "{images}"}}]
train:
  lr: 1e-3
  steps: 1
  device: cpu
  stages: [{{frames: [2], clips: 1}}]
  augment: {{crop: 0, short_sides: []}}
"""


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(PAGE.format(out=tmp_path / "run", truth=tmp_path / "none.json", images=tmp_path))
    return path


@pytest.fixture
def data(tmp_path):
    from simvtr.data.synth import SynthConfig, write_dataset

    config = SynthConfig(width=64, height=48, frames=4, objects=(1, 2))
    return DataConfig(
        str(write_dataset(tmp_path / "synth", config, videos=1, seed=3)), str(tmp_path / "synth/JPEGImages")
    )


def test_a_recipe_is_read_with_its_types(recipe_file):
    recipe = read_recipe(recipe_file)
    assert recipe.train.lr == 1e-3  # YAML 1.1 takes 1e-3 for a text
    assert recipe.train.stages == (Stage(frames=(2,), clips=1),)
    assert recipe.train.augment.short_sides == ()
    assert recipe.train.weight_decay == Recipe().train.weight_decay


def test_the_command_line_overrides_any_key(recipe_file):
    words = ["--train.lr", "2e-4", "--model.channels=128", "--train.stages.0.clips", "5", "--validate.truth=v.json"]
    recipe = read_recipe(recipe_file, [*words, "--data.1.truth", "b.json", "--start", "null"])
    assert (recipe.train.lr, recipe.model.channels, recipe.train.stages[0].clips) == (2e-4, 128, 5)
    assert (recipe.validate, recipe.data[1]) == (DataConfig("v.json"), DataConfig("b.json"))
    assert recipe.start is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--train.lrr", "1"], "train.lrr: unknown key; do you mean 'lr'?"),
        (["--train.lr", "fast"], "train.lr: must be a number, got a text"),
        (["--train.lr=-1"], "train: train.lr must be above 0, got -1.0"),
        (
            ["--train.optimizer=sgd"],
            "train.optimizer: must be a value that is known, got 'sgd'. It may be adabelief, adamw",
        ),
        (["--train.device=gpu"], "train.device must be auto, cpu, cuda or mps, got 'gpu'"),
        (["--train.lr=nan"], "train.lr must be above 0, got nan"),
        (["--train.lr=inf"], "train.lr must be above 0, got inf"),
        (["--train.weight_decay=nan"], "train.weight_decay must not be negative, got nan"),
        (["--train.betas=[2,0.5]"], "train.betas must lie in [0, 1), got (2.0, 0.5)"),
        (["--validate_every=-3"], "validate_every must not be negative, got -3"),
        (["--data", "[]"], "must name at least one data set under `data`"),
        (["--train.steps", "3.5"], "train.steps: must be a whole number or null, got a number"),
        (["--train.steps", "0"], "train.steps must be at least 1, or null for epochs, got 0"),
        (["--train.epochs", "0", "--train.steps", "2"], "train.epochs must be at least 1, got 0"),
        (["--train=5"], "train: must be a block of keys, got a whole number"),
        (["--train.loss", "[1]"], "train.loss: must be a block of keys, got a list"),
        (["--data.5.truth=x"], "--data.5.truth: an entry of a list must be a number up to 1, got '5'"),
        (["--train.lr.x=1"], "--train.lr.x must be a key of the recipe"),
        (["--train.lr"], "must be --key.of.recipe VALUE, got '--train.lr'"),
        (["stray", "1"], "must be --key.of.recipe VALUE, got 'stray'"),
    ],
)
def test_a_wrong_recipe_is_exit_2_and_one_line(recipe_file, capsys, words, message):
    assert main(["train", str(recipe_file), *words]) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert (out, err.count("\n")) == ("", 1)


def test_a_wrong_value_of_the_command_line_is_not_blamed_on_the_file(recipe_file, capsys):
    main(["train", str(recipe_file), "--train.lr", "-1"])
    assert "simvtr train: arguments, train: train.lr must be above 0, got -1.0" in capsys.readouterr().err
    recipe_file.write_text("train: {lr: -1}\n")
    main(["train", str(recipe_file), "--train.seed", "1"])
    assert f"simvtr train: {recipe_file}, train: train.lr must be above 0" in capsys.readouterr().err


def test_an_out_of_no_name_is_refused_and_nothing_written(recipe_file, data, tmp_path, monkeypatch, capsys):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    words = ["train", str(recipe_file), f"--data.0.truth={data.truth}", f"--data.0.images={data.images}"]
    rule = "out must name a folder for checkpoints and weights, got ''. Say runs/mine."
    assert main([*words, "--out", ""]) == 2
    assert capsys.readouterr().err == f"simvtr train: {rule}\n"
    recipe_file.write_text(recipe_file.read_text().replace(f"out: {tmp_path / 'run'}", 'out: ""'))
    assert main(words) == 2
    assert capsys.readouterr().err == f"simvtr train: {recipe_file}, top: {rule}\n"
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    ("key", "value", "message", "code"),
    [
        (
            "model.backbone",
            "resnet5O",
            " must name a timm network with features, got 'resnet5O' of width 64: Unknown",
            2,
        ),
        (
            "model.backbone",
            "vit_tiny_patch16_224",
            " must have strides (4, 8, 16, 32), 'vit_tiny_patch16_224' has [16]",
            2,
        ),
        ("start", "simvtr-tinny", ": weights simvtr-tinny: must be a folder with model.safetensors", 1),
        ("start", "nowhere.pth", ": weights nowhere.pth: must be a folder with model.safetensors", 1),
        ("train.device", "cpu:x", " must be auto or one that this machine has (", 2),
    ],
)
def test_what_is_named_but_not_there_is_told_with_its_key_and_place_before_data_are_read(
    recipe_file, tmp_path, capsys, key, value, message, code
):
    truth = tmp_path / "broken.json"
    truth.write_text("{")  # would be what is told
    words = ["--model.backbone_width=64", f"--data.0.truth={truth}", f"--validate.truth={truth}"]
    assert main(["train", str(recipe_file), *words, f"--{key}={value}"]) == code
    out, err = capsys.readouterr()
    assert err.startswith(f"simvtr train: arguments, {key}{message}")
    assert (out, err.count("\n")) == ("", 1)
    assert value in err


@pytest.mark.parametrize("name", ["simvtr-tinny", "nowhere.pth"])
def test_weights_that_are_not_there_are_the_same_mistake_to_every_verb(recipe_file, data, tmp_path, capsys, name):
    truth, images = str(data.truth), str(data.images)
    told = set()
    for words in (
        ["segment", truth, "--images", images, "-o", str(tmp_path / "out"), "--weights", name],
        ["bench", "--weights", name],
        ["audit", truth, "--images", images, "--sweep", name, "-o", str(tmp_path / "audit.html")],
        ["train", str(recipe_file), f"--data.0.truth={truth}", f"--data.0.images={images}", f"--start={name}"],
    ):
        assert main(words) == 1
        told.add(capsys.readouterr().err.partition(f"weights {name}: ")[2])
    (line,) = told
    assert line.startswith("must be a folder with model.safetensors") and line.count("\n") == 1


def test_what_a_recipe_file_names_but_is_not_there_is_blamed_on_the_file(recipe_file, data, capsys):
    recipe_file.write_text(recipe_file.read_text().replace("backbone: resnet18", "backbone: resnet19"))
    assert main(["train", str(recipe_file), f"--data.0.truth={data.truth}"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"simvtr train: {recipe_file}, model.backbone must name a timm network")
    assert "Unknown model (resnet19). Do you mean 'resnet" in err


def test_a_training_goes_on_when_the_weights_that_it_began_from_are_gone(recipe_file, tmp_path):
    from simvtr.training.start import refuse_unknown

    gone = replace(read_recipe(recipe_file), start=str(tmp_path / "gone"))
    with pytest.raises(ValueError, match=r"^start: weights .*gone: must be a folder"):
        refuse_unknown(gone, resume=True)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint.pt").touch()
    refuse_unknown(gone, resume=True)


def test_keys_names_every_key_of_a_recipe_with_its_default(capsys):
    assert main(["train", "--keys"]) == 0
    lines = capsys.readouterr().out.splitlines()
    known = {line.partition(":")[0] for line in lines}
    wanted = {f"train.{each.name}" for each in fields(TrainConfig)} - {"train.stages", "train.loss", "train.augment"}
    assert {*wanted, "data.0.truth", "train.stages.0.share", "train.loss.dice", "train.augment.paste"} <= known
    (optimizer,) = (line for line in lines if line.startswith("train.optimizer"))
    assert optimizer.split() == ["train.optimizer:", "adabelief", "one", "of", "adabelief,", "adamw"]


def test_a_key_given_twice_is_told_with_its_block(recipe_file, capsys):
    recipe_file.write_text("train: {lr: 1}\n" + recipe_file.read_text())
    assert main(["train", str(recipe_file)]) == 2
    assert "the key 'train' twice in the block that begins in line 1. Leave one." in capsys.readouterr().err


def test_every_recipe_of_the_project_is_one():
    pages = sorted((Path(__file__).parents[2] / "recipes").glob("*.yaml"))
    assert {"ytvis21.yaml", "ovis.yaml"} <= {page.name for page in pages}
    for page in pages:
        assert read_recipe(page).data


def test_a_file_that_is_no_recipe_is_exit_2_and_one_line(tmp_path, capsys):
    for content in (None, "a: [", "- 1", "\x00"):
        path = tmp_path / "page.yaml"
        if content is not None:
            path.write_text(content)
        assert main(["train", str(path)]) == 2
        err = capsys.readouterr().err
        assert err.startswith(f"simvtr train: {path}")
        assert err.count("\n") == 1


def test_data_that_is_not_there_is_exit_1_before_torch_is_loaded(recipe_file, data, tmp_path):
    here = f"--data.0.truth={data.truth}"
    assert f"{tmp_path / 'none.json'}: cannot be read: No such file" in refused("train", recipe_file)
    line = refused("train", recipe_file, here, "--data.0.images=nowhere")
    cure = "Give yours: --data.0.truth FILE --data.0.images FOLDER."
    assert line == f"simvtr train: nowhere: the images must be a folder, got nothing there. {cure}"
    assert "no.json: cannot be read: No such file" in refused("train", recipe_file, here, "--validate.truth=no.json")


def test_a_training_prints_its_folder_and_logs_the_validation(recipe_file, data, tmp_path, capsys):
    words = [f"--data.0.truth={data.truth}", f"--data.0.images={data.images}"]
    words += [f"--validate.truth={data.truth}", f"--validate.images={data.images}", "--validate.first=2"]
    assert main(["train", str(recipe_file), "--quiet", "--out", str(tmp_path / "there"), *words]) == 0
    assert capsys.readouterr() == (f"{tmp_path / 'there'}\n", "")
    last = json.loads((tmp_path / "there" / "log.jsonl").read_text().splitlines()[-1])
    assert last["step"] == 0
    assert last["validation"].keys() == {"AP", "AP50", "class-agnostic AP50"}
    assert all(0 <= value <= 100 for value in last["validation"].values())


def test_a_stopped_training_is_exit_130_and_says_how_to_go_on(recipe_file, data, monkeypatch, capsys):
    from simvtr import training

    def stopped(*_args, **_rest):
        raise training.Stopped(3, 9, "runs/x")

    monkeypatch.setattr(training, "train", stopped)
    assert main(["train", str(recipe_file), f"--data.0.truth={data.truth}"]) == 130
    assert "after step 3 of 9; checkpoint and weights are in runs/x. Continue with the same" in capsys.readouterr().err


def test_without_validation_data_there_is_nothing_to_score():
    assert validator(Recipe()) is None


def test_a_cut_truth_has_the_frames_and_what_is_in_them(tmp_path):
    mask = encode(np.ones((2, 2), bool))
    box = (0.0, 0.0, 2.0, 2.0)
    videos = {1: Video(1, 2, 2, 3, ("a", "b", "c")), 2: Video(2, 2, 2, 1, ("d",))}
    early = TruthTrack(1, 1, 1, (mask, None, None), (4.0, None, None), (box, None, None))
    late = replace(early, id=2, segmentations=(None, mask, mask), areas=(None, 4.0, 4.0), boxes=(None, box, box))
    other = replace(early, id=3, video_id=2, segmentations=(mask,), areas=(4.0,), boxes=(box,))
    truth = Truth(videos, {1: [early, late], 2: [other]}, {1: Category(1, "fish")}, tmp_path)
    assert cut(truth, 0, None) is truth
    part = cut(truth, 1, 3)
    assert part.videos == {1: Video(1, 2, 2, 2, ("b", "c"))}
    assert part.tracks == {1: [replace(late, segmentations=(mask, mask), areas=(4.0, 4.0), boxes=(box, box))]}
