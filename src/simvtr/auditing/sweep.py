"""The frame sweep: one model at several windows, in every reading of "t frames" that the report leaves open.

window -> segment (handed in: models live on higher floors) -> WindowRun -> readings -> read -> SweepPoint
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from simvtr.auditing.audit import MEASURES
from simvtr.auditing.cache import OverlapCache
from simvtr.auditing.reading import Reading as Scored
from simvtr.auditing.reading import read
from simvtr.evaluation.bootstrap import intervals
from simvtr.evaluation.dialects import Found
from simvtr.evaluation.groups import occlusion_of
from simvtr.evaluation.precision import UNDEFINED
from simvtr.evaluation.text import columns, percent
from simvtr.schema import Track, Truth

Window = int | Literal["all"]
Reading = Literal["whole", "slots", "first", "held"]

READINGS: dict[Reading, str] = {
    "whole": "one window is the whole video",
    "slots": "windows of t frames over the whole video; object i is query i in each of them",
    "first": "the first t frames alone, as a list of t entries",
    "held": "the first t frames, the last of them repeated to the end of the video",
}
"""What "t frames" can mean: the three of SPEC §4 and, because a copied mask would explain as much, the fourth."""


@dataclass(frozen=True, slots=True, eq=False)
class WindowRun:
    """What a model found at one window, and what that took.

    Args:
        found: by video id, lists as long as their video; object i is query i in every window.
        first: by video id, from the first window alone: lists as long as that, scores and categories of its frames.
            The windows of a run do not see one another, so this is what segmenting those frames alone gives.
        frames: how many were segmented for `found`.
        seconds, model_seconds: by the clock, from first to last frame, and in the model alone; loading is left out.
        peak_mib: most memory the run took, MiB; None: not measured.
        device: where the model was.
    """

    found: Found
    first: Found
    frames: int
    seconds: float
    model_seconds: float
    peak_mib: float | None
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """One reading at one window. Readings of a window share its run, so frames, speeds and memory are the same.

    Args:
        values: by the keys of MEASURES, fractions, None where undefined; strict ones with what is missing counted as
            missing where `refused`.
        ranges: of the two APs, by the same keys: what 95 % of draws of the videos lie in; without undefined ones.
        refused: the strict reading refuses such lists.
        frames: that the run segmented, over all windows of all videos.
        frames_per_second: in the model alone; `end_to_end`: with pictures read and masks encoded.
    """

    window: Window
    reading: Reading
    values: dict[str, float | None]
    ranges: dict[str, tuple[float, float]]
    refused: bool
    frames: int
    frames_per_second: float | None
    end_to_end: float | None
    peak_mib: float | None


def sweep(
    truth: Truth,
    segment: Callable[[Window], WindowRun],
    windows: Sequence[Window],
    *,
    samples: int = 1000,
    seed: int = 0,
) -> Iterator[SweepPoint]:
    """Run a model at each window and score every reading of what it finds.

    Points come as soon as their window is done, so whoever stops in between keeps them. `slots`, `first` and `held`
    are read off one run. At "all" they are one and the same, and one point, `whole`, stands for them.

    Args:
        truth: read strictly.
        segment: runs the model at a window over all videos of the truth.
        windows: frames of a window, or "all", each once.
        samples: draws of the videos for the ranges, 0 for none; `seed`: of these.
    Raises: ValueError for a window below 1 or named twice.

    >>> from pathlib import Path
    >>> import numpy as np
    >>> from simvtr.rle import encode
    >>> from simvtr.schema import Category, TruthTrack, Video
    >>> mask = encode(np.ones((4, 4), bool))
    >>> fish = TruthTrack(1, 1, 1, (mask,) * 4, (16.0,) * 4, ((0, 0, 4, 4),) * 4)
    >>> truth = Truth({1: Video(1, 4, 4, length=4)}, {1: [fish]}, {1: Category(1, "fish")}, Path("truth.json"))
    >>> def loses_it(window):   # right in the first window, blind in the others
    ...     seen = (mask,) * window
    ...     found, first = (Track(1, 0.5, (*seen, *[None] * (4 - window))), Track(1, 0.5, seen))
    ...     return WindowRun({1: [found]}, {1: [first]}, 4, 1.0, 0.5, None)
    >>> for point in sweep(truth, loses_it, [1]):
    ...     print(f"{point.reading} {point.values['ytvos.AP']:.2f} {point.values['strict.AP']:.2f} {point.refused}")
    slots 0.00 0.00 False
    first 1.00 0.00 True
    held 1.00 1.00 False
    """
    for window in windows:
        if (window != "all" and window < 1) or list(windows).count(window) > 1:
            raise ValueError(f'sweep: windows must be 1 or more frames, or "all", each once, got {list(windows)}')
    return _points(truth, segment, windows, samples, seed)


def _points(
    truth: Truth, segment: Callable[[Window], WindowRun], windows: Sequence[Window], samples: int, seed: int
) -> Iterator[SweepPoint]:
    occlusion = occlusion_of(truth)
    for window in windows:
        run = segment(window)
        cache = OverlapCache(truth)  # of this window alone: no mask returns in the next
        for reading, found in _readings(truth, run, window).items():
            scored = read(truth, found, cache, occlusion)
            yield SweepPoint(
                window=window,
                reading=reading,
                values=scored.values,
                ranges=_ranges(scored, samples, seed) if samples else {},
                refused=scored.refusal is not None,
                frames=run.frames,
                frames_per_second=_rate(run.frames, run.model_seconds),
                end_to_end=_rate(run.frames, run.seconds),
                peak_mib=run.peak_mib,
            )


def _ranges(scored: Scored, samples: int, seed: int) -> dict[str, tuple[float, float]]:
    strict = intervals(scored.strict, samples, seed)["AP"]
    ytvos = strict if scored.ytvos is scored.strict else intervals(scored.ytvos, samples, seed)["AP"]
    return {
        key: (found.low, found.high)
        for key, found in (("ytvos.AP", ytvos), ("strict.AP", strict))
        if UNDEFINED not in (found.low, found.high)
    }


def _readings(truth: Truth, run: WindowRun, window: Window) -> dict[Reading, Found]:
    if window == "all":
        return {"whole": run.found}
    held = {
        video: [replace(track, segmentations=_held(track, truth.videos[video].length)) for track in tracks]
        for video, tracks in run.first.items()
    }
    return {"slots": run.found, "first": run.first, "held": held}


def _held(track: Track, length: int) -> tuple:
    """Entries of the first window, and its last, mask or None, in every later frame."""
    first = tuple(track.segmentations)
    return first + first[-1:] * (length - len(first))


def _rate(frames: int, seconds: float) -> float | None:
    return frames / seconds if seconds > 0 else None


@dataclass(frozen=True, slots=True)
class Sweep:
    """All points of one model on one truth, for the figure and the table.

    Args:
        truth, weights: names for headings.
        device: where the model was.
        videos, frames: of the truth.
        stopped: why windows are missing, None when all are there.
    """

    truth: str
    weights: str
    device: str
    videos: int
    frames: int
    points: tuple[SweepPoint, ...]
    stopped: str | None = None

    @property
    def windows(self) -> tuple[Window, ...]:
        """In their order, each once."""
        return tuple(dict.fromkeys(point.window for point in self.points))

    def rows(self) -> list[list[str]]:
        """Head and cells of the table: percent, frames a second, MiB; "-" where undefined or not measured."""
        rows = [["reading", "window", *COLUMNS.values(), "frames/s", "end to end", "peak MiB"]]
        for point in self.points:
            scores = [_cell(point, key) for key in COLUMNS]
            costs = (point.frames_per_second, point.end_to_end, point.peak_mib)
            whole_numbers = ["-" if x is None else f"{x:.1f}" if x < 100 else f"{x:.0f}" for x in costs]
            rows.append([point.reading, str(point.window), *scores, *whole_numbers])
        return rows

    def table(self) -> str:
        """The rows as aligned text, with what its words mean."""
        shown = {point.reading for point in self.points}
        meanings = [f"{reading}: {says}" for reading, says in READINGS.items() if reading in shown]
        return "\n".join([columns(self.rows(), names=True), "", *meanings, *self.notes()])

    def notes(self) -> list[str]:
        """What a reader of the figures must know."""
        notes = [
            "In brackets: what 95 % of draws of the videos lie in; high where categories have few tracks.",
            "HOTA, DetA, AssA and IDF1 count tracks from the score on that gives each category its best HOTA.",
            f"Frames/s: of the model alone, on {self.device}; end to end: with pictures read and masks encoded.",
        ]
        if any(point.refused for point in self.points):
            notes.append("*: refused by the strict reading; here what is missing counts as missing.")
        if self.stopped:
            notes.append(f"Stopped before the end: {self.stopped}")
        return notes

    def as_dict(self) -> dict[str, Any]:
        """For JSON: fractions at full precision, null where undefined or not measured."""
        return {
            "truth": self.truth,
            "weights": self.weights,
            "device": self.device,
            "videos": self.videos,
            "frames": self.frames,
            "stopped": self.stopped,
            "readings": READINGS,
            "measures": {key: long for key, (_, long) in MEASURES.items()},
            "points": [asdict(point) for point in self.points],
        }


def _cell(point: SweepPoint, key: str) -> str:
    """ "31.58 (20.0 to 41.7)", with a star where strict refuses what is scored."""
    value, between = point.values[key], point.ranges.get(key)
    text = percent(UNDEFINED if value is None else value)
    if key == "strict.AP" and point.refused:
        text += "*"
    return text if between is None else f"{text} ({100 * between[0]:.1f} to {100 * between[1]:.1f})"


COLUMNS = {
    "ytvos.AP": "AP ytvos",
    "strict.AP": "AP strict",
    "HOTA": "HOTA",
    "DetA": "DetA",
    "AssA": "AssA",
    "IDF1": "IDF1",
}
"""What the table shows of `SweepPoint.values`: key -> head."""
