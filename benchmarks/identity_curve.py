"""Draws docs/figures/identity-returns.svg: how many objects come back with their name, by how long they were hidden.

From the figures that `python -m benchmarks.identity` left in results.jsonl.
"""

import sys

from benchmarks.figures import latest
from benchmarks.identity import BACK, GAPS
from benchmarks.record import RESULTS, ROOT

FIGURE = ROOT / "docs" / "figures" / "identity-returns.svg"
WIDTH, HEIGHT = 560, 280  # in the units of the text
LEFT, RIGHT, TOP, BOTTOM = 48, 178, 40, 44  # around the plot; names stand at the right
LEAST_APART = 16  # between two names
# colour in light and dark, and dashes: nothing hangs on a colour
LOOKS = {
    "link": ("#2456c9", "#8fb2ff", "none"),
    "link without memory": ("#2456c9", "#8fb2ff", "2 4"),
    "slot": ("#5d636e", "#a2a8b3", "none"),
    "ByteTrack": ("#b8480c", "#f2a06a", "7 4"),
    "OC-SORT": ("#0f7560", "#5fd0b4", "7 4 2 4"),
}


def main() -> int:
    entries = latest(RESULTS.read_text(encoding="utf-8").splitlines())
    shares: dict[str, list[float]] = {}
    for name in BACK:
        kept = [entries.get(("benchmarks.identity", f"back with its name after {gap} frames, {name}")) for gap in GAPS]
        if all(kept):
            shares[name] = [entry["value"] for entry in kept if entry]
    if not shares:
        sys.exit("no figures yet: run python -m benchmarks.identity")
    FIGURE.write_text(drawn(shares), encoding="utf-8")
    print(FIGURE)
    return 0


def drawn(shares: dict[str, list[float]]) -> str:
    """SVG of a line for each way, percent at each of GAPS, in light and dark by the reader's setting."""
    parts = ['<text class="title" x="10" y="21">Objects back with their name (%)</text>']
    for tick in range(0, 101, 25):
        parts.append(f'<path class="grid" d="M{LEFT} {_y(tick):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{_y(tick) + 4:.1f}" text-anchor="end">{tick}</text>')
    for i, gap in enumerate(GAPS):
        parts.append(f'<text x="{_x(i):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{gap}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">frames hidden</text>')
    places = _apart({name: _y(values[-1]) for name, values in shares.items()})
    for i, (name, values) in enumerate(shares.items()):
        points = [(_x(j), _y(value)) for j, value in enumerate(values)]
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline class="l{i}" points="{corners}"/>')
        parts += [f'<circle class="d{i}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in points]
        start, at = points[-1][0] + 12, places[name]
        parts.append(f'<polyline class="l{i}" points="{start:.1f},{at:.1f} 412,{at:.1f}"/>')
        parts.append(f'<text class="d{i}" x="418" y="{at + 4:.1f}">{name}</text>')
    light, dark = (
        "".join(
            f".l{i}{{stroke:{LOOKS[name][side]};stroke-dasharray:{LOOKS[name][2]}}}.d{i}{{fill:{LOOKS[name][side]}}}"
            for i, name in enumerate(shares)
        )
        for side in (0, 1)
    )
    style = (
        "text{font:12px system-ui,-apple-system,Segoe UI,Roboto,Arial,sans-serif;fill:#5d636e}"
        ".title{font-size:13px;font-weight:600;fill:#1d1f23}.grid{stroke:#e3e1dc}.paper{fill:#fbfaf8}"
        f"polyline{{fill:none;stroke-width:2;stroke-linejoin:round}}{light}"
        "@media (prefers-color-scheme: dark){text{fill:#a2a8b3}.title{fill:#e9e8e4}.grid{stroke:#31353d}"
        f".paper{{fill:#14161a}}{dark}}}"
    )
    told = "Objects that come back with their name, by the frames for which they were hidden"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{told}"><title>{told}</title><style>{style}</style>'
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>{"".join(parts)}</svg>\n'
    )


def _x(place: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (place + 0.5) / len(GAPS)


def _y(percent: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * percent / 100


def _apart(wanted: dict[str, float]) -> dict[str, float]:
    """Heights of the names near those wanted, none over another."""
    placed: dict[str, float] = {}
    last = TOP - LEAST_APART
    for name in sorted(wanted, key=wanted.__getitem__):  # down, each below the one before
        last = placed[name] = max(wanted[name], last + LEAST_APART)
    last = HEIGHT - BOTTOM + LEAST_APART
    for name in reversed(list(placed)):  # and up again, where they went too far
        last = placed[name] = min(placed[name], last - LEAST_APART)
    return placed


if __name__ == "__main__":
    sys.exit(main())
