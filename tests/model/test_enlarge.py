"""Four small convolutions in place of a large one on copies."""

import itertools

import pytest
import torch
import torch.nn.functional as F

from simvtr.model.enlarge import conv_enlarged


@pytest.mark.parametrize(("h", "w"), [(1, 1), (1, 4), (3, 2), (4, 5)])
def test_it_is_the_convolution_of_the_enlarged_map(h, w):
    g = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, h, w, generator=g, dtype=torch.float64)
    weight = torch.randn(4, 3, 3, 3, generator=g, dtype=torch.float64)
    for size in itertools.product((2 * h - 1, 2 * h), (2 * w - 1, 2 * w)):
        plain = F.conv2d(F.interpolate(x, size, mode="nearest"), weight, padding=1)
        assert torch.allclose(conv_enlarged(x, weight, size), plain, atol=1e-13)


def test_a_map_of_the_size_wanted_is_convolved_as_it_is():
    """Tokens at stride 16 meet the backbone's map at stride 16."""
    x, weight = torch.randn(1, 2, 4, 5), torch.randn(3, 2, 3, 3)
    assert torch.equal(conv_enlarged(x, weight, (4, 5)), F.conv2d(x, weight, padding=1))


def test_another_size_is_refused():
    with pytest.raises(ValueError, match="twice 4 x 5, or one less, got 8 x 11"):
        conv_enlarged(torch.zeros(1, 2, 4, 5), torch.zeros(3, 2, 3, 3), (8, 11))
