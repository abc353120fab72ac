"""Masks of any segmenter, frame by frame -> the same with identities: `simvtr.link`.

frames -> Segmenter.find -> Instances -> LinkIdentity -> FrameResult -> TrackBuilder | overlay.draw
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Protocol, Self

import numpy as np

from simvtr.config import IdentityConfig
from simvtr.errors import came, numpy_of
from simvtr.inference.identity import Identity, Window
from simvtr.inference.link import LinkIdentity
from simvtr.inference.tracks import FrameResult, FrameTrack, Vote
from simvtr.schema import Category


@dataclass(frozen=True, slots=True)
class Instances:
    """What a segmenter found in one frame: n candidates of k classes, in any order. All that `link` needs to know.

    Raises: TypeError for what is no array, or no list of numbers; ValueError when they do not fit each other.
    """

    masks: np.ndarray  # bool (n, H, W), in pixels of the frame; nothing found: np.zeros((0, H, W), bool)
    probabilities: np.ndarray  # float (n, k) in [0, 1], of each class; the greatest is the candidate's score
    embeddings: np.ndarray | None = None  # float (n, c), near each other for one object; None: there are none
    sureness: Sequence[float] | None = None  # n, in [0, 1], of each mask (`FrameTrack`); None: 1
    slots: Sequence[int] | None = None  # n different numbers from 0: the queries that found them; None: no queries
    picture: np.ndarray | None = None  # uint8 (H, W, 3), RGB, the frame: its colours tell objects apart; None: unknown

    def __post_init__(self) -> None:
        _check_masks(self.masks)
        n = len(self.masks)
        _check_rows("probabilities", self.probabilities, f"({n}, k)", n)
        if not self.probabilities.shape[1]:
            raise ValueError(f"Instances: probabilities must be of one class or more, got {self.probabilities.shape}")
        if self.probabilities.size and not (self.probabilities.min() >= 0 and self.probabilities.max() <= 1):
            raise ValueError("Instances: probabilities must lie in [0, 1]. Apply softmax or sigmoid to logits.")
        if self.embeddings is not None:
            _check_rows("embeddings", self.embeddings, f"({n}, c)", n)
        if self.picture is not None:
            _check_picture(self.picture, self.masks.shape[1:])
        for name, given in (("sureness", self.sureness), ("slots", self.slots)):
            if given is not None:
                _numbers(f"Instances: {name}", given, n)

    @classmethod
    def scored(
        cls,
        masks: np.ndarray,
        scores: Sequence[float],
        labels: Sequence[int],
        classes: int,
        picture: np.ndarray | None = None,
    ) -> Self:
        """Of a segmenter that tells one class, by number from 0, and one score for each mask.

        >>> Instances.scored(np.ones((1, 2, 3), bool), [0.75], [1], classes=3).probabilities.tolist()
        [[0.0, 0.75, 0.0]]
        """
        _check_masks(masks)
        n = len(masks)
        whole = isinstance(classes, Integral) and not isinstance(classes, bool)
        if not whole or classes < 1:
            kind = ValueError if whole else TypeError
            raise kind(f"Instances.scored: classes must be their number, a whole one from 1, got {classes!r}")
        sure, kinds = _numbers("Instances.scored: scores", scores, n), _numbers("Instances.scored: labels", labels, n)
        for score in sure:
            if not 0 <= score <= 1:
                raise ValueError(f"Instances.scored: scores must lie in [0, 1], got {score:g}")
        for label in kinds:
            if not (0 <= label < classes and label == int(label)):
                raise ValueError(
                    f"Instances.scored: labels must lie in 0..{classes - 1}, from 0, and be whole, got {label:g}"
                )
        probabilities = np.zeros((n, classes))
        probabilities[np.arange(n), np.asarray(kinds, int)] = sure
        return cls(masks, probabilities, picture=picture)


def _check_masks(masks: Any) -> None:
    """Raises: TypeError for no array, ValueError for another one than of masks."""
    array = isinstance(masks, np.ndarray)
    if not array or masks.ndim != 3 or masks.dtype != bool:
        given = f"{masks.dtype} {masks.shape}" if array else came(masks)
        tensor = _bool_of(masks)
        do = (
            f"Give {tensor}."
            if tensor
            else "masks > 0.5 makes it of probabilities, np.asarray(masks, bool) of lists, mask[None] of one mask, "
            "np.zeros((0, H, W), bool) of a frame without objects."
        )
        raise (ValueError if array else TypeError)(f"Instances: masks must be bool (n, H, W), got {given}. {do}")
    if not all(masks.shape[1:]):
        raise ValueError(f"Instances: masks must be of one pixel or more, as the frame is, got {masks.shape}")


def _bool_of(masks: Any) -> str:
    """How a bool array is made of a tensor of masks or of their probabilities; "" of anything else."""
    return numpy_of("masks" if str(getattr(masks, "dtype", "")) == "torch.bool" else "(masks > 0.5)", masks)


def _check_picture(picture: Any, size: tuple[int, ...]) -> None:
    """Raises: TypeError for no array, ValueError for another one than the frame of these masks."""
    if not isinstance(picture, np.ndarray):
        form = numpy_of("picture", picture) or 'a numpy array, as np.asarray(image.convert("RGB")) is'
        raise TypeError(f"Instances: picture must be uint8 (H, W, 3), got {came(picture)}. Give {form}.")
    if picture.dtype != np.uint8 or picture.shape != (*size, 3):
        raise ValueError(
            f"Instances: picture must be uint8 {(*size, 3)}, the frame of these masks, got {picture.dtype} "
            f"{picture.shape}. {_picture_of(picture, size)}"
        )


def _picture_of(given: np.ndarray, size: tuple[int, ...]) -> str:
    """How to make the frame of masks of this size from an array that is not it."""
    forms = {
        (*size, 3): "picture",
        size: "np.stack([picture] * 3, -1)",  # grey
        (*size, 1): "picture.repeat(3, -1)",
        (*size, 4): "picture[..., :3]",  # RGBA
        (3, *size): "np.moveaxis(picture, 0, -1)",  # channels first, as torch has them
    }
    form = forms.get(given.shape)
    if form is None:
        if given.ndim == 3 and given.shape[2] == 3:
            return "Give the frame itself, and enlarge or shrink the masks to its size first."
        return "Give the frame that the masks were found in, as RGB."
    if given.dtype == np.uint8:
        return f"{form} makes it."
    least, most = (given.min(), given.max()) if given.dtype.kind in "biuf" else (0, np.nan)
    if least >= 0 and most <= 1 and given.dtype.kind in "bf":
        return f"(255 * {form}).round().astype(np.uint8) makes it of values in [0, 1]."
    if least >= 0 and most <= 255:
        rounded = f"{form}.round()" if given.dtype.kind == "f" else form
        return f"{rounded}.astype(np.uint8) makes it of values in [0, 255]."
    return "Its values must lie in [0, 255]: undo what normalised it, or give the frame as it was read."


def _check_rows(name: str, given: Any, axes: str, n: int) -> None:
    """Raises: TypeError for no array, ValueError for another one than of n rows of numbers."""
    if not isinstance(given, np.ndarray):
        form = numpy_of(name, given) or "a numpy array"
        raise TypeError(f"Instances: {name} must be float {axes}, got {came(given)}. Give {form}.")
    if given.dtype.kind not in "biuf":
        raise ValueError(f"Instances: {name} must be float {axes}, got {given.dtype} {given.shape}")
    if given.ndim != 2 or len(given) != n:
        raise ValueError(f"Instances: {name} must be {axes}, as masks, got {given.shape}")


def _numbers(what: str, given: Any, n: int) -> list[float]:
    """One number for each mask, of a list, an array or a tensor.

    Raises: TypeError for none of these, ValueError for another length or for entries that are no numbers.
    """
    entries = given.tolist() if hasattr(given, "tolist") else given
    if not hasattr(entries, "__len__") or isinstance(entries, str):
        raise TypeError(f"{what} must be a list of numbers, one a mask, got {came(given)}")
    if len(entries) != n:
        raise ValueError(
            f"{what} must have {n} entries, as masks, got {len(entries)}. Masks are (n, H, W): of (H, W, n) "
            "np.moveaxis(masks, -1, 0) makes them."
        )
    for entry in entries:
        if isinstance(entry, str) or not hasattr(entry, "__float__"):
            raise ValueError(f"{what} must be numbers, got {entry!r}")
    return [float(entry) for entry in entries]


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
        categories: records, one for each of the k classes in their order; None: their numbers from 1.
        config: weights, limits and what they mean. Without embeddings and pictures class weighs more in the cost.
    Returns: of every frame its objects, highest score first, without duplicates and what is too weak to be anything.
    Raises: TypeError for a frame that is no `Instances`, a category or a config of another kind; ValueError when
        frames differ in size, classes, channels of embeddings or whether there are pictures, or categories are not one
        a class.

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
    if not np.iterable(frames):
        raise TypeError(
            f"link: frames must be a list or generator of simvtr.Instances, got {came(frames)}. One frame is "
            "link([found])."
        )
    _check_categories(categories)
    return named(frames, LinkIdentity(config), categories)


def named(
    frames: Iterable[Instances], namer: Identity, categories: Sequence[Category] | None = None, start: int = 0
) -> Iterator[FrameResult]:
    """`link` by any `Identity`, from a frame's number on. A candidate votes where it is seen, whoever names it."""
    _check_categories(categories)
    first, kinds = None, categories
    doubt = IdentityConfig().doubt if namer.doubt is None else namer.doubt
    for index, found in enumerate(frames, start):
        if not isinstance(found, Instances):
            raise TypeError(
                f"link: frame {index} must be simvtr.Instances, got {came(found)}. Make one of bool masks "
                f"(n, H, W): simvtr.Instances.scored({_bool_of(found) or 'masks'}, scores, labels, classes=k)."
            )
        now = _sizes(found)
        first = {**now, **(first or {})}  # no frame is held, only its sizes
        for what, given in now.items():
            wanted = first[what]
            if given != wanted:
                raise ValueError(f"link: frame {index}: {what} must be {wanted} as in frame {start}, got {given}")
        if found.embeddings is not None and not np.isfinite(found.embeddings).all():
            raise ValueError(
                f"link: frame {index}: embeddings must be finite, got NaN or infinity. Leave such objects out."
            )
        k = found.probabilities.shape[1]
        if kinds is None:
            kinds = [Category(i + 1, str(i + 1)) for i in range(k)]
        if len(kinds) != k:
            raise ValueError(f"link: categories must be one for each of the {k} classes, got {len(kinds)}")
        pictures = None if found.picture is None else found.picture[None]
        window = Window(index, found.probabilities[None], found.masks[None], found.embeddings, pictures, found.slots)
        names = namer.assign(window)
        sure = [1.0] * len(found.masks) if found.sureness is None else [float(one) for one in found.sureness]
        by_id = {kind.id: kind.name for kind in kinds}
        tracks, votes = [], {}
        for i, (row, identity) in enumerate(zip(found.probabilities.tolist(), names, strict=True)):
            if identity is not None and found.masks[i].any():
                vote = Vote(dict(zip(by_id, row, strict=True)))
                votes[identity] = vote
                name = by_id[vote.category_id]
                tracks.append(FrameTrack(identity, vote.category_id, name, vote.score, found.masks[i], sure[i]))
        yield FrameResult(index, sorted(tracks, key=lambda track: -track.score), votes, doubt)


def _sizes(found: Instances) -> dict[str, Any]:
    """What must be the same in all frames, by name; of a frame without anything not what a candidate has."""
    shared = {"height and width": found.masks.shape[1:], "classes": found.probabilities.shape[1]}
    if not len(found.masks):
        return shared
    channels = None if found.embeddings is None else found.embeddings.shape[1]
    return {**shared, "channels of embeddings": channels, "whether it has a picture": found.picture is not None}


def _check_categories(categories: Any) -> None:
    """Raises: TypeError for what are no records or ids that are no numbers, ValueError for two of one id."""
    if categories is None:
        return
    listed = isinstance(categories, Sequence) and not isinstance(categories, str)
    wrong = [one for one in categories if not isinstance(one, Category)] if listed else [categories]
    if wrong:
        raise TypeError(
            "link: categories must be a list of simvtr.Category records, one a class, got "
            f"{'one of ' * listed}{came(wrong[0])}. "
            'Write [simvtr.Category(1, "name"), ...].'
        )
    ids = [category.id for category in list[Category](categories)]
    words = [one for one in ids if not isinstance(one, Integral) or isinstance(one, bool)]
    if words:
        raise TypeError(f"link: ids of categories must be whole numbers, got {words[0]!r}")
    if len(set(ids)) < len(ids):
        raise ValueError(f"link: ids of categories must differ, got {ids}")
