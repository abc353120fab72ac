"""The Hugging Face Hub's conventions: `from_pretrained`, `save_pretrained`, `push_to_hub`, and hf:// ids of weights.

Files are those of `weights.save`. Loading is always strict; the library's own default would load a file that has no
matching tensor, and say nothing. Nothing is fetched but config.json and model.safetensors.
"""

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import PyTorchModelHubMixin, get_hf_file_metadata, hf_hub_download, hf_hub_url
from huggingface_hub.utils import logging as hub_logging

from simvtr.errors import DataError

SCHEME = "hf://"
_PATIENCE = 5.0  # seconds for the Hub's first answer


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


@dataclass(frozen=True, slots=True)
class Repository:
    """Files of a Hub id, from the network or, where it gives no answer, from the cache."""

    name: str  # user/name
    where: dict[str, Any]  # what the library's functions are to be told beside it: revision, local_files_only, ...
    silence: Exception | None  # why the Hub gave no answer

    def file(self, name: str) -> Path:
        """The path of a file. Raises: DataError when it is in neither place."""
        try:
            with _quiet():
                return Path(hf_hub_download(self.name, name, **self.where))
        except (OSError, ValueError) as error:  # the library's errors are one or the other
            revision = self.where.get("revision")
            said = " ".join(str(self.silence or error).split())[:200]
            raise DataError(
                f"weights {SCHEME}{self.name}{f'@{revision}' if revision else ''}: {name} must be on the Hub or in its "
                f"cache, got: {said.rstrip('.')}. Check the id and the network."
            ) from error


def repository(name: str, **where: Any) -> Repository:
    """Asks the Hub once for config.json, and decides from where its files come.

    The library asks six times with growing pauses, for each file, and prints each of them.

    Args:
        name: "user/name" or "user/name@revision", also with hf:// before it.
        where: what `huggingface_hub.hf_hub_download` takes: cache_dir, token, revision, local_files_only, ...
    """
    name, _, revision = name.removeprefix(SCHEME).partition("@")
    if revision:
        where["revision"] = revision
    if where.get("local_files_only"):
        return Repository(name, where, None)
    try:
        url = hf_hub_url(name, "config.json", revision=where.get("revision"))
        get_hf_file_metadata(url, token=where.get("token"), timeout=_PATIENCE)
    except Exception as error:  # noqa: BLE001 - of requests, httpx or its successor, as the library's version has it
        return Repository(name, {**where, "local_files_only": True}, error)
    return Repository(name, where, None)


def downloaded(name: str, **where: Any) -> Path:
    """The folder with the weights of a Hub id, "user/name" or "user/name@revision", from the cache or the network.

    Without a network, or with HF_HUB_OFFLINE=1, what was fetched before is taken from the cache.

    Args: where: as for `repository`.
    Raises: DataError when they are in neither place.
    """
    found = repository(name, **where)
    found.file("model.safetensors")
    return found.file("config.json").parent


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what the library says of every attempt: what matters of it is an error here."""
    level = hub_logging.get_verbosity()
    hub_logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        hub_logging.set_verbosity(level)
