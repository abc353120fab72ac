"""Where the network runs."""

import torch


def pick_device(name: str) -> torch.device:
    """`auto` is the fastest device at hand (CUDA, then MPS, then CPU); anything else must be there.

    >>> pick_device("cpu")
    device(type='cpu')
    """
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, there in here.items() if there)
    if not here.get(name.split(":")[0], False):
        kinds = ", ".join(kind for kind, there in here.items() if there)
        raise ValueError(f"device must be auto or one that this machine has ({kinds}), got {name!r}")
    return torch.device(name)
