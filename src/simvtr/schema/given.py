"""What users hand over to be written, checked: a message says which video and track it is and what must be given."""

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simvtr.errors import came, numpy_of
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


def target_of(path: Any, caller: str) -> Path:
    """Raises: TypeError for what is no path, ValueError for one that is no file's."""
    path = path_of(path, caller)
    if not path.name:  # "." and "/"
        raise ValueError(f"{caller}: path must name a file, got {str(path)!r}.")
    return path


def check_lengths(lengths: Any, caller: str) -> None:
    """Raises: TypeError for another thing than numbers of frames by video id."""
    if lengths is None:
        return
    if not isinstance(lengths, Mapping):
        raise TypeError(f"{caller}: lengths must be {{video id: frames}}, got {came(lengths)}. Write {{1: frames}}.")
    for video_id, frames in lengths.items():
        if not (_whole(video_id) and _whole(frames)):
            raise TypeError(
                f"{caller}: lengths, video {video_id!r}: id and frames must be whole numbers, "
                f"got {came(video_id)} and {came(frames)}. Give len(frames)."
            )


def check_tracks(tracks: Any) -> None:
    """Raises: TypeError for another thing than lists of tracks by video id; what is in the lists is not looked at."""
    if isinstance(tracks, Predictions):
        raise TypeError(
            "write_predictions: tracks must be {video id: list of simvtr.Track}, got Predictions. Give its .tracks."
        )
    if not isinstance(tracks, Mapping):
        given = "[track]" if isinstance(tracks, Track) or _encoded(tracks) else "tracks"
        raise TypeError(
            f"write_predictions: tracks must be {{video id: list of simvtr.Track}}, got {came(tracks)}. "
            f"Write {{1: {given}}}. {_how(tracks)}"
        )
    for video_id, found in tracks.items():
        if not hasattr(found, "__iter__") or isinstance(found, str | Mapping):
            do = "Write [track]." if isinstance(found, Track) else _how(found)
            raise TypeError(
                f"write_predictions: video {video_id!r} must have a list of simvtr.Track, got {came(found)}. {do}"
            )


def check_track(video_id: Any, track: Any, where: str) -> None:
    """Raises: TypeError for what cannot be written as a track."""
    if not isinstance(track, Track):
        raise TypeError(f"{where} must be a simvtr.Track, got {came(track)}. {_how(track)}")
    for name, given in (("video id", video_id), ("category_id", track.category_id), ("identity", track.identity)):
        if not (_whole(given) or (given is None and name == "identity")):
            raise TypeError(
                f"{where}: the {name} must be a whole number, got {came(given)}. Give the one of the truth."
            )
    try:
        math.isfinite(track.score)
    except (TypeError, ValueError):  # of more than one number
        raise TypeError(f"{where}: the score must be one number, got {came(track.score)}. Give a float.") from None
    masks = track.segmentations
    if not isinstance(masks, Sequence) or isinstance(masks, str | bytes):
        raise TypeError(
            f"{where}: segmentations must be a list, simvtr.Rle or None a frame, got {came(masks)}. {_rle(masks)}"
        )
    if isinstance(masks, list | tuple):  # the other kinds, a file's and a journal's, hold nothing else
        for frame, mask in enumerate(masks):
            if mask is not None and not isinstance(mask, Rle):
                raise TypeError(
                    f"{where}, frame {frame}: a mask must be simvtr.Rle or None, got {came(mask)}. {_rle(mask)}"
                )


def _rle(masks: Any) -> str:
    """How a mask is made of what came instead of masks."""
    if call := _encoded(masks):
        return f"{call} makes one of a bool (H, W) tensor."
    return "simvtr.rle.encode makes one of a bool (H, W) array, simvtr.rle.from_json of COCO's dict."


def _how(given: Any) -> str:
    """How tracks are made of what came instead of them."""
    if call := _encoded(given):
        return f"A track of masks is simvtr.Track(category_id, score, [{call} for mask in masks])."
    return _COLLECT


def _encoded(given: Any) -> str:
    """The call for each mask where tensors came; else nothing."""
    array = numpy_of("mask", given)
    return array and f"simvtr.rle.encode({array})"


def _whole(value: Any) -> bool:
    """Whether this is a whole number, of whatever kind."""
    try:
        return bool(int(value) == value)
    except (TypeError, ValueError, OverflowError):
        return False
