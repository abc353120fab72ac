"""Attacks on scores and categories: copies below or beside the results, ties, rescaling. Masks stay what they are."""

from dataclasses import replace

import numpy as np

from simvtr.auditing.frames import Tampered
from simvtr.evaluation.dialects import Found
from simvtr.schema import Truth


def duplicated(found: Found, truth: Truth, rng: np.random.Generator) -> Tampered:
    """A copy of every track, all copies below all tracks (in all videos), in the same order."""
    step = _step_below(found)
    return {
        video: [*tracks, *(replace(track, score=track.score - step) for track in tracks)]
        for video, tracks in found.items()
    }


def all_categories(found: Found, truth: Truth, rng: np.random.Generator) -> Tampered:
    """A copy of every track in each category but its own, all copies below all tracks, in the same order."""
    step = _step_below(found)
    return {
        video: [
            *tracks,
            *(
                replace(track, category_id=category, score=track.score - step)
                for track in tracks
                for category in sorted(truth.categories)
                if category != track.category_id
            ),
        ]
        for video, tracks in found.items()
    }


def free_category(found: Found, truth: Truth, rng: np.random.Generator) -> Tampered:
    """Oracle: a copy of every track, with the highest score of all, in the first category without true tracks.

    Crowds are no true tracks here: they are not counted. Unchanged where every category has one.
    """
    taken = {track.category_id for tracks in truth.tracks.values() for track in tracks if not track.crowd}
    free = min(truth.categories.keys() - taken, default=None)
    if free is None:
        return {video: list(tracks) for video, tracks in found.items()}
    highest = max((track.score for tracks in found.values() for track in tracks), default=1.0)
    return {
        video: [*tracks, *(replace(track, category_id=free, score=highest) for track in tracks)]
        for video, tracks in found.items()
    }


def tied(found: Found, truth: Truth, rng: np.random.Generator) -> Tampered:
    """Every score 1: the order of the file decides, and the order of the videos."""
    return {video: [replace(track, score=1.0) for track in tracks] for video, tracks in found.items()}


def rescaled(found: Found, truth: Truth, rng: np.random.Generator) -> Tampered:
    """Every score over the highest of its video; videos whose highest is not positive stay as they are."""
    made: Tampered = {}
    for video, tracks in found.items():
        highest = max((track.score for track in tracks), default=0.0)
        made[video] = [replace(t, score=t.score / highest) for t in tracks] if highest > 0 else list(tracks)
    return made


def _step_below(found: Found) -> float:
    """What to take from every score so that none of the lowered ones reaches the lowest."""
    scores = [track.score for tracks in found.values() for track in tracks]
    return 1.0 + max(scores, default=0.0) - min(scores, default=0.0)
