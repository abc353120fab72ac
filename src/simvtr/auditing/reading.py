"""One set of results under both readings: as the reference reads it, and with what strict refuses counted as missing.

results -> refused by strict? -> as they are:               `evaluate` by the reference's rules
                              -> with what is missing null: `evaluate` strictly, `identity`, groups by occlusion
"""

import math
from dataclasses import dataclass, replace

from simvtr.auditing.audit import MEASURES
from simvtr.auditing.cache import OverlapCache
from simvtr.auditing.frames import Tampered
from simvtr.errors import DataError
from simvtr.evaluation import evaluate
from simvtr.evaluation.dialects import Found, require_strict
from simvtr.evaluation.groups import TrackOcclusion, occlusion_groups
from simvtr.evaluation.identities import Identity, identity
from simvtr.evaluation.overlap import Masks
from simvtr.evaluation.precision import UNDEFINED
from simvtr.evaluation.result import Result
from simvtr.schema import Truth


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One set of results, scored. `whole` is what the strict reading scores: the results, or with null for missing."""

    refusal: str | None
    whole: Found
    ytvos: Result
    strict: Result
    identity: Identity
    values: dict[str, float | None]  # by the keys of MEASURES


def read(truth: Truth, found: Found, cache: OverlapCache, occlusion: TrackOcclusion) -> Reading:
    """Score results by every measure, the identity measures at the best thresholds for these results.

    Args:
        found: results whose masks are single objects (`attacks.unpacked`).
        occlusion: of the truth.
    """
    refusal = None
    try:
        require_strict(truth, found, "results")
    except DataError as error:
        refusal = str(error)
    whole = found if refusal is None else without_breaches(truth, found)
    strict = evaluate(truth, whole, overlaps=cache.track_ious)
    # On input that strict accepts, the dialects differ on a true track with id 0 alone.
    same = refusal is None and not any(track.id == 0 for tracks in truth.tracks.values() for track in tracks)
    ytvos = strict if same else evaluate(truth, found, "ytvos", overlaps=cache.track_ious)
    kept = identity(truth, whole, overlaps=cache.frame_overlap)
    groups = occlusion_groups(strict, occlusion)
    values = {
        "ytvos.AP": ytvos.stats["AP"],
        **{f"strict.{name}": strict.stats[name] for name in ("AP", "AP50", "AR10")},
        **{name: getattr(kept.class_averaged, name) for name in ("HOTA", "DetA", "AssA", "IDF1")},
        **{key: group.AP for key, group in zip(("AP light", "AP medium", "AP heavy"), groups, strict=True)},
    }
    defined = {key: None if values[key] == UNDEFINED else values[key] for key in MEASURES}
    return Reading(refusal, whole, ytvos, strict, kept, defined)


def without_breaches(truth: Truth, found: Found) -> Tampered:
    """Results that strict accepts: what is missing, or cannot be compared, is null; unlisted categories are left out.

    Lists get their video's length, masks of another size become null. Without a finite score there is no result.
    """
    made: Tampered = {}
    for video, tracks in found.items():
        home = truth.videos[video]
        size, length = (home.height, home.width), home.length

        def whole(masks: Masks, size: tuple[int, int] = size, length: int = length) -> Masks:
            if len(masks) == length and all(mask is None or (mask.height, mask.width) == size for mask in masks):
                return masks
            cut = [mask if mask is not None and (mask.height, mask.width) == size else None for mask in masks[:length]]
            return (*cut, *[None] * (length - len(cut)))

        made[video] = [
            replace(track, segmentations=whole(track.segmentations))
            for track in tracks
            if track.category_id in truth.categories and math.isfinite(track.score)
        ]
    return made
