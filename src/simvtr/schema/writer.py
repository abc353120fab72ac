"""Results on their way to a file: track by track, and the file appears only when it is whole."""

import contextlib
import glob
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice, repeat
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from simvtr.rle import to_json
from simvtr.schema.given import check_lengths, check_track, check_tracks, target_of
from simvtr.schema.records import Track

_PIECE = 1000  # masks that are put into words at a time: a track of hours stays where it is


class PredictionWriter:
    """Writes results one track at a time, in bounded memory.

    The file appears by rename when the `with` block ends, or at `finish()`; when the block ends by an exception
    nothing appears. A name ending in `.gz` or `.zip` is packed.

    Args:
        path: where the results go; its folder is made.
        lengths: frames of each video by id. A shorter track is filled with null up to it. Without it the first track
            of a video sets the length of the others.
    Raises: TypeError for what is no path, or no dict of lengths.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "results.json")
    >>> with PredictionWriter(path, lengths={1: 3}) as writer:
    ...     writer.add(1, Track(category_id=2, score=0.5, segmentations=(None,)))
    ...     path.exists()
    False
    >>> path.read_text().split()[-3:]
    ['null,', 'null]}', ']']
    >>> folder.cleanup()
    """

    def __init__(self, path: Path | str, lengths: Mapping[int, int] | None = None) -> None:
        self.path = target_of(path, "PredictionWriter")
        check_lengths(lengths, "PredictionWriter")
        self.tracks = 0
        self._lengths = dict(lengths or {})
        self._fixed = lengths is not None
        self._exit = contextlib.ExitStack()
        self._file = self._exit.enter_context(atomic(self.path))
        self._file.write(b"[")

    def add(self, video_id: int, track: Track) -> None:
        """Append one track.

        Raises: TypeError for what is no `Track`, or has masks, ids or a score of another kind than a track. ValueError
            for a track longer than its video or of another length than the others of the video, an unknown video, or a
            score that is not finite.
        """
        import json  # reading does without, and is quicker to start

        where = f"{self.path.name}, video {video_id!r}, track {self.tracks}"
        check_track(video_id, track, where)
        if self._fixed and video_id not in self._lengths:
            raise ValueError(f"{where}: the video must be one of `lengths`. Add its number of frames.")
        frames = len(track.segmentations)
        length = self._lengths.setdefault(video_id, frames)
        if frames > length or (frames < length and not self._fixed):
            raise ValueError(
                f"{where}: a track of this video must have {length} frames, got {frames}. "
                "Put None where the object is absent."
            )
        if not math.isfinite(track.score):
            raise ValueError(f"{where}: the score must be finite, got {track.score}.")
        head = {"video_id": int(video_id), "category_id": int(track.category_id), "score": float(track.score)}
        self._file.write(f'{"," * bool(self.tracks)}\n{json.dumps(head)[:-1]}, "segmentations": ['.encode("ascii"))
        masks, between = chain(track.segmentations, repeat(None, length - frames)), b""
        while some := [to_json(mask) for mask in islice(masks, _PIECE)]:
            self._file.write(between + json.dumps(some)[1:-1].encode("ascii"))
            between = b", "
        self._file.write(b"]}" if track.identity is None else f'], "identity": {int(track.identity)}}}'.encode("ascii"))
        self.tracks += 1

    def finish(self) -> None:
        """Close the list and let the file appear; a second call does nothing.

        For work that was interrupted and wants to keep what is done.
        """
        if not self._file.closed:
            self._file.write(b"\n]\n")
            self._exit.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.finish()
        else:
            self._exit.__exit__(kind, error, trace)


def write_predictions(
    path: Path | str, tracks: Mapping[int, Iterable[Track]], lengths: Mapping[int, int] | None = None
) -> None:
    """Write results, always `length` entries a track. Frames of a stream become tracks by `simvtr.TrackBuilder`.

    Args:
        path, lengths: see `PredictionWriter`.
        tracks: of each video by its id.
    Raises: TypeError and ValueError as `PredictionWriter`, naming video and track; nothing is written then.

    >>> write_predictions("results.json", [])
    Traceback (most recent call last):
    TypeError: write_predictions: tracks must be {video id: list of simvtr.Track}, got list. Write {1: tracks}. Frames \
of a stream become tracks by simvtr.TrackBuilder: add() each, then tracks().
    """
    target_of(path, "write_predictions")
    check_lengths(lengths, "write_predictions")
    check_tracks(tracks)
    with PredictionWriter(path, lengths) as writer:
        for video_id, found in tracks.items():
            for track in found:
                writer.add(video_id, track)


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[IO[bytes]]:
    """A file for writing that takes its name only when the block ends without an exception.

    It grows as `NAME.PID.part` in the same folder; what killed processes left there is removed. `.gz` and `.zip` pack
    what is written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with folders_for(path):
        _remove_left(path)
        try:
            with contextlib.ExitStack() as stack:
                yield _opened(part, path, stack)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _opened(part: Path, path: Path, stack: contextlib.ExitStack) -> IO[bytes]:
    """The growing file, that packs what is written where `path` says so."""
    file: Any = stack.enter_context(part.open("wb"))
    if path.suffix == ".gz":
        import gzip  # as `zipfile`, slow to import and seldom needed

        packed: Any = stack.enter_context(gzip.GzipFile(path.stem, "wb", fileobj=file, mtime=0))
        return packed
    if path.suffix == ".zip":
        import zipfile

        archive = stack.enter_context(zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED))
        inside = zipfile.ZipInfo(f"{path.stem}.json")  # its fixed date makes equal results equal files
        inside.compress_type = zipfile.ZIP_DEFLATED
        return stack.enter_context(archive.open(inside, "w", force_zip64=True))
    return file


@contextlib.contextmanager
def folders_for(path: Path) -> Iterator[None]:
    """Makes the folders that a file or folder is to lie in; those it made go again when the block raises."""
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for folder in made:
            with contextlib.suppress(OSError):  # what else was put there stays
                folder.rmdir()
        raise


def _remove_left(path: Path) -> None:
    for left in path.parent.glob(f"{glob.escape(path.name)}.*.part"):
        number = left.name.removeprefix(f"{path.name}.").removesuffix(".part")
        if number.isdecimal() and not _runs(int(number)):
            left.unlink(missing_ok=True)


def _runs(number: int) -> bool:
    """Whether there is a process of this number, as far as can be told."""
    if os.name != "posix":  # elsewhere the question would end it
        return True
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True
