"""The state of a training on disk: one file, replaced atomically, with the one before kept beside it.

Everything else that a step depends on (clips, augmentation, dropout, learning rate) is a function of its number and
the recipe's seed, so this is enough to continue as if nothing had happened.
"""

import errno
import os
import pickle
import re
import warnings
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from simvtr.errors import DataError, SimVTRWarning

NAME, PREVIOUS = "checkpoint.pt", "checkpoint.previous.pt"
FORMAT = "simvtr training 1"
# What zipfile and torch say of a file that is cut, changed or another's
_DAMAGED = (RuntimeError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error, pickle.UnpicklingError)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A training after `step` updates. Tensors are on the CPU after loading."""

    step: int
    recipe: dict[str, Any]  # `Recipe` as plain values
    shape: dict[str, Any]  # `ModelConfig` of the network, as plain values
    model: dict[str, torch.Tensor]
    optimizer: dict[str, Any]
    average: dict[str, torch.Tensor] | None  # moving average of the weights (`train.ema`)
    scaler: dict[str, Any] | None = None  # of the loss, with `precision: float16`
    record: float = float("-inf")  # best score of a validation so far


def save(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write `checkpoint.pt`; the one that was there becomes `checkpoint.previous.pt`.

    The file is complete on disk before it gets its name, so a crash at any moment leaves a whole one behind.
    Raises: DataError when it cannot be written; the one that was there is then as it was.
    """
    part, path = folder / f"{NAME}.part", folder / NAME
    fields = {name: getattr(checkpoint, name) for name in Checkpoint.__slots__}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            torch.save({"format": FORMAT, **fields}, file)
            file.flush()
            os.fsync(file.fileno())
        if _whole(path):  # a damaged one does not take the place of the whole one before it
            path.replace(folder / PREVIOUS)
        return part.replace(path)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as RuntimeError
        with suppress(OSError):
            part.unlink()  # half a checkpoint would only fill the disk
        raise DataError(
            f"{path}: must be writable, got: {reason_of(error)}. Make room there, or give another --out."
        ) from error


def reason_of(error: Exception) -> str:
    """Why a file could not be written, in the system's words: torch and safetensors put their own around them.

    >>> reason_of(OSError(28, "No space left on device")), reason_of(RuntimeError("I/O error (os error 13)"))
    ('the disk is full', 'Permission denied')
    >>> reason_of(RuntimeError("[enforce fail at inline_container.cc:672]"))
    'a write that failed'
    """
    cause: BaseException | None = error
    while cause is not None:
        told = re.search(r"\(os error (\d+)\)", str(cause))  # safetensors'
        number = cause.errno if isinstance(cause, OSError) else int(told[1]) if told else None
        if number is not None:
            return "the disk is full" if number == errno.ENOSPC else os.strerror(number)
        cause = cause.__cause__ or cause.__context__  # torch's RuntimeError comes of Python's OSError
    return "a write that failed"


def load(folder: Path) -> Checkpoint | None:
    """The last whole checkpoint of a folder; None where there is none.

    Warns (SimVTRWarning) when `checkpoint.pt` is damaged and the previous one is taken instead.
    Raises: DataError naming the file when no checkpoint of the folder can be read.
    """
    reasons = []
    for name in (NAME, PREVIOUS):
        path = folder / name
        if not path.exists():
            continue
        try:
            checkpoint = _read(path)
        except DataError as error:
            reasons.append(str(error))
            continue
        if reasons:
            warnings.warn(f"{reasons[0]} Continuing from {name}, step {checkpoint.step}.", SimVTRWarning, stacklevel=2)
        return checkpoint
    if reasons:
        raise DataError(" ".join(reasons))
    return None


def _whole(path: Path) -> bool:
    """Whether a file is there, and every part of it has the checksum that torch wrote."""
    try:
        _check_sums(path)
    except (OSError, *_DAMAGED):
        return False
    return True


def _check_sums(path: Path) -> None:
    with zipfile.ZipFile(path) as file:  # torch does not look at the checksums that it wrote
        if file.testzip() is not None:
            raise ValueError("a checksum does not fit")


def _read(path: Path) -> Checkpoint:
    try:
        _check_sums(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, *_DAMAGED) as error:
        reason = str(error).strip().splitlines()
        raise DataError(
            f"{path}: must be a whole checkpoint that `simvtr train` wrote, but cannot be read "
            f"({reason[0][:120] if reason else type(error).__name__}). Delete it."
        ) from error
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise DataError(f"{path}: must be a checkpoint that `simvtr train` wrote, got another file. Delete it.")
    return Checkpoint(**content)
