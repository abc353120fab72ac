"""Results of other systems, made what servers and `simvtr eval` take: one list of tracks, null where absent.

| who | differs in |
|---|---|
| SAM 3 (veval) | absence is an all-zero mask with the box [0, 0, 0, 0]; `bboxes`, `areas` beside |
| detectron2's VIS models (MinVIS, VITA, Mask2Former) | absence is an all-zero mask |
| mmdetection, mmtracking (YouTubeVISMetric) | nothing: null where absent |
| hand-made | counts as Python bytes ("b'...'"), ids as text, the list inside an object |
"""

import ast
import contextlib
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from simvtr.errors import DataError, many
from simvtr.formats.gather import Gather, Progress, Work
from simvtr.schema import Predictions, PredictionWriter, Truth, read_predictions
from simvtr.schema.source import decode, read_bytes
from simvtr.schema.writer import folders_for

_LISTS = ("results", "predictions", "annotations")  # keys of objects that hold the list
_KEPT = ("video_id", "category_id", "score", "segmentations", "identity")
_COUNTED = {"empty": "all-zero mask", "extra": "track", "text": "number", "bytes": "mask"}
_SAID = {
    "wrapped": "the list of tracks was inside an object",
    "empty": "{} stood for absence: now null",
    "extra": "{} had boxes, areas or other keys that are not scored: left out",
    "text": "{} stood as text in ids or scores: now as numbers",
    "bytes": "{} had counts written as Python bytes: now text",
}


def normalise_results(path: Path | str, truth: Truth, work: Work) -> Predictions:
    """Results of another system, read strictly after their known peculiarities are set right.

    Args:
        path: JSON, ZIP or GZ.
        truth: the data set that they are for.
        work: its notes say what was changed, and how often.
    Raises: DataError for all that `read_predictions` refuses: a track shorter than its video stays refused.
    """
    path = Path(path)
    changes = Counter[str]()
    raws = _list(path, changes)
    if not raws:  # as `simvtr eval` and servers refuse it
        raise DataError(f"{path.name}: results must be at least one track, got an empty list.")
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder, path.with_suffix(".json").name if path.suffix in (".zip", ".gz") else path.name)
        with plain.open("wb") as file:
            file.write(b"[")
            for i, entry in enumerate(_normal(raws, path, changes)):
                file.write((b",\n" if i else b"\n") + entry)
                work.progress(i + 1, len(raws))
            file.write(b"\n]\n")
        try:
            found = read_predictions(plain, truth)
        except DataError as error:  # of the file that the user knows
            raise DataError(str(error).replace(str(plain), str(path))) from error
    for change, text in _SAID.items():
        if changes[change]:
            work.note(text.format(many(changes[change], _COUNTED.get(change, ""))))
    return Predictions(found.tracks, path)


def write_results(found: Predictions, truth: Truth, path: Path | str, progress: Progress) -> None:
    """Results as one JSON; in a .zip they are called results.json, as servers want it.

    Source: the submission rules of YouTube-VIS (CodaLab 20128) and OVIS: one results.json, no folder.
    """
    path = Path(path)
    lengths = {number: video.length for number, video in truth.videos.items()}
    total, done = sum(map(len, found.tracks.values())), 0
    with contextlib.ExitStack() as stack:
        stack.enter_context(folders_for(path))
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(dir=path.parent, prefix=f"{path.name}.", suffix=".part")
        )
        part = Path(folder, f"results{path.suffix}" if path.suffix == ".zip" else path.name)
        with PredictionWriter(part, lengths) as writer:
            for number, tracks in found.tracks.items():
                for track in tracks:
                    writer.add(number, track)
                    done += 1
                    progress(done, total)
        part.replace(path)


def as_truth(found: Predictions, truth: Truth, least: float, work: Work) -> Truth:
    """Results as a data set, to be corrected in another tool: tracks of `least` score and more, best first.

    Identities are numbered by score within the data set; scores themselves have no place.
    """
    gather = Gather(found.path)
    for kind in truth.categories.values():
        gather.category(kind.name, kind.id)
    number = left = 0
    for video in truth.videos.values():
        gather.video(
            height=video.height, width=video.width, length=video.length, names=video.file_names, number=video.id
        )
        for track in sorted(found.tracks.get(video.id, ()), key=lambda track: -track.score):
            if track.score < least:
                left += 1
                continue
            number += 1
            for frame, mask in enumerate(track.segmentations):
                if mask is not None:
                    name = truth.categories[track.category_id].name
                    where = f"{found.path.name}, video {video.id}, frame {frame}"
                    gather.add(video.id, frame, identity=number, category=name, mask=mask, where=where)
    work.note("scores are left out: tracks are numbered by them, best first")
    if left:
        work.note(f"{many(left, 'track')} left out: a score below {least:g}")
    return gather.truth(work)


def _list(path: Path, changes: Counter[str]) -> list[msgspec.Raw]:
    """The entries of the list, wherever it is."""
    data = read_bytes(path)
    if data.lstrip()[:1] != b"{":
        return decode(data, list[msgspec.Raw], path.name, "Results are one list of tracks.")
    top = decode(data, dict[str, msgspec.Raw], path.name)
    held = [key for key in _LISTS if key in top]
    if len(held) != 1 or "videos" in top:
        raise DataError(
            f"{path.name}: results must be one list of tracks, got an object with {', '.join(list(top)[:5])}. "
            "For a data set: simvtr convert annotations."
        )
    changes["wrapped"] += 1
    return decode(top[held[0]], list[msgspec.Raw], f"{path.name}, $.{held[0]}")


def _normal(raws: list[msgspec.Raw], path: Path, changes: Counter[str]) -> Iterator[bytes]:
    """Each entry as JSON, set right where it differs in a known way; else as it is, for the reader to refuse."""
    encoder = msgspec.json.Encoder()
    for i, raw in enumerate(raws):
        entry = decode(raw, dict[str, Any], f"{path.name}, $[{i}]")
        if "segmentations" in entry:
            changes["extra"] += bool(entry.keys() - set(_KEPT))
            entry = {key: entry[key] for key in _KEPT if key in entry}
        for key in ("video_id", "category_id", "score"):
            if isinstance(entry.get(key), str):
                entry[key] = _number(entry[key], changes)
        masks = entry.get("segmentations")
        if isinstance(masks, list):
            entry["segmentations"] = [_mask(mask, changes) for mask in masks]
        yield encoder.encode(entry)


def _number(text: str, changes: Counter[str]) -> int | float | str:
    try:
        number = float(text) if len(text) < 40 else None
    except ValueError:
        number = None
    if number is None or number != number or abs(number) == float("inf"):
        return text
    changes["text"] += 1
    return int(number) if number == int(number) and "." not in text else number


def _mask(mask: Any, changes: Counter[str]) -> Any:
    """One mask: None when it is all-zero."""
    if not isinstance(mask, dict) or "counts" not in mask:
        return mask
    counts = mask["counts"]
    if isinstance(counts, str) and counts[:2] in ("b'", 'b"'):
        try:
            value = ast.literal_eval(counts) if len(counts) < 1 << 20 else counts
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            value = counts
        if isinstance(value, bytes):
            counts = value.decode("latin-1")
            mask = mask | {"counts": counts}
            changes["bytes"] += 1
    if _is_empty(counts, mask.get("size")):
        changes["empty"] += 1
        return None
    return mask


def _is_empty(counts: Any, size: Any) -> bool:
    """Whether runs are those of a mask without a pixel: one run, of the whole picture.

    >>> _is_empty("6", [2, 3]), _is_empty("06", [2, 3]), _is_empty([6], [2, 3]), _is_empty("7", [2, 3])
    (True, False, True, False)
    """
    if not isinstance(size, list) or len(size) != 2 or not all(isinstance(n, int) for n in size):
        return False
    if isinstance(counts, str) and len(counts) <= 7 and counts.isascii():  # seven groups of 5 bits, least first
        groups = [ord(c) - 48 for c in counts]
        if any(g < 32 for g in groups[:-1]) or not groups or not 0 <= groups[-1] < 16:
            return False
        counts = [sum((g & 31) << (5 * i) for i, g in enumerate(groups))]
    return isinstance(counts, list) and counts == [size[0] * size[1]]
