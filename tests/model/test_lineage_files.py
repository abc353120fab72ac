"""What is read out of a published file, what is refused, and what becomes of its tensors. No published numbers here."""

from argparse import Namespace
from dataclasses import replace

import pytest
import torch

from simvtr import DataError
from simvtr.config import simvtr_r50
from simvtr.model import load, save
from simvtr.model.categories import COCO, YTVIS19
from simvtr.model.lineage import started
from simvtr.model.published import read_published
from tests.model.small_published import DETR, VISTR, network, save_published


def test_coco_has_80_things_and_youtube_vis_40():
    assert (len(COCO), len(YTVIS19)) == (80, 40)
    assert (COCO[1], COCO[90], YTVIS19[40]) == ("person", "toothbrush", "tennis_racket")


@torch.inference_mode()
@pytest.mark.parametrize(("kind", "changes"), [(DETR, {}), (DETR, {"masks": False, "classes": 91}), (VISTR, {})])
def test_a_file_tells_its_network(kind, changes, tmp_path):
    model = network(kind, **changes)
    again = load(save_published(model, tmp_path / "x.pth"))
    told = replace(again.config, categories=(), short_side=300, long_side=540)
    if not model.config.masks:  # what only a mask head needs cannot be seen
        told = replace(told, masks=False)
    assert told == model.config
    frames = torch.randn(1, model.config.frames, 3, 64, 64)
    assert torch.equal(again(frames).logits, model(frames).logits)
    assert torch.equal(again(frames).masks, model(frames).masks)


def test_settings_beside_the_weights_tell_the_frames(tmp_path):
    model = network(VISTR, frames=4, instances=5)
    path = save_published(model, tmp_path / "x.pth", Namespace(num_frames=4, lr=1e-4))
    assert (load(path).config.frames, load(path).config.instances) == (4, 5)


def test_class_i_is_category_i_and_what_is_no_thing_has_no_name(tmp_path):
    panoptic = load(save_published(network(DETR), tmp_path / "x.pth")).config
    assert panoptic.categories[17:19] == ((17, "cat"), (18, "dog"))
    assert panoptic.objects == tuple(COCO)
    own = load(save_published(network(DETR, classes=3), tmp_path / "y.pth")).config  # somebody's own data
    assert own.categories == ((0, "class 0"), (1, "class 1"), (2, "class 2"))
    assert len(load(save_published(network(VISTR), tmp_path / "z.pth")).config.objects) == 40


def test_missing_and_unknown_tensors_are_named(tmp_path):
    path = save_published(network(DETR), tmp_path / "x.pth", stranger=torch.zeros(1))
    state = torch.load(path)
    del state["model"]["detr.class_embed.bias"]
    torch.save(state, path)
    with pytest.raises(DataError, match=r"1 missing \(class_head.bias\), 1 unknown \(stranger\)"):
        load(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not a checkpoint", "a whole file that `torch.save` wrote"),
        ({"state_dict": {}}, r'must be \{"model": state_dict\}.*got the keys state_dict'),
        ({"model": {"conv1.weight": torch.zeros(1)}}, "got 1 tensors without class_head.weight"),
        ({"model": {}, "args": pytest.fail}, "of tensors and plain settings alone"),
        (None, "there is none of that name"),
    ],
    ids=["junk", "keys", "resnet", "code", "gone"],
)
def test_a_wrong_file_is_one_clear_line(content, said, tmp_path):
    path = tmp_path / "x.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        torch.save(content, path)
    with pytest.raises(DataError, match=said) as error:
        load(path)
    assert "\n" not in str(error.value)


def test_a_dilated_detr_is_refused(tmp_path):
    model = network(DETR)
    for path in (
        save_published(model, tmp_path / "detr-r50-dc5.pth"),
        save_published(model, tmp_path / "x.pth", Namespace(dilation=True)),
    ):
        with pytest.raises(DataError, match="DC5"):
            load(path)


def test_ours_and_theirs_say_the_same_after_conversion(tmp_path):
    model = load(save_published(network(VISTR), tmp_path / "x.pth"))
    again = load(save(model, tmp_path / "ours"))
    assert again.config == model.config
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in again.state_dict().items())


def test_simvtr_starts_with_what_fits_detr(tmp_path):
    """Backbone, projection, four layers of each kind, boxes, maps and the whole mask head; offsets begin at 0."""
    model = network(DETR, encoder_layers=6, decoder_layers=6)
    checkpoint = read_published(save_published(model, tmp_path / "x.pth"))
    simvtr, parts = started(checkpoint.state, checkpoint.config, simvtr_r50(backbone="resnet18"), seed=25)
    assert (simvtr.config.queries, simvtr.config.channels, simvtr.config.encoder_layers) == ("decoupled", 32, 4)
    by = {part.name: part for part in parts}
    assert {part.name for part in parts if part.fresh} == {"query", "class_head", "mask_head"}
    assert all(".offset." in name for name in by["mask_head"].fresh)
    assert {name.split(".")[2] for name in by["transformer.encoder"].left} == {"4", "5"}
    ours, theirs = simvtr.state_dict(), checkpoint.state
    assert all(torch.equal(ours[name], theirs[name]) for part in parts for name in part.kept)
    assert sum(len(part.kept) + len(part.fresh) for part in parts) == len(ours)  # nothing is passed over in silence
    assert sum(len(part.kept) + len(part.left) for part in parts) == len(theirs)


def test_a_bias_does_not_go_without_its_weight(tmp_path):
    checkpoint = read_published(save_published(network(VISTR), tmp_path / "x.pth"))
    _, parts = started(checkpoint.state, checkpoint.config, simvtr_r50(backbone="resnet18"), seed=25)
    mask_head = next(part for part in parts if part.name == "mask_head")
    assert "mask_head.out.bias" in mask_head.fresh  # VisTR's is the 3-D convolution's


def test_another_backbone_is_no_start(tmp_path):
    checkpoint = read_published(save_published(network(DETR), tmp_path / "x.pth"))
    with pytest.raises(DataError, match="backbone resnet50, got resnet18"):
        started(checkpoint.state, checkpoint.config, simvtr_r50(), seed=25)


@torch.inference_mode()
def test_chosen_masks_end_where_the_picture_of_their_clip_does():
    """The losses compare them with that picture; without `select` they are the published ones, of the whole batch."""
    model = network(VISTR)
    frames, padding = torch.randn(2, 2, 3, 96, 128), torch.zeros(2, 96, 128, dtype=torch.bool)
    padding[0, 50:] = padding[0, :, 70:] = True
    frames = frames.masked_fill(padding[:, None, None], 0)
    whole, some = model(frames, padding), model(frames, padding, lambda i, logits, boxes: torch.tensor([4, 1]))
    assert whole.masks.shape == (2, 2, 10, 24, 32)
    assert [mask.shape for mask in some.masks] == [(2, 2, 13, 18), (2, 2, 24, 32)]  # 50 / 4 and 70 / 4, rounded up
    assert torch.allclose(some.masks[0], whole.masks[0, :, [4, 1], :13, :18], atol=1e-4)


@torch.inference_mode()
def test_what_is_beside_a_clip_in_its_batch_changes_nothing_but_the_padding():
    """Two clips of one size, padded alike, say what each says alone."""
    model = network(DETR)
    frames, padding = torch.randn(2, 1, 3, 96, 128), torch.zeros(2, 96, 128, dtype=torch.bool)
    padding[:, 50:] = True
    frames = frames.masked_fill(padding[:, None, None], 0)
    both, second = model(frames, padding), model(frames[1:], padding[1:])
    assert torch.allclose(both.logits[1:], second.logits, atol=1e-5)
    assert torch.allclose(both.masks[1:], second.masks, atol=1e-4)
