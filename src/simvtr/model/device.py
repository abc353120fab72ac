"""Where the network runs."""

import torch


def pick_device(name: str) -> torch.device:
    """The device called `name`; "auto" is the fastest at hand: CUDA, then MPS, then CPU.

    >>> pick_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    return torch.device(name)
