"""synth-occlusion-v1: what anyone makes is what figures were measured on."""

from dataclasses import replace
from importlib.metadata import version

import pytest

from simvtr.data.synth import SPLITS, write_split
from simvtr.data.synth import benchmark as module
from simvtr.errors import DataError


@pytest.fixture
def tiny(monkeypatch):
    """A split of three videos in place of "val"."""

    def use(**changes):
        monkeypatch.setitem(module.SPLITS, "val", replace(SPLITS["val"], videos=3, frames=2, **changes))

    return use


@pytest.mark.skipif(version("opencv-python-headless").split(".")[0] != "5", reason="OpenCV 4 fills outlines otherwise")
def test_the_validation_split_comes_out_byte_for_byte(tmp_path):
    assert write_split(tmp_path / "val", "val") == "synth-occlusion-v1 val: the published one, byte for byte"


def test_a_truth_of_other_bytes_is_refused(tmp_path, tiny):
    tiny()
    with pytest.raises(DataError, match=r"SHA-256 must be 1684.* for synth-occlusion-v1 val, got [0-9a-f]{64}: shapes"):
        write_split(tmp_path / "val", "val")


def test_the_same_truth_under_other_pictures_is_said(tmp_path, tiny):
    tiny()
    truth, _ = module.digests(module.write_dataset(tmp_path / "val", SPLITS["val"].config, 3, 102))
    tiny(truth=truth, pictures="0")
    assert write_split(tmp_path / "val", "val").endswith("pictures differ (another JPEG encoder)")


def test_a_split_of_another_name_is_refused(tmp_path):
    with pytest.raises(ValueError, match="has the splits train, val, test, got 'dev'"):
        write_split(tmp_path / "dev", "dev")


def test_the_splits_share_no_video():
    assert len({split.seed for split in SPLITS.values()}) == 3
