"""The two ways to read a pair of truth and results: `strict` refuses what `ytvos`, the reference's way, scores anyhow.

What they disagree on, with an example each, is the table in docs/metric.md.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from simvtr.errors import DataError
from simvtr.rle import MaskTrack
from simvtr.schema import Predictions, Track, Truth, TruthTrack

Dialect = Literal["strict", "ytvos"]
Found = Mapping[int, Sequence[Track]]  # by video id


def require_read(caller: str, truth: Truth, found: Found | Predictions) -> None:
    """Refuses what is not truth and results, such as their paths, and a file of results without any.

    Who finds nothing, and wants to see that scored, gives a mapping without tracks.

    Raises: ValueError that says how to read them; DataError for an empty file.
    """
    if not isinstance(truth, Truth):
        raise ValueError(f"{caller}: truth must be a Truth, got {truth!r:.80}. Read it with simvtr.read_truth first.")
    if not isinstance(found, Predictions | Mapping):
        raise ValueError(
            f"{caller}: found must be Predictions or a mapping from video ids to tracks, got {found!r:.80}. Read it"
            " with simvtr.read_predictions first."
        )
    if isinstance(found, Predictions) and not any(found.tracks.values()):
        raise DataError(f"{found.path}: there must be at least one track, got an empty list.")


def require_known_videos(truth: Truth, found: Found, where: str) -> None:
    """Both dialects: results may only speak of videos that the truth has.

    Raises: DataError naming the first unknown video and how many there are.
    """
    unknown = [video for video in found if video not in truth.videos]
    if unknown:
        raise DataError(
            f"{where}, video {unknown[0]}: results must be of videos in {truth.path}, which has no such"
            f" id{_more(unknown)}. Score them against the truth they were made for."
        )


def require_strict(truth: Truth, found: Found, where: str) -> None:
    """Every track has its video's length, every mask its video's size, every category and id is in order.

    Files read strictly keep these rules already; tracks made in memory and files read leniently are checked here.

    Raises: DataError for the first rule that is broken: where first, what must hold, what came, how many more.
    """
    _require_ids(truth)
    named_truth = [(f"video {t.video_id}, track {t.id}", t.video_id, t) for ts in truth.tracks.values() for t in ts]
    named_found = [(f"video {v}, track {i} of that video", v, t) for v, ts in found.items() for i, t in enumerate(ts)]
    _require_categories(truth, named_truth, str(truth.path))
    _require_true_lengths(truth, named_truth)
    _require_sizes(truth, named_truth, str(truth.path))
    _require_found_lengths(truth, named_found, where)
    _require_categories(truth, named_found, where)
    _require_sizes(truth, named_found, where)
    wild = [(name, track.score) for name, _, track in named_found if not math.isfinite(track.score)]
    if wild:
        raise DataError(f"{where}, {wild[0][0]}: the score must be finite, got {wild[0][1]}{_more(wild)}.")


def reference_truth(truth: Truth) -> dict[tuple[int, int], list[TruthTrack]]:
    """True tracks by (video, category) as the reference reads them: of a repeated id the last counts, each time.

    "Last" is by the order of the videos, then of the file. Tracks of unlisted categories are left out. Where ids are
    unique and categories listed, this only groups the tracks.
    """
    last = {track.id: track for tracks in truth.tracks.values() for track in tracks}
    cells: dict[tuple[int, int], list[TruthTrack]] = {}
    for video in sorted(truth.videos):
        for listed in truth.tracks.get(video, ()):
            if listed.category_id in truth.categories:
                track = last[listed.id]
                cells.setdefault((track.video_id, track.category_id), []).append(track)
    return cells


_Named = Sequence[tuple[str, int, Track | TruthTrack]]  # place in its file, video id, track


def _require_ids(truth: Truth) -> None:
    seen: set[int] = set()
    repeated = []
    for track in (track for tracks in truth.tracks.values() for track in tracks):
        if track.id in seen:
            repeated.append(track)
        seen.add(track.id)
    if repeated:
        raise DataError(
            f"{truth.path}, video {repeated[0].video_id}, track {repeated[0].id}: ids of true tracks must be"
            f" unique, this one came before{_more(repeated)}. Number the annotations anew."
        )


def _require_categories(truth: Truth, tracks: _Named, where: str) -> None:
    unlisted = [(name, track) for name, _, track in tracks if track.category_id not in truth.categories]
    if unlisted:
        name, track = unlisted[0]
        raise DataError(
            f"{where}, {name}: the category must be one of the {len(truth.categories)} of {truth.path}, got"
            f" {track.category_id}{_more(unlisted)}. The public evaluator would drop such tracks unseen. Write the ids"
            f" that its categories have, {_listed(truth)}."
        )


def _require_true_lengths(truth: Truth, tracks: _Named) -> None:
    wrong = [(name, len(t.segmentations), truth.videos[v].length) for name, v, t in tracks]
    wrong = [entry for entry in wrong if entry[1] != entry[2]]
    if wrong:
        name, got, length = wrong[0]
        raise DataError(
            f"{truth.path}, {name}: there must be one mask or null for each of {length} frames, got {got}"
            f"{_more(wrong)}. Run `simvtr check` on the file."
        )


def _require_found_lengths(truth: Truth, tracks: _Named, where: str) -> None:
    lengths = [(name, len(track.segmentations), truth.videos[video].length) for name, video, track in tracks]
    short = [entry for entry in lengths if entry[1] < entry[2]]
    long = [entry for entry in lengths if entry[1] > entry[2]]
    if short or long:
        name, got, length = (short or long)[0]
        rule = f"{where}, {name}: there must be one mask or null for each of {length} frames, got {got}"
    if short:
        raise DataError(
            f"{rule}. {len(short)} of {len(lengths)} tracks are shorter than their video: the public evaluator"
            f" would score these on their first frames alone, {sum(got for _, got, _ in short)} of"
            f" {sum(length for *_, length in short)}. Pad absent frames with null, or see its number with the dialect"
            " ytvos."
        )
    if long:
        raise DataError(
            f"{rule}{_more(long)}. The public evaluator would leave the extra frames out of the overlap, not out"
            " of the track's size. Cut them."
        )


def _require_sizes(truth: Truth, tracks: _Named, where: str) -> None:
    wrong: list[tuple[str, int, int, str]] = []
    right: set[tuple[int, int]] = set()  # lists by object, and their video: copies of tracks share one list
    for name, video, track in tracks:
        size = (truth.videos[video].height, truth.videos[video].width)
        masks = track.segmentations
        if (id(masks), video) in right:
            continue
        if isinstance(masks, MaskTrack) and (masks.height, masks.width) in (size, (0, 0)):
            continue  # all its masks have one size, or it has none
        before = len(wrong)
        for frame, mask in enumerate(masks):
            if mask is not None and (mask.height, mask.width) != size:
                wrong.append((name, video, frame, f"{mask.height}x{mask.width}"))
        if len(wrong) == before:
            right.add((id(masks), video))
    if wrong:
        name, video, frame, got = wrong[0]
        home = truth.videos[video]
        raise DataError(
            f"{where}, {name}, frame {frame}: masks must have the video's size, {home.height}x{home.width} (height x"
            f" width), got {got}{_more(wrong)}. The public evaluator would leave such a frame out of the score. Resize"
            " it."
        )


def _listed(truth: Truth) -> str:
    ids = [str(category) for category in sorted(truth.categories)]
    return ", ".join(ids if len(ids) <= 8 else [*ids[:3], "...", ids[-1]])


def _more(breaches: Sequence[object]) -> str:
    return f" (and {len(breaches) - 1} more)" if len(breaches) > 1 else ""
