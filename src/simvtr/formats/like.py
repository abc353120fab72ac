"""Ids for a data set that went through a format without them: those of the one it came from."""

from dataclasses import replace

from simvtr.errors import DataError
from simvtr.schema import Truth


def with_ids_of(truth: Truth, like: Truth) -> Truth:
    """The same data set with the ids of another: categories by name, videos by the names of their files.

    Where each has one video of equal length, they are the same whatever their files are called.

    Raises: DataError for a category or video that `like` does not have.
    """
    names: dict[str, int] = {}
    for kind in like.categories.values():
        names.setdefault(kind.name, kind.id)
    kinds: dict[int, int] = {}
    for kind in truth.categories.values():
        if kind.name in names:
            kinds[kind.id] = names[kind.name]
    videos = {number: _twin(truth, number, like) for number in truth.videos}
    tracks = {}
    for number, own in truth.tracks.items():
        for track in own:
            if track.category_id not in kinds:
                raise DataError(
                    f"{truth.path.name}, track {track.id}: the category must be one of {like.path.name}, got "
                    f"{truth.categories[track.category_id].name!r:.60}. Rename it."
                )
        there = videos[number]
        tracks[there] = [replace(track, video_id=there, category_id=kinds[track.category_id]) for track in own]
    shown = {there: replace(like.videos[there]) for there in videos.values()}
    return Truth(shown, tracks, dict(like.categories), truth.path)


def _twin(truth: Truth, number: int, like: Truth) -> int:
    """The id of the same video in the other data set."""
    own = truth.videos[number]
    same = [v.id for v in like.videos.values() if own.file_names and v.file_names == own.file_names]
    if not same and len(truth.videos) == len(like.videos) == 1:
        same = list(like.videos)
    twin = like.videos[same[0]] if same else own
    if not same or (twin.height, twin.width, twin.length) != (own.height, own.width, own.length):
        raise DataError(
            f"{truth.path.name}, video {number}: must be a video of {like.path.name}, with its file names, "
            f"{own.width} x {own.height} pixels and {own.length} frames, got none. Give the frames with --images."
        )
    return twin.id
