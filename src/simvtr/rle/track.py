"""All masks of a track in little memory, and the pixels that whole tracks share.

The runs of a track stand side by side in one array of 16-bit numbers (the few longer ones apart), so that reading,
checking and comparing take a handful of array operations a track. A single mask becomes an `Rle` when asked for.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from simvtr.rle import native
from simvtr.rle.masks import Rle, coco, intersections
from simvtr.rle.numbers import listed_numbers
from simvtr.rle.strings import spelled

_LONG = 1 << 16  # runs from here on are kept apart
_Shown = tuple[list[bool], int, int]  # of a track: the frames that have a mask, height, width


class MaskTrack(Sequence[Rle | None]):
    """The masks of one track, all of one size: a sequence with one `Rle` or None a frame, equal to a tuple of them.

    Make one with `of`, or from text, checked, with `from_strings` or `from_lists`; it does not change afterwards.

    >>> from simvtr.rle import encode
    >>> track = MaskTrack.of([encode(np.ones((2, 3), bool)), None])
    >>> track[0], track.areas.tolist()
    (Rle(height=2, width=3, counts=b'06'), [6, 0])
    """

    __slots__ = ("_at", "_long", "_place", "_short", "_starts", "areas", "height", "width")

    height: int  # 0 where no frame has a mask
    width: int
    areas: NDArray[np.int64]  # (t,) pixels, 0 where the mask is absent or empty

    @classmethod
    def of(cls, masks: Sequence[Rle | None]) -> Self:
        """The same masks packed. Raises: ValueError when they differ in size."""
        if isinstance(masks, cls):
            return masks
        present = [mask for mask in masks if mask is not None]
        if len({(mask.height, mask.width) for mask in present}) > 1:
            raise ValueError("MaskTrack.of: all masks must have one size. Compare them frame by frame.")
        height, width = (present[0].height, present[0].width) if present else (0, 0)
        text = b"".join(mask.counts for mask in present)
        ends = np.cumsum([len(mask.counts) for mask in present])
        read = spelled(text, ends) if present else (np.zeros(0, np.uint32), np.zeros(1, np.int64))
        if read is None:
            raise ValueError("MaskTrack.of: masks must hold whole runs. Make them with simvtr.rle, which checks.")
        return cls._packed(*read, [([mask is not None for mask in masks], height, width)])[0]

    @classmethod
    def from_strings(cls, tracks: Sequence[tuple[Sequence[str | None], int, int]]) -> list[Self] | None:
        """From COCO's compressed strings, checked: several tracks together, which spares small ones most of the work.

        Args:
            tracks: strings of each frame, height and width of each track. The size has passed `checked_size`; at
                least one string is not None.
        Returns: None when anything is wrong or unusual with any of them. Then `clean` says what.

        >>> MaskTrack.from_strings([(["06", None], 2, 3)])[0][0]
        Rle(height=2, width=3, counts=b'06')
        """
        present = [text for counts, _, _ in tracks for text in counts if text is not None]
        try:
            text = "".join(present).encode("ascii")
        except UnicodeEncodeError:
            return None
        read = spelled(text, np.cumsum([len(text) for text in present])) if text else None
        shown = [([text is not None for text in counts], height, width) for counts, height, width in tracks]
        return read and cls._checked(*read, shown)

    @classmethod
    def from_lists(cls, counts: Sequence[bytes | None], height: int, width: int) -> Self | None:
        """From the JSON text of lists of runs, brackets included; None when anything is wrong or unusual.

        Then `compress` says what. `height` and `width` have passed `checked_size`; at least one mask is not None.

        >>> MaskTrack.from_lists([b"[1, 2, 3]", None], 2, 3)[0]
        Rle(height=2, width=3, counts=b'123')
        """
        present = [text for text in counts if text is not None]
        read = listed_numbers(b"".join(present), np.cumsum([len(text) for text in present]))
        if read is None:
            return None
        made = cls._checked(*read, [([text is not None for text in counts], height, width)])
        return made[0] if made else None

    @classmethod
    def _checked(
        cls, runs: NDArray[np.uint32], starts: NDArray[np.int64], tracks: Sequence[_Shown]
    ) -> list[Self] | None:
        """None unless runs add up to the size, and none but the first of a mask is empty."""
        totals = np.repeat([height * width for _, height, width in tracks], [sum(shown) for shown, _, _ in tracks])
        most = int(totals.max())
        if runs.max() > most:  # negative ones are above 2**31
            return None
        sums_fit = int((starts[1:] - starts[:-1]).max()) * most < 1 << 32
        sums = np.add.reduceat(runs, starts[:-1], dtype=np.uint32 if sums_fit else np.uint64)
        first_empty = np.count_nonzero(runs[starts[:-1]] == 0)
        if (sums != totals).any() or np.count_nonzero(runs) + first_empty != len(runs):
            return None
        return cls._packed(runs, starts, tracks)

    @classmethod
    def _packed(cls, runs: NDArray[np.uint32], starts: NDArray[np.int64], tracks: Sequence[_Shown]) -> list[Self]:
        """Tracks from sound runs that stand side by side; `starts` has one entry more than masks."""
        areas, short, at = _areas(runs, starts), runs.astype(np.uint16), np.flatnonzero(runs >= _LONG)
        long = runs[at]
        made, mask = [], 0
        for present, height, width in tracks:
            track = cls()
            track.height, track.width = height, width
            shown = np.array(present, bool)
            places = np.cumsum(shown)
            first, mask = mask, mask + int(places[-1]) if len(places) else mask
            track._place = np.where(shown, places - 1, -1)  # frame -> mask
            begin, end = int(starts[first]), int(starts[mask])
            track._starts = starts[first : mask + 1] - begin
            track.areas = np.zeros(len(shown), np.int64)
            track.areas[shown] = areas[first:mask]
            track._short = short[begin:end]
            low, high = np.searchsorted(at, (begin, end))
            track._at, track._long = at[low:high] - begin, long[low:high]
            made.append(track)
        return made

    def runs(self, begin: int = 0, end: int | None = None) -> NDArray[np.uint32]:
        """The runs of all masks that are present, or of a part of them, side by side."""
        some = self._short[begin:end].astype(np.uint32)
        first, last = np.searchsorted(self._at, [begin, begin + len(some)])
        some[self._at[first:last] - begin] = self._long[first:last]
        return some

    def records(self, runs: NDArray[np.uint32], out: np.ndarray) -> None:
        """Put `native.RECORD` of each frame into `out`, pointing into `runs`; absent masks stay as they are."""
        out[np.flatnonzero(self._place >= 0)] = native.records(runs, self._starts, self.height, self.width)

    @overload
    def __getitem__(self, key: int) -> Rle | None: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[Rle | None, ...]: ...
    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return tuple(self[frame] for frame in range(*key.indices(len(self))))
        place = int(self._place[key])
        if place < 0:
            return None
        runs = self.runs(int(self._starts[place]), int(self._starts[place + 1]))
        size = [self.height, self.width]
        return Rle(self.height, self.width, coco.frPyObjects({"size": size, "counts": runs}, *size)["counts"])

    def __len__(self) -> int:
        return len(self._place)

    def __iter__(self) -> Iterator[Rle | None]:
        return (self[frame] for frame in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (tuple, MaskTrack)) and len(self) == len(other) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        shown = np.count_nonzero(self._place >= 0)
        return f"MaskTrack({len(self)} frames, {shown} masks of {self.height} x {self.width})"


def frame_shared(found: Sequence[MaskTrack], truth: Sequence[MaskTrack]) -> NDArray[np.int64]:
    """Pixels that each found and each true track share in each frame: int64 (t, d, g).

    t is the length of the longest track; beyond its end a track is absent.

    Raises: ValueError when the masks are not all of one size.

    >>> from simvtr.rle import encode
    >>> left, whole = encode(np.array([[True, False]])), encode(np.array([[True, True]]))
    >>> frame_shared([MaskTrack.of([left, None])], [MaskTrack.of([whole, left])]).tolist()
    [[[1]], [[0]]]
    """
    sizes = {(track.height, track.width) for track in (*found, *truth) if track.height}
    if len(sizes) > 1:
        raise ValueError(f"frame_shared: all masks must have one size, got {sorted(sizes)}. Compare them apart.")
    frames = max((len(track) for track in (*found, *truth)), default=0)
    if not frames or not found or not truth:
        return np.zeros((frames, len(found), len(truth)), np.int64)
    library = native.library()
    if library is None:
        return _frame_shared_slowly(found, truth, frames)
    found_runs, true_runs = [track.runs() for track in found], [track.runs() for track in truth]
    a, b = _records(found, found_runs, frames), _records(truth, true_runs, frames)
    ious = native.frame_ious(library, a, b)
    sums = np.zeros_like(ious)
    for j, track in enumerate(truth):
        sums[: len(track), j] += track.areas[:, None]
    for i, track in enumerate(found):
        sums[: len(track), :, i] += track.areas[:, None]
    # iou = i / (a + b - i); the nearest integer undoes the rounding of that division for any mask below 2**50 pixels
    return np.rint(ious * sums / (1 + ious)).astype(np.int64).transpose(0, 2, 1)


def _records(tracks: Sequence[MaskTrack], runs: Sequence[NDArray[np.uint32]], frames: int) -> np.ndarray:
    """`native.RECORD` (t, tracks); absent masks have no runs."""
    made = np.zeros((frames, len(tracks)), native.RECORD)
    for i, track in enumerate(tracks):
        track.records(runs[i], made[:, i])
    return made


def _frame_shared_slowly(found: Sequence[MaskTrack], truth: Sequence[MaskTrack], frames: int) -> NDArray[np.int64]:
    shared = np.zeros((frames, len(found), len(truth)), np.int64)
    for frame in range(frames):
        rows = [(i, track[frame]) for i, track in enumerate(found) if frame < len(track)]
        columns = [(j, track[frame]) for j, track in enumerate(truth) if frame < len(track)]
        rows, columns = ([(i, mask) for i, mask in side if mask is not None] for side in (rows, columns))
        if rows and columns:
            cells = intersections([mask for _, mask in rows], [mask for _, mask in columns])
            shared[frame][np.array([i for i, _ in rows])[:, None], [j for j, _ in columns]] = cells
    return shared


def _areas(runs: NDArray[np.uint32], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    if len(starts) < 2:
        return np.zeros(0, np.int64)
    library = native.library()
    if library is not None:
        return native.areas(library, runs, starts)
    place = np.arange(len(runs)) - np.repeat(starts[:-1], np.diff(starts))
    return np.add.reduceat(np.where(place % 2 == 1, runs, 0), starts[:-1], dtype=np.int64)
