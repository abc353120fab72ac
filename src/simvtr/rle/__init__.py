"""Run-length masks (COCO): the only door to pycocotools, whose C code trusts its input.

masks   one mask: encode, decode, area, box, JSON; `clean` and `decoded_runs` of many
track   `MaskTrack`: all masks of a track in little memory; `frame_shared` pixels of whole tracks
native  pycocotools' C functions on our own arrays, for `track`
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
from simvtr.rle.track import MaskTrack, frame_shared

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
]
