"""The figure of the frame sweep: small multiples over the window, as SVG that stands alone, and a page around them.

Sweep -> panel (one measure, a line for each reading) -> figure: all panels, one SVG with its own light and dark
                                                      -> sweep.html: panels side by side, and the table
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

from simvtr.auditing.sweep import READINGS, Reading, Sweep, SweepPoint
from simvtr.report.document import render, save

WIDTH, HEIGHT = 320, 220  # of a panel, in the units of its text
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 34, 36  # around the plot
ACROSS = 3  # panels in a row of the figure
FEET = 46  # height of the figure's legend

PANELS: dict[str, str] = {
    "strict.AP": "AP, strict (%)",
    "ytvos.AP": "AP, public evaluator (%)",
    "HOTA": "HOTA (%)",
    "AssA": "AssA (%)",
    "speed": "Frames a second, model alone",
    "memory": "Peak memory (MiB)",
}
"""What is drawn, in order: key of `SweepPoint.values`, "speed" or "memory" -> title."""
NAMES: dict[Reading, str] = {
    "slots": "windows, slot identity",
    "first": "first window, short list",
    "held": "first window, last mask held",
    "whole": "the whole video at once",
}
MARKS: dict[Reading, str] = {
    "slots": '<circle r="4"/>',
    "first": '<path d="M-4.4 3.8h8.8L0-4.6z"/>',
    "held": '<path d="M-3.7-3.7h7.4v7.4h-7.4z"/>',
    "whole": '<path d="M0-5.6 5.6 0 0 5.6-5.6 0z"/>',
}
"""Marks differ in shape, lines in dashes, so that nothing hangs on a colour."""
APART = {"slots": -5.0, "held": 5.0}  # dots of one window stand side by side, so that ranges do not hide each other

STYLE = """
.sweep { --slots: #2456c9; --first: #b8480c; --held: #0f7560; --whole: #1d1f23; --cost: #5d636e; }
.sweep text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; fill: var(--soft); }
.sweep .title { font-size: 13px; font-weight: 600; fill: var(--ink); }
.sweep .grid { stroke: var(--line); } .sweep .paper { fill: var(--paper); }
.sweep polyline { fill: none; stroke-width: 2; stroke-linejoin: round; }
.sweep .slots { stroke: var(--slots); } .sweep g.slots { fill: var(--slots); stroke: none; }
.sweep .first { stroke: var(--first); stroke-dasharray: 6 4; } .sweep g.first { fill: var(--first); stroke: none; }
.sweep .held { stroke: var(--held); stroke-dasharray: 2 4; } .sweep g.held { fill: var(--held); stroke: none; }
.sweep .range { stroke-dasharray: none; stroke-width: 1.5; opacity: .55; } .sweep .whole.range { stroke: var(--whole); }
.sweep g.whole { fill: var(--whole); } .sweep .cost { stroke: var(--cost); }
.sweep g.cost { fill: var(--cost); stroke: none; }
@media (prefers-color-scheme: dark) {
  .sweep { --slots: #8fb2ff; --first: #f2a06a; --held: #5fd0b4; --whole: #e9e8e4; --cost: #a2a8b3; }
}
"""
ALONE = """
.sweep { --paper: #fbfaf8; --ink: #1d1f23; --soft: #5d636e; --line: #e3e1dc; }
@media (prefers-color-scheme: dark) {
  .sweep { --paper: #14161a; --ink: #e9e8e4; --soft: #a2a8b3; --line: #31353d; }
}
"""
"""The colours of base.css, for a figure without a page."""


@dataclass(frozen=True, slots=True)
class _Dot:
    at: int  # position of its window among the windows
    value: float
    says: str
    between: tuple[float, float] | None = None


def write_sweep(path: str | os.PathLike, sweep: Sweep) -> Path:
    """Write the page: panels, legend and table in one file that needs no network. Returns its path."""
    head, *rows = sweep.rows()
    html = render(
        "sweep.html",
        sweep=sweep,
        style=Markup(STYLE),
        panels=[panel(key, sweep) for key in PANELS],
        legend=[(_mark(reading), NAMES[reading], READINGS[reading]) for reading in _shown(sweep)],
        head=head,
        rows=rows,
        notes=sweep.notes(),
    )
    return save(path, html)


def figure(sweep: Sweep) -> Markup:
    """All panels and the legend as one SVG file, in light and dark by the reader's setting."""
    lines = math.ceil(len(PANELS) / ACROSS)
    width, height = ACROSS * WIDTH, lines * HEIGHT + FEET
    parts = [
        f'<svg x="{i % ACROSS * WIDTH}" y="{i // ACROSS * HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f"{_drawn(key, sweep)}</svg>"
        for i, key in enumerate(PANELS)
    ]
    legend = [
        f'<svg x="{24 + i * (width - 24) // len(NAMES)}" y="{lines * HEIGHT + 12}" width="40" height="24">'
        f'{_line(reading)}</svg><text x="{70 + i * (width - 24) // len(NAMES)}" y="{lines * HEIGHT + 28}">'
        f"{NAMES[reading]}</text>"
        for i, reading in enumerate(_shown(sweep))
    ]
    told = escape(f"The frame sweep of {_text(sweep.weights)} on {_text(sweep.truth)}")
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sweep" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{told}"><title>{told}</title><style>{ALONE}{STYLE}</style>'
        f'<rect class="paper" width="{width}" height="{height}"/>{"".join(parts)}{"".join(legend)}</svg>\n'
    )


def panel(key: str, sweep: Sweep) -> Markup:
    """One measure against the window; `key` is of PANELS."""
    return Markup(
        f'<svg class="sweep" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{PANELS[key]} against the window">'
        f"{_drawn(key, sweep)}</svg>"
    )


def scale(most: float) -> tuple[float, ...]:
    """Ticks from 0 to at least `most`: two to five steps of 1, 2 or 5 times a power of ten.

    >>> scale(37.2), scale(0.0), scale(730)
    ((0.0, 10.0, 20.0, 30.0, 40.0), (0.0, 1.0), (0.0, 200.0, 400.0, 600.0, 800.0))
    """
    if most <= 0:
        return (0.0, 1.0)
    power = 10.0 ** math.floor(math.log10(most))
    step = next(s * power for s in (0.2, 0.5, 1.0, 2.0, 5.0) if most <= 5 * s * power)
    return tuple(round(i * step, 9) for i in range(math.ceil(most / step - 1e-9) + 1))


def _drawn(key: str, sweep: Sweep) -> str:
    lines = _series(key, sweep)
    highest = [max(dot.value, dot.between[1] if dot.between else 0.0) for dots in lines.values() for dot in dots]
    ticks = scale(max(highest, default=0.0))
    windows = sweep.windows

    def x(at: int, name: str = "") -> float:
        aside = 0.0 if windows[at] == "all" else APART.get(name, 0.0)
        return LEFT + (WIDTH - LEFT - RIGHT) * (at + 0.5) / max(1, len(windows)) + aside

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / ticks[-1]

    parts = [f'<text class="title" x="10" y="19">{PANELS[key]}</text>']
    for tick in ticks:
        parts.append(f'<path class="grid" d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for at, window in enumerate(windows):
        parts.append(f'<text x="{x(at):.1f}" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle">{window}</text>')
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.1f}" y="{HEIGHT - 5}" text-anchor="middle">window, frames</text>'
    )
    if not any(lines.values()):
        parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT / 2}" text-anchor="middle">not measured</text>')
    for name, dots in lines.items():
        if name != "whole" and len(dots) > 1:
            corners = " ".join(f"{x(dot.at, name):.1f},{y(dot.value):.1f}" for dot in dots)
            parts.append(f'<polyline class="{name}" points="{corners}"/>')
    for name, dots in lines.items():
        for dot in dots:
            own = [other for other in lines.get("whole", ()) if other.at == dot.at]
            if name == "whole" or not own:  # the whole video closes every line, with a mark of its own
                mark = MARKS.get(name, MARKS["slots"])  # pyright: ignore[reportArgumentType, reportCallIssue]
                here = f"{x(dot.at, name):.1f}"
                if dot.between:
                    low, high = (f"{y(end):.1f}" for end in dot.between)
                    parts.append(f'<path class="{name} range" d="M{here} {low}V{high}"/>')
                parts.append(
                    f'<g class="{name}" transform="translate({here} {y(dot.value):.1f})">{mark}'
                    f"<title>{dot.says}</title></g>"
                )
    return "".join(parts)


def _series(key: str, sweep: Sweep) -> Mapping[str, Sequence[_Dot]]:
    """Dots of each line: by reading, or "cost" for what all readings of a window share."""
    places = {window: at for at, window in enumerate(sweep.windows)}
    if key in ("speed", "memory"):
        dots = {}
        for point in sweep.points:
            value = point.frames_per_second if key == "speed" else point.peak_mib
            if value is not None:
                dots[point.window] = _Dot(places[point.window], value, f"window {point.window}: {value:.1f}")
        return {"cost": list(dots.values())}
    return {
        reading: [
            _dot(key, point, places[point.window])
            for point in sweep.points
            if point.reading in (reading, "whole") and point.values[key] is not None
        ]
        for reading in _shown(sweep)
    }


def _dot(key: str, point: SweepPoint, at: int) -> _Dot:
    value = 100 * (point.values[key] or 0.0)
    says = f"{NAMES[point.reading]}, window {point.window}: {value:.2f}"
    if (ends := point.ranges.get(key)) is None:
        return _Dot(at, value, says)
    low, high = (100 * end for end in ends)
    return _Dot(at, value, f"{says} ({low:.1f} to {high:.1f})", (low, high))


def _shown(sweep: Sweep) -> list[Reading]:
    """Readings that have points, in the order of the legend."""
    there = {point.reading for point in sweep.points}
    return [reading for reading in NAMES if reading in there]


def _mark(reading: Reading) -> Markup:
    return Markup(f'<svg class="sweep" width="40" height="24" aria-hidden="true">{_line(reading)}</svg>')


def _line(reading: Reading) -> str:
    line = "" if reading == "whole" else f'<polyline class="{reading}" points="2,12 38,12"/>'
    return f'{line}<g class="{reading}" transform="translate(20 12)">{MARKS[reading]}</g>'


def _text(name: str) -> str:
    """Printable: an XML file may hold no control characters, and a file's name may."""
    return "".join(c if c.isprintable() else "?" for c in name)
