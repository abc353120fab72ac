"""The two ways to read a pair of truth and results: `strict` refuses what `ytvos`, the reference's way, scores anyhow.

What they disagree on, with an example each, is the table in docs/metric.md.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from simvtr.errors import DataError
from simvtr.schema import Track, Truth, TruthTrack

Dialect = Literal["strict", "ytvos"]


def require_known_videos(truth: Truth, found: Mapping[int, Sequence[Track]], where: str) -> None:
    """Both dialects: results may only speak of videos that the truth has.

    Raises: DataError naming the first unknown video and how many there are.
    """
    unknown = [video for video in found if video not in truth.videos]
    if unknown:
        raise DataError(
            f"{where}, video {unknown[0]}: results must be of videos in {_name(truth)}, which has no such"
            f" id{_more(unknown)}. Score them against the truth they were made for."
        )


def require_strict(truth: Truth, found: Mapping[int, Sequence[Track]], where: str) -> None:
    """Every track has its video's length, every mask its video's size, every category and id is in order.

    Raises: DataError for the first rule that is broken: where first, what must hold, what came, how many more.
    """
    truth_name = _name(truth)
    listed = [(video, track) for video, tracks in truth.tracks.items() for track in tracks]
    ids = [track.id for _, track in listed]
    if len(set(ids)) != len(ids):
        seen: set[int] = set()
        twice = [(v, t.id) for v, t in listed if t.id in seen or seen.add(t.id)]
        raise DataError(
            f"{truth_name}, video {twice[0][0]}, track id {twice[0][1]}: ids of true tracks must be unique, this one"
            f" came before{_more(twice)}. Number the annotations anew."
        )
    strangers = [(video, track) for video, track in listed if track.category_id not in truth.categories]
    if strangers:
        video, true_track = strangers[0]
        raise DataError(
            f"{truth_name}, video {video}, track id {true_track.id}: its category must be listed, got"
            f" {true_track.category_id}{_more(strangers)}. Add it to the categories."
        )
    for video, track in listed:
        length = truth.videos[video].length
        if len(track.segmentations) != length:
            raise DataError(
                f"{truth_name}, video {video}, track id {track.id}: one mask or null for each of {length} frames, got"
                f" {len(track.segmentations)}. Run `simvtr check` on it."
            )
    _require_sizes(
        truth, {v: [(f"track id {t.id}", t) for t in tracks] for v, tracks in truth.tracks.items()}, truth_name
    )

    _require_lengths(truth, found, where)
    unknown = [(v, i, t) for v, ts in found.items() for i, t in enumerate(ts) if t.category_id not in truth.categories]
    if unknown:
        video, position, track = unknown[0]
        raise DataError(
            f"{where}, video {video}, track {position} of that video: category must be one of the"
            f" {len(truth.categories)} of {truth_name}, got {track.category_id}{_more(unknown)}. The reference would drop these tracks unseen."
        )
    _require_sizes(truth, {v: [(f"track {i}", t) for i, t in enumerate(tracks)] for v, tracks in found.items()}, where)


def _require_lengths(truth: Truth, found: Mapping[int, Sequence[Track]], where: str) -> None:
    tracks = [(v, i, len(t.segmentations), truth.videos[v].length) for v, ts in found.items() for i, t in enumerate(ts)]
    short = [entry for entry in tracks if entry[2] < entry[3]]
    if short:
        video, position, got, length = short[0]
        scored, all_frames = sum(entry[2] for entry in short), sum(entry[3] for entry in short)
        raise DataError(
            f"{where}, video {video}, track {position} of that video: one mask or null for each of {length}"
            f" frames, got {got}. {len(short)} of {len(tracks)} tracks are shorter than their video: the reference"
            f" would have scored them on their first frames alone, {scored} of {all_frames}. Pad absent frames with"
            " null, or see the reference's number with the dialect ytvos."
        )
    long = [entry for entry in tracks if entry[2] > entry[3]]
    if long:
        video, position, got, length = long[0]
        raise DataError(
            f"{where}, video {video}, track {position} of that video: one mask or null for each of {length}"
            f" frames, got {got}{_more(long)}. The reference would drop the extra frames from the overlap, not from the size."
        )


def _require_sizes(truth: Truth, tracks: Mapping[int, Sequence[tuple[str, Track | TruthTrack]]], where: str) -> None:
    wrong: list[tuple[int, str, int, tuple[int, int]]] = []
    for video, named in tracks.items():
        size = (truth.videos[video].height, truth.videos[video].width)
        for name, track in named:
            for frame, mask in enumerate(track.segmentations):
                if mask is not None and (mask.height, mask.width) != size:
                    wrong.append((video, name, frame, (mask.height, mask.width)))
    if wrong:
        video, name, frame, (height, width) = wrong[0]
        home = truth.videos[video]
        raise DataError(
            f"{where}, video {video}, {name}, frame {frame}: masks must have the video's size,"
            f" {home.height}x{home.width} (height x width), got {height}x{width}{_more(wrong)}."
            " The reference would leave such a frame out of the score; resize the masks."
        )


def reference_truth(truth: Truth) -> dict[tuple[int, int], list[TruthTrack]]:
    """True tracks by (video, category) as the reference reads them: of a repeated id the last counts, each time.

    Tracks of unlisted categories are left out. Both are nothing on clean data.
    """
    last = {track.id: track for tracks in truth.tracks.values() for track in tracks}
    cells: dict[tuple[int, int], list[TruthTrack]] = {}
    for video in sorted(truth.videos):
        for listed in truth.tracks.get(video, ()):
            if listed.category_id in truth.categories:
                track = last[listed.id]
                cells.setdefault((track.video_id, track.category_id), []).append(track)
    return cells


def _name(truth: Truth) -> str:
    return Path(truth.path).name if truth.path else "truth"


def _more(breaches: Sequence[object]) -> str:
    return f" (and {len(breaches) - 1} more)" if len(breaches) > 1 else ""
