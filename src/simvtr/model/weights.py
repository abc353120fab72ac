"""Weights: a folder with `model.safetensors` and `config.json`, the packaged ones, and those of DETR and VisTR."""

import shutil
from pathlib import Path

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from simvtr.config import ModelConfig
from simvtr.errors import DataError
from simvtr.model.hub import SCHEME, downloaded
from simvtr.model.network import SimVTR
from simvtr.model.published import SUFFIXES, read_published

WEIGHTS, CONFIG = "model.safetensors", "config.json"
PACKAGED = Path(__file__).parent.parent / "weights"


def save(model: SimVTR, folder: str | Path, *, half: bool = False) -> Path:
    """Write a model's weights and shape; each file appears whole, by rename.

    Args: half: store floating point numbers as float16 (half the size; loading turns them back into float32).
    Returns: the folder.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        name: value.detach().cpu().to(torch.float16 if half and value.is_floating_point() else value.dtype).contiguous()
        for name, value in model.state_dict().items()
    }
    weights, config = folder / f"{WEIGHTS}.part", folder / f"{CONFIG}.part"
    config.write_bytes(msgspec.json.format(msgspec.json.encode(model.config), indent=1) + b"\n")
    save_file(state, weights)
    shutil.copymode(config, weights)  # the library makes files that their owner alone may read
    weights.replace(folder / WEIGHTS)
    config.replace(folder / CONFIG)
    return folder


def load(source: str | Path, *, device: str = "cpu") -> SimVTR:
    """A model ready to use, in eval mode.

    Args:
        source: the name of packaged weights ("simvtr-tiny", "simvtr-tiny-finer"), a folder that `save` or
            `simvtr train` wrote, the .safetensors file in it (config.json must lie beside it), a Hub id
            ("hf://user/name", also with "@revision"), or a checkpoint of DETR or VisTR as published (.pth), which then
            gives the published numbers (docs/lineage.md).
        device: where to put it, "cpu", "cuda", ...
    Raises: DataError when there is nothing there, or a file is not what its shape asks for; it lists the keys.

    >>> load("simvtr-tiny").config.backbone
    'resnet18'
    """
    if _is_checkpoint(source):
        return published(source).to(device)
    folder, file = _files(source)
    config = _config(source, folder / CONFIG)
    try:
        model, state = SimVTR(config), load_file(file)
    except (OSError, ValueError, SafetensorError) as error:
        raise _unreadable(folder, error) from error
    if wrong := _fill(model, state):
        raise DataError(
            f"weights {folder}: every tensor of the network in config.json must be there once, got {wrong}. "
            "Use the config.json that was saved with these weights."
        )
    return model.to(device).eval()


def refuse_missing(source: str | Path) -> None:
    """Before anything slow: a Hub id is looked up and fetched, files are not read.

    Raises: DataError when there is nothing that `load` could read.
    """
    if not _is_checkpoint(source):
        _files(source)


def _is_checkpoint(source: str | Path) -> bool:
    """Whether this is a file that may be DETR or VisTR as published."""
    return Path(source).suffix in SUFFIXES and Path(source).is_file()


def packaged() -> list[str]:
    """The names of the weights that come with the package."""
    return sorted(path.name for path in PACKAGED.iterdir() if path.is_dir()) if PACKAGED.is_dir() else []


def published(path: str | Path, *, frames: int | None = None) -> SimVTR:
    """DETR or VisTR from a checkpoint as published, in eval mode: see `read_published`."""
    checkpoint = read_published(path, frames=frames)
    with torch.device("meta"):  # no first weights: a ResNet has nothing that is not in its state dict
        model = SimVTR(checkpoint.config)
    if wrong := _fill(model, checkpoint.state):
        kind = "VisTR" if checkpoint.config.conv3d_head else "DETR"
        raise DataError(f"weights {path}: every tensor of {kind} must be there, and nothing else, got {wrong}.")
    return model.eval()


def _fill(model: SimVTR, state: dict[str, Tensor]) -> str:
    """Give a network its tensors; or what is wrong with them, and then nothing was changed."""
    expected = model.state_dict()
    missing, unknown = sorted(expected.keys() - state.keys()), sorted(state.keys() - expected.keys())
    misshapen = sorted(name for name in expected.keys() & state.keys() if expected[name].shape != state[name].shape)
    if missing or unknown or misshapen:
        return f"{_few('missing', missing)}, {_few('unknown', unknown)}, {_few('of another shape', misshapen)}"
    fitting = {name: value.to(expected[name].dtype) for name, value in state.items()}
    model.load_state_dict(fitting, assign=any(value.is_meta for value in expected.values()))
    return ""


def _files(source: str | Path) -> tuple[Path, Path]:
    """The folder with config.json, and the file with the tensors."""
    path = downloaded(str(source)) if str(source).startswith(SCHEME) else Path(source)
    if not path.is_dir() and (PACKAGED / str(source) / CONFIG).is_file() and str(source) == path.name:
        path = PACKAGED / str(source)
    of_file = path.suffix == ".safetensors" and path.is_file()
    if of_file or path.is_dir():
        folder, file = (path.parent, path) if of_file else (path, path / WEIGHTS)
        if missing := [part.name for part in (folder / CONFIG, file) if not part.is_file()]:
            raise DataError(
                f"weights {source}: {file.name} and config.json must lie in one folder, {folder} has no "
                f"{' and no '.join(missing)}. Name a folder that `simvtr train` wrote, or, for `simvtr segment`, "
                "transformers."
            )
        return folder, file
    came = "that file is no file of weights" if path.is_file() else "there is none of that name"
    raise DataError(
        f"weights {source}: must be a folder with model.safetensors and config.json, such a .safetensors file, a Hub "
        f"id (hf://user/name), a checkpoint of DETR or VisTR (.pth), or one of the packaged names {packaged()}; "
        f"{came}. `simvtr segment` takes folders of transformers, torchvision:NAME and Mask R-CNN's .pth "
        "as well."
    )


def _config(source: str | Path, path: Path) -> ModelConfig:
    """The shape that a config.json says. Raises: DataError when it is none, or one of another library."""
    try:
        found = msgspec.json.decode(path.read_bytes())
        if isinstance(found, dict) and "model_type" not in found and found.keys() <= set(ModelConfig.__slots__):
            return msgspec.convert(found, ModelConfig)
    except (OSError, ValueError) as error:  # msgspec's are the second
        raise _unreadable(path.parent, error) from error
    keys = found if isinstance(found, dict) else {}
    if "model_type" in keys:
        raise DataError(
            f"weights {source}: must be of a network of ours, got a {keys['model_type']} of transformers. "
            f"`simvtr segment` and simvtr.segmenter take its folder: name {path.parent}."
        )
    got = next((f"the unknown key {key!r}" for key in keys if key not in ModelConfig.__slots__), "no object")
    raise DataError(
        f"weights {source}: config.json must be as `simvtr train` writes it, got {got}. Use the config.json that was "
        "saved with these weights."
    )


def _unreadable(folder: Path, error: Exception) -> DataError:
    return DataError(
        f"weights {folder}: config.json and model.safetensors must be readable as `simvtr train` writes them, "
        f"got: {error}. Train or copy them again."
    )


def _few(what: str, names: list[str]) -> str:
    return f"{len(names)} {what}" + (f" ({', '.join(names[:8])}{', ...' if len(names) > 8 else ''})" if names else "")
