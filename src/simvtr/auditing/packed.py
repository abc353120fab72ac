"""Masks that attacks move about, taken out of packed tracks and put together again: none is read or written anew.

MaskTrack -> unpacked -> a Frame each, in any order -> lane -> MaskTrack -> pixels shared with others
                         (attacks move these)
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simvtr.evaluation.overlap import Masks
from simvtr.rle import MaskTrack, Rle, area, compress, native


class Frame(Rle):
    """The mask of one frame of a packed track. Its text is made when somebody asks for it.

    >>> from simvtr.rle import encode
    >>> mask = encode(np.ones((2, 3), bool))
    >>> Frame(MaskTrack.of([None, mask]), 1) == mask
    True
    """

    __slots__ = ("frame", "track")

    track: MaskTrack
    frame: int

    def __init__(self, track: MaskTrack, frame: int) -> None:
        object.__setattr__(self, "track", track)  # as any Rle, it does not change afterwards
        object.__setattr__(self, "frame", frame)

    @property
    def height(self) -> int:  # type: ignore[override]
        return self.track.height

    @property
    def width(self) -> int:  # type: ignore[override]
        return self.track.width

    @property
    def counts(self) -> bytes:  # type: ignore[override]
        mask = self.track[self.frame]
        return b"" if mask is None else mask.counts

    @property
    def area(self) -> int:
        """Pixels."""
        return int(self.track.areas[self.frame])

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Rle)
            and (self.height, self.width) == (other.height, other.width)
            and self.counts == other.counts
        )

    def __hash__(self) -> int:
        return hash((self.height, self.width, self.counts))

    def __reduce__(self) -> tuple[Any, ...]:
        return Rle, (self.height, self.width, self.counts)


def unpacked(masks: Masks) -> tuple[Rle | None, ...]:
    """A packed track as one `Frame` a mask; a tuple of masks as it is."""
    if not isinstance(masks, MaskTrack):
        return tuple(masks)
    shown = present(masks).tolist()
    return tuple(Frame(masks, t) if there else None for t, there in enumerate(shown))


def present(track: MaskTrack) -> NDArray[np.bool_]:
    """Frames (t,) that have a mask, be it empty."""
    return _records(track, np.zeros(1, np.uint32))["m"] > 0  # the runs themselves do not matter


def areas(masks: Masks) -> NDArray[np.int64]:
    """Pixels of each frame's mask (t,), 0 where it is absent or empty; the masks may differ in size."""
    if isinstance(masks, MaskTrack):
        return masks.areas
    counted = [0 if mask is None else mask.area if isinstance(mask, Frame) else area(mask) for mask in masks]
    return np.array(counted, np.int64)


def lane(masks: Masks) -> MaskTrack:
    """Masks of one size as one packed track.

    >>> from simvtr.rle import encode
    >>> left, right = unpacked(MaskTrack.of([encode(np.array([[True, False]])), encode(np.array([[False, True]]))]))
    >>> list(lane([right, None, left])) == [right, None, left]
    True
    """
    if isinstance(masks, MaskTrack):
        return masks
    first = next((mask for mask in masks if mask is not None), None)
    if isinstance(first, Frame) and len(masks) == len(first.track):
        whole = first.track
        at_home = all(
            whole.areas[t] == 0 if mask is None else isinstance(mask, Frame) and mask.track is whole and mask.frame == t
            for t, mask in enumerate(masks)
        )
        if at_home:
            return whole
    return _Lane(masks)


class _Lane(MaskTrack):
    """Masks of several tracks side by side."""

    __slots__ = ("_masks", "_parts")

    def __init__(self, masks: Masks) -> None:
        self._masks = tuple(masks)
        loose = [t for t, mask in enumerate(masks) if mask is not None and not isinstance(mask, Frame)]
        of: dict[int, tuple[MaskTrack, list[int], list[int]]] = {}  # the track, frames here, frames there
        if loose:
            of[0] = (MaskTrack.of([masks[t] for t in loose]), loose, list(range(len(loose))))
        for t, mask in enumerate(masks):
            if isinstance(mask, Frame):
                _, here, there = of.setdefault(id(mask.track), (mask.track, [], []))
                here.append(t)
                there.append(mask.frame)
        self._parts = tuple(of.values())
        sizes = {(track.height, track.width) for track, *_ in self._parts}
        if len(sizes) > 1:
            raise ValueError(f"lane: all masks must have one size, got {sorted(sizes)}. Compare them apart.")
        self.height, self.width = sizes.pop() if sizes else (0, 0)
        self.areas = np.zeros(len(masks), np.int64)
        for track, here, there in self._parts:
            self.areas[here] = track.areas[there]

    def runs(self) -> NDArray[np.uint32]:
        """The runs of all tracks that the masks come from."""
        return np.concatenate([np.zeros(0, np.uint32), *(track.runs() for track, *_ in self._parts)])

    def records(self, runs: NDArray[np.uint32], out: np.ndarray) -> None:
        at = 0
        for track, here, there in self._parts:
            made = _records(track, runs[at:])
            out[here] = made[there]
            at += int(made["m"].sum())

    def __getitem__(self, key: Any) -> Any:
        return self._masks[key]

    def __len__(self) -> int:
        return len(self._masks)

    def __iter__(self) -> Iterator[Rle | None]:
        return iter(self._masks)


class MadeTrack(MaskTrack):
    """A packed track from runs that are known to be sound, as those that an attack made.

    Args:
        runs: of all masks that are present, side by side, background first.
        lengths: (n,) how many of them each present mask has.
        frames: (n,) where it belongs, rising.
        areas: (t,) pixels of each frame.

    >>> made = MadeTrack(np.array([1, 2, 3], np.uint32), np.array([3]), np.array([1]), np.array([0, 2]), 2, 3)
    >>> list(made)
    [None, Rle(height=2, width=3, counts=b'123')]
    """

    __slots__ = ("_frames", "_made", "_offsets")

    def __init__(
        self,
        runs: NDArray[np.uint32],
        lengths: NDArray[np.int64],
        frames: NDArray[np.intp],
        areas: NDArray[np.int64],
        height: int,
        width: int,
    ) -> None:
        self._made, self._frames = runs, frames
        self._offsets = np.concatenate(([0], np.cumsum(lengths)))
        self.areas, self.height, self.width = areas, height, width

    def runs(self) -> NDArray[np.uint32]:
        """All of them."""
        return self._made

    def records(self, runs: NDArray[np.uint32], out: np.ndarray) -> None:
        out[self._frames] = native.records(runs, self._offsets, self.height, self.width)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return tuple(self[frame] for frame in range(*key.indices(len(self))))
        frame = range(len(self))[key]
        at = int(np.searchsorted(self._frames, frame))
        if at == len(self._frames) or self._frames[at] != frame:
            return None
        runs = self._made[self._offsets[at] : self._offsets[at + 1]].tolist()
        return compress(runs, self.height, self.width, where="a mask that was made")

    def __len__(self) -> int:
        return len(self.areas)


def laid_out(track: MaskTrack) -> tuple[NDArray[np.uint32], np.ndarray]:
    """The runs of a track's masks, side by side in the order of the frames, and `native.RECORD` of each frame."""
    runs = track.runs()
    return runs, _records(track, runs)


def _records(track: MaskTrack, runs: NDArray[np.uint32]) -> np.ndarray:
    made = np.zeros(len(track), native.RECORD)
    track.records(runs, made)
    return made
