"""Ways to name objects, compared by benchmarks/identity.py: ours, ours without each part, and trackers of others.

Each is given the same outputs of the network, and says for every frame of a window which object each query is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.peers.linking import Detection, Linker
from simvtr.config import IdentityConfig
from simvtr.inference import LinkIdentity, Window

Names = Sequence[int | None]
Namer = Callable[[Window], list[Names]]
"""A window of t frames and n queries -> t lists of n names; None: no object of its own."""
CONFIG = IdentityConfig()


@dataclass(frozen=True, slots=True)
class Method:
    """One row of the table. `make` starts a video; `doubt` is that of `Identity`."""

    name: str
    make: Callable[[], Namer]
    doubt: int | None = CONFIG.doubt


def methods() -> list[Method]:
    """Every row that can be measured here."""
    without = {
        "colours": "colour",
        "embeddings": "embedding",
        "mask overlap": "mask",
        "class": "category",
        "motion": "motion",
    }
    found = [
        Method("slot", lambda: lambda window: [range(window.masks.shape[1])] * len(window.masks), doubt=None),
        Method("slot, duplicates merged", lambda: _slots_merged),
        Method("link", lambda: _linked(CONFIG)),
        *(Method(f"link without {what}", _linker(replace(CONFIG, **{term: 0.0}))) for what, term in without.items()),
        Method("link without embeddings and colours", _linker(replace(CONFIG, embedding=0.0, colour=0.0))),
        Method("link without memory", _linker(replace(CONFIG, remember=0))),
        Method("link without merging", _linker(replace(CONFIG, duplicate=1.0, shared=1.0))),
        Method("link, one IoU for all duplicates", _linker(replace(CONFIG, shared=CONFIG.duplicate))),
        Method("link, the surer duplicate", _linker(replace(CONFIG, strange=0.0))),
        Method("link without returns", _linker(replace(CONFIG, again=0.0))),
        Method("link, a wrong place costs 1", _linker(replace(CONFIG, astray=1.0))),
        Method("IoU with the last mask", _overlapping),
    ]
    try:
        import trackers
    except ImportError:
        return found
    settings = {"lost_track_buffer": CONFIG.remember, "minimum_consecutive_frames": 1}
    return [
        *found,
        Method(
            "ByteTrack", lambda: _boxes(trackers.ByteTrackTracker(track_activation_threshold=CONFIG.birth, **settings))
        ),
        Method("OC-SORT", lambda: _boxes(trackers.OCSORTTracker(high_conf_det_threshold=CONFIG.birth, **settings))),
    ]


def _linker(config: IdentityConfig) -> Callable[[], Namer]:
    return lambda: _linked(config)


def _linked(config: IdentityConfig) -> Namer:
    link = LinkIdentity(config)
    return lambda window: [link.assign(window)] * len(window.masks)


def distinct(window: Window) -> list[int]:
    """The queries that are left when duplicates and those too weak to be anything are gone, as for `link`."""
    alone = LinkIdentity(replace(CONFIG, birth=CONFIG.least)).assign(window)
    return [query for query, name in enumerate(alone) if name is not None]


def _slots_merged(window: Window) -> list[Names]:
    kept = set(distinct(window))
    return [[query if query in kept else None for query in range(window.masks.shape[1])]] * len(window.masks)


def _overlapping() -> Namer:
    """The baseline of the peers: Hungarian by the IoU with each track's last mask, five frames of patience."""
    linker = Linker()

    def name(window: Window) -> list[Names]:
        kept, found = distinct(window), []
        for masks in window.masks:
            queries = [query for query in kept if masks[query].any()]
            named = linker([Detection(0, 1.0, masks[query]) for query in queries])
            found.append(_spread(dict(zip(queries, named, strict=True)), window.masks.shape[1]))
        return found

    return name


def _boxes(tracker) -> Namer:
    """A tracker of the package `trackers`, fed with the boxes of our masks and our scores."""
    import supervision

    def name(window: Window) -> list[Names]:
        kept, found = distinct(window), []
        for masks, probabilities in zip(window.masks, window.probabilities, strict=True):
            queries = [query for query in kept if masks[query].any()]
            if queries:
                boxes = supervision.mask_to_xyxy(masks[queries]).astype(float) + np.array((0, 0, 1, 1))
            else:
                boxes = np.zeros((0, 4))
            given = supervision.Detections(
                xyxy=boxes,
                confidence=probabilities[queries].max(-1).astype(float),
                class_id=probabilities[queries].argmax(-1),
                data={"query": np.array(queries, int)},
            )
            told = tracker.update(given)
            ids = [] if told.tracker_id is None else told.tracker_id.tolist()
            pairs = zip(np.asarray(told.data.get("query", [])).tolist(), ids, strict=True)
            found.append(_spread({query: known for query, known in pairs if known >= 0}, window.masks.shape[1]))
        return found

    return name


def _spread(named: dict[int, int], queries: int) -> Names:
    return [named.get(query) for query in range(queries)]
