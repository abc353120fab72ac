"""The sensitivity matrix: results after every attack, and the truth's own masks linked anew, by every measure.

attack.apply -> Measures.of -> Row          relinked -> Measures.of -> Row
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from simvtr.auditing.attacks import ATTACKS, Attack
from simvtr.auditing.audit import Row
from simvtr.auditing.cache import OverlapCache
from simvtr.auditing.measures import Measures
from simvtr.auditing.packed import unpacked
from simvtr.auditing.probes import How, relinked
from simvtr.evaluation.dialects import Found
from simvtr.evaluation.groups import TrackOcclusion
from simvtr.evaluation.identities import Identity
from simvtr.schema import Track, Truth, TruthTrack

PROBES: dict[How, str] = {
    "overlap": "True masks, linked by nothing but their overlap with the frame before.",
    "slot": "True masks, linked by their place among the frame's objects, from left to right.",
    "class": "True masks, linked by their category alone, at random where a frame has several of one.",
}


class Matrix:
    """Rows of the matrix for one pair, each a job of its own.

    Args:
        found: results whose masks are single objects (`attacks.unpacked`), known to `cache`.
        occlusion: of the truth.
        identity: of the honest results. Its thresholds of score hold for all attacks, so that the identity measures
            show the damage alone; only where an attack changes the scores themselves are they chosen anew.
        seed: of what attacks leave to chance.
    """

    def __init__(
        self,
        truth: Truth,
        found: Found,
        cache: OverlapCache,
        occlusion: TrackOcclusion,
        identity: Identity,
        seed: int,
    ) -> None:
        self._truth, self._found, self._cache, self._seed = truth, found, cache, seed
        self._measures = Measures(truth, cache, occlusion)
        # no track that an attack adds counts in a category without found tracks
        self._kept = {c.id: sys.float_info.max if c.threshold is None else c.threshold for c in identity.categories}

    def attacks(self) -> dict[str, Callable[[], Row]]:
        """A job for each attack, by its slug, in the order of ATTACKS."""
        return {attack.slug: partial(self.attacked, attack) for attack in ATTACKS}

    def attacked(self, attack: Attack) -> Row:
        """The row of one attack."""
        tampered = attack.apply(self._found, self._truth, self._seed)
        rescored = not _scores(self._found) <= _scores(tampered)
        with self._cache.briefly():
            values, refused = self._measures.of(tampered, None if rescored else self._kept)
        return Row(
            slug=attack.slug,
            name=attack.name,
            family=attack.family,
            says=attack.says,
            oracle=attack.oracle,
            values=values,
            refused=refused,
            unchanged=_same(self._found, tampered),
        )

    def probed(self) -> tuple[Row, ...]:
        """A row for every way to link the truth's own masks without tracking; a perfect tracker has 1 in all."""
        tracks = {video: [_single(track) for track in own] for video, own in self._truth.tracks.items()}
        single, rows = replace(self._truth, tracks=tracks), []
        with self._cache.briefly():
            for how, says in PROBES.items():
                values, _ = self._measures.of(relinked(single, how), None)
                rows.append(Row(f"linked-by-{how}", f"true masks linked by {how}", "probes", says, True, values))
        return tuple(rows)


def _single(track: TruthTrack) -> TruthTrack:
    return replace(track, segmentations=unpacked(track.segmentations))


def _scores(found: Found) -> set[float]:
    return {track.score for tracks in found.values() for track in tracks}


def _same(found: Found, tampered: Found) -> bool:
    """Whether nothing has changed: masks are compared as objects."""
    return all(
        len(found.get(video, ())) == len(tampered.get(video, ()))
        and all(map(_same_track, found.get(video, ()), tampered.get(video, ())))
        for video in found.keys() | tampered.keys()
    )


def _same_track(a: Track, b: Track) -> bool:
    return a is b or (
        (a.score, a.category_id, len(a.segmentations)) == (b.score, b.category_id, len(b.segmentations))
        and all(x is y for x, y in zip(a.segmentations, b.segmentations, strict=True))
    )
