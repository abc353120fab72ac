"""What was found so far, on disk, frame by frame: a killed run goes on from it, and masks need not stay in memory.

One JSON value a line. A killed process leaves at worst half a line at the end, so what was found can be read at every
moment, also while the run goes on (`read_journal`):

    {"settings": {...}}                                                          the first line, always whole
    {"video": 1, "frame": 0, "doubt": 20, "tracks": 1, "votes": {"4": {"2": 0.75}}}      a frame; then its tracks:
    {"identity": 4, ..., "mask": {"size": [2, 3], "counts": "06"}, "before": null}
    {"video": 1, "next": 100, "state": {...}}               a mark: from here a run can go on; null: after the video
    {"sum": 3735928559}                                     CRC-32 of all bytes before: without it the mark is none

Votes are by identity and category id. `before` is [frame, byte] of the identity's line before this one in the video:
the lines of one track form a chain, so that nobody has to remember where its masks are.
"""

import contextlib
import json
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from simvtr.errors import DataError
from simvtr.inference.tracks import FrameResult, FrameTrack, Vote
from simvtr.rle import Rle, decode, encode, from_json, to_json
from simvtr.schema.writer import atomic

APART = 50  # frames between two marks, about: so many are found again, at most and the window's rest


def read_journal(path: str | Path) -> Iterator[tuple[int, FrameResult]]:
    """Video id and result of every frame in a journal, in order, up to where it ends now or was cut off.

    Raises: DataError when the file is no journal; OSError when it cannot be read.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "results.partial.jsonl")
    >>> with Journal(path, {"window": 1}) as journal:
    ...     journal.add(1, FrameResult(0, [], {4: Vote({2: 0.75})}))
    ...     _ = path.open("a").write('{"video": 1, "fra')                    # as a killed process leaves it
    ...     list(read_journal(path))
    [(1, FrameResult(index=0, tracks=[], votes={4: Vote(probabilities={2: 0.75})}, doubt=0))]
    """
    with Path(path).open("rb") as file:
        if "settings" not in (_whole(file.readline()) or {}):
            raise DataError(f"{path}: its first line must be the settings of a run. Name a results.partial.jsonl.")
        while (head := _whole(file.readline())) is not None:
            if "frame" in head:
                tracks = [line for _ in range(head["tracks"]) if (line := _whole(file.readline())) is not None]
                if len(tracks) < head["tracks"]:
                    return
                yield head["video"], _result(head, tracks)


def settings_of(path: Path) -> dict[str, Any] | None:
    """The settings of a journal's run; None where there is no journal."""
    try:
        with path.open("rb") as file:
            return (_whole(file.readline()) or {}).get("settings")
    except OSError:
        return None


def changed(known: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """The first of the settings that another run had otherwise; "" where none is.

    >>> changed({"window": 1, "keep": 0.5}, {"window": 4, "keep": 0.5})
    'window was 1, got 4'
    >>> changed({"link": {"gate": 0.5, "live": 50}}, {"link": {"gate": 0.6, "live": 50}})
    'link.gate was 0.5, got 0.6'
    """
    for name, value in json.loads(json.dumps(settings)).items():
        old = known.get(name)
        if isinstance(old, dict) and isinstance(value, dict):
            if what := changed(old, value):
                return f"{name}.{what}"
        elif old != value:
            return f"{name} was {old!r}, got {value!r}"
    return ""


def same_settings(path: Path, known: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Raises: DataError when a run by these settings is not the one that a file, whose settings are known, is of."""
    if what := changed(known, settings):
        raise DataError(
            f"{path}: --resume goes on with the same settings, {what}. Give the same, or choose another --out."
        )


class Journal:
    """Results of one run, on their way.

    Args:
        path: the file.
        settings: what the results depend on; a run goes on only with the same.
        resume: go on from the file, if it is there, instead of starting it anew.
    Raises: DataError when the file to go on from is no journal, one of other settings, or was changed.

    Holds a number for each identity of the video that it is at, and the state at the last mark.

    >>> import tempfile, numpy as np
    >>> path = Path(tempfile.mkdtemp(), "results.partial.jsonl")
    >>> ball = FrameTrack(4, 2, "ball", score=0.75, mask=np.ones((2, 3), bool))
    >>> with Journal(path, {"window": 1}) as journal:
    ...     journal.add(1, FrameResult(0, [ball], {4: Vote({2: 0.75})}))
    ...     journal.mark(1, 1, None)
    ...     journal.add(1, FrameResult(1, [], {}))                           # after the last mark: found again
    >>> with Journal(path, {"window": 1}, resume=True) as journal:
    ...     [result.index for result in journal.replay(1)], journal.reached(1), list(journal.masks(4))
    ([0], (1, None), [(0, Rle(height=2, width=3, counts=b'06'))])
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], resume: bool = False) -> None:
        self.path = path
        self._marks: dict[int, tuple[int | None, Any]] = {}  # by video
        self._starts: dict[int, int] = {}  # byte of each video's first line
        self._video: int | None = None  # that `add` and `replay` are at
        self._last: dict[int, tuple[int, int]] = {}  # of each identity there: its last frame and that line's byte
        self._end = self._sum = 0  # bytes, and their CRC-32
        if not (resume and path.exists()):
            with atomic(path) as file:  # killed even now, the first line is whole
                file.write(_line({"settings": settings}))
        self._read(settings)
        self._file: IO[bytes] = path.open("r+b")
        self._file.truncate(self._end)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, video: int, result: FrameResult) -> None:
        """Write one frame, so that it outlives this process."""
        self._at(video)
        votes = {str(identity): vote.probabilities for identity, vote in result.votes.items()}
        head = {"video": video, "frame": result.index, "doubt": result.doubt, "tracks": len(result.tracks)}
        self._starts.setdefault(video, self._end)
        lines = [_line({**head, "votes": votes})]
        place = self._end + len(lines[0])
        for track in result.tracks:
            lines.append(_line({**_track(track), "before": self._last.get(track.identity)}))
            self._last[track.identity] = result.index, place
            place += len(lines[-1])
        self._append(b"".join(lines))

    def mark(self, video: int, frame: int | None, state: Any) -> None:
        """From here a run can go on: with this frame of the video and this state, or, None, after the video."""
        line = _line({"video": video, "next": frame, "state": state})
        self._append(line + _line({"sum": zlib.crc32(line, self._sum)}))
        self._marks[video] = frame, state

    def reached(self, video: int) -> tuple[int | None, Any]:
        """The video's last mark; frame 0 and no state when it has none."""
        return self._marks.get(video, (0, None))

    def masks(self, identity: int) -> Iterator[tuple[int, Rle]]:
        """Frame and mask of every track line of an identity, frames rising, of the video that was added or replayed
        last. Twelve bytes a frame of this one track are held meanwhile: its chain is read from the end."""
        places, frames = array("q"), array("i")
        link = self._last.get(identity)
        while link is not None:
            frames.append(link[0])
            places.append(link[1])
            link = json.loads(self._line(link[1]))["before"]
        for frame, place in zip(reversed(frames), reversed(places), strict=True):
            yield frame, _mask(json.loads(self._line(place))["mask"])

    def replay(self, video: int) -> Iterator[FrameResult]:
        """The frames of a video that are here, in order."""
        self._at(video)
        place, stop = self._starts.get(video, self._end), self._end
        while place < stop:
            line = self._line(place)
            head = json.loads(line)
            place += len(line)
            if "frame" not in head:
                continue
            if head["video"] != video:
                return
            tracks = []
            for _ in range(head["tracks"]):
                line = self._line(place)
                tracks.append(json.loads(line))
                self._last[tracks[-1]["identity"]] = head["frame"], place
                place += len(line)
            yield _result(head, tracks)

    def _at(self, video: int) -> None:
        if video != self._video:
            self._video = video
            self._last.clear()

    def _line(self, place: int) -> bytes:
        self._file.seek(place)
        return self._file.readline()

    def _append(self, lines: bytes) -> None:
        self._file.seek(self._end)
        self._file.write(lines)
        self._file.flush()
        self._end += len(lines)
        self._sum = zlib.crc32(lines, self._sum)

    def _read(self, settings: Mapping[str, Any]) -> None:
        """Learn the marks of the file, and where the last one ends."""
        place = crc = 0
        mark: dict[str, Any] = {}
        starts: list[tuple[Any, int]] = []  # of each run of frames of one video since the last mark
        with self.path.open("rb") as file:
            for line in file:
                if (value := _whole(line)) is None:
                    break
                if not place:
                    self._check(value.get("settings"), settings)
                elif "sum" in value:
                    if value["sum"] != crc or not mark:
                        raise DataError(f"{self.path}: was changed since it was written. Leave --resume out.")
                    self._marks[mark["video"]] = mark["next"], mark["state"]
                    for video, start in starts:
                        self._starts.setdefault(video, start)
                    starts.clear()
                elif "next" in value:
                    mark = value
                elif "frame" in value and (not starts or starts[-1][0] != value.get("video")):
                    starts.append((value.get("video"), place))
                crc = zlib.crc32(line, crc)
                if not place or "sum" in value:
                    self._end, self._sum = place + len(line), crc
                place += len(line)
        if not place:
            self._check(None, settings)

    def _check(self, known: Any, settings: Mapping[str, Any]) -> None:
        if known is None:
            raise DataError(f"{self.path}: its first line must be the settings of a run. Leave --resume out.")
        same_settings(self.path, known, settings)


def _line(value: Any) -> bytes:
    return json.dumps(value).encode("ascii") + b"\n"


def _whole(line: bytes) -> dict[str, Any] | None:
    """What the line says; None where it was cut off, or was none of ours."""
    with contextlib.suppress(ValueError):
        value = json.loads(line)
        if isinstance(value, dict) and line.endswith(b"\n"):
            return value
    return None


def _result(head: dict[str, Any], tracks: Iterable[dict[str, Any]]) -> FrameResult:
    """The frame that these lines tell."""
    found = [
        FrameTrack(**{name: track[name] for name in _PLAIN}, mask=decode(_mask(track["mask"]))) for track in tracks
    ]
    votes = {
        int(identity): Vote({int(category): p for category, p in vote.items()})
        for identity, vote in head["votes"].items()
    }
    return FrameResult(head["frame"], found, votes, head["doubt"])


_PLAIN = ("identity", "category_id", "category", "score", "sureness")


def _track(track: FrameTrack) -> dict[str, Any]:
    return {**{name: getattr(track, name) for name in _PLAIN}, "mask": to_json(encode(track.mask))}


def _mask(value: Any) -> Rle:
    mask = from_json(value, where="a journal's mask")
    if mask is None:
        raise DataError("a journal's mask must be runs, got null. Leave --resume out to start anew.")
    return mask
