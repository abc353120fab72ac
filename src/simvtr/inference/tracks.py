"""What inference finds: objects in one frame, and the tracks that frame after frame adds up to. No torch."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from typing import NamedTuple, overload

import numpy as np

from simvtr.errors import came
from simvtr.rle import Rle, encode
from simvtr.schema import Track


@dataclass(frozen=True, slots=True)
class FrameTrack:
    """One object in one frame.

    `identity` is the same number in every frame of the video; `score`, the category's probability in [0, 1], and the
    category are of this frame's window; `mask` is bool (H, W) in the pixels of the frame that came in, with at least
    one pixel set; `sureness` is the mean probability of the mask over its own pixels, above 0.5 at the usual threshold.
    """

    identity: int
    category_id: int
    category: str
    score: float
    mask: np.ndarray
    sureness: float = 1.0


class Vote(NamedTuple):
    """What one query said in one frame, whether or not it got a mask there: the probability of each category id.

    >>> vote = Vote({2: 0.25, 5: 0.5})
    >>> vote.category_id, vote.score
    (5, 0.5)
    """

    probabilities: dict[int, float]

    @property
    def category_id(self) -> int:
        """The most probable category, the smaller id on a tie."""
        return min(self.probabilities, key=lambda c: (-self.probabilities[c], c))

    @property
    def score(self) -> float:
        """Its probability."""
        return self.probabilities[self.category_id]


@dataclass(frozen=True, slots=True)
class FrameResult:
    """One frame of a video: its number from 0, its objects, highest score first, and the votes by identity.

    `doubt` is the number of frames of absence that a track's score starts with (`Identity.doubt`).
    """

    index: int
    tracks: list[FrameTrack]
    votes: dict[int, Vote] = field(default_factory=dict)
    doubt: int = 0


class LazyMasks(Sequence[Rle | None]):
    """The masks of one track, read where they are each time that they are asked for: `length` entries, one a frame.

    >>> masks = LazyMasks(3, lambda: [(1, encode(np.ones((2, 3), bool)))])
    >>> [mask is not None for mask in masks], masks[2]
    ([False, True, False], None)
    """

    def __init__(self, length: int, present: Callable[[], Iterable[tuple[int, Rle]]]) -> None:
        self._length, self._present = length, present

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Rle | None]:
        done = 0
        for frame, mask in self._present():
            yield from repeat(None, frame - done)
            yield mask
            done = frame + 1
        yield from repeat(None, self._length - done)

    @overload
    def __getitem__(self, key: int) -> Rle | None: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[Rle | None]: ...
    def __getitem__(self, key: int | slice) -> Rle | Sequence[Rle | None] | None:
        return tuple(self)[key]


class TrackBuilder:
    """Adds frames up to tracks. Holds compressed masks, which grow with the video, unless they are kept elsewhere.

    Args: masks_of: tells the frames and masks of an identity, frames rising, from where they are kept, a file say.
        Then all that stays here is what the scores need: some hundred bytes for each identity.

    A track's category is the one with the highest probability, mean over all frames that its identity voted in (the
    smaller id on a tie). Its score is that probability times the mean sureness of its masks, by their areas: a track
    whose outlines are doubtful comes later. VisTR takes the mean of each frame's highest probability and the most
    frequent category (SPEC §4); what the change is worth: docs/LOG.md. Mind that slot identities vote in every frame,
    so an object seen in a tenth of a video has a low track score; linked ones vote where they are seen, and with
    `doubt` the mean is taken over that many frames more.

    >>> builder = TrackBuilder()
    >>> ball = FrameTrack(4, category_id=2, category="ball", score=0.75, mask=np.ones((2, 3), bool), sureness=0.5)
    >>> builder.add(FrameResult(0, [ball], {4: Vote({2: 0.75, 3: 0.0})}))
    >>> builder.add(FrameResult(1, [], {4: Vote({2: 0.25, 3: 0.5})}))  # a vote, but no mask: absent
    >>> track = builder.tracks(length=3)[0]                  # frame 2 was never looked at: absent
    >>> track.category_id, track.score, [mask is not None for mask in track.segmentations]
    (2, 0.25, [True, False, False])
    """

    def __init__(self, masks_of: Callable[[int], Iterable[tuple[int, Rle]]] | None = None) -> None:
        self.frames = 0  # one past the highest frame added
        self.doubt = 0  # frames of absence that a score starts with, as the last frame said
        self._masks_of = masks_of
        self._masks: dict[int, dict[int, Rle]] = {}  # identity -> frame -> mask
        self._votes: Counter[int] = Counter()  # by identity
        self._probabilities: dict[int, dict[int, float]] = {}  # identity -> category -> sum over its votes
        self._areas: Counter[int] = Counter()  # identity -> pixels of its masks
        self._sureness: dict[int, float] = {}  # identity -> sum over these pixels

    def add(self, result: FrameResult, masks: Sequence[Rle] | None = None) -> None:
        """Take in one frame. Frames may come in any order, each once.

        Args: masks: those of the result's tracks where they are compressed already.
        Raises: TypeError for what is no `FrameResult`.
        """
        if not isinstance(result, FrameResult):
            raise TypeError(
                f"TrackBuilder.add: a frame must be simvtr.FrameResult, got {came(result)}. Give what "
                "Predictor.stream or simvtr.link yields, one frame at a time."
            )
        self.frames = max(self.frames, result.index + 1)
        self.doubt = result.doubt
        for identity, vote in result.votes.items():
            self._votes[identity] += 1
            total = self._probabilities.setdefault(identity, {})
            for category_id, probability in vote.probabilities.items():
                total[category_id] = total.get(category_id, 0.0) + probability
        if self._masks_of is None:
            kept = [encode(track.mask) for track in result.tracks] if masks is None else masks
            for track, mask in zip(result.tracks, kept, strict=True):
                self._masks.setdefault(track.identity, {})[result.index] = mask
        for track in result.tracks:
            pixels = int(np.count_nonzero(track.mask))
            self._areas[track.identity] += pixels
            self._sureness[track.identity] = self._sureness.get(track.identity, 0.0) + track.sureness * pixels

    def each(self, length: int | None = None) -> Iterator[Track]:
        """Tracks with a mask in at least one frame, highest score first, each with exactly `length` entries.

        With `masks_of` the masks are read when they are asked for, so that a track never stays in memory.

        Args:
            length: frames of the video; None: as many as were added. Frames never added are absent (None).
        Raises: ValueError when more frames were added than `length`.
        """
        length = self.frames if length is None else length
        if length < self.frames:
            raise ValueError(
                f"TrackBuilder.tracks: length must be at least the {self.frames} frames added, got {length}"
            )
        scored = [(*self._scored(identity, self.doubt), identity) for identity in self._areas]
        for score, category_id, identity in sorted(scored, key=lambda one: (-one[0], one[2])):
            if self._masks_of is None:
                masks = self._masks[identity]
                yield Track(category_id, score, tuple(masks.get(i) for i in range(length)), identity)
            else:
                yield Track(category_id, score, LazyMasks(length, partial(self._masks_of, identity)), identity)

    def tracks(self, length: int | None = None) -> list[Track]:
        """`each` as a list."""
        return list(self.each(length))

    def undoubted(self, least: float) -> int:
        """How many tracks would have at least this score if it started with no frame of absence."""
        return sum(self._scored(identity, 0)[0] >= least for identity in self._areas)

    def _scored(self, identity: int, doubt: int) -> tuple[float, int]:
        """Score and category."""
        total = self._probabilities[identity]
        category_id = min(total, key=lambda c: (-total[c], c))
        sureness = self._sureness[identity] / self._areas[identity]
        return total[category_id] / (self._votes[identity] + doubt) * sureness, category_id
