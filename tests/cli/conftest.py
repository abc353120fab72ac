"""A tiny network, six pictures, and a data set of them."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from simvtr.config import simvtr_tiny
from simvtr.model import SimVTR, save


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    small = {"backbone_width": 16, "channels": 64, "encoder_layers": 1, "decoder_layers": 1, "instances": 3}
    model = SimVTR(simvtr_tiny(**small, classes=2, categories=((7, "cat"), (3, "dog")), short_side=32, long_side=48))
    with torch.no_grad():
        model.mask_head.out.bias.fill_(1)  # untrained, it would find nothing
    return str(save(model, tmp_path_factory.mktemp("weights")))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of six 48 x 32 pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    for i, picture in enumerate(np.random.default_rng(0).integers(0, 255, (6, 32, 48, 3), np.uint8)):
        Image.fromarray(picture).save(folder / f"{i:03d}.png")
    return folder


@pytest.fixture
def truth(pictures, tmp_path):
    """Two videos, of four and of two frames; the ids are neither contiguous nor from 1."""

    def video(number, frames):
        files = [f"{i:03d}.png" for i in frames]
        return {"id": number, "width": 48, "height": 32, "length": len(files), "file_names": files}

    path = tmp_path / "truth.json"
    path.write_text(
        json.dumps(
            {
                "videos": [video(12, range(4)), video(5, (5, 4))],
                "categories": [{"id": 3, "name": "dog"}, {"id": 7, "name": "cat"}],
                "annotations": [],
            }
        )
    )
    return path
