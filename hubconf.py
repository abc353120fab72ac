"""Entry points of `torch.hub.load("OWNER/REPOSITORY", ENTRY)`: its dependencies must be there, the package need not.

torch.hub.load("OWNER/REPOSITORY", "simvtr_tiny")                      # the packaged weights
torch.hub.load("OWNER/REPOSITORY", "simvtr", "detr-r50-panoptic.pth")  # all that `simvtr.load` takes
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simvtr import SimVTR

dependencies = ["torch", "timm", "einops", "msgspec", "safetensors", "huggingface_hub"]

sys.path.insert(0, str(Path(__file__).parent / "src"))


def simvtr(source: str, device: str = "cpu") -> "SimVTR":
    """A model in eval mode from a packaged name, a folder, a .safetensors or .pth file, or hf://user/name."""
    from simvtr.model import load

    return load(source, device=device)


def simvtr_tiny(device: str = "cpu") -> "SimVTR":
    """The packaged weights: eight synthetic shapes."""
    return simvtr("simvtr-tiny", device)
