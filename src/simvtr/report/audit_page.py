"""Writes the audit page: what a score survives, on one page that needs no network.

Audit -> audit_tables.py, audit_comparison.py -> audit.html (with audit.css, audit.js) -> one file
      -> tracks over time and pictures, as JSON once in the page                 ^
"""

import base64
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from simvtr.auditing.audit import Audit, Bar, Timeline, headed
from simvtr.evaluation.bootstrap import Difference, VideoDifference
from simvtr.report.audit_comparison import comparison
from simvtr.report.audit_tables import (
    FAMILIES,
    IDENTITY,
    STEPS,
    cells,
    counting,
    error_rows,
    families,
    group_rows,
    ladder_rows,
    mechanism,
    scores,
)
from simvtr.report.document import embedded, picture_address, render, save

CONFIDENCE = 0.95  # of intervals that do not name theirs
STRIP = 3  # videos of which a frame stands beside the verdict


class FramePair(NamedTuple):
    """One frame with the masks of the truth and with those of the results, as bytes of PNG or JPEG files."""

    index: int
    truth: bytes
    result: bytes


def write_audit(
    path: str | os.PathLike,
    audit: Audit,
    *,
    other: Audit | None = None,
    frames: Mapping[int, Sequence[FramePair]] | None = None,
    differences: Mapping[str, Difference] | None = None,
    by_video: Sequence[VideoDifference] | None = None,
) -> Path:
    """Write one self-contained HTML page. Readable on a laptop and a phone, light and dark, by keyboard, and on paper.

    Args:
        path: the file; its folder is made. It appears whole, by rename.
        audit: what to show.
        other: of a second system on the same truth, to be held against the first.
        frames: by video id, pictures for the scrubber of chosen videos, by rising frame.
        differences, by_video: of `evaluation.bootstrap.compare` and `per_video`, first against second, strict rules;
            used with `other` alone. Without them the page says nothing of chance, and compares videos by overlap.

    Returns: the path.

    Raises: ValueError when a picture is neither PNG nor JPEG, is of an unknown video or of no frame of its video, or
        when the two audits are not of the same videos.
    """
    script = files("simvtr.report").joinpath("audit.js").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    html = render(
        "audit.html",
        audit=audit,
        other=other,
        against=None if other is None else comparison(audit, other, differences, by_video),
        script=Markup(script),
        policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'",
        data=embedded(
            {
                "systems": [_system(a) for a in (audit, other) if a is not None],
                "frames": _pictures(audit, frames or {}),
            }
        ),
        pictured=[t for t in audit.timelines if (frames or {}).get(t.video_id)],
        strip=_strip(audit, frames or {}),
        confidence=next((i.get("confidence", CONFIDENCE) for i in audit.intervals.values()), CONFIDENCE),
        measures=headed(audit.groups),
        identity_figures=IDENTITY,
        scores=scores(audit),
        families=families(audit),
        family_names=FAMILIES,
        honest_cells=cells(audit.honest, audit.honest),
        probes=[(row, cells(row, None)) for row in audit.probes],
        steps=STEPS,
        errors=error_rows(audit),
        ladder=ladder_rows(audit),
        groups=group_rows(audit),
        counting=counting(audit),
        mechanism=mechanism,
        names={t.video_id: t.name for t in audit.timelines},
    )
    return save(path, html)


def run_lengths(states: str) -> str:
    """One letter a frame -> how often each letter comes in a row.

    >>> run_lengths("..ppp."), run_lengths("")
    ('2.3p1.', '')
    """
    return re.sub(r"(.)\1*", lambda run: f"{len(run[0])}{run[1]}", states, flags=re.DOTALL)


def _system(audit: Audit) -> dict[str, Any]:
    return {"name": audit.results_name, "videos": {str(t.video_id): _video(t) for t in audit.timelines}}


def _video(timeline: Timeline) -> dict[str, Any]:
    return {
        "name": timeline.name,
        "length": timeline.length,
        "true": [_bar(bar) for bar in timeline.true],
        "found": [_bar(bar) for bar in timeline.found],
    }


def _bar(bar: Bar) -> list[Any]:
    return [bar.label, bar.partner, run_lengths(bar.states)]


def _strip(audit: Audit, frames: Mapping[int, Sequence[FramePair]]) -> list[dict[str, Any]]:
    """The middle one of the pictures of the first chosen videos."""
    names = {t.video_id: t.name for t in audit.timelines}
    chosen = [(video, pairs[len(pairs) // 2]) for video, pairs in frames.items() if pairs][:STRIP]
    return [
        {
            "video_id": video,
            "name": names[video],
            "index": pair.index,
            "truth": picture_address(pair.truth, "write_audit"),
            "result": picture_address(pair.result, "write_audit"),
        }
        for video, pair in chosen
    ]


def _pictures(audit: Audit, frames: Mapping[int, Sequence[FramePair]]) -> dict[str, list[list[Any]]]:
    lengths = {t.video_id: t.length for t in audit.timelines}
    for video, pairs in frames.items():
        if video not in lengths:
            raise ValueError(f"write_audit: pictures must be of the audit's videos, got video {video}.")
        for index, _, _ in pairs:
            if not 0 <= index < lengths[video]:
                raise ValueError(
                    f"write_audit: pictures must be of frames of their video, got frame {index} of video {video}, "
                    f"which has {lengths[video]}."
                )
    return {
        str(video): [
            [index, picture_address(truth, "write_audit"), picture_address(result, "write_audit")]
            for index, truth, result in pairs
        ]
        for video, pairs in frames.items()
        if pairs
    }
