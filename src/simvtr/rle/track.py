"""All masks of a track in little memory.

The runs of a track stand side by side in one array of 16-bit numbers (0 for the few longer ones, which are kept apart),
so that reading, checking and comparing are one pass over them. They are laid out as one long mask without an empty
run, of an even number of runs a frame:

    an empty column, the picture column by column, an empty pixel, a set pixel ("fence")

Then background and set runs alternate through all frames, and two tracks of equal length are compared as two masks
(`shared`). An absent mask is laid out as an empty one. A single mask becomes an `Rle` when asked for.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from simvtr.rle import native, plain
from simvtr.rle.kernel import LISTS, STRINGS, kernel
from simvtr.rle.masks import Rle, coco

_Laid = tuple[NDArray[np.uint16], NDArray[np.uint32], NDArray[np.uint32]]  # of several masks, as `Kernel.read` has it


class MaskTrack(Sequence[Rle | None]):
    """The masks of one track, all of one size: a sequence with one `Rle` or None a frame, equal to a tuple of them.

    Make one with `of`, or from text, checked, with `from_strings` or `from_lists`; it does not change afterwards.

    >>> from simvtr.rle import encode
    >>> track = MaskTrack.of([encode(np.ones((2, 3), bool)), None])
    >>> track[0], track.areas.tolist()
    (Rle(height=2, width=3, counts=b'06'), [6, 0])
    """

    __slots__ = ("_first_long", "_long", "_short", "_shown", "areas", "columns", "first_runs", "height", "width")

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
        counts = [None if mask is None else mask.counts for mask in masks]
        texts = [None if text is None else text.decode("latin-1") for text in counts]
        made = cls.from_strings([(texts, height, width)]) if counts else None
        if made is None:  # there is none, too many, or something is wrong with them
            laid = plain.read(counts, height, width)
            made = None if laid is None else cls._packed(laid, [(counts, height, width)])
        if made is None:
            raise ValueError("MaskTrack.of: masks must hold whole runs. Make them with simvtr.rle, which checks.")
        return made[0]

    @classmethod
    def from_strings(cls, tracks: Sequence[tuple[Sequence[str | None], int, int]]) -> list[Self] | None:
        """From COCO's compressed strings, checked: several tracks together, which spares small ones most of the work.

        Args:
            tracks: strings of each frame, one at least, height and width of each track. The size has passed
                `checked_size`, or is 0, 0 where no string is given.
        Returns: None when anything is wrong or unusual with any of them, and without a kernel. `clean` says what.

        >>> MaskTrack.from_strings([(["06", None], 2, 3)])[0][0]
        Rle(height=2, width=3, counts=b'06')
        """
        try:
            texts = [text or "" for counts, _, _ in tracks for text in counts]
            text = "\n".join([*texts, ""]).encode("ascii")
        except UnicodeEncodeError:
            return None
        return cls._read(text, STRINGS, tracks)

    @classmethod
    def from_lists(cls, tracks: Sequence[tuple[Sequence[Any], int, int]]) -> list[Self] | None:
        """From the JSON text of lists of runs, without the brackets: bytes, or what has their buffer. Else the same.

        >>> MaskTrack.from_lists([([b"1, 2, 3", None], 2, 3)])[0][0]
        Rle(height=2, width=3, counts=b'123')
        """
        texts = [b"" if text is None else text for counts, _, _ in tracks for text in counts]
        return cls._read(LISTS.join([*texts, b""]), LISTS, tracks)

    @classmethod
    def _read(cls, text: bytes, fence: bytes, tracks: Sequence[tuple[Sequence[Any], int, int]]) -> list[Self] | None:
        own = kernel()
        if own is None:
            return None
        sizes = np.array([(height, height * width) for _, height, width in tracks], np.uint32)
        read = own.read(text, fence, sizes.repeat([len(counts) for counts, _, _ in tracks], axis=0))
        if read is None or read[3] != sum(counts.count(None) for counts, _, _ in tracks):
            return None  # the latter: a mask that is there has no text
        return cls._packed(read[:3], tracks)

    @classmethod
    def _packed(cls, laid: _Laid, tracks: Sequence[tuple[Sequence[Any], int, int]]) -> list[Self]:
        """Tracks from what is laid out of all their masks; None among a track's counts says that there is none."""
        short, long, records = laid
        ends = np.zeros((2, len(records) + 1), np.int64)
        ends[:, 1:] = records[:, :2].T
        areas, columns = records[:, 2].astype(np.int64), records[:, 3:].T.astype(np.int32)
        made, begin = [], 0
        for counts, height, width in tracks:
            track, end = cls(), begin + len(counts)
            (first, first_long), (last, last_long) = ends[:, begin].tolist(), ends[:, end].tolist()
            track.height, track.width = height, width
            track.areas, track.columns = areas[begin:end], columns[:, begin:end]
            track._shown = np.array([text is not None for text in counts], bool)
            track.first_runs, track._first_long = (
                ends[0, begin : end + 1] - first,
                ends[1, begin : end + 1] - first_long,
            )
            track._short, track._long = short[first:last], long[first_long:last_long]
            made.append(track)
            begin = end
        return made

    def parts(self) -> tuple[NDArray[np.uint16], NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]:
        """What `Kernel.shared` compares: runs and long runs, and where each frame begins among them."""
        return self._short, self._long, self.first_runs, self._first_long

    def borders(self) -> NDArray[np.unsignedinteger]:
        """Where each run of the long mask ends, in pixels."""
        small = len(self) * (self.height * (self.width + 1) + 2) < 1 << 32
        return np.cumsum(self._line(0, len(self)), dtype=np.uint32 if small else np.uint64)

    def _line(self, begin: int, end: int) -> NDArray[np.uint32]:
        """The runs of some frames, laid out as one long mask."""
        first, last = self.first_runs[begin], self.first_runs[end]
        some = self._short[first:last].astype(np.uint32)
        some[some == 0] = self._long[self._first_long[begin] : self._first_long[end]]
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
        return self._short[self.first_runs[1:] - 2] == 1

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
