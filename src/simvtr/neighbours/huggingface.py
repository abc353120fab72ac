"""DETR segmentation, Mask2Former and VidEoMT of Hugging Face `transformers`, as a `Segmenter`.

folder or Hub id -> config.json -> the library's model (strictly loaded) -> QuerySegmenter
"""

import contextlib
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import simvtr.model.backbone  # noqa: F401 - makes a torchvision of another torch importable, which transformers needs
from simvtr.errors import DataError, SimVTRWarning
from simvtr.inference.panoptic import SURE
from simvtr.inference.queries import Look, Pick, QuerySegmenter, Seen
from simvtr.model.categories import PANOPTIC
from simvtr.neighbours.labels import things
from simvtr.neighbours.pictures import FILES, Pictures, read_pictures


@dataclass(frozen=True, slots=True)
class _Kind:
    """One model type: its class, how it is looked at, how it wants its pictures where no file says it."""

    name: str
    begin: Callable[[Any], Look]  # for each video
    pictures: Callable[[Any], Pictures]  # of its config
    remembers: bool = False


def huggingface(
    source: str, device: torch.device, precision: str = "float32", panoptic: bool | None = None, **where: Any
) -> QuerySegmenter:
    """A model of `transformers` that finds objects and their masks.

    Args:
        source: folder that `save_pretrained` wrote, or an id of the Hub, then fetched or taken from the cache.
        panoptic: merge masks as DETR does, so that each pixel is one object's at most; None: for DETR's weights of
            COCO panoptic segmentation.
        where: `revision`, `local_files_only`, as the library takes them.
    Raises: DataError when it is another kind of model, or a tensor is missing, unknown or of another shape.
        ModuleNotFoundError without the package.
    """
    import transformers

    folder = Path(source) if Path(source).is_dir() else _cached(source, **where)
    config = _json(folder / "config.json")
    kind = _KINDS.get(config.get("model_type", ""))
    built = (config.get("architectures") or [""])[0]
    if kind is None or (built and built != kind.name):
        raise DataError(
            f"weights {source}: the model must be one of {', '.join(k.name for k in _KINDS.values())}, got "
            f"{built or config.get('model_type') or 'none'}."
        )
    if not hasattr(transformers, kind.name):
        raise DataError(
            f"weights {source}: transformers {transformers.__version__} has no {kind.name}. Install a newer."
        )
    with _quiet(transformers):
        model = _loaded(getattr(transformers, kind.name), source, where)
    labels = [model.config.id2label.get(i, f"class {i}") for i in range(model.config.num_labels)]
    objects, categories = things(labels)
    merges = len(labels) == PANOPTIC if panoptic is None else panoptic
    return QuerySegmenter(
        model=model.to(device).eval(),
        pictures=read_pictures(folder, kind.pictures(model.config)),
        begin=lambda: kind.begin(model),
        categories=categories,
        objects=objects,
        remembers=kind.remembers,
        precision=precision,
        panoptic=SURE if merges else None,
    )


def _detr(model: Any) -> Look:
    def look(picture: Tensor, pick: Pick) -> Seen:
        out = model(pixel_values=picture[None])
        return Seen(out.logits[0], out.pred_masks[0][pick(out.logits[0])], out.last_hidden_state[0])

    return look


def _mask2former(model: Any) -> Look:
    def look(picture: Tensor, pick: Pick) -> Seen:
        out = model(pixel_values=picture[None])
        logits = out.class_queries_logits[0]
        return Seen(logits, out.masks_queries_logits[0][pick(logits)], out.transformer_decoder_last_hidden_state[0])

    return look


def _videomt(model: Any) -> Look:
    """Frame after frame what the model says of a whole video: its queries go on from the frame before.

    The library's own forward pass takes all frames at once and remembers nothing after it. A pass over one frame with
    the queries that it would have there is the same; what they were before the last norm is what goes on.
    """
    before: list[Tensor] = []

    def look(picture: Tensor, pick: Pick) -> Seen:
        queries = model.query.weight
        if before:
            queries = queries + model.query_updater(before.pop())
        hook = model.layernorm.register_forward_pre_hook(lambda _, inputs: before.append(inputs[0][0, : len(queries)]))
        try:
            video = {"pixel_values_videos": picture[None, None]}
            out = torch.func.functional_call(model, {"query.weight": queries}, kwargs=video)
        finally:
            hook.remove()
        logits = out.class_queries_logits[0]
        return Seen(logits, out.masks_queries_logits[0][pick(logits)], out.last_hidden_state[0, : len(queries)])

    return look


_KINDS = {
    "detr": _Kind("DetrForSegmentation", _detr, lambda _: Pictures({"shortest_edge": 800, "longest_edge": 1333})),
    "mask2former": _Kind(
        "Mask2FormerForUniversalSegmentation",
        _mask2former,
        lambda _: Pictures({"shortest_edge": 800, "longest_edge": 1333}, divisor=32),
    ),
    "videomt": _Kind(
        "VideomtForUniversalSegmentation",
        _videomt,
        lambda config: Pictures({"height": config.image_size, "width": config.image_size}),
        remembers=True,
    ),
}


def _loaded(kind: Any, source: str, where: dict[str, Any]) -> Any:
    """The library fills what a file does not have with random numbers and only warns: an error here."""
    try:
        model, said = kind.from_pretrained(source, output_loading_info=True, **where)
    except (OSError, ValueError, RuntimeError) as error:
        text = " ".join(str(error).split())[:300]
        raise DataError(f"weights {source}: must be readable by transformers, got: {text}") from error
    missing = sorted(name for name in said["missing_keys"] if not name.startswith("criterion."))  # of the loss
    if missing or said["mismatched_keys"]:
        wrong = [*missing, *(str(key[0]) for key in said["mismatched_keys"])]
        raise DataError(
            f"weights {source}: every tensor of {kind.__name__} must be there, got {len(missing)} missing and "
            f"{len(said['mismatched_keys'])} of another shape ({', '.join(wrong[:4])})."
        )
    if unknown := sorted(said["unexpected_keys"]):
        few = ", ".join(unknown[:4])
        warnings.warn(
            f"weights {source}: {len(unknown)} unknown tensors are not used ({few})", SimVTRWarning, stacklevel=2
        )
    return model


def _cached(name: str, **where: Any) -> Path:
    """The folder of the cache with a Hub id's config.json and, if there are any, its files on pictures."""
    from huggingface_hub import hf_hub_download

    folder = Path(hf_hub_download(name, "config.json", **where)).parent
    for file in FILES:
        with contextlib.suppress(OSError, ValueError):  # it has one of them
            hf_hub_download(name, file, **where)
    return folder


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"weights {path}: must be JSON that can be read, got: {error}.") from error
    if not isinstance(found, dict):
        raise DataError(f"weights {path}: must be a JSON object, got {type(found).__name__}.")
    return found


@contextlib.contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Without the library's own bars and reports: what matters of them is an error here."""
    log = transformers.utils.logging
    level, bar = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity(logging.CRITICAL)
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bar:
            log.enable_progress_bar()
