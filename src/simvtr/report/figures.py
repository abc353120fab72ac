"""Figures of the page as inline SVG: they scale, print sharply, and need nothing else."""

from collections.abc import Sequence

from markupsafe import Markup

from simvtr.report.tables import TrackRow


def timeline(row: TrackRow, length: int) -> Markup:
    """A bar over the frames of the video, filled where the track is present; one frame is one unit wide.

    >>> print(timeline(TrackRow(0, "dog", 0.9, (True, True, False), colour=(1, 2, 3)), length=3))
    <svg class="timeline" viewBox="0 0 3 1" preserveAspectRatio="none" role="img"
    aria-label="present in frames 0 to 1"><rect class="lane" width="3" height="1"/><rect x="0" width="2" height="1"
    fill="rgb(1,2,3)"><title>frames 0 to 1</title></rect></svg>
    """
    red, green, blue = (int(value) for value in row.colour)
    bars = "".join(
        f'<rect x="{first}" width="{last - first + 1}" height="1" fill="rgb({red},{green},{blue})">'
        f"<title>{_frames(first, last)}</title></rect>"
        for first, last in row.runs
    )
    told = "present in " + ", ".join(_frames(*run) for run in row.runs) if row.runs else "never present"
    return Markup(  # numbers alone: nothing here comes from a user's text
        f'<svg class="timeline" viewBox="0 0 {length} 1" preserveAspectRatio="none" role="img" aria-label="{told}">'
        f'<rect class="lane" width="{length}" height="1"/>{bars}</svg>'
    )


def ticks(length: int) -> Sequence[int]:
    """Frame numbers worth writing under a timeline: the ends and, where there is room, the middle.

    >>> ticks(66), ticks(2), ticks(1)
    ((0, 32, 65), (0, 1), (0,))
    """
    last = length - 1
    return tuple(sorted({0, last // 2, last})) if last > 3 else tuple(sorted({0, last}))


def _frames(first: int, last: int) -> str:
    return f"frame {first}" if first == last else f"frames {first} to {last}"
