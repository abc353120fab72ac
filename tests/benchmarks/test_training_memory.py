"""The count of bytes: what lives at one time, and the same with and without content."""

from dataclasses import replace

import torch

from benchmarks.training_memory import Allocated, as_vistr, ours
from simvtr.config import ModelConfig

SMALL = ModelConfig(
    backbone="resnet18",
    backbone_width=16,
    channels=64,
    feedforward=32,
    instances=4,
    encoder_layers=1,
    decoder_layers=1,
    dropout=0.0,
    frames=3,
    short_side=64,
    long_side=96,
)


def test_bytes_are_counted_from_a_tensor_to_its_end():
    with Allocated() as allocated:
        a = torch.zeros(100)  # 400 bytes
        b = a.view(10, 10) + 1  # a view is no new storage, its sum is
        del a
        c = b * 2
        del b, c
        d = torch.zeros(10)
    assert (allocated.peak, allocated.now) == (800, 40)
    del d
    assert allocated.now == 0


def test_tensors_without_content_count_like_real_ones():
    assert ours(SMALL, 3, 3) == ours(SMALL, 3, 3, fake=False)
    config = replace(SMALL, queries="coupled", conv3d_head=True)
    assert as_vistr(config, 3, 3) == as_vistr(config, 3, 3, fake=False)


def test_doing_passes_again_saves_memory():
    kept, lean = (ours(SMALL, 12, 3, checkpointing=checkpointing) for checkpointing in (False, True))
    assert lean < 0.7 * kept
