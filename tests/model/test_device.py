"""Choosing a device."""

import pytest

from simvtr.model.device import pick_device


def test_a_device_is_found_or_must_be_there():
    assert pick_device("cpu").type == "cpu"
    assert pick_device("auto").type in {"cpu", "cuda", "mps"}
    with pytest.raises(ValueError, match=r"one that this machine has \(.*cpu\), got 'abacus'"):
        pick_device("abacus")
