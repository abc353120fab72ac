"""What users hand over to be written, checked: a message says which video and track it is and what must be given."""

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simvtr.errors import came
from simvtr.rle import Rle
from simvtr.schema.records import Predictions, Track

_COLLECT = "Frames of a stream become tracks by simvtr.TrackBuilder: add() each, then tracks()."


def path_of(path: Any, caller: str) -> Path:
    """Raises: TypeError for what is no path."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(
            f"{caller}: path must be a str or Path, got {came(path)}. Name the file first, then give the rest."
        )
    return Path(path)


def check_lengths(lengths: Any) -> None:
    """Raises: TypeError for another thing than numbers of frames by video id."""
    if lengths is None:
        return
    if not isinstance(lengths, Mapping):
        raise TypeError(
            f"PredictionWriter: lengths must be {{video id: frames}}, got {came(lengths)}. Write {{1: frames}}."
        )
    for video_id, frames in lengths.items():
        if not (_whole(video_id) and _whole(frames)):
            raise TypeError(
                f"PredictionWriter: lengths, video {video_id!r}: id and frames must be whole numbers, "
                f"got {came(video_id)} and {came(frames)}. Give len(frames)."
            )


def check_tracks(tracks: Any) -> None:
    """Raises: TypeError for another thing than lists of tracks by video id; what is in the lists is not looked at."""
    if isinstance(tracks, Predictions):
        raise TypeError(
            "write_predictions: tracks must be {video id: list of simvtr.Track}, got Predictions. Give its .tracks."
        )
    if not isinstance(tracks, Mapping):
        given = "[track]" if isinstance(tracks, Track) else "tracks"
        raise TypeError(
            f"write_predictions: tracks must be {{video id: list of simvtr.Track}}, got {came(tracks)}. "
            f"Write {{1: {given}}}. {_COLLECT}"
        )
    for video_id, found in tracks.items():
        if not hasattr(found, "__iter__") or isinstance(found, str | Mapping):
            do = "Write [track]." if isinstance(found, Track) else _COLLECT
            raise TypeError(
                f"write_predictions: video {video_id!r} must have a list of simvtr.Track, got {came(found)}. {do}"
            )


def check_track(video_id: Any, track: Any, number: int) -> None:
    """Raises: TypeError for what cannot be written as the track of this number from 0 in its file."""
    where = f"PredictionWriter.add: video {video_id!r}, track {number}"
    if not isinstance(track, Track):
        raise TypeError(f"{where} must be a simvtr.Track, got {came(track)}. {_COLLECT}")
    for name, given in (("video id", video_id), ("category_id", track.category_id), ("identity", track.identity)):
        if not (_whole(given) or (given is None and name == "identity")):
            raise TypeError(
                f"{where}: the {name} must be a whole number, got {came(given)}. Give the one of the truth."
            )
    try:
        math.isfinite(track.score)
    except TypeError:
        raise TypeError(f"{where}: the score must be one number, got {came(track.score)}. Give a float.") from None
    masks = track.segmentations
    if not isinstance(masks, Sequence) or isinstance(masks, str | bytes):
        raise TypeError(f"{where}: segmentations must be a list, simvtr.Rle or None a frame, got {came(masks)}. {_RLE}")
    if isinstance(masks, list | tuple):  # the other kinds, a file's and a journal's, hold nothing else
        for frame, mask in enumerate(masks):
            if mask is not None and not isinstance(mask, Rle):
                raise TypeError(f"{where}, frame {frame}: a mask must be simvtr.Rle or None, got {came(mask)}. {_RLE}")


_RLE = "simvtr.rle.encode makes one of a bool (H, W) array, simvtr.rle.from_json of COCO's dict."


def _whole(value: Any) -> bool:
    """Whether this is a whole number, of whatever kind."""
    try:
        return bool(int(value) == value)
    except (TypeError, ValueError, OverflowError):
        return False
