"""`link`: objects keep their name from window to window and through occlusion, whatever query finds them.

    Window -> queries -> cost of every (object, query) -> duplicates gone -> one assignment -> continued | born -> names
                         (`_cost`: one formula)                             not seen: remembered     seen -> lost ones

Axes: t frames   n queries of the window   o objects known   k classes   c channels   h w grid of the masks
Holds one small mask, two embeddings and two histograms of colours for each object that is live or remembered, and
nothing else of the video.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simvtr.config import IdentityConfig
from simvtr.inference.candidates import Candidate, candidates, unit
from simvtr.inference.identity import Window
from simvtr.rle import decode, encode, from_json, to_json

_FORGOTTEN = 54  # halvings after which less is left of 1 than a float64 near 1 can tell


@dataclass(frozen=True, slots=True)
class _Object:
    """What is remembered of an object: as it was when last seen."""

    identity: int
    classes: np.ndarray  # (k,), sums to 1: mean over the frames in which it was seen
    embedding: np.ndarray  # (c,), length 1, of late; (0,) where there are none
    looks: np.ndarray  # (c,), length 1, of all these frames; idem
    colours: np.ndarray  # (216,), length 1, of late; (0,) where there are none
    palette: np.ndarray  # (216,), length 1, of all these frames; idem
    beside: frozenset[int]  # the names that were seen in the same windows, of those known
    seen: int  # number of these frames
    frame: int  # the last
    mask: np.ndarray  # bool (h, w)
    centre: np.ndarray  # (2,), row and column
    velocity: np.ndarray  # (2,), a frame


class LinkIdentity:
    """Names the objects of one video.

    Args: config: weights, limits and what they mean.

    >>> rows = np.eye(2, dtype=bool)[:, :, None].repeat(3, 2)                # masks (h, w) of two objects, a row each
    >>> def window(start, *order):
    ...     return Window(start, 0.9 * np.eye(2)[None, list(order)], rows[None, list(order)])
    >>> link = LinkIdentity()
    >>> link.assign(window(0, 0, 1)), link.assign(window(1, 1, 0))           # the second window swaps the queries
    ([0, 1], [1, 0])
    """

    def __init__(self, config: IdentityConfig | None = None) -> None:
        if not isinstance(config, IdentityConfig | None):
            came = type(config).__name__
            raise TypeError(
                f"link: config must be a simvtr.config.IdentityConfig, got {came}. As IdentityConfig(gate=0.5)."
            )
        self.config = IdentityConfig() if config is None else config
        self.doubt = self.config.doubt
        self.objects: dict[int, _Object] = {}  # live and remembered, by identity; at most `config.live`
        self._born = 0

    def assign(self, window: Window) -> list[int | None]:
        """The identity of each query; None where it is too weak, a duplicate, or one more than there may be."""
        from scipy.optimize import linear_sum_assignment

        config = _known(self.config, window)
        queries = candidates(window, config)
        self.objects = {i: o for i, o in self.objects.items() if window.start - o.frame <= config.remember + 1}
        known = list(self.objects.values())
        cost = np.minimum(_cost(known, queries, window.start, config), config.gate)  # (o, n)
        kept = _distinct(queries, cost, config)
        queries, cost = [queries[j] for j in kept], cost[:, kept]
        pairs = {j: known[i] for i, j in zip(*linear_sum_assignment(cost), strict=True) if cost[i, j] < config.gate}
        for j, known_as in pairs.items():
            self.objects[known_as.identity] = _continued(known_as, queries[j], config.renew)
        names: list[int | None] = [None] * window.masks.shape[1]
        for j, query in enumerate(queries):
            if j in pairs:
                names[query.index] = pairs[j].identity
            elif query.score >= config.birth and self._room(window.start):
                self.objects[self._born] = _newborn(self._born, query)
                names[query.index] = self._born
                self._born += 1
        renamed = self._returned({name for name in names if name is not None}, config)
        return [name if name is None else renamed.get(name, name) for name in names]

    def state(self) -> dict[str, Any]:
        """All that is remembered, as JSON takes it; of arrays the bytes, which cost less than their digits."""
        kept = [{name: _plain(getattr(known, name)) for name in _Object.__slots__} for known in self.objects.values()]
        return {"born": self._born, "objects": kept}

    @classmethod
    def restored(cls, state: dict[str, Any], config: IdentityConfig | None = None) -> "LinkIdentity":
        """As it was when it told its `state`."""
        link = cls(config)
        link._born = state["born"]
        link.objects = {kept["identity"]: _remembered(kept) for kept in state["objects"]}
        return link

    def _returned(self, here: set[int], config: IdentityConfig) -> dict[int, int]:
        """What is seen in this window and turns out to be a lost object: its name until now -> the older of the two.

        What comes back is first seen in part, at an edge, and hardly looks like itself there; some frames later the
        mean of its looks does. Objects that were ever seen side by side are two.
        """
        from scipy.optimize import linear_sum_assignment

        for i in here:
            self.objects[i] = replace(
                self.objects[i], beside=frozenset((self.objects[i].beside | here) & self.objects.keys())
            )
        seen = [o for i in sorted(here) if (o := self.objects[i]).seen >= config.settle]
        lost = [o for i, o in self.objects.items() if i not in here]
        weights = np.array((config.embedding, config.colour, config.category))
        if not (seen and lost and weights[:2].any()):
            return {}
        apart = [
            np.minimum((1 - _stack(lost, whole) @ _stack(seen, whole).T) / config.far, 1)
            for whole in ("looks", "palette")
        ]
        differ = np.average((*apart, _unlike(lost, seen)), axis=0, weights=weights)
        two = np.array([[o.identity in found.beside for found in seen] for o in lost])
        differ = np.where(two, config.again, np.minimum(differ, config.again))  # (lost, seen)
        renamed = {}
        for i, j in zip(*linear_sum_assignment(differ), strict=True):
            if differ[i, j] < config.again:
                name = min(lost[i].identity, seen[j].identity)
                del self.objects[lost[i].identity], self.objects[seen[j].identity]
                of_late = {"embedding": seen[j].embedding, "colours": seen[j].colours}
                self.objects[name] = replace(_joined(lost[i], seen[j]), identity=name, **of_late)
                renamed[seen[j].identity] = name
        return renamed

    def _room(self, start: int) -> bool:
        """Whether one more object may live; of the lost ones that which was seen least is forgotten for it."""
        if len(self.objects) < self.config.live:
            return True
        lost = [o for o in self.objects.values() if o.frame < start]
        if lost:
            del self.objects[min(lost, key=lambda o: (o.seen, o.frame)).identity]
        return bool(lost)


def _cost(objects: list[_Object], queries: list[Candidate], start: int, config: IdentityConfig) -> np.ndarray:
    """The cost (o, n) of each pair, in [0, 1]: the one formula (docs/identity.md).

    cost = (embedding · E + colour · K + category · C + mask · P(M) + motion · P(D)) / the sum of these weights
    P(x) = unknown + (min(x, astray) - unknown) · 0.5 ^ (frames unseen / fade): where an object is, is forgotten by and
    by; and what is at a wrong place may be it, come out of the edge or from behind something faster than foreseen
    Of embeddings and colours what is unknown has no weight (`_known`).
    """
    if not objects or not queries:
        return np.ones((len(objects), len(queries)))
    masks, motion = _places(objects, queries, np.array([max(1, start - o.frame) for o in objects]), config)
    terms = (
        (config.embedding, _apart(objects, queries, "embedding", "looks", config.far)),
        (config.colour, _apart(objects, queries, "colours", "palette", config.far)),
        (config.category, _unlike(objects, queries)),
        (config.mask, masks),
        (config.motion, motion),
    )
    return np.sum([weight * term for weight, term in terms], axis=0) / sum(weight for weight, _ in terms)


def _places(
    objects: Sequence[_Object], queries: Sequence[Candidate], gap: np.ndarray, config: IdentityConfig
) -> tuple[np.ndarray, np.ndarray]:
    """P(M) and P(D) of `_cost`, (o, n) each, of objects unseen for `gap` (o,) frames.

    Most that are remembered are gone for so long that P is `unknown` to the last bit: it is not worked out for them.
    """
    terms = np.full((2, len(objects), len(queries)), config.unknown, np.float64)
    near = np.flatnonzero((gap - 1) / config.fade < _FORGOTTEN)
    if not len(near):
        return terms[0], terms[1]
    recent = [objects[i] for i in near.tolist()]
    steps = [o.velocity * min(g, config.fade) for o, g in zip(recent, gap[near], strict=True)]
    masks = np.stack([_moved(o.mask, step) for o, step in zip(recent, steps, strict=True)])
    centres = np.stack([o.centre + step for o, step in zip(recent, steps, strict=True)])
    sizes = np.sqrt([np.count_nonzero(o.mask) for o in recent])[:, None]
    far = np.linalg.norm(centres[:, None] - np.stack([q.start for q in queries]), axis=-1) / sizes
    wrong = (1 - _overlaps(masks, np.stack([q.first for q in queries])), far / config.reach)
    place = 0.5 ** ((gap[near] - 1) / config.fade)[:, None]
    for term, x in zip(terms, wrong, strict=True):
        term[near] += (np.minimum(x, config.astray) - config.unknown) * place
    return terms[0], terms[1]


def _apart(objects: Sequence[_Object], queries: Sequence[Candidate], late: str, whole: str, far: float) -> np.ndarray:
    """Distance (o, n) in [0, 1] of embeddings or colours: to an object's of late or on the whole, the nearer."""
    theirs = _stack(queries, late).T
    return np.minimum((1 - np.maximum(_stack(objects, late) @ theirs, _stack(objects, whole) @ theirs)) / far, 1)


def _overlaps(masks: np.ndarray, others: np.ndarray) -> np.ndarray:
    """IoU (m, n) of masks bool (m, ...) and (n, ...); nan of two without a cell.

    Bits are counted: a product of matrices is no faster, and where it gets large BLAS takes the network's cores for it.
    """
    bits, other_bits = (np.packbits(x.reshape(len(x), -1), axis=1) for x in (masks, others))
    shared = np.stack([np.bitwise_count(row & other_bits).sum(1, dtype=np.int64) for row in bits])
    areas, other_areas = (np.count_nonzero(x.reshape(len(x), -1), axis=1) for x in (masks, others))
    return shared.astype(np.float32) / (areas[:, None] + other_areas - shared).astype(np.float32)


def _stack(things: Sequence[_Object] | Sequence[Candidate], name: str) -> np.ndarray:
    """A field of each, (things, c)."""
    return np.stack([getattr(thing, name) for thing in things])


def _unlike(objects: Sequence[_Object], others: Sequence[_Object] | Sequence[Candidate]) -> np.ndarray:
    """Disagreement (o, n) in [0, 1] of class probabilities (Bhattacharyya)."""
    return 1 - np.sqrt(np.stack([o.classes for o in objects])) @ np.sqrt(np.stack([o.classes for o in others])).T


def _known(config: IdentityConfig, window: Window) -> IdentityConfig:
    """The weights of what a window knows. Without embeddings and colours class alone says what a thing looks like."""
    embedding = config.embedding if window.embeddings is not None else 0.0
    colour = config.colour if window.pictures is not None else 0.0
    if embedding or colour:
        return replace(config, embedding=embedding, colour=colour)
    return replace(config, embedding=0, colour=0, category=config.category_alone, unknown=config.unknown_alone)


def _distinct(queries: list[Candidate], cost: np.ndarray, config: IdentityConfig) -> list[int]:
    """Which are no duplicates: of queries on one object that of most worth.

    A query's own object is the one that it costs least to continue, and costs what the best of its queries does. Two
    queries are on one object when their masks overlap with an IoU of `duplicate` or more; where they have the same own
    one, from `shared` on: masks of things in contact overlap, too. What a query is worth is its score, less a share of
    what its own object costs: so of two queries of one object the surer is worth more; and a query that has lost its
    own and draws the neighbour, sure of what it was, is worth less than the neighbour's.
    """
    if not queries:
        return []
    masks = np.stack([q.masks for q in queries])
    overlap = _overlaps(masks, masks)

    cost = np.vstack([np.full(len(queries), config.gate), cost])  # (1 + o, n), nobody first
    own, least = cost.argmin(0), np.full(len(cost), config.gate)
    np.minimum.at(least, own, cost.min(0))
    worth = np.array([query.score for query in queries]) - config.strange * least[own]
    limit = np.where((own[:, None] == own) & (own > 0), config.shared, config.duplicate)  # (n, n)
    kept: list[int] = []
    for j in np.argsort(-worth.round(6), kind="stable"):  # rounded: no order by the last bits of a sum
        if not (overlap[j, kept] >= limit[j, kept]).any():
            kept.append(int(j))
    return sorted(kept)


def _newborn(identity: int, query: Candidate) -> _Object:
    span = int(query.frames[-1] - query.frames[0])
    return _Object(
        identity=identity,
        classes=query.classes,
        embedding=query.embedding,
        looks=query.embedding,
        colours=query.colours,
        palette=query.colours,
        beside=frozenset(),
        seen=len(query.frames),
        frame=int(query.frames[-1]),
        mask=query.last.copy(),  # a view would hold the whole window
        centre=query.stop,
        velocity=(query.stop - query.start) / max(1, span),
    )


def _continued(known: _Object, query: Candidate, renew: float) -> _Object:
    """The object as it is after the window in which the query found it."""
    newest = _newborn(known.identity, query)
    return replace(
        _joined(known, newest),
        embedding=unit((1 - renew) * known.embedding + renew * newest.embedding),
        colours=unit((1 - renew) * known.colours + renew * newest.colours),
        velocity=(known.velocity + (newest.centre - known.centre) / max(1, newest.frame - known.frame)) / 2,
    )


def _joined(known: _Object, later: _Object) -> _Object:
    """The object where `later` is, with the means of both."""
    seen = known.seen + later.seen
    return replace(
        later,
        identity=known.identity,
        classes=(known.seen * known.classes + later.seen * later.classes) / seen,
        looks=unit(known.seen * known.looks + later.seen * later.looks),
        palette=unit(known.seen * known.palette + later.seen * later.palette),
        beside=known.beside | later.beside,
        seen=seen,
    )


def _moved(mask: np.ndarray, step: np.ndarray) -> np.ndarray:
    """The mask (h, w) a step of (rows, columns) further; what leaves the picture is cut off."""
    h, w = mask.shape
    down, right = (max(-side, min(side, round(x))) for x, side in zip(step.tolist(), (h, w), strict=True))
    moved = np.zeros_like(mask)
    moved[max(0, down) : h + min(0, down), max(0, right) : w + min(0, right)] = mask[
        max(0, -down) : h - max(0, down), max(0, -right) : w - max(0, right)
    ]
    return moved


def _plain(value: Any) -> Any:
    """A field of an object for JSON: masks as runs, other arrays as bytes in base64, sets as lists."""
    if not isinstance(value, np.ndarray):
        return sorted(value) if isinstance(value, frozenset) else value
    return to_json(encode(value)) if value.dtype == bool else b64encode(value.astype("<f8").tobytes()).decode("ascii")


def _remembered(kept: dict[str, Any]) -> _Object:
    """The object that `_plain` made these fields of."""
    arrays = {name: np.frombuffer(b64decode(value), "<f8") for name, value in kept.items() if isinstance(value, str)}
    mask = from_json(kept["mask"], where="a remembered mask")
    if mask is None:
        raise ValueError("an object must have a mask, got null")
    return _Object(**{**kept, **arrays, "mask": decode(mask), "beside": frozenset(kept["beside"])})
