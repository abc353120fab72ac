"""Annotations of other tools in and out, through one seam: every reader makes a `Truth`, every writer takes one.

files -> source (folder, ZIP or file; bounded) -> a reader -> gather -> Truth
Truth -> a writer -> files that appear whole or not at all
"""

from simvtr.formats.convert import Format, named, read_annotations, recognised, write_annotations
from simvtr.formats.gather import Work

__all__ = ["Format", "Work", "named", "read_annotations", "recognised", "write_annotations"]
