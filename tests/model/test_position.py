"""The 3-D sine code."""

import math

import torch

from simvtr.model.position import sine_position


def test_the_first_pair_of_an_axis_is_sine_and_cosine_of_its_place():
    code = sine_position(4, 1, 1, 12)  # 4 channels an axis, t first
    places = torch.tensor([math.pi / 2, math.pi, 3 * math.pi / 2, 2 * math.pi])  # (i + 1) / 4 of a turn
    assert torch.allclose(code[:, 0, 0, 0], places.sin(), atol=1e-5)
    assert torch.allclose(code[:, 0, 0, 1], places.cos(), atol=1e-5)


def test_what_three_does_not_divide_goes_to_time():
    code = sine_position(2, 2, 2, 128)  # 42 for y, 42 for x, 44 for t
    assert code.shape == (2, 2, 2, 128)
    assert (code[0, 0, 0, :44] != code[1, 0, 0, :44]).any()
    assert torch.equal(code[0, 0, 0, 44:], code[1, 0, 0, 44:])


def test_tokens_all_differ():
    code = sine_position(3, 4, 5, 48).flatten(0, 2)
    assert torch.cdist(code, code).fill_diagonal_(1).min() > 1e-2
