"""The seam: which format a file is of, and the one reader and the one writer of each."""

from enum import StrEnum
from pathlib import Path

from simvtr.errors import DataError
from simvtr.formats.davis import read_davis, write_davis
from simvtr.formats.gather import Work
from simvtr.formats.source import Source, open_source
from simvtr.schema import Truth, read_truth, write_truth


class Format(StrEnum):
    """Formats of annotations, by the names that the command line has for them."""

    YOUTUBE_VIS = "youtube-vis"
    DAVIS = "davis"


def read_annotations(path: Path | str, work: Work, kind: Format | None = None) -> Truth:
    """A data set from the files of another tool.

    Args:
        path: file, folder or ZIP.
        work: settings; its notes say what the format could not carry.
        kind: None: as the files look.
    Raises: DataError when nothing fits, or the files break a rule of their format.
    """
    source = open_source(path)
    match kind or recognised(source):
        case Format.YOUTUBE_VIS:
            return read_truth(path)
        case Format.DAVIS:
            return read_davis(source, work)


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
        case Format.DAVIS:
            write_davis(truth, path, work)


def recognised(source: Source) -> Format:
    """What files look like. Raises: DataError when like nothing we know."""
    if source.ending(".png"):
        return Format.DAVIS
    return Format.YOUTUBE_VIS


def named(path: Path) -> Format:
    """The format that a name to write stands for. Raises: DataError when for none."""
    match path.suffix.lower():
        case ".json" | ".gz" | ".zip":
            return Format.YOUTUBE_VIS
        case "":
            return Format.DAVIS
    raise DataError(f"{path}: the name must end in .json, .zip or .gz, or be a folder's. Say which with --to.")
