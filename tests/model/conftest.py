"""Small networks with weights that do something: offsets and norms are not left at their first values."""

import pytest
import torch

from simvtr.config import ModelConfig, simvtr_tiny
from simvtr.model import SimVTR

SMALL = {"backbone_width": 16, "channels": 48, "feedforward": 64, "encoder_layers": 2, "decoder_layers": 2}


def small(**changes) -> ModelConfig:
    """A network of every kind in a hundredth of the size."""
    return simvtr_tiny(**{**SMALL, **changes})


def shaken(config: ModelConfig) -> SimVTR:
    """Every parameter moved away from its start, so that a path that is never used cannot hide."""
    torch.manual_seed(0)
    model = SimVTR(config).eval()
    with torch.no_grad():
        for name, value in model.named_parameters():
            value += 0.05 * torch.randn_like(value)
            if ".offset." in name:
                value += torch.randn_like(value)
        for name, value in model.named_buffers():
            if name.endswith("running_mean"):
                value += 0.1 * torch.randn_like(value)
            if name.endswith("running_var"):
                value *= 1 + torch.rand_like(value)
    return model


@pytest.fixture
def frames() -> torch.Tensor:
    """Two clips of three frames, (2, 3, 3, 64, 96)."""
    return torch.randn(2, 3, 3, 64, 96, generator=torch.Generator().manual_seed(1))
