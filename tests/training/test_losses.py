"""The losses, with numbers that can be checked by hand."""

import math

import pytest
import torch

from simvtr.config import LossConfig
from simvtr.training.losses import Losses, at_stride, cell_classes, dense_class_loss
from simvtr.training.matcher import match

LEFT, RIGHT, EVERYWHERE = [0.25, 0.5, 0.5, 1.0], [0.75, 0.5, 0.5, 1.0], [0.5, 0.5, 1.0, 1.0]
ABSENT = None


def losses_of(outputs, target, config=LossConfig(), matches=None):  # noqa: B008 (frozen)
    matches = matches or match(outputs.logits, outputs.boxes, [target], config)
    return Losses(config)(outputs, [target], matches)


def test_a_perfect_answer_costs_next_to_nothing(make_outputs, make_target):
    target = make_target({0: [LEFT, LEFT], 2: [RIGHT, ABSENT]})
    small = target.masks[..., ::4, ::4].float()  # (m, t, 2, 2)
    masks = (40 * small - 20).transpose(0, 1)[None]
    outputs = make_outputs([(0, [LEFT, LEFT]), (2, [RIGHT, EVERYWHERE]), (3, [LEFT, LEFT])])
    outputs.masks = torch.cat((masks, torch.zeros(1, 2, 1, 2, 2)), 2)
    losses = losses_of(outputs, target, LossConfig(mask_stride=4))
    assert losses["total"].item() == pytest.approx(0, abs=1e-4)


def test_only_frames_of_the_matched_target_count(make_outputs, make_target):
    """Fails with VisTR's bug: it takes the frames of target j for the j-th matched query, whatever it is matched to."""
    # Query 0 belongs to object 1 (present in frame 1), query 1 to object 0 (present in frame 0). Right there, wrong
    # elsewhere; the other index would compare exactly the wrong frames.
    target = make_target({0: [LEFT, ABSENT], 1: [ABSENT, RIGHT]})
    masks = torch.full((1, 2, 2, 2, 2), 20.0)  # (b, t, n, h, w)
    masks[0, 1, 0, :, 0] = masks[0, 0, 1, :, 1] = -20
    outputs = make_outputs([(1, [EVERYWHERE, RIGHT]), (0, [LEFT, EVERYWHERE])], masks=masks)
    matches = [(torch.tensor([0, 1]), torch.tensor([1, 0]))]
    losses = losses_of(outputs, target, LossConfig(mask_stride=4), matches)
    assert {name: round(losses[name].item(), 4) for name in ("label", "l1", "giou", "focal", "dice")} == dict.fromkeys(
        ("label", "l1", "giou", "focal", "dice"), 0
    )


def test_box_losses_are_sums_over_coordinates_per_target_box(make_outputs, make_target):
    # One object, two of three frames. Frame 0: right instead of left: |.5| in cx, GIoU 0 (they touch). Frame 2: exact.
    outputs = make_outputs([(0, [RIGHT, RIGHT, LEFT])])
    losses = losses_of(outputs, make_target({0: [LEFT, ABSENT, LEFT]}))
    assert losses["l1"].item() == pytest.approx(0.5 / 2)
    assert losses["giou"].item() == pytest.approx((1 + 0) / 2)


def test_no_object_weighs_a_tenth_in_the_class_loss(make_outputs, make_target):
    # Query 0 is matched to class 0, query 1 is "no object", all logits 0: both cost ln 4. Weighted mean: ln 4.
    outputs = make_outputs([(0, [LEFT]), (0, [RIGHT])])
    outputs.logits = torch.zeros(1, 1, 2, 4)
    outputs.logits[0, 0, 1, 3] = 20  # query 1 is right: cost 0, weight .1
    losses = losses_of(outputs, make_target({0: [LEFT]}))
    assert losses["label"].item() == pytest.approx(math.log(4) / 1.1, rel=1e-5)


def test_one_class_loss_a_track_equals_the_mean_of_its_copies(make_outputs, make_target):
    outputs = make_outputs([(0, [LEFT] * 3), (1, [RIGHT] * 3)])
    outputs.logits = torch.randn(1, 1, 2, 4, generator=torch.Generator().manual_seed(0)).expand(1, 3, 2, 4)
    target = make_target({0: [LEFT, LEFT, LEFT]})
    once = losses_of(outputs, target)["label"]
    outputs.logits = outputs.logits.contiguous()
    assert losses_of(outputs, target)["label"].item() == pytest.approx(once.item(), rel=1e-6)


def test_masks_at_logit_zero_cost_what_the_formulas_say(make_outputs, make_target):
    # Half of the picture is object. Focal: .5² ln 2 (.25/2 + .75/2). Dice on 2 x 2 cells: 1 - (2·1 + 1)/(2 + 2 + 1).
    outputs = make_outputs([(0, [LEFT])])
    losses = losses_of(outputs, make_target({0: [LEFT]}), LossConfig(mask_stride=4))
    assert losses["focal"].item() == pytest.approx(0.25 * math.log(2) * 0.5)
    assert losses["dice"].item() == pytest.approx(1 - 3 / 5)


def test_masks_of_all_queries_and_of_the_matched_alone_cost_the_same(make_outputs, make_target):
    masks = torch.randn(1, 2, 3, 2, 2, generator=torch.Generator().manual_seed(1))
    outputs = make_outputs([(3, [EVERYWHERE] * 2), (1, [RIGHT] * 2), (0, [LEFT] * 2)], masks=masks)
    target = make_target({0: [LEFT, LEFT], 1: [ABSENT, RIGHT]})
    ((queries, _),) = match(outputs.logits, outputs.boxes, [target], LossConfig())
    assert queries.tolist() == [1, 2]
    every = losses_of(outputs, target)
    outputs.masks = [masks[0][:, queries]]
    chosen = losses_of(outputs, target)
    assert (every["focal"], every["dice"]) == (chosen["focal"], chosen["dice"])


def test_a_clip_without_objects_costs_class_loss_only_with_finite_gradients(make_outputs, make_target):
    outputs = make_outputs([(0, [LEFT])])
    leaves = [torch.zeros(1, 1, 1, 4), outputs.boxes.clone(), torch.zeros(1, 1, 1, 2, 2)]
    outputs.logits, outputs.boxes, outputs.masks = (leaf.requires_grad_() for leaf in leaves)
    losses = losses_of(outputs, make_target({}))
    assert losses["total"].item() == pytest.approx(math.log(4))
    losses["total"].backward()
    assert all(leaf.grad is not None and leaf.grad.isfinite().all() for leaf in leaves)


def test_earlier_layers_pay_class_and_box_losses_by_their_own_matching(make_outputs, make_target):
    target = make_target({0: [LEFT]})
    outputs = make_outputs([(0, [LEFT]), (3, [RIGHT])], masks=torch.zeros(1, 1, 2, 2, 2))
    swapped = make_outputs([(3, [RIGHT]), (0, [LEFT])])
    outputs.aux = ((swapped.logits, swapped.boxes),)
    assert losses_of(outputs, target)["aux"].item() == pytest.approx(0, abs=1e-5)
    wrong = make_outputs([(0, [RIGHT]), (3, [RIGHT])])
    outputs.aux = ((wrong.logits, wrong.boxes), (wrong.logits, wrong.boxes))
    assert losses_of(outputs, target)["aux"].item() == pytest.approx(2 * (5 * 0.5 + 2 * 1), rel=1e-5)


def test_total_is_the_weighted_sum(make_outputs, make_target):
    config = LossConfig(label=2, l1=3, giou=4, focal=5, dice=6, dense=7)
    outputs = make_outputs([(1, [RIGHT])], dense=(torch.zeros(1, 1, 4, 1, 1),))
    losses = losses_of(outputs, make_target({0: [LEFT]}), config)
    expected = sum(getattr(config, n) * losses[n] for n in ("label", "l1", "giou", "focal", "dice", "dense"))
    assert losses["total"].item() == pytest.approx(float(expected), rel=1e-6)


def test_a_token_is_to_say_what_covers_its_cell(make_target):
    # 32 x 32 picture, left half class 0: truth of its only token is (.5, 0, .5), and uniform logits cost ln 3.
    target = make_target({0: [LEFT]}, size=32)
    cells = cell_classes(target, 3, 32)
    assert cells.flatten().tolist() == [0.5, 0, 0.5]
    assert dense_class_loss(torch.zeros(1, 1, 3, 1, 1), [cells]).item() == pytest.approx(math.log(3))
    half = torch.tensor([math.log(0.5), -30, math.log(0.5)])[None, None, :, None, None]
    assert dense_class_loss(half, [cells]).item() == pytest.approx(math.log(2), rel=1e-5)
    # at stride 16 the left two of its four tokens are all of class 0
    assert cell_classes(target, 3, 16)[0, 0].tolist() == [[1, 0], [1, 0]]


def test_cells_at_the_edge_count_the_pixels_they_have(make_target):
    # 40 x 40 picture, all of it class 0: a full cell and three cut ones, in a clip without objects none.
    assert cell_classes(make_target({0: [EVERYWHERE]}, size=40), 2, 32)[0, 0].tolist() == [[1, 1], [1, 1]]
    assert cell_classes(make_target({}, size=40), 2, 32)[0, 0].tolist() == [[0, 0], [0, 0]]


def test_overlapping_objects_share_a_token(make_target):
    target = make_target({0: [EVERYWHERE], 1: [EVERYWHERE]}, size=32)
    assert cell_classes(target, 3, 32).flatten().tolist() == [0.5, 0.5, 0]


def test_a_cell_is_object_when_half_of_it_is():
    masks = torch.zeros(1, 4, 5, dtype=torch.bool)
    masks[0, 0, :2] = True  # cell (0, 0): 2 of 4
    masks[0, 0, 2] = True  # cell (0, 1): 1 of 4
    masks[0, 3, 4] = True  # cell (1, 2): 1 of the 2 pixels it has
    assert at_stride(masks, 2).tolist() == [[[1, 0, 0], [0, 0, 1]]]


def test_half_precision_outputs_are_compared_in_float32(make_outputs, make_target):
    masks = torch.randn(1, 1, 2, 2, 2, generator=torch.Generator().manual_seed(2)).bfloat16()
    outputs = make_outputs([(0, [LEFT]), (1, [RIGHT])], masks=masks, dense=(torch.zeros(1, 1, 4, 1, 1).bfloat16(),))
    outputs.logits = (outputs.logits / 20).bfloat16()
    target = make_target({0: [LEFT]})
    half = losses_of(outputs, target)
    outputs.logits, outputs.masks = outputs.logits.float(), outputs.masks.float()
    outputs.dense = (outputs.dense[0].float(),)
    assert {name: loss.dtype for name, loss in half.items()} == dict.fromkeys(half, torch.float32)
    assert {name: loss.item() for name, loss in half.items()} == {
        n: v.item() for n, v in losses_of(outputs, target).items()
    }
