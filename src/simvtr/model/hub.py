"""The Hugging Face Hub's conventions: `from_pretrained`, `save_pretrained`, `push_to_hub`, and hf:// ids of weights.

Files are those of `weights.save`. Loading is always strict; the library's own default would load a file that has no
matching tensor, and say nothing. Nothing is fetched but config.json and model.safetensors.
"""

from pathlib import Path
from typing import Any

from huggingface_hub import PyTorchModelHubMixin, hf_hub_download

from simvtr.errors import DataError

SCHEME = "hf://"


class OnHub(
    PyTorchModelHubMixin,
    library_name="simvtr",
    license="apache-2.0",
    pipeline_tag="image-segmentation",
    tags=["video-instance-segmentation"],
):
    """What the network inherits to be saved, loaded and published as the Hub's users expect."""

    def _save_pretrained(self, save_directory: Path) -> None:
        from simvtr.model.network import SimVTR
        from simvtr.model.weights import save

        assert isinstance(self, SimVTR)
        save(self, save_directory)

    @classmethod
    def _from_pretrained(
        cls, *, model_id: str, config: Any = None, map_location: str = "cpu", strict: bool = True, **where: Any
    ) -> Any:
        """`strict` is accepted, as the library passes it on, and always true."""
        from simvtr.model.weights import load

        if not strict:
            raise ValueError("SimVTR.from_pretrained: strict must be True: a tensor that does not fit is an error")
        return load(model_id if Path(model_id).is_dir() else downloaded(model_id, **where), device=map_location)


def downloaded(name: str, **where: Any) -> Path:
    """The folder with the weights of a Hub id, "user/name" or "user/name@revision", from the cache or the network.

    Without a network, or with HF_HUB_OFFLINE=1, what was fetched before is taken from the cache.

    Args: where: what `huggingface_hub.hf_hub_download` takes: cache_dir, token, revision, local_files_only, ...
    Raises: DataError when they are in neither place.
    """
    repository, _, revision = name.removeprefix(SCHEME).partition("@")
    if revision:
        where["revision"] = revision
    try:
        files = [Path(hf_hub_download(repository, file, **where)) for file in ("config.json", "model.safetensors")]
    except (OSError, ValueError) as error:  # the library's errors are one or the other
        said = " ".join(str(error).split())[:200]
        raise DataError(
            f"weights {SCHEME}{name.removeprefix(SCHEME)}: config.json and model.safetensors must be on the Hub or in "
            f"its cache, got: {said.rstrip('.')}."
        ) from error
    return files[0].parent
