"""Annotations of other tools in and out, through one seam: every reader makes a `Truth`, every writer takes one.

files -> source (folder, ZIP or file; bounded) -> a reader -> gather -> Truth
Truth -> a writer -> files that appear whole or not at all
"""

from simvtr.formats.convert import READ_ONLY, Format, named, read_annotations, recognised, write_annotations
from simvtr.formats.gather import Work
from simvtr.formats.like import with_ids_of

__all__ = ["READ_ONLY", "Format", "Work", "named", "read_annotations", "recognised", "with_ids_of", "write_annotations"]
