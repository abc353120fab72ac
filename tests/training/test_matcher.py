"""The assignment of queries to objects."""

from dataclasses import replace

import pytest
import torch

from simvtr.config import LossConfig
from simvtr.errors import DataError
from simvtr.training.matcher import match

LEFT, RIGHT, EVERYWHERE = [0.25, 0.5, 0.5, 1.0], [0.75, 0.5, 0.5, 1.0], [0.5, 0.5, 1.0, 1.0]
ABSENT = None


def pairs(outputs, target, config=LossConfig()):  # noqa: B008 (frozen)
    ((queries, objects),) = match(outputs.logits, outputs.boxes, [target], config)
    return list(zip(queries.tolist(), objects.tolist(), strict=True))


def test_boxes_decide_between_objects_of_one_class(make_outputs, make_target):
    outputs = make_outputs([(0, [RIGHT]), (0, [LEFT]), (0, [EVERYWHERE])])
    target = make_target({0: [LEFT], 1: [RIGHT]})
    target.labels[:] = 0
    assert pairs(outputs, target) == [(0, 1), (1, 0)]


def test_class_decides_between_equal_boxes(make_outputs, make_target):
    outputs = make_outputs([(2, [LEFT]), (1, [LEFT])])
    assert pairs(outputs, make_target({1: [LEFT]})) == [(1, 0)]


def test_frames_without_the_object_cost_nothing(make_outputs, make_target):
    # The object is left in frame 0 and gone in frame 1. Query 1 is exact there and nowhere near zeros in frame 1;
    # query 0 is a little off in frame 0 and a box of zeros in frame 1, which VisTR's mean over all frames prefers.
    outputs = make_outputs([(0, [[0.3, 0.5, 0.5, 1.0], [0.0, 0.0, 0.0, 0.0]]), (0, [LEFT, EVERYWHERE])])
    assert pairs(outputs, make_target({0: [LEFT, ABSENT]})) == [(1, 0)]


def test_the_total_cost_counts_not_each_object_alone(make_outputs, make_target):
    # Class alone. Object 0 (class 0) likes query 0 at .60 and query 1 at .50; object 1 (class 1) .40 and .01.
    # Greedy would give query 0 to object 0: .60 + .01 < .50 + .40.
    outputs = make_outputs([(0, [LEFT]), (0, [LEFT])], classes=2)
    probability = torch.tensor([[0.595, 0.40, 0.005], [0.50, 0.01, 0.49]])
    outputs.logits = probability.log()[None, None]
    assert pairs(outputs, make_target({0: [LEFT], 1: [LEFT]}), LossConfig(l1=0, giou=0)) == [(0, 1), (1, 0)]


def test_decoupled_and_coupled_outputs_of_equal_values_match_alike(make_outputs, make_target):
    outputs = make_outputs([(0, [LEFT, LEFT]), (1, [RIGHT, RIGHT])])
    coupled = replace(outputs, logits=outputs.logits.contiguous())
    target = make_target({1: [LEFT, RIGHT], 0: [RIGHT, ABSENT]})
    assert coupled.logits.stride(1) != 0
    assert pairs(outputs, target) == pairs(coupled, target)


def test_an_object_that_is_never_present_stays_unmatched(make_outputs, make_target):
    outputs = make_outputs([(0, [LEFT]), (1, [LEFT])])
    assert pairs(outputs, make_target({1: [ABSENT], 0: [LEFT]})) == [(0, 1)]


def test_a_clip_without_objects_matches_nothing(make_outputs, make_target):
    assert pairs(make_outputs([(0, [LEFT])]), make_target({})) == []


def test_more_objects_than_queries_leave_the_dearest_unmatched(make_outputs, make_target):
    assert pairs(make_outputs([(0, [RIGHT])]), make_target({1: [LEFT], 0: [RIGHT]})) == [(0, 1)]


def test_outputs_that_are_not_finite_are_refused(make_outputs, make_target):
    outputs = make_outputs([(0, [LEFT])])
    outputs.boxes[0, 0, 0, 0] = float("nan")
    with pytest.raises(DataError, match=r"must be finite, got NaN or infinity.*Lower train.lr"):
        pairs(outputs, make_target({0: [LEFT]}))
