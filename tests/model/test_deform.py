"""Deformable convolution against its definition, written out tap by tap."""

import pytest
import torch
import torch.nn.functional as F

from simvtr.model.deform import WIDE, DeformConv, _by_maps, _by_rows, deform_conv


def by_definition(x, offsets, weight, bias, gates):
    """Sum over taps of weight times the bilinear sample at the moved tap; zero outside. Loops, float64."""
    b, _, h, w = x.shape
    out = torch.zeros(b, weight.shape[0], h, w, dtype=x.dtype) + bias[:, None, None]
    for i in range(b):
        for row in range(h):
            for column in range(w):
                for k in range(9):
                    y = row + k // 3 - 1 + float(offsets[i, 2 * k, row, column])
                    z = column + k % 3 - 1 + float(offsets[i, 2 * k + 1, row, column])
                    y0, z0 = int(y // 1), int(z // 1)
                    sample = torch.zeros(x.shape[1], dtype=x.dtype)
                    for yy, zz in ((y0, z0), (y0, z0 + 1), (y0 + 1, z0), (y0 + 1, z0 + 1)):
                        if 0 <= yy < h and 0 <= zz < w:
                            sample += x[i, :, yy, zz] * (1 - abs(y - yy)) * (1 - abs(z - zz))
                    gate = 1.0 if gates is None else float(gates[i, k, row, column])
                    out[i, :, row, column] += weight[:, :, k // 3, k % 3] @ sample * gate
    return out


@pytest.mark.parametrize("learning", [False, True], ids=["by rows", "by maps"])
@pytest.mark.parametrize("gated", [False, True], ids=["v1", "v2"])
@pytest.mark.parametrize("size", [(5, 6), (1, 4), (3, 1)], ids=str)
def test_equals_the_definition(gated, size, learning):
    g = torch.Generator().manual_seed(0)
    x = torch.randn(3, 3, *size, generator=g, dtype=torch.float64)
    offsets = 2 * torch.randn(3, 18, *size, generator=g, dtype=torch.float64)  # some samples fall outside
    weight = torch.randn(WIDE, 3, 3, 3, generator=g, dtype=torch.float64)
    bias = torch.randn(WIDE, generator=g, dtype=torch.float64)
    gates = torch.rand(3, 9, *size, generator=g, dtype=torch.float64) if gated else None
    expected = by_definition(x, offsets, weight, bias, gates)
    with torch.set_grad_enabled(learning):
        found = deform_conv(x, offsets, weight, bias, gates)
    assert torch.allclose(found, expected, atol=1e-12)


@torch.inference_mode()
@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last], ids=str)
def test_rows_and_maps_give_the_same_numbers_in_any_order_of_memory(order):
    x, offsets = torch.randn(3, 5, 7, 9).to(memory_format=order), 3 * torch.randn(3, 18, 7, 9).to(memory_format=order)
    weight, gates = torch.randn(WIDE, 5, 3, 3), torch.rand(3, 9, 7, 9)
    assert torch.allclose(_by_rows(x, offsets, weight, gates), _by_maps(x, offsets, weight, gates), atol=1e-4)


@torch.inference_mode()
def test_no_picture_is_no_picture():
    found = deform_conv(
        torch.zeros(0, 3, 4, 5), torch.zeros(0, 18, 4, 5), torch.zeros(WIDE, 3, 3, 3), torch.zeros(WIDE)
    )
    assert found.shape == (0, WIDE, 4, 5)


@torch.inference_mode()
def test_taps_that_went_astray_read_nothing_else():
    """Of weights that diverged: not a number, or farther away than whole numbers reach."""
    x, weight = torch.ones(1, 2, 4, 4), torch.ones(WIDE, 2, 3, 3)
    for far in (float("nan"), float("inf"), 1e30):
        offsets = torch.zeros(1, 18, 4, 4)
        offsets[:, 0, 0, 0] = far
        found = deform_conv(x, offsets, weight, torch.zeros(WIDE))
        assert found[0, 0, 2, 2] == 18  # nine taps of two ones


def test_gradients_reach_input_offsets_and_weights():
    g = torch.Generator().manual_seed(0)
    x = torch.randn(1, 2, 4, 4, generator=g, dtype=torch.float64, requires_grad=True)
    offsets = (0.3 + 0.4 * torch.rand(1, 18, 4, 4, generator=g, dtype=torch.float64)).requires_grad_()  # off the kinks
    weight = torch.randn(2, 2, 3, 3, generator=g, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    (deform_conv(x, offsets, weight, bias) ** 2).sum().backward()
    step = 1e-6
    for value in (x, offsets, weight):
        flat = value.detach().view(-1)
        for index in (0, len(flat) // 2, len(flat) - 1):
            sums = []
            for sign in (1, -1):
                moved = flat.clone()
                moved[index] += sign * step
                parts = [moved.view_as(v) if v is value else v.detach() for v in (x, offsets, weight)]
                sums.append(float((deform_conv(*parts, bias.detach()) ** 2).sum()))
            quotient = (sums[0] - sums[1]) / (2 * step)
            assert float(value.grad.view(-1)[index]) == pytest.approx(quotient, rel=1e-4, abs=1e-6)


def test_an_untrained_layer_is_the_plain_convolution():
    x = torch.randn(1, 4, 6, 5)
    v1, v2 = DeformConv(4, 3, "v1"), DeformConv(4, 3, "v2")
    plain = F.conv2d(x, v1.weight, v1.bias, padding=1)
    assert torch.allclose(v1(x), plain, atol=1e-5)
    v2.weight.data = v1.weight.data
    assert torch.allclose(v2(x), plain / 2, atol=1e-5)  # gates start at sigmoid(0) = 1/2


def test_half_precision_does_not_move_the_taps():
    """On a smooth ramp 200 pixels wide a tap that is off by a hundredth of the width would show."""
    x = torch.linspace(0, 1, 200)[None, None, None].expand(1, 4, 6, 200).contiguous()
    layer = DeformConv(4, 2, "v1")
    plain = F.conv2d(x, layer.weight, layer.bias, padding=1)
    with torch.autocast("cpu", torch.bfloat16):
        half = layer(x)
    assert (half - plain)[..., 1:-1].abs().max() < 0.01 * plain.abs().max()
