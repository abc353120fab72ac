"""`link`: objects keep their name from window to window and through occlusion, whatever query finds them.

    Window -> queries, duplicates gone -> cost of every (object, query) -> one assignment -> continued | born -> names
                                          (`_cost`: one formula)                             not seen: remembered

Axes: t frames   n queries of the window   o objects known   k classes   c channels   h w grid of the masks
Holds one small mask and one embedding for each object that is live or remembered, and nothing else of the video.
"""

from dataclasses import dataclass, replace

import numpy as np

from simvtr.config import IdentityConfig
from simvtr.inference.identity import Window

_GRID = 128  # cells of the longer side at which masks are compared: more costs time and says no more
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class _Query:
    """What one query says in a window."""

    index: int
    score: float  # highest class probability, mean over the frames in which it has a mask
    frames: np.ndarray  # numbers of these frames, rising
    classes: np.ndarray  # (k,), sums to 1
    masks: np.ndarray  # bool (t, h, w), of the whole window
    first: np.ndarray  # bool (h, w), in the first of these frames
    last: np.ndarray  # in the last
    centres: np.ndarray  # (frames, 2), row and column
    embedding: np.ndarray | None  # (c,), length 1


@dataclass(frozen=True, slots=True)
class _Object:
    """What is remembered of an object: as it was when last seen."""

    identity: int
    frame: int  # last seen
    seen: int  # number of frames
    classes: np.ndarray  # (k,), sums to 1: mean over these frames
    mask: np.ndarray  # bool (h, w)
    centre: np.ndarray  # (2,), row and column
    velocity: np.ndarray  # (2,), rows and columns a frame
    embedding: np.ndarray | None  # (c,), length 1


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
        self.config = config or IdentityConfig()
        self.doubt = self.config.doubt
        self.objects: dict[int, _Object] = {}  # live and remembered, by identity; at most `config.live`
        self._born = 0

    def assign(self, window: Window) -> list[int | None]:
        """The identity of each query; None where it is too weak, a duplicate, or one more than there may be."""
        from scipy.optimize import linear_sum_assignment

        config = self.config
        queries = _distinct(_queries(window, config.least), config.duplicate)
        self.objects = {i: o for i, o in self.objects.items() if window.start - o.frame <= config.remember + 1}
        known = list(self.objects.values())
        cost = np.minimum(_cost(known, queries, window.start, config), config.gate)  # (o, n)
        pairs = {j: known[i] for i, j in zip(*linear_sum_assignment(cost), strict=True) if cost[i, j] < config.gate}
        names: list[int | None] = [None] * window.masks.shape[1]
        for j, query in enumerate(queries):
            if j in pairs:
                found = _continued(pairs[j], query, config.renew)
            elif query.score >= config.birth and self._room(window.start):
                found = _newborn(self._born, query)
                self._born += 1
            else:
                continue
            self.objects[found.identity] = found
            names[query.index] = found.identity
        return names

    def _room(self, start: int) -> bool:
        """Whether one more object may live; the one unseen for longest is forgotten for it."""
        if len(self.objects) < self.config.live:
            return True
        oldest = min(self.objects.values(), key=lambda o: o.frame)
        if oldest.frame >= start:
            return False
        del self.objects[oldest.identity]
        return True


def _cost(objects: list[_Object], queries: list[_Query], start: int, config: IdentityConfig) -> np.ndarray:
    """The cost (o, n) of each pair, in [0, 1]: the one formula (docs/identity.md).

    cost = (embedding · E + category · C + mask · P(M) + motion · P(D)) / the sum of these weights
    P(x) = unknown + (x - unknown) · 0.5 ^ (frames unseen / fade): where an object is, is forgotten by and by
    """
    if not objects or not queries:
        return np.ones((len(objects), len(queries)))
    gap = np.array([max(1, start - o.frame) for o in objects])
    place = 0.5 ** ((gap - 1) / config.fade)[:, None]
    steps = [o.velocity * min(g, config.fade) for o, g in zip(objects, gap, strict=True)]

    masks = np.stack([_moved(o.mask, step).ravel() for o, step in zip(objects, steps, strict=True)]).astype(np.float32)
    first = np.stack([q.first.ravel() for q in queries]).astype(np.float32)
    shared = masks @ first.T
    overlap = shared / (masks.sum(1)[:, None] + first.sum(1) - shared)

    centres = np.stack([o.centre + step for o, step in zip(objects, steps, strict=True)])
    sizes = np.sqrt([np.count_nonzero(o.mask) for o in objects])[:, None]
    far = np.linalg.norm(centres[:, None] - np.stack([q.centres[0] for q in queries]), axis=-1) / sizes

    classes = np.sqrt(np.stack([o.classes for o in objects])) @ np.sqrt(np.stack([q.classes for q in queries])).T
    terms = [
        (config.mask, config.unknown + (1 - overlap - config.unknown) * place),
        (config.motion, config.unknown + (np.minimum(far / config.reach, 1) - config.unknown) * place),
        (config.category, 1 - classes),  # Bhattacharyya coefficient
    ]
    if queries[0].embedding is not None and objects[0].embedding is not None:
        alike = np.stack([o.embedding for o in objects]) @ np.stack([q.embedding for q in queries]).T
        terms.append((config.embedding, np.minimum((1 - alike) / config.far, 1)))
    weights = sum(weight for weight, _ in terms)
    return sum(weight * term for weight, term in terms) / weights


def _queries(window: Window, least: float) -> list[_Query]:
    """The queries with a mask and a score of `least`, best first: in an order that does not depend on their numbers."""
    step = -(-max(window.masks.shape[2:]) // _GRID)
    grid = window.masks[:, :, ::step, ::step]
    found = []
    for i in range(grid.shape[1]):
        there = grid[:, i].any((1, 2)).nonzero()[0]
        if not len(there):
            continue
        probabilities = window.probabilities[there, i]
        score, classes = float(probabilities.max(-1).mean()), probabilities.mean(0)
        if score >= least:
            masks = grid[:, i]
            query = _Query(
                index=i,
                score=score,
                frames=there + window.start,
                classes=classes / classes.sum(),
                masks=masks,
                first=masks[there[0]],
                last=masks[there[-1]],
                centres=np.stack([np.argwhere(masks[frame]).mean(0) for frame in there]),
                embedding=None if window.embeddings is None else _unit(window.embeddings[i]),
            )
            found.append(query)
    return sorted(found, key=lambda q: (-q.score, *q.centres[0]))


def _distinct(queries: list[_Query], limit: float) -> list[_Query]:
    """Without duplicates: of queries whose masks overlap with an IoU of `limit` or more the best one."""
    if not queries:
        return []
    masks = np.stack([q.masks.ravel() for q in queries]).astype(np.float32)
    shared = masks @ masks.T
    areas = shared.diagonal()
    overlap = shared / (areas[:, None] + areas - shared)
    kept: list[int] = []
    for j in range(len(queries)):
        if not (overlap[j, kept] >= limit).any():
            kept.append(j)
    return [queries[j] for j in kept]


def _newborn(identity: int, query: _Query) -> _Object:
    return _Object(
        identity=identity,
        frame=int(query.frames[-1]),
        seen=len(query.frames),
        classes=query.classes,
        mask=query.last.copy(),  # not a view that holds the whole window
        centre=query.centres[-1],
        velocity=_velocity(query.frames, query.centres),
        embedding=query.embedding,
    )


def _continued(known: _Object, query: _Query, renew: float) -> _Object:
    """The object as it is after the window in which the query found it."""
    newest = _newborn(known.identity, query)
    frames, centres = np.array([known.frame, *query.frames]), np.stack([known.centre, *query.centres])
    seen = known.seen + newest.seen
    embedding = newest.embedding
    if embedding is not None and known.embedding is not None:
        embedding = _unit((1 - renew) * known.embedding + renew * embedding)
    return replace(
        newest,
        seen=seen,
        classes=(known.seen * known.classes + newest.seen * newest.classes) / seen,
        velocity=(known.velocity + _velocity(frames, centres)) / 2,
        embedding=embedding,
    )


def _moved(mask: np.ndarray, step: np.ndarray) -> np.ndarray:
    """The mask (h, w) a step of (rows, columns) further; what leaves the picture is cut off."""
    h, w = mask.shape
    down, right = (int(x) for x in np.rint(step).clip((-h, -w), (h, w)))
    moved = np.zeros_like(mask)
    moved[max(0, down) : h + min(0, down), max(0, right) : w + min(0, right)] = mask[
        max(0, -down) : h - max(0, down), max(0, -right) : w - max(0, right)
    ]
    return moved


def _velocity(frames: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Rows and columns a frame (2,), from the first to the last of the centres (frames, 2)."""
    return (centres[-1] - centres[0]) / max(1, frames[-1] - frames[0])


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), _TINY)
