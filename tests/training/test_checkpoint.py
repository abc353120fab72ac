"""Checkpoints survive crashes, and say what is wrong with those that did not."""

import errno
import warnings
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError

from simvtr.errors import DataError, SimVTRWarning
from simvtr.training import state
from simvtr.training.checkpoint import Checkpoint, load, save


def made(step: int) -> Checkpoint:
    return Checkpoint(step, {"out": "runs", "data": ({"first": 0},)}, {"channels": 128}, {"w": torch.ones(3)}, {}, None)


def flip_a_bit(path: Path) -> None:
    """Of a weight: torch would load it."""
    content = bytearray(path.read_bytes())
    content[content.index(torch.ones(3).numpy().tobytes())] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-50])


def test_what_was_saved_is_loaded_without_a_warning(tmp_path):
    save(tmp_path, made(5))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = load(tmp_path)
    assert (found.step, found.recipe, found.shape) == (5, made(5).recipe, made(5).shape)
    assert torch.equal(found.model["w"], torch.ones(3))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint.pt"]


def test_a_folder_without_checkpoint_gives_none(tmp_path):
    assert load(tmp_path / "nowhere") is None


@pytest.mark.parametrize("harm", ["truncated", "one bit", "empty", "foreign", "other torch file"])
def test_a_damaged_checkpoint_is_named_and_the_previous_one_taken(tmp_path, harm):
    save(tmp_path, made(5))
    path = save(tmp_path, made(6))
    if harm == "other torch file":
        torch.save({"state_dict": {}}, path)
    elif harm == "one bit":
        flip_a_bit(path)
    else:
        path.write_bytes({"truncated": path.read_bytes()[:300], "empty": b"", "foreign": b"hello world"}[harm])
    with pytest.warns(
        SimVTRWarning, match=r"checkpoint\.pt: must be a .*Continuing from checkpoint\.previous\.pt, step 5"
    ):
        assert load(tmp_path).step == 5


@pytest.mark.parametrize("harm", [cut, flip_a_bit])
def test_a_damaged_checkpoint_does_not_take_the_place_of_the_whole_one_before_it(tmp_path, harm):
    save(tmp_path, made(5))
    harm(save(tmp_path, made(6)))
    path = save(tmp_path, made(6))
    path.unlink()
    assert load(tmp_path).step == 5


def test_a_crash_between_the_two_renames_loses_nothing(tmp_path):
    path = save(tmp_path, made(5))
    path.rename(tmp_path / "checkpoint.previous.pt")
    assert load(tmp_path).step == 5


def test_no_sound_checkpoint_is_an_error_in_one_line(tmp_path):
    save(tmp_path, made(5)).write_bytes(b"no")
    with pytest.raises(DataError, match=r"checkpoint\.pt: must be a whole checkpoint.*Delete it") as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was executed",))

    torch.save({"format": Bomb()}, tmp_path / "checkpoint.pt")
    with pytest.raises(DataError, match="must be a whole checkpoint"):
        load(tmp_path)


def test_a_folder_that_cannot_be_written_is_an_error_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"checkpoint\.pt: must be writable"):
        save(tmp_path / "file", made(1))


def test_a_full_disk_is_told_without_the_words_of_torch(tmp_path, monkeypatch):
    def full(*_):
        raise RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 2112 vs 2006") from OSError(
            errno.ENOSPC, "No space left on device"
        )

    save(tmp_path, made(5))
    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(DataError) as caught:
        save(tmp_path, made(6))
    where = tmp_path / "checkpoint.pt"
    assert str(caught.value) == (
        f"{where}: must be writable, got: the disk is full. Make room there, or give another --out."
    )
    assert load(tmp_path).step == 5
    assert not list(tmp_path.glob("*.part"))


def test_weights_that_find_no_room_are_told_without_the_words_of_safetensors(tmp_path, monkeypatch):
    def full(*_):
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(state, "save_weights", full)
    with pytest.raises(DataError) as caught:
        state.keep_weights(None, tmp_path)
    assert str(caught.value).endswith(
        ": weights must be writable, got: the disk is full. Make room there, or give another --out."
    )
