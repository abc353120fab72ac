"""The rules of Figure 1, each on a small network with random weights."""

import pytest
import torch

from simvtr.config import vistr_r50
from simvtr.model import SimVTR
from tests.model.conftest import shaken, small


def close(a: torch.Tensor, b: torch.Tensor, tolerance: float = 1e-5) -> bool:
    return bool(((a - b).abs() <= tolerance * (1 + b.abs())).all())


@torch.inference_mode()
def test_one_query_repeated_over_frames_gives_simvtr_numbers(frames):
    """VisTR with each of its queries written t times is SimVTR (paper Eq. 2)."""
    simvtr = shaken(small())
    vistr = SimVTR(small(queries="coupled", frames=3)).eval()
    state = simvtr.state_dict()
    state["query.weight"] = state["query.weight"].repeat(3, 1)  # frame-major: (t n) c
    vistr.load_state_dict(state)
    ours, theirs = simvtr(frames), vistr(frames)
    assert close(ours.logits, theirs.logits)
    assert close(ours.boxes, theirs.boxes)
    assert close(ours.masks, theirs.masks, 1e-4)


@torch.inference_mode()
def test_a_window_of_one_frame_is_that_frame_alone(frames):
    model = shaken(small())
    stacked = model(frames[:, 1:2])
    for i in range(2):
        alone = model(frames[i : i + 1, 1:2])
        assert close(stacked.logits[i], alone.logits[0])
        assert close(stacked.masks[i], alone.masks[0], 1e-4)


@torch.inference_mode()
def test_clips_of_a_batch_do_not_touch_each_other(frames):
    """VisTR's code reads b = 1 only."""
    model = shaken(small())
    both, second = model(frames), model(frames[1:])
    assert close(both.logits[1:], second.logits)
    assert close(both.boxes[1:], second.boxes)
    assert close(both.masks[1:], second.masks, 1e-4)


@torch.inference_mode()
def test_padding_changes_no_number_of_the_valid_region(frames):
    model = shaken(small())
    alone = model(frames[:1, :, :, :50, :70])
    padded = frames.clone()  # what lies under the padding must not matter, so it is left as it is
    padding = torch.zeros(2, 64, 96, dtype=torch.bool)
    padding[0, 50:] = padding[0, :, 70:] = True
    together = model(padded, padding)
    assert close(together.logits[:1], alone.logits)
    assert close(together.boxes[:1], alone.boxes)
    assert close(together.masks[:1, ..., :13, :18], alone.masks, 1e-4)  # 50 / 4 and 70 / 4, rounded up
    assert (together.masks[0, ..., 13:, :] == -torch.inf).all()
    assert close(together.masks[1:], model(frames[1:]).masks, 1e-4)


@pytest.mark.parametrize("stride", [8, 16])
@torch.inference_mode()
def test_padding_changes_no_number_at_finer_strides(frames, stride):
    model = shaken(small(memory_stride=stride, mask_stride=2))
    padding = torch.zeros(2, 64, 96, dtype=torch.bool)
    padding[0, 50:] = padding[0, :, 70:] = True
    together, alone = model(frames, padding), model(frames[:1, :, :, :50, :70])
    assert close(together.logits[:1], alone.logits)
    assert close(together.masks[:1, ..., :25, :35], alone.masks, 1e-4)


@torch.inference_mode()
def test_tokens_of_a_new_finer_memory_are_the_coarse_ones_enlarged(frames):
    """So weights made at stride 32 begin with what they know."""
    coarse, fine = SimVTR(small()).eval(), SimVTR(small(memory_stride=16)).eval()
    fine.load_state_dict(coarse.state_dict(), strict=False)
    levels = coarse.backbone(frames.flatten(0, 1))
    tokens = fine._features(levels)
    assert tokens.shape[-2:] == (4, 6)  # 64 / 16, 96 / 16
    assert torch.equal(tokens[..., ::2, 1::2], coarse._features(levels))


@torch.inference_mode()
def test_tokens_at_stride_8_begin_as_those_at_16_enlarged(frames):
    coarse, fine = SimVTR(small(memory_stride=16)).eval(), SimVTR(small(memory_stride=8)).eval()
    fine.load_state_dict(coarse.state_dict(), strict=False)
    levels = coarse.backbone(frames.flatten(0, 1))
    tokens = fine._features(levels)
    assert tokens.shape[-2:] == (8, 12)  # 64 / 8, 96 / 8
    assert torch.equal(tokens[..., ::2, 1::2], coarse._features(levels))


def test_tokens_have_one_of_three_sizes():
    with pytest.raises(ValueError, match=r"memory_stride must be 8, 16 or 32"):
        small(memory_stride=4)


def test_masks_at_stride_2_do_not_go_with_the_3d_head():
    with pytest.raises(ValueError, match=r"mask_stride must be 4 with model.conv3d_head"):
        small(mask_stride=2, conv3d_head=True, channels=128)


def test_padding_in_the_middle_is_refused(frames):
    padding = torch.zeros(2, 64, 96, dtype=torch.bool)
    padding[0, 10:20] = True
    with pytest.raises(ValueError, match="right of and below"):
        SimVTR(small()).eval()(frames, padding)


@torch.inference_mode()
def test_logits_and_boxes_are_views_over_frames(frames):
    outputs = shaken(small())(frames)
    assert outputs.logits.shape == (2, 3, 10, 9)
    assert outputs.logits.stride(1) == 0
    assert outputs.boxes.stride(1) == 0
    assert outputs.logits.untyped_storage().nbytes() == 2 * 2 * 10 * 9 * 4  # l b n (k+1) floats, no t


@torch.inference_mode()
def test_masks_of_chosen_instances_equal_theirs_among_all(frames):
    model = shaken(small())
    chosen = [torch.tensor([7, 2]), torch.tensor([], dtype=torch.long)]
    every, some = model(frames), model(frames, select=lambda i, logits, boxes: chosen[i])
    assert some.masks[0].shape == (3, 2, 16, 24)
    assert close(some.masks[0], every.masks[0][:, [7, 2]], 1e-4)
    assert some.masks[1].shape == (3, 0, 16, 24)


@torch.inference_mode()
@pytest.mark.parametrize("head", [{}, {"conv3d_head": True}], ids=["deformable", "3-D"])
def test_no_instance_chosen_in_any_clip_is_no_mask(frames, head):
    outputs = shaken(small(**head))(frames, select=lambda i, logits, boxes: torch.tensor([], dtype=torch.long))
    assert [mask.shape for mask in outputs.masks] == [(3, 0, 16, 24)] * 2


@torch.inference_mode()
@pytest.mark.parametrize(
    "changes",
    [
        {"deformable": "v1"},
        {"deformable": "v2"},
        {"deformable": "plain"},
        {"deformables": 1},
        {"conv3d_head": True, "channels": 128},
        {"pre_norm": False, "unit_maps": False, "dense_class": False, "frozen_norm": True},
        {"backbone": "resnet34", "instances": 3, "classes": 2},
        {"memory_stride": 16},
        {"memory_stride": 16, "mask_stride": 2},
    ],
    ids=lambda changes: "-".join(changes),
)
def test_every_switch_gives_the_same_shapes(frames, changes):
    model = shaken(small(**changes))
    outputs = model(frames)
    n, k = model.config.instances, model.config.classes
    assert outputs.logits.shape == (2, 3, n, k + 1)
    stride = model.config.mask_stride
    assert outputs.masks.shape == (2, 3, n, 64 // stride, 96 // stride)
    assert len(outputs.aux) == model.config.decoder_layers - 1
    assert torch.isfinite(outputs.masks).all()
    assert ((outputs.boxes >= 0) & (outputs.boxes <= 1)).all()


def test_coupled_vistr_has_360_queries_at_36_frames():
    assert vistr_r50().instances * vistr_r50().frames == 360
    with torch.device("meta"):
        assert SimVTR(vistr_r50()).query.weight.shape == (360, 384)


def test_coupled_queries_refuse_another_window(frames):
    model = SimVTR(small(queries="coupled", frames=4)).eval()
    with pytest.raises(ValueError, match="windows of 4 frames only, got 3"):
        model(frames)


def test_every_parameter_learns(frames):
    """A parameter without gradient is a box that the figure has and the forward pass does not."""
    model = shaken(small()).train()
    outputs = model(frames)
    loss = outputs.logits.square().sum() + outputs.boxes.square().sum() + outputs.masks.square().sum()
    loss = loss + sum(a.square().sum() + b.square().sum() for a, b in outputs.aux)
    loss = loss + sum(dense.square().sum() for dense in outputs.dense)
    loss.backward()
    idle = [name for name, value in model.named_parameters() if value.grad is None or not value.grad.abs().sum()]
    # slots start at zero, so the scale of the very first norm has nothing to scale
    assert idle == ["transformer.decoder.0.norms.0.weight"]


def test_unit_maps_average_one(frames):
    model = shaken(small())
    memory = torch.randn(1, 2, 48, 4, 6)
    maps = model.maps(torch.randn(1, 2, 48), model.maps.keys(memory))
    assert maps.shape == (1, 2, 8, 4, 6)
    assert torch.allclose(maps.mean(dim=(2, 3, 4)), torch.ones(1, 2), atol=1e-5)


def test_wrong_axes_are_named():
    with pytest.raises(ValueError, match=r"\(b, t, 3, H, W\), got \(2, 3, 64, 64\)"):
        SimVTR(small()).eval()(torch.zeros(2, 3, 64, 64))
