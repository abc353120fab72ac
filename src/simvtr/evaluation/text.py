"""Figures as plain text: percent, aligned columns. Every table of the room is made of these."""

from collections.abc import Sequence

from simvtr.evaluation.precision import UNDEFINED


def percent(value: float) -> str:
    """A fraction in percent, "-" where it is undefined.

    >>> percent(0.31584), percent(-1.0)
    ('31.58', '-')
    """
    return "-" if value == UNDEFINED else f"{100 * value:.2f}"


def columns(rows: Sequence[Sequence[str]], names: bool = False) -> str:
    """Rows of cells as lines of text, right-aligned; with `names` the first column is left-aligned.

    >>> print(columns([["class", "AP"], ["fish", "5.00"]], names=True))
    class    AP
    fish   5.00
    """
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        if names:
            cells[0] = row[0].ljust(widths[0])
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def visible(cell: str) -> str:
    """Control characters as escapes: a category's name comes from a file, and must not steer a terminal.

    >>> visible("fish\\x1b[2J")
    'fish\\\\x1b[2J'
    """
    return cell if cell.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cell)
