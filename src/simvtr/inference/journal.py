"""What was found so far, on disk, frame by frame: a killed run goes on from it, and masks need not stay in memory.

One JSON value a line: the settings first; then of every frame its votes and, a line each, its tracks; now and then a
mark from which a run can go on, with the state of the identities. A killed process leaves at worst half a line.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from simvtr.errors import DataError
from simvtr.inference.tracks import FrameResult, FrameTrack, Vote
from simvtr.rle import Rle, decode, encode, from_json, to_json

APART = 100  # frames between two marks, about: so many are found again, at most and the window's rest


class Journal:
    """Results of one run, on their way.

    Args:
        path: the file.
        settings: what the results depend on; a run goes on only with the same.
        resume: go on from the file, if it is there, instead of starting it anew.
    Raises: DataError when the file to go on from is no journal, or one of other settings.

    >>> import tempfile, numpy as np
    >>> path = Path(tempfile.mkdtemp(), "results.partial.jsonl")
    >>> ball = FrameTrack(4, 2, "ball", score=0.75, mask=np.ones((2, 3), bool))
    >>> with Journal(path, {"window": 1}) as journal:
    ...     places = journal.add(1, FrameResult(0, [ball], {4: Vote({2: 0.75})}))
    ...     journal.mark(1, 1, None)
    ...     _ = journal.add(1, FrameResult(1, [], {}))                       # after the last mark: found again
    >>> with Journal(path, {"window": 1}, resume=True) as journal:
    ...     [result.index for result, _ in journal.replay(1)], journal.reached(1)
    ([0], (1, None))
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], resume: bool = False) -> None:
        self.path = path
        self._marks: dict[int, tuple[int | None, Any]] = {}  # by video
        self._starts: dict[int, int] = {}  # byte of each video's first line
        self._marked = 0  # frames up to the last mark
        there = resume and path.exists()
        self._end = self._read(settings) if there else 0
        self._file: IO[bytes] = path.open("r+b" if there else "w+b")
        self._file.truncate(self._end)
        if not there:
            self._write({"settings": settings})

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, video: int, result: FrameResult) -> list[int]:
        """Write one frame, so that it outlives this process. Returns where its tracks' masks are, for `mask`."""
        votes = {str(identity): vote.probabilities for identity, vote in result.votes.items()}
        head = {"video": video, "frame": result.index, "doubt": result.doubt, "tracks": len(result.tracks)}
        self._starts.setdefault(video, self._end)
        self._write({**head, "votes": votes}, flush=False)
        places = [self._write(_track(track), flush=False) for track in result.tracks]
        self._file.flush()
        return places

    def mark(self, video: int, frame: int | None, state: Any) -> None:
        """From here a run can go on: with this frame of the video and this state, or, None, after the video."""
        self._write({"video": video, "next": frame, "state": state})
        self._marks[video] = frame, state

    def reached(self, video: int) -> tuple[int | None, Any]:
        """The video's last mark; frame 0 and no state when it has none."""
        return self._marks.get(video, (0, None))

    def mask(self, place: int) -> Rle:
        """The mask of a track that was written there."""
        return _mask(json.loads(self._line(place))["mask"])

    def replay(self, video: int) -> Iterator[tuple[FrameResult, list[int]]]:
        """The frames of a video that are here, in order, each with where its masks are."""
        place, stop = self._starts.get(video, self._end), self._end
        while place < stop:
            line = self._line(place)
            head = json.loads(line)
            place += len(line)
            if head["video"] != video:
                return
            if "frame" not in head:
                continue
            tracks, places = [], []
            for _ in range(head["tracks"]):
                places.append(place)
                line = self._line(place)
                place += len(line)
                found = json.loads(line)
                tracks.append(FrameTrack(**{**found, "mask": decode(_mask(found["mask"]))}))
            votes = {
                int(identity): Vote({int(category): p for category, p in vote.items()})
                for identity, vote in head["votes"].items()
            }
            yield FrameResult(head["frame"], tracks, votes, head["doubt"]), places

    def _line(self, place: int) -> bytes:
        self._file.seek(place)
        return self._file.readline()

    def _write(self, value: Any, flush: bool = True) -> int:
        """Append a line. Returns where it begins."""
        line = json.dumps(value).encode("ascii") + b"\n"
        self._file.seek(self._end)
        self._file.write(line)
        if flush:
            self._file.flush()
        place, self._end = self._end, self._end + len(line)
        return place

    def _read(self, settings: Mapping[str, Any]) -> int:
        """Learn the marks of the file. Returns the byte after the last."""
        place = end = 0
        with self.path.open("rb") as file:
            for line in file:
                value = None
                with contextlib.suppress(ValueError):  # cut off where the process was killed
                    value = json.loads(line)
                if not isinstance(value, dict) or not line.endswith(b"\n"):
                    break
                if not place:
                    self._check(value.get("settings"), settings)
                    end = len(line)
                elif "next" in value:
                    self._marks[value["video"]] = value["next"], value["state"]
                    end = place + len(line)
                elif "frame" in value:
                    self._starts.setdefault(value["video"], place)
                place += len(line)
        if not place:
            self._check(None, settings)
        self._starts = {video: start for video, start in self._starts.items() if start < end}
        return end

    def _check(self, known: Any, settings: Mapping[str, Any]) -> None:
        if known is None:
            raise DataError(f"{self.path}: its first line must be the settings of a run. Leave --resume out.")
        for name, value in json.loads(json.dumps(settings)).items():
            if known.get(name) != value:
                raise DataError(
                    f"{self.path}: --resume goes on with the same settings, {name} was {known.get(name)!r}, got "
                    f"{value!r}. Give the same, or leave --resume out to start anew."
                )


def _track(track: FrameTrack) -> dict[str, Any]:
    return {
        "identity": track.identity,
        "category_id": track.category_id,
        "category": track.category,
        "score": track.score,
        "mask": to_json(encode(track.mask)),
        "sureness": track.sureness,
    }


def _mask(value: Any) -> Rle:
    mask = from_json(value, where="a journal's mask")
    if mask is None:
        raise DataError("a journal's mask must be runs, got null. Leave --resume out to start anew.")
    return mask
