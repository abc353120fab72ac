"""Whole tracks read at one go where every mask is as usual: a fortieth of the cost of reading mask by mask.

What is unusual or wrong in any mask is left to `source.MaskBatch`, which looks at each and names it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simvtr.errors import DataError
from simvtr.rle import MaskTrack, checked_size
from simvtr.schema.raw import RawMask, RawSegmentation, RawTrack, UnreadMask
from simvtr.schema.records import Video

_FEW = 1000  # characters; below this the batch of several tracks is faster
_Usual = tuple[list[Any], int, int]  # the runs of each frame as text, None where absent; height, width


def found_masks(tracks: Sequence[tuple[Sequence[RawSegmentation], Video | None]]) -> list[MaskTrack | None]:
    """The masks of each track where all present ones are compressed strings of one size and nothing is wrong.

    Args:
        tracks: masks and a video; with one, the size must be its.
    """
    return _packed(MaskTrack.from_strings, [_strings(*track) for track in tracks])


def listed_masks(tracks: Sequence[tuple[Sequence[UnreadMask | None], Video | None]]) -> list[MaskTrack | None]:
    """The same for masks that are lists of runs, their counts what stands between the brackets."""
    return _packed(MaskTrack.from_lists, [_usual(raws, UnreadMask, video) for raws, video in tracks])


def video_of(track: RawTrack, videos: Mapping[int, Video], strict: bool) -> Video | None:
    """The video whose size the masks of an annotation must have, if they must."""
    return videos.get(track.video_id) if strict else None


def _packed(read: Callable[..., list[MaskTrack] | None], usual: Sequence[_Usual | None]) -> list[MaskTrack | None]:
    """Those tracks that are usual, all read together; if not all of them are sound, one by one."""
    given = [track for track in usual if track is not None]
    together = read(given) if given else []
    if together is None:
        return [track and (read([track]) or [None])[0] for track in usual]
    each = iter(together)
    return [track and next(each) for track in usual]


def _usual(raws: Sequence[Any], kind: type[RawMask] | type[UnreadMask], video: Video | None) -> _Usual | None:
    """The runs of masks that are all of one kind and one size, that of the video if there is one."""
    if not set(map(type, raws)) <= {kind, type(None)}:
        return None
    sizes = {raw.size for raw in raws if raw is not None}
    size = sizes.pop() if len(sizes) == 1 else None
    if size is None:
        return None
    try:
        height, width = checked_size(size, where="")
    except DataError:
        return None
    if video is not None and (height, width) != (video.height, video.width):
        return None
    return [None if raw is None else raw.counts for raw in raws], height, width


def _strings(raws: Sequence[RawSegmentation], video: Video | None) -> _Usual | None:
    """The same for compressed strings, if there is enough of them."""
    usual = _usual(raws, RawMask, video)
    if usual is None:
        return None
    absent = raws.count(None)
    if usual[0].count(None) != absent:  # a mask without counts is no absent one
        return None
    present = [counts for counts in usual[0] if counts is not None] if absent else usual[0]
    if set(map(type, present)) != {str} or sum(map(len, present)) < _FEW:
        return None
    return usual
