"""The seam: which format a file is of, and the one reader and the one writer of each."""

from enum import StrEnum
from pathlib import Path, PurePosixPath

import msgspec

from simvtr.errors import DataError
from simvtr.formats.coco import read_coco, write_coco
from simvtr.formats.cvat import read_cvat
from simvtr.formats.cvat_xml import write_cvat
from simvtr.formats.davis import read_davis, write_davis
from simvtr.formats.gather import Work
from simvtr.formats.labelme import read_labelme
from simvtr.formats.meta import NAME as META
from simvtr.formats.mots import read_mots
from simvtr.formats.source import Source, open_source
from simvtr.schema import Truth, read_truth, write_truth
from simvtr.schema.source import MAX_BYTES


class Format(StrEnum):
    """Formats of annotations, by the names that the command line has for them."""

    YOUTUBE_VIS = "youtube-vis"
    COCO = "coco"
    CVAT = "cvat"
    DAVIS = "davis"
    LABELME = "labelme"
    MOTS = "mots"


READ_ONLY = (Format.LABELME, Format.MOTS)


def read_annotations(path: Path | str, work: Work, kind: Format | None = None) -> Truth:
    """A data set from the files of another tool.

    Args:
        path: file, folder or ZIP.
        work: settings; its notes say what the format could not carry.
        kind: None: as the files look.
    Raises: DataError when nothing fits, or the files break a rule of their format.
    """
    source = None
    if kind == Format.YOUTUBE_VIS or Path(path).suffix == ".gz":
        looks, name = Format.YOUTUBE_VIS, ""
    else:
        source = open_source(path)
        looks, name = (kind, "") if kind is not None else recognised(source)
    if work.categories and looks not in (Format.DAVIS, Format.MOTS):
        work.note(f"the categories given are not used: {looks} names its own")
    if source is None:
        return read_truth(path)
    match looks:
        case Format.YOUTUBE_VIS:
            return read_truth(path)
        case Format.COCO:
            return read_coco(source, name or _only(source, ".json"), work)
        case Format.CVAT:
            return read_cvat(source, name or _only(source, ".xml"), work)
        case Format.DAVIS:
            return read_davis(source, work)
        case Format.LABELME:
            return read_labelme(source, work)
        case Format.MOTS:
            texts = source.ending(".txt")
            return read_mots(source, texts, work) if texts else read_davis(source, work)


def write_annotations(truth: Truth, path: Path | str, work: Work, kind: Format | None = None) -> None:
    """A data set as files of another tool, whole or not at all.

    Args:
        kind: None: as `path` is called; a name without suffix is a folder of DAVIS PNGs.
    Raises: DataError when the format cannot hold the data set at all; `work.notes` say what it leaves out.
    """
    path = Path(path)
    match kind or named(path):
        case Format.YOUTUBE_VIS:
            write_truth(path, truth)
        case Format.COCO:
            write_coco(truth, path, work)
        case Format.CVAT:
            write_cvat(truth, path, work)
        case Format.DAVIS:
            write_davis(truth, path, work)
        case other:
            raise DataError(f"{path}: {other} is read but not written. Write youtube-vis, coco, cvat or davis.")


def recognised(source: Source) -> tuple[Format, str]:
    """What files look like, and the file that says so. Raises: DataError when like nothing we know."""
    xmls = source.ending(".xml")
    if len(xmls) == 1:
        return Format.CVAT, xmls[0]
    jsons = [name for name in source.ending(".json") if PurePosixPath(name).name != META]
    inside = [name for name in jsons if name.startswith("annotations/")] or jsons  # CVAT's COCO ZIP has images beside
    if inside:
        keys = _keys(source.read(inside[0], MAX_BYTES), source.where(inside[0]))
        if "shapes" in keys:
            return Format.LABELME, ""
        if len(inside) == 1 and "images" in keys:
            return Format.COCO, inside[0]
        if len(inside) == 1 and "videos" in keys:
            return Format.YOUTUBE_VIS, inside[0]
    if source.ending(".png"):
        return Format.DAVIS, ""
    if source.names and source.names == source.ending(".txt"):
        return Format.MOTS, ""
    held = f"files such as {source.names[0][:60]!r}" if source.names else "nothing"
    raise DataError(
        f"{source.path}: must be CVAT XML, COCO or YouTube-VIS JSON, labelme JSONs, DAVIS PNGs, MOTS text, or a "
        f"ZIP of one, got {held}. Say which with --from, for a DAVIS folder --from davis."
    )


def named(path: Path) -> Format:
    """The format that a name to write stands for. Raises: DataError when for none."""
    match path.suffix.lower():
        case ".json" | ".gz" | ".zip":
            return Format.YOUTUBE_VIS
        case ".xml":
            return Format.CVAT
        case "":
            return Format.DAVIS
    raise DataError(f"{path}: the name must end in .json, .xml, .zip or .gz, or be a folder's. Say which with --to.")


def _only(source: Source, suffix: str) -> str:
    """The one file with a suffix."""
    names = source.ending(suffix)
    if len(names) != 1:
        raise DataError(f"{source.path}: must hold one {suffix} file, got {len(names)}. Name the file itself.")
    return names[0]


def _keys(data: bytes, where: str) -> set[str]:
    """The keys of a JSON object; none when it is a list or no JSON at all."""
    try:
        return set(msgspec.json.decode(data, type=dict[str, msgspec.Raw]))
    except msgspec.ValidationError:
        raise DataError(
            f"{where}: annotations must be a JSON object, got something else. For a list of results: simvtr convert "
            "results."
        ) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"{where}: the JSON must be whole, got: {str(error)[:100]}.") from None
