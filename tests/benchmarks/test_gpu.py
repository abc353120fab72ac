"""What `benchmarks.gpu` times against each other gives the same numbers; a CPU can say that."""

import shutil

import pytest
import torch

from benchmarks.gpu import deform_ways


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_the_deformable_convolution_compiled_and_torchvisions_give_our_numbers():
    torch.manual_seed(0)
    ways = deform_ways(3, 1, 2, (5, 7), torch.device("cpu"))
    ours = ways.pop("ours")()
    assert ours.shape == (2, 1, 5, 7)
    for way in (ways["ours, compiled"], *([ways["torchvision"]] if torchvision_fits() else [])):
        torch.testing.assert_close(way(), ours, rtol=1e-4, atol=1e-5)


def torchvision_fits() -> bool:
    """Whether torchvision is here and made for this torch."""
    try:
        from torchvision.ops import nms

        nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
    except (ImportError, RuntimeError, NotImplementedError):
        return False
    return True
