"""What inference finds: objects in one frame, and the tracks that frame after frame adds up to. No torch."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from simvtr.rle import Rle, encode
from simvtr.schema import Track


@dataclass(frozen=True, slots=True)
class FrameTrack:
    """One object in one frame.

    `identity` is the same number in every frame of the video; `score` in [0, 1] and the category are of this frame's
    window; `mask` is bool (H, W) in the pixels of the frame that came in, with at least one pixel set.
    """

    identity: int
    category_id: int
    category: str
    score: float
    mask: np.ndarray


class Vote(NamedTuple):
    """What one query said in one frame, whether or not it got a mask there."""

    category_id: int
    score: float


@dataclass(frozen=True, slots=True)
class FrameResult:
    """One frame of a video: its number from 0, its objects, highest score first, and every query's vote by identity."""

    index: int
    tracks: list[FrameTrack]
    votes: dict[int, Vote] = field(default_factory=dict)


class TrackBuilder:
    """Adds frames up to tracks. Holds compressed masks alone: the one thing in inference that grows with the video.

    A track's score is the mean over frames of its votes' scores and its category the most frequent one (the smaller
    id on a tie), over all frames that its identity voted in, as in VisTR; SPEC §4. Mind that slot identities vote in
    every frame, so an object seen in a tenth of a video has a low track score.

    >>> builder = TrackBuilder()
    >>> ball = FrameTrack(identity=4, category_id=2, category="ball", score=0.75, mask=np.ones((2, 3), bool))
    >>> builder.add(FrameResult(0, [ball], {4: Vote(2, 0.75)}))
    >>> builder.add(FrameResult(1, [], {4: Vote(2, 0.25)}))  # a vote, but no mask: absent
    >>> track = builder.tracks(length=3)[0]                  # frame 2 was never looked at: absent
    >>> track.category_id, track.score, [mask is not None for mask in track.segmentations]
    (2, 0.5, [True, False, False])
    """

    def __init__(self) -> None:
        self.frames = 0  # one past the highest frame added
        self._masks: dict[int, dict[int, Rle]] = {}  # identity -> frame -> mask
        self._scores: dict[int, float] = {}  # identity -> sum over its votes
        self._categories: dict[int, Counter[int]] = {}  # identity -> votes by category

    def add(self, result: FrameResult) -> None:
        """Take in one frame. Frames may come in any order, each once."""
        self.frames = max(self.frames, result.index + 1)
        for identity, vote in result.votes.items():
            self._scores[identity] = self._scores.get(identity, 0.0) + vote.score
            self._categories.setdefault(identity, Counter())[vote.category_id] += 1
        for track in result.tracks:
            self._masks.setdefault(track.identity, {})[result.index] = encode(track.mask)

    def tracks(self, length: int | None = None) -> list[Track]:
        """Tracks with a mask in at least one frame, highest score first, each with exactly `length` entries.

        Args:
            length: frames of the video; None: as many as were added. Frames never added are absent (None).
        Raises: ValueError when more frames were added than `length`.
        """
        length = self.frames if length is None else length
        if length < self.frames:
            raise ValueError(
                f"TrackBuilder.tracks: length must be at least the {self.frames} frames added, got {length}"
            )
        found = []
        for identity, masks in self._masks.items():
            counts = self._categories[identity]
            category_id = min(counts, key=lambda c: (-counts[c], c))
            segmentations = tuple(masks.get(i) for i in range(length))
            found.append(Track(category_id, self._scores[identity] / counts.total(), segmentations, identity))
        return sorted(found, key=lambda track: (-track.score, track.identity))
