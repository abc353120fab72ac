"""Published weights at the command line: `simvtr convert weights`, and `simvtr segment --weights X.pth`."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from simvtr import DataError
from simvtr.cli.main import main
from simvtr.inference import Predictor
from simvtr.model import SimVTR, load
from simvtr.model.categories import COCO
from tests.cli.segmenting import results, segment
from tests.model.small_published import DETR, VISTR, network, save_published


@pytest.fixture(scope="module")
def detr(tmp_path_factory):
    return save_published(sure_of(18), tmp_path_factory.mktemp("detr") / "detr-r50-panoptic.pth")


def sure_of(category: int) -> SimVTR:
    model = network(DETR)
    with torch.no_grad():
        model.class_head.bias[category] = 10
    return model


def test_a_checkpoint_becomes_a_folder_and_every_tensor_is_counted(detr, tmp_path, capsys):
    assert main(["convert", "weights", str(detr), "-o", str(tmp_path / "ours")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1].split() == ["backbone", "100", "0", "0"]  # ResNet-18: 20 convolutions, 20 norms of 4 tensors
    assert said[-1].endswith("resnet18, 32 channels, 250 classes, 6 instances, windows of 1 frame")
    assert load(tmp_path / "ours").config == load(detr).config


def test_a_start_says_what_is_new_and_what_is_left(tmp_path, capsys):
    path = save_published(network(VISTR, backbone="resnet50", decoder_layers=5), tmp_path / "x.pth")
    assert main(["convert", "weights", str(path), "-o", str(tmp_path / "ours"), "--to", "simvtr-r50"]) == 0
    said = capsys.readouterr().out
    assert "    left: transformer.decoder.4 (18)\n" in said  # two attentions, three norms, two linear layers
    assert "    new: query (1)\n    left: query (1)\n" in said
    assert load(tmp_path / "ours").config.queries == "decoupled"


def test_a_wrong_file_exits_1_with_one_line_and_writes_nothing(tmp_path, capsys):
    (tmp_path / "x.pth").write_bytes(b"junk")
    assert main(["convert", "weights", str(tmp_path / "x.pth"), "-o", str(tmp_path / "ours")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "ours").exists()


@pytest.mark.parametrize(
    ("begin", "says"),
    [
        (b'{"videos": []}', "got JSON. Name the file with the tensors."),
        (b'\x40\0\0\0\0\0\0\0{"x"', "got safetensors. Name the folder with config.json"),
        (b"PK\3\4 broken", "got another one. Copy it again."),
    ],
)
def test_another_kind_of_file_is_called_by_its_name(tmp_path, capsys, begin, says):
    (tmp_path / "x.pth").write_bytes(begin)
    assert main(["convert", "weights", str(tmp_path / "x.pth"), "-o", str(tmp_path / "ours")]) == 1
    assert says in capsys.readouterr().err


def test_frames_are_said_where_no_tensor_says_them(tmp_path, capsys):
    path = str(save_published(network(VISTR, frames=4, instances=5), tmp_path / "x.pth"))
    assert main(["convert", "weights", path, "-o", str(tmp_path / "ours"), "--frames", "4"]) == 0
    assert "5 instances, windows of 4 frames" in capsys.readouterr().out
    assert main(["convert", "weights", path, "-o", str(tmp_path / "no"), "--frames", "7"]) == 1


def test_detr_segments_a_video_and_keeps_identities(detr, tmp_path, capsys):
    """Two equal frames: what is found in the first goes on in the second, under COCO's name."""
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (16, 160, 3), np.uint8))
    for i in range(2):
        picture.save(tmp_path / f"{i}.png")
    assert segment(str(detr), tmp_path / "out", tmp_path / "*.png", "--no-overlay", "--link.doubt", "0") == 0
    found = results(tmp_path / "out")
    assert {track["category_id"] for track in found} == {18}
    assert all(track["segmentations"][0] == track["segmentations"][1] for track in found)
    assert "dog" in capsys.readouterr().out


def test_stuff_and_unused_numbers_are_no_objects():
    frames = np.zeros((1, 8, 80, 3), np.uint8)
    assert Predictor(sure_of(18), threshold=0.5)(frames)
    for category in (12, 200):  # a number without a category, and stuff
        model = sure_of(category)
        model.config = replace(model.config, categories=tuple((i, COCO.get(i, "")) for i in range(250)))
        assert not Predictor(model, threshold=0.5)(frames)


def test_a_detector_is_no_segmenter(tmp_path, capsys):
    path = save_published(network(DETR, masks=False, classes=91), tmp_path / "detr-r50.pth")
    Image.fromarray(np.zeros((32, 48, 3), np.uint8)).save(tmp_path / "0.png")
    assert segment(str(path), tmp_path / "out", tmp_path / "0.png") == 2
    assert "must have a mask head" in capsys.readouterr().err


def test_vistr_is_trained_further(tmp_path):
    """One step of the trainer from a published file, with the classes of other data."""
    from simvtr.config import AugmentConfig, DataConfig, Recipe, Stage, TrainConfig
    from simvtr.data.synth import SynthConfig, write_dataset
    from simvtr.training import train

    path = save_published(network(VISTR), tmp_path / "x.pth")
    write_dataset(tmp_path / "data", SynthConfig(width=64, height=48, frames=3), videos=1, seed=0)
    augment = AugmentConfig(photometric=0, crop=0, short_sides=(48,), long_side=64)
    recipe = Recipe(
        out=str(tmp_path / "run"),
        start=str(path),
        data=(DataConfig(str(tmp_path / "data/instances.json"), str(tmp_path / "data/JPEGImages")),),
        train=TrainConfig(
            optimizer="adamw", lr=1e-3, steps=1, stages=(Stage(frames=(2,)),), augment=augment, device="cpu"
        ),
    )
    with pytest.raises(DataError, match=r"frames must be 2, as the queries are coupled, got \[16\]"):
        train(replace(recipe, train=TrainConfig()))
    detector = save_published(network(DETR, masks=False), tmp_path / "detr-r50.pth")
    with pytest.raises(DataError, match="must have a mask head to be trained, got a detector"):
        train(replace(recipe, start=str(detector)))
    before, after = load(path), load(train(recipe))
    assert (after.config.queries, after.config.frames, after.config.conv3d_head) == ("coupled", 2, True)
    assert after.config.classes != before.config.classes
    assert not torch.equal(before.query.weight, after.query.weight)
