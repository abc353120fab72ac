"""The optimizers against their authors' code, the schedule, and averaged weights."""

import contextlib
import io

import pytest
import torch
from torch import nn

from simvtr.config import TrainConfig
from simvtr.training.optimizer import Average, build_optimizer, clip_gradients, parameter_groups, rate, set_rate


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Conv2d(3, 4, 3)
        self.norm = nn.LayerNorm(5)
        self.linear = nn.Linear(5, 6)
        self.fixed = nn.Parameter(torch.ones(2), requires_grad=False)


def test_adabelief_is_the_authors_step_by_step():
    adabelief_pytorch = pytest.importorskip("adabelief_pytorch")
    torch.manual_seed(0)
    ours, theirs = Net(), Net()
    theirs.load_state_dict(ours.state_dict())
    config = TrainConfig(lr=1e-2)
    optimizer = build_optimizer(ours, config)
    with contextlib.redirect_stdout(io.StringIO()):
        reference = adabelief_pytorch.AdaBelief(
            [p for p in theirs.parameters() if p.requires_grad],
            lr=1e-2,
            betas=(0.9, 0.999),
            eps=1e-16,
            weight_decay=1e-4,
            weight_decouple=True,
            rectify=True,
            print_change_log=False,
        )
    worst = 0.0
    for step in range(40):  # the rectified branch begins at step 6
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            a.grad = torch.randn_like(a) * 10 ** -(step % 5)
            b.grad = a.grad.clone()
        optimizer.step()
        reference.step()
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            worst = max(worst, ((a - b).abs().max() / b.abs().max()).item())
    assert worst < 1e-6


@pytest.mark.parametrize(
    ("kind", "given", "used"),
    [("adamw", None, 1e-8), ("adamw", 1e-3, 1e-3), ("adabelief", None, 1e-16), ("adabelief", 1e-8, 1e-8)],
)
def test_either_optimizer_has_its_own_eps_and_takes_another(kind, given, used):
    optimizer = build_optimizer(Net(), TrainConfig(optimizer=kind, eps=given))
    assert {group["eps"] for group in optimizer.param_groups} == {used}


def test_adabelief_keeps_its_state_in_float32_for_half_precision_weights():
    net = Net().bfloat16()
    optimizer = build_optimizer(net, TrainConfig())
    net.linear.weight.grad = torch.ones_like(net.linear.weight)
    optimizer.step()
    assert optimizer.state[net.linear.weight]["exp_avg_var"].dtype == torch.float32


def test_backbone_rate_and_decay_of_norms_make_groups_and_fixed_weights_none():
    groups = parameter_groups(Net(), TrainConfig(lr=1e-4, backbone_lr=1e-5, decay_norms=False, weight_decay=0.1))
    found = {(g["lr"], g["weight_decay"]): sorted(p.numel() for p in g["params"]) for g in groups}
    assert found == {(1e-5, 0.1): [108], (1e-5, 0.0): [4], (1e-4, 0.0): [5, 5, 6], (1e-4, 0.1): [30]}
    assert len(parameter_groups(Net(), TrainConfig())) == 1


def test_the_rate_of_every_group_follows_the_schedule():
    optimizer = build_optimizer(Net(), TrainConfig(lr=1e-4, backbone_lr=1e-5, optimizer="adamw"))
    set_rate(optimizer, 0.5)
    set_rate(optimizer, 0.1)  # of the initial rate, not of the last
    assert sorted(g["lr"] for g in optimizer.param_groups) == pytest.approx([1e-6, 1e-5])


def test_warm_up_is_linear_and_ends_at_the_full_rate():
    config = TrainConfig(warmup=4)
    assert [rate(step, 100, config) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]


def test_gradients_are_clipped_to_a_common_norm():
    a, b = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    a.grad, b.grad = torch.tensor([3.0]), torch.tensor([4.0])
    assert clip_gradients([a, b], 0) == 5
    assert a.grad.item() == 3
    assert clip_gradients([a, b], 0.1) == 5
    assert (a.grad.item(), b.grad.item()) == pytest.approx((0.06, 0.08), rel=1e-4)


def test_the_average_forgets_the_start_and_copies_counters():
    layer = nn.BatchNorm1d(1)
    average = Average(layer, decay=0.5)
    layer.weight.data.fill_(3)
    layer.num_batches_tracked.fill_(7)
    for update in range(20, 22):  # 1 -> 2 -> 2.5
        average.update(layer, update)
    assert average.values["weight"].item() == 2.5
    assert average.values["num_batches_tracked"].item() == 7
    assert layer.weight.item() == 3
