"""MOTS's text form: one line a mask, `frame object class height width runs`, one file a video.

Source: vision.rwth-aachen.de/page/mots; object ids are class x 1000 + number, 10,000 is a region to ignore.
"""

from pathlib import PurePosixPath

from simvtr.errors import DataError, many
from simvtr.formats.davis import IGNORED, mots_class
from simvtr.formats.files import listed_images
from simvtr.formats.gather import Gather, Work, frame_count
from simvtr.formats.source import Source
from simvtr.rle import Rle, from_json
from simvtr.schema import Truth

MAX_TXT = 2 << 30  # bytes of one video
_FIELDS = 6
_Line = tuple[int, int, int, Rle]  # frame, object, class, mask


def read_mots(source: Source, names: list[str], work: Work) -> Truth:
    """Videos from text files, in the order of `names`. Frames reach from 0 or 1 to the last one that is named.

    Raises: DataError for a line that is none, or masks that differ in size.
    """
    gather = Gather(source.path)
    for name in names:
        where = source.where(name)
        lines = _lines(source.read(name, MAX_TXT), where)
        if not lines:
            raise DataError(f"{where}: a video must have a mask, got none.")
        first, last = min(1, min(lines)[0]), max(line[0] for line in lines)  # KITTI counts from 0, MOTChallenge from 1
        folder = PurePosixPath(name).stem if len(names) > 1 else ""
        images = None if work.images is None else listed_images(work.images / folder, where)
        length = len(images) if images is not None else frame_count(last - first + 1, where)
        prefix = f"{folder}/" if folder else ""
        files = images or [f"{frame:06d}.jpg" for frame in range(first, last + 1)]
        one = lines[0][3]
        video = gather.video(height=one.height, width=one.width, length=length, names=[prefix + file for file in files])
        ignored = 0
        for i, (frame, number, kind, mask) in enumerate(lines):
            at = f"{where}, frame {frame}, object {number}"
            if number == IGNORED:
                ignored += 1
                continue
            category = mots_class(number, kind, work)
            gather.add(video, frame - first, identity=number, category=category, mask=mask, where=at)
            work.progress(i + 1, len(lines))
        if ignored:
            work.note(f"{where}: {many(ignored, 'mask')} of what is to be ignored left out")
        if images is None:
            work.note(f"{where}: the last frame with a mask counts as the last one; --images has the true number")
    return gather.truth(work)


def _lines(data: bytes, where: str) -> list[_Line]:
    lines = []
    for i, line in enumerate(data.decode("latin-1").split("\n"), start=1):
        if not line.strip():
            continue
        fields = line.split()
        if len(fields) != _FIELDS or not all(f.isascii() and f.isdecimal() and len(f) < 10 for f in fields[:-1]):
            raise DataError(
                f"{where}, line {i}: must be five numbers (frame, object, class, height, width) and the runs, got "
                f"{line[:60]!r}."
            )
        frame, number, kind, height, width = map(int, fields[:-1])
        mask = from_json({"size": [height, width], "counts": fields[-1]}, where=f"{where}, line {i}")
        assert mask is not None  # it has size and counts
        lines.append((frame, number, kind, mask))
    return lines
