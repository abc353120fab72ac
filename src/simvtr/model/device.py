"""Where the network runs, and in what."""

from contextlib import suppress

import torch


def pick_device(name: str) -> torch.device:
    """`auto` is the fastest device at hand (CUDA, then MPS, then CPU); anything else must be there.

    Raises: ValueError when this machine has none of that name.

    >>> pick_device("cpu")
    device(type='cpu')
    """
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, there in here.items() if there)
    with suppress(RuntimeError):  # of a number that is none
        if here.get(name.split(":")[0], False):
            return torch.device(name)
    kinds = ", ".join(kind for kind, there in here.items() if there)
    raise ValueError(f"device must be auto or one that this machine has ({kinds}), got {name!r}")


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 in hardware; where it only imitates it, float32 is several times faster.

    A CPU that torch says nothing about (before torch 2.11) counts as one that does not.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    told = getattr(torch.cpu, "get_capabilities", dict)() if device.type == "cpu" else {}
    return any(there and name.endswith("bf16") for name, there in told.items())
