"""Masks of any segmenter, frame by frame -> the same with identities: `simvtr.link`.

frames -> Segmenter.find -> Instances -> LinkIdentity -> FrameResult -> TrackBuilder | overlay.draw
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np

from simvtr.config import IdentityConfig
from simvtr.inference.identity import Identity, Window
from simvtr.inference.link import LinkIdentity
from simvtr.inference.tracks import FrameResult, FrameTrack, Vote
from simvtr.schema import Category


@dataclass(frozen=True, slots=True)
class Instances:
    """What a segmenter found in one frame: n candidates of k classes, in any order. All that `link` needs to know.

    Raises: ValueError when they do not fit each other.
    """

    masks: np.ndarray  # bool (n, H, W), in the pixels of the frame; of one size through the video
    probabilities: np.ndarray  # float (n, k) in [0, 1], of each class; the greatest is the candidate's score
    embeddings: np.ndarray | None = None  # float (n, c), near each other for one object; None: there are none
    sureness: Sequence[float] | None = None  # n, in [0, 1], of each mask (`FrameTrack`); None: 1
    slots: Sequence[int] | None = None  # n different numbers from 0: the queries that found them; None: no queries

    def __post_init__(self) -> None:
        if self.masks.ndim != 3 or self.masks.dtype != bool:
            raise ValueError(f"Instances: masks must be bool (n, H, W), got {self.masks.dtype} {self.masks.shape}")
        n = len(self.masks)
        if self.probabilities.ndim != 2 or len(self.probabilities) != n or not self.probabilities.shape[1]:
            raise ValueError(f"Instances: probabilities must be ({n}, k), as masks, got {self.probabilities.shape}")
        if self.probabilities.size and not (self.probabilities.min() >= 0 and self.probabilities.max() <= 1):
            raise ValueError("Instances: probabilities must lie in [0, 1]. Apply softmax or sigmoid to logits.")
        if self.embeddings is not None and (self.embeddings.ndim != 2 or len(self.embeddings) != n):
            raise ValueError(f"Instances: embeddings must be ({n}, c), as masks, got {self.embeddings.shape}")
        for name, given in (("sureness", self.sureness), ("slots", self.slots)):
            if given is not None and len(given) != n:
                raise ValueError(f"Instances: {name} must have {n} entries, as masks, got {len(given)}")

    @classmethod
    def scored(cls, masks: np.ndarray, scores: Sequence[float], labels: Sequence[int], classes: int) -> Self:
        """Of a segmenter that tells one class, by number from 0, and one score for each mask.

        >>> Instances.scored(np.ones((1, 2, 3), bool), [0.75], [1], classes=3).probabilities.tolist()
        [[0.0, 0.75, 0.0]]
        """
        for name, given in (("scores", scores), ("labels", labels)):
            if len(given) != len(masks):
                raise ValueError(f"Instances.scored: {name} must have {len(masks)} entries, as masks, got {len(given)}")
        wrong = [label for label in labels if not 0 <= label < classes]
        if wrong:
            raise ValueError(f"Instances.scored: labels must lie in 0..{classes - 1}, from 0, got {wrong[0]}")
        probabilities = np.zeros((len(masks), classes))
        probabilities[np.arange(len(masks)), np.asarray(labels, int)] = scores
        return cls(masks, probabilities)


class Segmenter(Protocol):
    """Any model that finds objects in frames, of one video after another. This is all that is asked of it."""

    @property
    def model(self) -> Any:
        """A torch.nn.Module: its parameters tell runs apart."""

    @property
    def categories(self) -> Sequence[Category]:
        """Of the k classes."""
        ...

    @property
    def slots(self) -> bool:
        """Whether its candidates have the numbers of queries."""
        ...

    @property
    def remembers(self) -> bool:
        """Whether a frame's candidates depend on the frames before."""
        ...

    def find(self, frames: Iterable[np.ndarray], least: float = 0.0) -> Iterator[Instances]:
        """What is in each frame of one video, in order; a frame is pulled when its candidates are asked for.

        Args:
            frames: RGB uint8 (H, W, 3), all of one size.
            least: candidates that score less may be left out, which spares drawing them.
        """
        ...


def link(
    frames: Iterable[Instances], categories: Sequence[Category] | None = None, config: IdentityConfig | None = None
) -> Iterator[FrameResult]:
    """Names the objects of one video, found by any segmenter: they keep their names through occlusion.

    Streams: pulls a frame, gives its result, and remembers small masks of at most `config.live` objects.

    Args:
        frames: what was found in each frame, in order; frames without anything count, too.
        categories: of the k classes; None: their numbers from 1.
        config: weights, limits and what they mean. Without embeddings class weighs more in the cost.
    Returns: of every frame its objects, highest score first, without duplicates and what is too weak to be anything.
    Raises: TypeError for a frame that is no `Instances`; ValueError when frames differ in size, in classes, or in
        having embeddings or not.

    >>> rows = np.eye(3, dtype=bool)[:, :, None].repeat(9, 2)                # masks (H, W) of three objects, a row each
    >>> def found(*order):                                                   # two of them, of one class each
    ...     return Instances.scored(rows[list(order)], [0.9] * len(order), order, classes=3)
    >>> for frame in link([found(0, 1), found(1, 0), found(), found(2, 0)]):
    ...     print(frame.index, {track.category: track.identity for track in frame.tracks})
    0 {'1': 0, '2': 1}
    1 {'2': 1, '1': 0}
    2 {}
    3 {'3': 2, '1': 0}
    """
    return named(frames, LinkIdentity(config), categories)


def named(
    frames: Iterable[Instances], namer: Identity, categories: Sequence[Category] | None = None, start: int = 0
) -> Iterator[FrameResult]:
    """`link` by any `Identity`, from a frame's number on. A candidate votes where it is seen, whoever names it."""
    first, kinds = None, list(categories or ())
    doubt = IdentityConfig().doubt if namer.doubt is None else namer.doubt
    for index, found in enumerate(frames, start):
        if not isinstance(found, Instances):
            raise TypeError(
                f"link: frame {index} must be simvtr.Instances, got {type(found).__name__}. Make one of bool masks "
                "(n, H, W): simvtr.Instances.scored(masks, scores, labels, classes=k)."
            )
        now = found.masks.shape[1:], found.probabilities.shape[1], found.embeddings is not None
        first = first or now
        kinds = kinds or [Category(i + 1, str(i + 1)) for i in range(now[1])]
        if now != first or len(kinds) != now[1]:
            raise ValueError(
                f"link: every frame must have size, classes and embeddings or none as the first, {first}, and a class "
                f"for each of the {len(kinds)} categories, frame {index} has {now}"
            )
        window = Window(index, found.probabilities[None], found.masks[None], found.embeddings, found.slots)
        names, sure = namer.assign(window), found.sureness or [1.0] * len(found.masks)
        by_id = {kind.id: kind.name for kind in kinds}
        tracks, votes = [], {}
        for i, (row, identity) in enumerate(zip(found.probabilities.tolist(), names, strict=True)):
            if identity is not None and found.masks[i].any():
                vote = Vote(dict(zip(by_id, row, strict=True)))
                votes[identity] = vote
                name = by_id[vote.category_id]
                tracks.append(FrameTrack(identity, vote.category_id, name, vote.score, found.masks[i], sure[i]))
        yield FrameResult(index, sorted(tracks, key=lambda track: -track.score), votes, doubt)
