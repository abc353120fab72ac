"""Run-length masks (COCO): the only door to pycocotools, whose C code trusts its input.

On malformed runs pycocotools reads foreign memory, crashes or never returns, so everything that comes from a file
passes `compress`, `clean`, `from_json`, `MaskTrack.from_strings` or `MaskTrack.from_lists` here first: bytes, signs
and totals are checked in bounded time and memory.

masks   one mask: encode, decode, area, box, JSON; `clean` and `decoded_runs` of many
track   `MaskTrack`: all masks of a track in little memory
shared  pixels that tracks share: `frame_shared`, `track_shared`
kernel  compressed strings and lists of runs read, and tracks compared, by the compiled loops of runs.wat; for both
plain   the same without it, by NumPy; for both
native  pycocotools' C functions on our own arrays, for `shared`
"""

from simvtr.rle.masks import (
    MAX_PIXELS,
    Rle,
    area,
    box,
    checked_size,
    clean,
    compress,
    decode,
    decoded_runs,
    encode,
    from_json,
    from_polygons,
    intersections,
    to_json,
)
from simvtr.rle.shared import frame_shared, track_shared
from simvtr.rle.track import MaskTrack

__all__ = [
    "MAX_PIXELS",
    "MaskTrack",
    "Rle",
    "area",
    "box",
    "checked_size",
    "clean",
    "compress",
    "decode",
    "decoded_runs",
    "encode",
    "frame_shared",
    "from_json",
    "from_polygons",
    "intersections",
    "to_json",
    "track_shared",
]
