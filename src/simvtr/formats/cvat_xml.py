"""CVAT for video 1.1, written: every mask a track of one frame, those of an object tied by their `group_id`.

This is how CVAT itself exports masks, and the only way it takes all of them: of a track of masks its import keeps the
first frame. Its import forgets the group; the file keeps it.

Source: cvat/apps/dataset_manager/formats/cvat.py, `load_anno` and `dump_as_cvat_interpolation`.
"""

import re
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from simvtr.errors import DataError
from simvtr.formats.files import atomic_folder, video_folders
from simvtr.formats.gather import Work, frame_size
from simvtr.rle import Rle, box, decode
from simvtr.schema import Truth, Video
from simvtr.schema.writer import atomic

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_cvat(truth: Truth, path: Path, work: Work) -> None:
    """An XML of the one video, or a folder with an XML a video.

    Raises: DataError when an .xml should hold several videos.
    """
    total = sum(video.length for video in truth.videos.values())
    if path.suffix.lower() != ".xml":
        with atomic_folder(path) as folder:
            done = 0
            for number, name in video_folders(truth).items():
                file = folder / f"{(name or str(number)).replace('/', '-')}.xml"
                _write(truth, truth.videos[number], file, work, done, total)
                done += truth.videos[number].length
    elif len(truth.videos) != 1:
        raise DataError(
            f"{path}: an XML of CVAT holds one video, got {len(truth.videos)}. Name a folder with --to cvat."
        )
    else:
        (video,) = truth.videos.values()
        _write(truth, video, path, work, 0, total)
    tracks = [track for several in truth.tracks.values() for track in several]
    work.note("CVAT imports masks one by one and forgets which belong together; in the file group_id says so")
    if any(track.crowd for track in tracks):
        work.note("CVAT knows no crowds: they become objects like the others")
    if any(track.occlusion for track in tracks):
        work.note("CVAT marks objects as occluded or not: how much is lost")
    if any(mask is not None and not box(mask)[2] for track in tracks for mask in track.segmentations):
        work.note("masks without a pixel are left out")


def _write(truth: Truth, video: Video, path: Path, work: Work, done: int, total: int) -> None:
    frame_size(video.height, video.width, f"{truth.path.name}, video {video.id}")
    labels = {kind.id: _printable(kind.name) or f"category {kind.id}" for kind in truth.categories.values()}
    tracks = truth.tracks.get(video.id, ())
    own = all(track.id > 0 for track in tracks)  # 0 is CVAT's "no group"
    groups = {track.id: track.id if own else place for place, track in enumerate(tracks, start=1)}
    with atomic(path) as file:
        _head(file, video, list(dict.fromkeys(labels.values())), path.stem)
        count = 0
        for frame in range(video.length):
            for track in tracks:
                mask = track.segmentations[frame]
                if mask is None or not box(mask)[2]:
                    continue
                label = quoteattr(labels[track.category_id])
                hidden = track.occlusion is not None and track.occlusion[frame] not in (None, "no_occlusion")
                file.write(
                    f'  <track id="{count}" label={label} source="file" group_id="{groups[track.id]}">\n'.encode()
                )
                file.write(f"    {_mask(mask, frame, hidden)}\n".encode())
                if frame + 1 < video.length:  # the object ends here: of the closing mask CVAT reads the frame alone
                    file.write(
                        f'    <mask frame="{frame + 1}" keyframe="1" outside="1" occluded="0" rle="1" left="0" top="0" '
                        'width="1" height="1" z_order="0"></mask>\n'.encode()
                    )
                file.write(b"  </track>\n")
                count += 1
            work.progress(done + frame + 1, total)
        file.write(b"</annotations>\n")


def _head(file: IO[bytes], video: Video, labels: list[str], name: str) -> None:
    """What a task is: its frames, their size, its labels."""
    listed = "".join(f"<label><name>{escape(label)}</name><attributes></attributes></label>" for label in labels)
    last = video.length - 1
    file.write(
        f"""<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id>{video.id}</id>
      <name>{escape(_printable(name))}</name>
      <size>{video.length}</size>
      <mode>interpolation</mode>
      <overlap>0</overlap>
      <bugtracker></bugtracker>
      <start_frame>0</start_frame>
      <stop_frame>{last}</stop_frame>
      <frame_filter></frame_filter>
      <labels>{listed}</labels>
      <segments><segment><id>1</id><start>0</start><stop>{last}</stop><url></url></segment></segments>
      <original_size><width>{video.width}</width><height>{video.height}</height></original_size>
    </task>
  </meta>
""".encode()
    )


def _mask(mask: Rle, frame: int, hidden: bool) -> str:
    """One mask: the runs of its box, row by row.

    >>> _mask(Rle(2, 3, b"33"), 0, False)  # the last column and the lower half of the one before
    '<mask frame="0" keyframe="1" outside="0" occluded="0" rle="1, 3" left="1" top="0" width="2" height="2" ...></mask>'
    """
    x, y, w, h = box(mask)
    line = decode(mask)[y : y + h, x : x + w].ravel()
    borders = np.flatnonzero(np.diff(line)) + 1
    runs = np.diff(borders, prepend=0, append=len(line)).tolist()
    counts = ", ".join(map(str, [0, *runs] if line[0] else runs))
    return (
        f'<mask frame="{frame}" keyframe="1" outside="0" occluded="{int(hidden)}" rle="{counts}" left="{x}" top="{y}" '
        f'width="{w}" height="{h}" z_order="0"></mask>'
    )


def _printable(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return _NOT_XML.sub("?", text)
