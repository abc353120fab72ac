"""All masks of a track in little memory.

The runs of a track stand side by side in one array of 16-bit numbers (the few longer ones apart), so that reading,
checking and comparing take a handful of array operations a track. They are laid out as one long mask without an empty
run, of an even number of runs a frame:

    an empty column, the picture column by column, an empty pixel, a set pixel ("fence")

Then background and set runs alternate through all frames, and two tracks of equal length are compared as two masks
(`shared`). An absent mask is laid out as an empty one. A single mask becomes an `Rle` when asked for.
"""

import functools
from collections.abc import Iterator, Sequence
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from simvtr.rle import native
from simvtr.rle.masks import Rle, coco
from simvtr.rle.numbers import listed_numbers
from simvtr.rle.strings import FENCE, spelled

_LONG = 1 << 16  # runs from here on are kept apart
_NEGATIVE = 1 << 31  # what is less than 0 stands above; no sound run comes near
_Shown = tuple[list[bool], int, int]  # of a track: the frames that have a mask, height, width


class MaskTrack(Sequence[Rle | None]):
    """The masks of one track, all of one size: a sequence with one `Rle` or None a frame, equal to a tuple of them.

    Make one with `of`, or from text, checked, with `from_strings` or `from_lists`; it does not change afterwards.

    >>> from simvtr.rle import encode
    >>> track = MaskTrack.of([encode(np.ones((2, 3), bool)), None])
    >>> track[0], track.areas.tolist()
    (Rle(height=2, width=3, counts=b'06'), [6, 0])
    """

    __slots__ = ("_at", "_long", "_short", "_shown", "areas", "columns", "first_runs", "height", "width")

    height: int  # 0 where no frame has a mask
    width: int
    areas: NDArray[np.int64]  # (t,) pixels, 0 where the mask is absent or empty
    columns: NDArray[np.int32]  # (2, t) first column with a pixel, and behind the last one; 0, 0 where there is none
    first_runs: NDArray[np.int64]  # (t + 1,) where each frame begins among the runs of the long mask

    @classmethod
    def of(cls, masks: Sequence[Rle | None]) -> Self:
        """The same masks packed. Raises: ValueError when they differ in size, or in size from their runs."""
        if isinstance(masks, cls):
            return masks
        present = [mask for mask in masks if mask is not None]
        if len({(mask.height, mask.width) for mask in present}) > 1:
            raise ValueError("MaskTrack.of: all masks must have one size. Compare them frame by frame.")
        height, width = (present[0].height, present[0].width) if present else (0, 0)
        counts = [None if mask is None else mask.counts.decode("latin-1") for mask in masks]
        made = cls.from_strings([(counts, height, width)]) if len(masks) else cls._packed(*_NO_RUNS, [([], 0, 0)])
        if made is None:
            raise ValueError("MaskTrack.of: masks must hold whole runs. Make them with simvtr.rle, which checks.")
        return made[0]

    @classmethod
    def from_strings(cls, tracks: Sequence[tuple[Sequence[str | None], int, int]]) -> list[Self] | None:
        """From COCO's compressed strings, checked: several tracks together, which spares small ones most of the work.

        Args:
            tracks: strings of each frame, one at least, height and width of each track. The size has passed
                `checked_size`, or is 0, 0 where no string is given.
        Returns: None when anything is wrong or unusual with any of them. Then `clean` says what.

        >>> MaskTrack.from_strings([(["06", None], 2, 3)])[0][0]
        Rle(height=2, width=3, counts=b'06')
        """
        texts = [_empty(h, w) if text is None else text for counts, h, w in tracks for text in counts]
        try:
            text = (FENCE.join(texts) + FENCE).encode("ascii")
        except UnicodeEncodeError:
            return None
        read = spelled(text, np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1))
        shown = [([text is not None for text in counts], height, width) for counts, height, width in tracks]
        return read and cls._packed(*read, shown)

    @classmethod
    def from_lists(cls, tracks: Sequence[tuple[Sequence[Any], int, int]]) -> list[Self] | None:
        """From the JSON text of lists of runs, without the brackets: bytes, or what has their buffer. Else the same.

        >>> MaskTrack.from_lists([([b"1, 2, 3", None], 2, 3)])[0][0]
        Rle(height=2, width=3, counts=b'123')
        """
        texts = [b"%d" % (h * w) if text is None else text for counts, h, w in tracks for text in counts]
        fence = b", 1]" if b", " in bytes(texts[0]) else b",1]"  # written as the other numbers are
        read = listed_numbers(fence.join([*texts, b""]), len(texts))
        shown = [([text is not None for text in counts], height, width) for counts, height, width in tracks]
        return read and cls._packed(*read, shown)

    @classmethod
    def _packed(
        cls, runs: NDArray[np.uint32], starts: NDArray[np.int64], tracks: Sequence[_Shown]
    ) -> list[Self] | None:
        """Tracks from the runs of every frame, a 1 behind each: laid out in place, and checked.

        Returns: None unless runs add up to the size, and none but the first and the last of a mask is empty.
        """
        frames = np.array([len(shown) for shown, _, _ in tracks])
        heights = np.repeat([height for _, height, _ in tracks], frames).astype(np.uint32)
        pixels = np.repeat([height * width for _, height, width in tracks], frames)
        filled = np.flatnonzero((starts[1:] - starts[:-1]) % 2)  # these end in a set run: their empty pixel is a run
        if len(filled):
            runs = np.insert(runs, starts[1:][filled] - 1, np.uint32(0))
            starts[1:] += np.cumsum((starts[1:] - starts[:-1]) % 2)
        first = starts[:-1]
        begun = runs[first]
        runs[first] += heights
        runs[starts[1:] - 2] += np.uint32(1)
        short, at = runs.astype(np.uint16), np.flatnonzero(runs >= _LONG)
        long = runs[at]
        if max(begun.max(initial=0), long.max(initial=0)) >= _NEGATIVE or not (short.min(initial=1) or runs.min()):
            return None

        # Background and set pixels of each frame: two sums in one, least byte first. Where all long runs together, and
        # as many others as a frame has, stay below 2**32, no sum has overflowed; else where all sums are as they must.
        sums = np.add.reduceat(runs.view(np.uint64), first // 2) if len(first) else np.zeros(0, np.uint64)
        clear, filled = (sums & 0xFFFFFFFF).astype(np.int64), (sums >> 32).astype(np.int64)
        expected = pixels + heights + 2
        if (clear + filled != expected).any():
            return None
        highest = int(long.sum(dtype=np.uint64)) + int(np.diff(starts).max(initial=0)) * _LONG
        if highest >> 32 and int(runs.sum(dtype=np.uint64)) != expected.sum():
            return None
        areas, tall = filled - 1, np.maximum(heights, 1)
        columns = np.stack([(runs[first] - heights) // tall, -((runs[starts[1:] - 2] - 1 - pixels) // tall)])
        columns = np.where(areas > 0, columns, 0).astype(np.int32)
        ends = np.cumsum(frames)
        borders = starts[np.append(0, ends)]
        long_borders = np.searchsorted(at, borders).tolist()
        made = []
        for i, ((shown, height, width), end) in enumerate(zip(tracks, ends.tolist(), strict=True)):
            track, begin, border = cls(), end - len(shown), borders[i]
            track.height, track.width = height, width
            track.areas, track.columns = areas[begin:end], columns[:, begin:end]
            track._shown, track.first_runs = np.array(shown, bool), starts[begin : end + 1] - border
            track._short = short[border : borders[i + 1]]
            low, high = long_borders[i : i + 2]
            track._at, track._long = at[low:high] - border, long[low:high]
            made.append(track)
        return made

    def borders(self) -> NDArray[np.unsignedinteger]:
        """Where each run of the long mask ends, in pixels."""
        small = len(self) * (self.height * (self.width + 1) + 2) < 1 << 32
        return np.cumsum(self._line(0, len(self)), dtype=np.uint32 if small else np.uint64)

    def _line(self, begin: int, end: int) -> NDArray[np.uint32]:
        """The runs of some frames, laid out as one long mask."""
        first, last = self.first_runs[begin], self.first_runs[end]
        some = self._short[first:last].astype(np.uint32)
        low, high = np.searchsorted(self._at, (first, last))
        some[self._at[low:high] - first] = self._long[low:high]
        return some

    def runs(self) -> NDArray[np.uint32]:
        """The runs of all masks that are present, side by side, as `decoded_runs` has them."""
        line, first, fence = self._line(0, len(self)), self.first_runs[:-1], self.first_runs[1:] - 1
        kept = np.repeat(self._shown, np.diff(self.first_runs))
        kept[fence], kept[fence[self._filled()] - 1] = False, False
        line[first] -= np.uint32(self.height)
        line[fence - 1] -= np.uint32(1)
        return line.compress(kept)

    def records(self, runs: NDArray[np.uint32], out: np.ndarray) -> None:
        """Put `native.RECORD` of each frame into `out`, pointing into `runs`; absent masks stay as they are."""
        counts = (np.diff(self.first_runs) - 1 - self._filled())[self._shown]
        starts = np.concatenate(([0], np.cumsum(counts)))
        out[self._shown] = native.records(runs, starts, self.height, self.width)

    def _filled(self) -> NDArray[np.bool_]:
        """Which masks reach the last pixel, so that the empty one behind it is a run of its own."""
        last = self.first_runs[1:] - 2
        ones = self._short[last] == 1
        return ones & ~np.isin(last, self._at) if ones.any() else ones  # seldom any, and the search is slow

    @overload
    def __getitem__(self, key: int) -> Rle | None: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[Rle | None, ...]: ...
    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return tuple(self[frame] for frame in range(*key.indices(len(self))))
        frame = range(len(self))[key]
        if not self._shown[frame]:
            return None
        runs, size = self._line(frame, frame + 1)[:-1], [self.height, self.width]
        runs[0] -= self.height
        runs[-1] -= 1
        counts = runs if runs[-1] else runs[:-1]
        return Rle(self.height, self.width, coco.frPyObjects({"size": size, "counts": counts}, *size)["counts"])

    def __len__(self) -> int:
        return len(self._shown)

    def __iter__(self) -> Iterator[Rle | None]:
        return (self[frame] for frame in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (tuple, MaskTrack)) and len(self) == len(other) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        shown = np.count_nonzero(self._shown)
        return f"MaskTrack({len(self)} frames, {shown} masks of {self.height} x {self.width})"


_NO_RUNS = np.zeros(0, np.uint32), np.zeros(1, np.int64)


@functools.lru_cache(64)
def _empty(height: int, width: int) -> str:
    """The compressed string of a mask without a pixel."""
    return coco.frPyObjects({"size": [height, width], "counts": [height * width]}, height, width)["counts"].decode()
