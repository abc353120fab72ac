"""A whole training, small: it runs, stops, goes on, and says what it did."""

import json
import os
import re
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from simvtr.config import Stage
from simvtr.errors import DataError
from simvtr.model import load as load_weights
from simvtr.training import Stopped, loop, train
from simvtr.training import checkpoint as checkpoints
from simvtr.training.start import start_model


def log_of(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def stop_after(monkeypatch, count: int) -> None:
    """Ctrl-C while step `count` runs."""
    real = loop.step

    def stepping(state, *rest):
        if state.done == count - 1:
            os.kill(os.getpid(), signal.SIGINT)
        return real(state, *rest)

    monkeypatch.setattr(loop, "step", stepping)


def test_a_training_leaves_weights_checkpoint_and_a_log_line_a_step(tiny_recipe):
    folder = train(tiny_recipe, progress=False)
    lines = log_of(folder)
    assert [line["step"] for line in lines] == list(range(6))
    assert [line["frames"] for line in lines][3:] == [3, 3, 3]  # the second stage: one clip of three
    assert {"total", "label", "l1", "giou", "focal", "dice", "dense", "aux", "lr", "grad_norm"} <= lines[0].keys()
    model = load_weights(folder)
    assert model.config.classes == 8
    assert model.config.category_ids == tuple(range(1, 9))
    average = checkpoints.load(folder).average
    assert torch.equal(model.state_dict()["class_head.weight"], average["class_head.weight"])


def test_a_stopped_and_resumed_training_gives_the_weights_of_an_unbroken_one(tiny_recipe, tmp_path, monkeypatch):
    straight = train(replace(tiny_recipe, out=str(tmp_path / "straight")), progress=False)
    with monkeypatch.context() as patch:
        stop_after(patch, 3)
        with pytest.raises(Stopped, match=r"after step 3 of 6.*checkpoint and weights are in"):
            train(tiny_recipe, progress=False)
    folder = Path(tiny_recipe.out)
    assert checkpoints.load(folder).step == 3
    assert (folder / "model.safetensors").is_file()
    train(tiny_recipe, resume=True, progress=False)
    a, b = checkpoints.load(straight), checkpoints.load(folder)
    assert all(torch.equal(a.model[name], b.model[name]) for name in a.model)
    assert all(torch.equal(a.average[name], b.average[name]) for name in a.average)
    assert [line["total"] for line in log_of(straight)] == [line["total"] for line in log_of(folder)]


def test_the_prefetching_thread_and_loader_processes_make_the_same_batches(tiny_recipe, tmp_path):
    short = replace(tiny_recipe, train=replace(tiny_recipe.train, steps=2))
    thread = train(short, progress=False)
    other = replace(short, out=str(tmp_path / "workers"), train=replace(short.train, workers=2))
    processes = train(other, progress=False)
    a, b = load_file(thread / "model.safetensors"), load_file(processes / "model.safetensors")
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_step_in_parts_is_the_step_in_one(tiny_recipe, tmp_path):
    fixed = replace(tiny_recipe.model, frozen_norm=True, dropout=0.0)  # norms would see a part each
    stages = (Stage(1.0, (2,), 4),)
    curves = []
    for parts in (1, 2, 4):
        config = replace(tiny_recipe.train, stages=stages, accumulate=parts, steps=3)
        out = str(tmp_path / f"{parts}")
        curves.append(log_of(train(replace(tiny_recipe, out=out, model=fixed, train=config), progress=False)))
    for other in curves[1:]:
        for a, b in zip(curves[0], other, strict=True):
            assert [b[n] for n in ("total", "aux", "dense", "grad_norm")] == pytest.approx(
                [a[n] for n in ("total", "aux", "dense", "grad_norm")], rel=2e-6
            )


def test_a_second_training_does_not_overwrite_the_first(tiny_recipe):
    short = replace(tiny_recipe, train=replace(tiny_recipe.train, steps=1))
    train(short, progress=False)
    with pytest.raises(DataError, match=r"holds a training already.*--resume"):
        train(short, progress=False)


def test_a_finished_training_can_be_made_longer_with_other_settings(tiny_recipe, capsys):
    train(replace(tiny_recipe, train=replace(tiny_recipe.train, steps=1)), progress=False)
    longer = replace(tiny_recipe.train, steps=2, lr=1e-5, schedule="step", drop=0.5)
    folder = train(replace(tiny_recipe, train=longer), resume=True)
    said = capsys.readouterr().err
    assert "continuing after step 1" in said
    assert "train.lr was 0.001 before, is 1e-05 from here on" in said
    assert "2 steps in 0:0" in said
    assert [line["lr"] for line in log_of(folder)] == pytest.approx([1e-3, 1e-6])


def test_a_finished_training_says_so_and_its_log_stays_as_it_is(tiny_recipe, capsys):
    short = replace(tiny_recipe, train=replace(tiny_recipe.train, steps=2))
    scores = iter([10.0])  # asked for once
    folder = train(short, progress=False, validate=lambda _: {"AP": next(scores)})
    files = [path for path in folder.rglob("*") if path.suffix != ".safetensors" and path.is_file()]
    before = [path.read_bytes() for path in files]
    assert train(short, resume=True, validate=lambda _: {"AP": next(scores)}) == folder
    line = f"{folder}: finished, its 2 steps are done. To go on, give more train.steps or train.epochs.\n"
    assert capsys.readouterr().err == line
    assert [path.read_bytes() for path in files] == before
    assert {path for path in folder.rglob("*") if path.is_file()} - set(files) == set(folder.rglob("*.safetensors"))


def test_a_training_that_ended_before_its_last_validation_or_weights_makes_up_for_them(tiny_recipe):
    short = replace(tiny_recipe, train=replace(tiny_recipe.train, steps=2))
    folder = train(short, progress=False)
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").unlink()
    train(short, resume=True, progress=False)
    assert (folder / "model.safetensors").read_bytes() == weights
    train(short, resume=True, progress=False, validate=lambda _: {"AP": 10.0})
    assert [line["step"] for line in log_of(folder)] == [0, 1, 1]
    assert log_of(folder)[-1]["validation"] == {"AP": 10.0}


def test_it_says_what_it_reads_before_there_are_steps_to_count(tiny_recipe, capsys):
    train(replace(tiny_recipe, train=replace(tiny_recipe.train, steps=1)))
    assert capsys.readouterr().err.splitlines()[0] == f"checking 2 videos of {tiny_recipe.data[0].truth}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda recipe: replace(recipe, model=replace(recipe.model, instances=7)),
            r"model\.instances was \d+ before, is 7\.",
        ),
        (lambda recipe: replace(recipe, start="simvtr-tiny"), r"start was None before, is simvtr-tiny\."),
        (
            lambda recipe: replace(recipe, train=replace(recipe.train, optimizer="adabelief")),
            r"train\.optimizer was adamw before, is adabelief\.",
        ),
    ],
)
def test_what_a_checkpoint_decides_is_not_changed_by_resume(tiny_recipe, change, said):
    short = replace(tiny_recipe, train=replace(tiny_recipe.train, steps=1, optimizer="adamw"))
    train(short, progress=False)
    with pytest.raises(DataError, match=rf"same network and optimizer, but {said} Give the same, or another --out"):
        train(change(short), resume=True, progress=False)


def test_a_key_that_a_checkpoint_does_not_know_yet_is_no_change(tiny_recipe):
    short = replace(tiny_recipe, train=replace(tiny_recipe.train, steps=1))
    folder = train(short, progress=False)
    saved = checkpoints.load(folder)
    del saved.recipe["model"]["unit_maps"]
    checkpoints.save(folder, saved)
    train(replace(short, train=replace(short.train, steps=2)), resume=True, progress=False)
    assert len(log_of(folder)) == 2


def test_fewer_steps_than_are_done_are_refused(tiny_recipe):
    recipe = replace(tiny_recipe, train=replace(tiny_recipe.train, steps=2))
    train(recipe, progress=False)
    with pytest.raises(DataError, match=r"train\.steps must be at least the 2 that are done, got 1"):
        train(replace(recipe, train=replace(recipe.train, steps=1)), resume=True, progress=False)


@pytest.mark.parametrize("resume", [True, False])
def test_weights_whose_checkpoint_is_gone_are_not_written_over(tiny_recipe, resume):
    short = replace(tiny_recipe, train=replace(tiny_recipe.train, steps=1))
    folder = train(short, progress=False)
    for path in folder.glob("checkpoint*"):
        path.unlink()
    before = (folder / "model.safetensors").read_bytes()
    with pytest.raises(DataError, match=r"holds the weights of a training, but no checkpoint.* start: .* begins with"):
        train(short, resume=resume, progress=False)
    assert (folder / "model.safetensors").read_bytes() == before


def test_a_validation_set_whose_ids_mean_other_things_is_refused(tiny_recipe, tmp_path):
    truth = json.loads(Path(tiny_recipe.data[0].truth).read_text())
    truth["categories"][0]["name"] = "fish"
    (tmp_path / "other.json").write_text(json.dumps(truth))
    recipe = replace(tiny_recipe, validate=replace(tiny_recipe.data[0], truth=str(tmp_path / "other.json")))
    with pytest.raises(DataError, match="must mean the same in all data sets, got 'fish' here"):
        train(recipe, progress=False)
    assert not Path(recipe.out, "checkpoint.pt").exists()


def test_a_checkpoint_of_another_network_is_refused_in_one_sentence(tiny_recipe):
    short = replace(tiny_recipe, train=replace(tiny_recipe.train, steps=1))
    train(short, progress=False)
    other = replace(short, train=replace(short.train, steps=2, backbone_lr=1e-6))
    with pytest.raises(DataError, match="its checkpoint must fit the recipe's model and optimizer"):
        train(other, resume=True, progress=False)


def test_validation_comes_every_so_often_and_at_the_end_on_the_averaged_weights(tiny_recipe):
    seen = []

    def validate(model):
        seen.append(model.state_dict()["class_head.bias"])
        assert not model.training
        return {"AP": 12.5}

    folder = train(replace(tiny_recipe, validate_every=4), progress=False, validate=validate)
    scores = [line for line in log_of(folder) if "validation" in line]
    assert [(line["step"], line["validation"]["AP"]) for line in scores] == [(3, 12.5), (5, 12.5)]
    assert torch.equal(seen[-1], checkpoints.load(folder).average["class_head.bias"])


def test_the_weights_that_scored_best_are_kept_beside_the_last(tiny_recipe):
    scores = iter([10.0, 30.0, 20.0])
    seen = []

    def validate(model):
        seen.append(model.state_dict()["class_head.bias"])
        return {"AP": next(scores), "AP50": 0.0}

    folder = train(replace(tiny_recipe, validate_every=2), progress=False, validate=validate)
    assert torch.equal(load_file(folder / "best" / "model.safetensors")["class_head.bias"], seen[1])
    assert [line["best"] for line in log_of(folder) if "best" in line] == [10, 30, 30]
    again = replace(tiny_recipe, train=replace(tiny_recipe.train, steps=8))
    train(again, resume=True, progress=False, validate=lambda _: {"AP": 29.0})
    assert torch.equal(load_file(folder / "best" / "model.safetensors")["class_head.bias"], seen[1])


def test_weights_are_used_at_the_size_they_were_trained_at(tiny_recipe):
    short = replace(tiny_recipe.train, steps=1)
    kept = replace(tiny_recipe, train=replace(short, augment=replace(short.augment, short_sides=())))
    folder = train(kept, progress=False)
    assert load_weights(folder).config.short_side == tiny_recipe.model.short_side
    larger = replace(short, augment=replace(short.augment, short_sides=(64, 96), long_side=128))
    again = replace(tiny_recipe, start=str(folder), out=f"{tiny_recipe.out}-again", train=larger)
    config = load_weights(train(again, progress=False)).config
    assert (config.short_side, config.long_side) == (96, 128)


def test_weights_of_other_categories_start_with_a_new_class_head(tiny_recipe, tiny_data, tmp_path, capsys):
    short = replace(tiny_recipe, train=replace(tiny_recipe.train, steps=1, ema=0.0))
    first = train(short, progress=False)
    content = json.loads(Path(tiny_data.truth).read_text())
    content["categories"] = content["categories"] + [{"id": 77, "name": "kite"}]
    truth = tmp_path / "more.json"
    truth.write_text(json.dumps(content))
    again = replace(short, out=str(tmp_path / "again"), start=str(first), data=(replace(tiny_data, truth=str(truth)),))
    # A learning rate of next to nothing: what is not new stays.
    again = replace(again, train=replace(again.train, lr=1e-30, weight_decay=0.0))
    folder = train(again)
    assert "8 categories are not the data's 9; class heads start anew" in capsys.readouterr().err
    old, new = load_file(first / "model.safetensors"), load_file(folder / "model.safetensors")
    assert new["class_head.weight"].shape[0] == 10
    assert new["dense_heads.0.weight"].shape[0] == 10
    assert torch.equal(old["query.weight"], new["query.weight"])
    assert load_weights(folder).config.category_names[-1] == "kite"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"classes": 3}, "model.classes 3 is not used: the network learns the data's 8 categories"),
        (
            {"classes": 1, "categories": ((4, "kite"),)},
            "model.categories is not used: the network learns the data's 8 categories",
        ),
        ({"classes": 8}, None),
        ({"classes": 40}, None),  # the default
    ],
)
def test_classes_of_a_recipe_that_the_data_contradict_are_told_not_to_be_used(tiny_recipe, given, line):
    said = []
    categories = tuple((i, f"c{i}") for i in range(1, 9))
    model = start_model(replace(tiny_recipe, model=replace(tiny_recipe.model, **given)), categories, said.append)
    assert said == ([] if line is None else [line])
    assert model.config.categories == categories


def test_weights_of_the_same_categories_keep_their_class_head(tiny_recipe, tmp_path, capsys):
    short = replace(tiny_recipe, train=replace(tiny_recipe.train, steps=1, ema=0.0))
    first = train(short, progress=False)
    again = replace(short, out=str(tmp_path / "again"), start=str(first))
    folder = train(replace(again, train=replace(again.train, lr=1e-30, weight_decay=0.0)))
    old, new = load_file(first / "model.safetensors"), load_file(folder / "model.safetensors")
    assert torch.equal(old["class_head.weight"], new["class_head.weight"])
    assert "anew" not in capsys.readouterr().err


def test_weights_in_a_changed_shape_keep_what_fits(tiny_recipe, tmp_path, capsys):
    short = replace(tiny_recipe, train=replace(tiny_recipe.train, steps=1, ema=0.0))
    first = train(short, progress=False)
    finer = replace(short, out=str(tmp_path / "finer"), start=str(first), model=replace(short.model, mask_stride=2))
    folder = train(replace(finer, train=replace(finer.train, lr=1e-30, weight_decay=0.0)))
    assert "starts anew: mask_head.adapters.3, mask_head.lay5, mask_head.norm6" in capsys.readouterr().err
    old, new = load_file(first / "model.safetensors"), load_file(folder / "model.safetensors")
    assert new.keys() > old.keys()
    learned = [name for name in old if "running" not in name and "num_batches" not in name]
    changed = [name for name in learned if not torch.allclose(old[name], new[name], rtol=0, atol=1e-20)]
    assert not changed


def test_weights_of_another_backbone_are_refused(tiny_recipe, tmp_path):
    short = replace(tiny_recipe, train=replace(tiny_recipe.train, steps=1, ema=0.0))
    first = train(short, progress=False)
    wider = replace(short, out=str(tmp_path / "wider"), start=str(first), model=replace(short.model, backbone_width=32))
    with pytest.raises(DataError, match=r"model.backbone must be that of start .*width 16\), got resnet18, width 32"):
        train(wider, progress=False)


def test_one_id_with_two_names_is_refused(tiny_recipe, tiny_data, tmp_path):
    content = json.loads(Path(tiny_data.truth).read_text())
    content["categories"][0]["name"] = "submarine"
    truth = tmp_path / "other.json"
    truth.write_text(json.dumps(content))
    both = replace(tiny_recipe, data=(tiny_data, replace(tiny_data, truth=str(truth))))
    with pytest.raises(DataError, match=r"other.json: category 1 must mean the same.*'submarine' here"):
        train(both, progress=False)


def test_a_broken_data_set_is_refused_before_the_first_step(tiny_recipe, tiny_data, tmp_path):
    elsewhere = tmp_path / "images"
    shutil.copytree(tiny_data.images, elsewhere)
    last = sorted(elsewhere.rglob("*.jpg"))[-1]
    last.unlink()
    broken = replace(tiny_recipe, data=(replace(tiny_data, images=str(elsewhere)),))
    with pytest.raises(
        DataError, match=r"frame 3: '.*': every frame must have its image; 1 are not. See: simvtr check"
    ):
        train(broken, progress=False)


@pytest.mark.parametrize("categories", [[], [{"id": 1, "name": "disc"}]])
def test_data_without_an_object_is_refused_before_the_first_step(tiny_recipe, tiny_data, tmp_path, categories):
    content = json.loads(Path(tiny_data.truth).read_text())
    truth = tmp_path / "bare.json"
    truth.write_text(json.dumps({**content, "annotations": [], "categories": categories}))
    bare = replace(tiny_recipe, data=(replace(tiny_data, truth=str(truth)),))
    with pytest.raises(DataError, match=r"bare\.json .*must show annotated objects .*got none\. Annotate some"):
        train(bare, progress=False)
    assert not Path(bare.out, "checkpoint.pt").exists()


@pytest.mark.parametrize(
    ("wrap", "how"),
    [(False, "their first frame is repeated in front"), (True, "their frames begin anew (train.wrap)")],
)
def test_videos_that_are_shorter_than_a_clip_are_told_once(tiny_recipe, tiny_data, tmp_path, capsys, wrap, how):
    data = (tiny_data, replace(tiny_data, last=2))  # two videos of four frames, and two of two
    config = replace(tiny_recipe.train, steps=2, stages=(Stage(0.5, (1, 3), 1), Stage(0.5, (2,), 1)), wrap=wrap)
    train(replace(tiny_recipe, data=data, train=config))
    line = f"2 of 4 videos shorter than the longest clip, 3 frames: {how}"
    assert capsys.readouterr().err.splitlines().count(line) == 1


def test_clips_that_no_video_is_too_short_for_are_not_mentioned(tiny_recipe, capsys):
    train(replace(tiny_recipe, train=replace(tiny_recipe.train, steps=1)))  # four frames, clips of up to three
    assert "shorter" not in capsys.readouterr().err


def test_a_training_says_how_long_it_waited_for_data(tiny_recipe, capsys):
    train(replace(tiny_recipe, train=replace(tiny_recipe.train, steps=1)))
    assert re.search(r"1 steps in 0:\d\d, \d+% of it waiting for data; weights", capsys.readouterr().err)


def test_a_training_that_diverges_says_so_and_stops(tiny_recipe):
    wild = replace(tiny_recipe.train, lr=1e30, clip_norm=0.0, ema=0.0)
    with pytest.raises(DataError, match=r"diverged. Lower train.lr"):
        train(replace(tiny_recipe, train=wild), progress=False)


def test_an_out_that_is_a_file_is_refused_before_anything_is_read(tiny_recipe, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="must be a folder that can be written"):
        train(replace(tiny_recipe, out=str(tmp_path / "file"), data=()), progress=False)
