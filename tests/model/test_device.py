"""Choosing a device."""

import pytest
import torch

from simvtr.model.device import multiplies_bfloat16, pick_device


def test_a_device_is_found_or_must_be_there():
    assert pick_device("cpu").type == "cpu"
    assert pick_device("auto").type in {"cpu", "cuda", "mps"}
    with pytest.raises(ValueError, match=r"one that this machine has \(.*cpu\), got 'abacus'"):
        pick_device("abacus")


@pytest.mark.parametrize(
    ("told", "does"),
    [
        ({"avx512_bf16": False, "avx2": True}, False),
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({}, False),
    ],
)
def test_a_processor_multiplies_bfloat16_when_it_says_so(monkeypatch, told, does):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: told, raising=False)
    assert multiplies_bfloat16(torch.device("cpu")) is does
