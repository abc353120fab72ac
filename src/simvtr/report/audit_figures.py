"""Figures of the audit page as inline SVG. Lengths along the page are percentages, so nothing is stretched.

All carry numbers alone: no text of a user comes near them.
"""

from markupsafe import Markup


def spread(strict: float | None, reference: float | None, interval: tuple[float, float] | None) -> Markup:
    """One figure on a scale from 0 to 1: a disc for the strict value, a ring for the reference's, a band for the range.

    >>> print(spread(0.5, None, (0.25, 0.75)))
    <svg class="spread" aria-hidden="true"><rect class="scale" y="9" width="100%" height="2"/><rect class="band"
    x="25%" y="6" width="50%" height="8" rx="2"/><circle class="disc" cx="50%" cy="10" r="4"/></svg>
    """
    parts = ['<rect class="scale" y="9" width="100%" height="2"/>']
    if interval is not None:
        low, high = interval
        parts.append(f'<rect class="band" x="{_at(low)}" y="6" width="{_at(high - low)}" height="8" rx="2"/>')
    if reference is not None:
        parts.append(f'<circle class="ring" cx="{_at(reference)}" cy="10" r="5"/>')
    if strict is not None:
        parts.append(f'<circle class="disc" cx="{_at(strict)}" cy="10" r="4"/>')
    return Markup(f'<svg class="spread" aria-hidden="true">{"".join(parts)}</svg>')


def bar(end: float, start: float = 0.0) -> Markup:
    """A bar from 0 to `end` in [0, 1]; what lies beyond `start` is gained, and drawn as such.

    >>> print(bar(0.5, 0.25))
    <svg class="bar" aria-hidden="true"><rect class="lane" width="100%" rx="2"/><rect class="held" width="25%"/><rect
    class="gained" x="25%" width="25%"/></svg>
    """
    return Markup(
        '<svg class="bar" aria-hidden="true"><rect class="lane" width="100%" rx="2"/>'
        f'<rect class="held" width="{_at(start)}"/>'
        f'<rect class="gained" x="{_at(start)}" width="{_at(end - start)}"/></svg>'
    )


def balance(difference: float, scale: float) -> Markup:
    """A difference to the left or right of a middle line; `scale` reaches the edge.

    >>> print(balance(-0.1, 0.2))
    <svg class="balance" aria-hidden="true"><rect class="first" x="25%" y="2" width="25%" height="10"/><rect
    class="middle" x="50%" width="1" height="14"/></svg>
    """
    share = min(1.0, abs(difference) / scale) / 2 if scale > 0 else 0.0
    side, x = ("second", 0.5) if difference > 0 else ("first", 0.5 - share)
    return Markup(
        f'<svg class="balance" aria-hidden="true"><rect class="{side}" x="{_at(x)}" y="2" width="{_at(share)}" '
        'height="10"/><rect class="middle" x="50%" width="1" height="14"/></svg>'
    )


def _at(share: float) -> str:
    return f"{round(100 * min(1.0, max(0.0, share)), 2):g}%"
