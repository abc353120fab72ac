"""How far the figures can be trusted: videos drawn again and again, and two results compared on the same draws.

Result -> draws of its videos -> weighted_figures -> Interval      Result, Result -> Difference, VideoDifference
          (here)                 weighted.py         (of each figure)

The bootstrap of Efron (1979) over videos, percentile intervals; see docs/metric.md for what they do not say.
"""

import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from simvtr.errors import DataError
from simvtr.evaluation.precision import UNDEFINED
from simvtr.evaluation.result import Result
from simvtr.evaluation.text import columns, percent
from simvtr.evaluation.weighted import weighted_figures


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure, and the middle share and the mean of what it is over drawn videos. In [0, 1], -1 where undefined.

    AP of few true tracks a category is higher on draws, which repeat videos, than on the truth: where `mean` is far
    above `value`, the interval is as far too high.
    """

    value: float
    low: float
    high: float
    mean: float

    def as_dict(self) -> dict[str, float]:
        """Ready for JSON, by the names of the fields."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of two results of one truth: second minus first, with its interval over the same drawn videos.

    All are fractions; `low`, `high` and `difference` may be negative. Where the figure is undefined all are -1 but
    `difference`, `low` and `high`, which are None, and `survives` is False. Of fewer videos than `least_videos`, `low`,
    `high`, `share` and `survives` are as if it were.

    Args:
        survives: zero lies outside the interval.
        share: of the draws, those in which the second result is better; equal ones count half.
    """

    first: float
    second: float
    difference: float | None
    low: float | None
    high: float | None
    survives: bool
    share: float

    def as_dict(self) -> dict[str, float | bool | None]:
        """Ready for JSON, by the names of the fields."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class VideoDifference:
    """One figure of two results on one video alone: second minus first, fractions."""

    video_id: int
    first: float
    second: float
    difference: float

    def as_dict(self) -> dict[str, float]:
        """Ready for JSON, by the names of the fields."""
        return asdict(self)


class Intervals(dict[str, Interval]):
    """Intervals by the name of their figure."""

    def table(self) -> str:
        """As plain text, in percent.

        >>> print(Intervals(AP=Interval(0.3, 0.25, 0.375, 0.31), APs=Interval(-1.0, -1.0, -1.0, -1.0)).table())
             value    low   high   mean
        AP   30.00  25.00  37.50  31.00
        APs      -      -      -      -
        """
        rows = [[name, *map(percent, (i.value, i.low, i.high, i.mean))] for name, i in self.items()]
        return columns([["", "value", "low", "high", "mean"], *rows], names=True)


class Differences(dict[str, Difference]):
    """Differences by the name of their figure."""

    def table(self) -> str:
        """As plain text, in percent; the interval is that of the difference.

        >>> print(Differences(AP=Difference(0.3, 0.35, 0.05, -0.01, 0.11, False, 0.93)).table())
            first  second  difference    low    high  second better  survives
        AP  30.00   35.00       +5.00  -1.00  +11.00          93.0%        no
        """
        heads = ["", "first", "second", "difference", "low", "high", "second better", "survives"]
        rows = [
            [
                name,
                percent(d.first),
                percent(d.second),
                *map(_signed, (d.difference, d.low, d.high)),
                "-" if d.low is None else f"{100 * d.share:.1f}%",
                "-" if d.low is None else "yes" if d.survives else "no",
            ]
            for name, d in self.items()
        ]
        return columns([heads, *rows], names=True)


def intervals(result: Result, samples: int = 1000, seed: int = 0, confidence: float = 0.95) -> Intervals:
    """An interval for each of the twelve figures, from videos drawn with replacement.

    Every draw has as many videos as the truth; a video drawn twice counts twice. The interval spans the middle
    `confidence` of the draws (percentile method, linear between draws). Draws in which a figure is undefined are left
    out of its interval.

    Args:
        result: of one set of results; nothing is compared anew.
        samples: number of draws, at least 1; a thousand is usual.
        seed: equal seeds draw equal videos.
        confidence: share of the draws inside, above 0 and below 1.
    Returns: by the names of `Result.stats`; `.table()` prints them.
    Raises: ValueError for another number of samples or share.
    """
    _require(samples, confidence, "intervals")
    videos, weights = _draws([result], samples, seed)
    drawn = weighted_figures(result, videos, weights)
    return Intervals({name: _interval(value, drawn[name], confidence) for name, value in result.stats.items()})


def compare(first: Result, second: Result, samples: int = 1000, seed: int = 0, confidence: float = 0.95) -> Differences:
    """What sets two results of the same truth apart, figure by figure, both over the same drawn videos (paired).

    A difference survives when zero lies outside the interval of the differences. Twelve figures are twelve tests:
    with nothing between the results, one of them in twenty comes out as surviving by chance. A figure that fewer than
    `least_videos(confidence)` have a true track for has no interval: nothing can be told of it.

    Args:
        first, second: of the same truth, in the same dialect.
        samples, seed, confidence: see `intervals`.
    Returns: by the names of `Result.stats`, second minus first; `.table()` prints them.
    Raises: DataError when the results are not of the same truth; ValueError for what `intervals` refuses.
    """
    if not isinstance(first, Result) or not isinstance(second, Result):
        raise ValueError("compare: both must be results of simvtr.evaluate, of one truth. Score each set first.")
    _require(samples, confidence, "compare")
    _require_same_truth(first, second)
    videos, weights = _draws([first, second], samples, seed)
    one, two = weighted_figures(first, videos, weights), weighted_figures(second, videos, weights)
    enough = {name: _videos_of(first, name) >= least_videos(confidence) for name in first.stats}
    return Differences(
        {name: _difference(first, second, name, one[name], two[name], confidence, enough[name]) for name in first.stats}
    )


def least_videos(confidence: float = 0.95) -> int:
    """The number of videos from which a difference can be told from chance at all.

    One of two equal systems is ahead on all of n videos with a chance of 2 / 2^n, and then so it is on every draw of
    them: zero lies outside the interval. No paired test has a smaller p-value; it must be at most 1 - confidence.

    >>> [2 / 2**n for n in (5, 6)], least_videos(0.95)
    ([0.0625, 0.03125], 6)
    """
    return math.ceil(1 - math.log2(1 - confidence))


def too_few(videos: int) -> str:
    """Why so many videos tell nothing of others, at 95 %, in a sentence; "" where they may.

    >>> too_few(2)
    'Only 2 videos have true tracks, too few to tell: one of two equal systems is ahead on all of them in 50 % of \
cases. It takes 6 videos.'
    >>> too_few(6)
    ''
    """
    if videos >= least_videos():
        return ""
    if videos == 1:
        return "Only one video has true tracks: nothing is known of other videos."
    return (
        f"Only {videos} videos have true tracks, too few to tell: one of two equal systems is ahead on all of them in "
        f"{200 / 2**videos:g} % of cases. It takes {least_videos()} videos."
    )


def per_video(first: Result, second: Result, figure: str = "AP") -> tuple[VideoDifference, ...]:
    """Where two results of one truth win and lose: a figure on each video alone, largest gain of the second first.

    The figure is what `evaluate` says of that video by itself. Videos in which it is undefined (nothing true in them)
    are left out; equal differences come by rising id. The figure of all videos is not the mean of these.

    Raises: DataError when the results are not of the same truth; ValueError for an unknown figure.
    """
    if figure not in first.stats:
        raise ValueError(f"per_video: figure must be one of {', '.join(first.stats)}, got {figure!r}.")
    _require_same_truth(first, second)
    videos = _video_ids([first, second])
    alone = np.eye(len(videos), dtype=np.int64)
    one, two = (weighted_figures(result, videos, alone)[figure] for result in (first, second))
    rows = [
        VideoDifference(video, float(a), float(b), float(b - a))
        for video, a, b in zip(videos, one, two, strict=True)
        if a != UNDEFINED
    ]
    return tuple(sorted(rows, key=lambda row: (-row.difference, row.video_id)))


def video_table(rows: tuple[VideoDifference, ...]) -> str:
    """Videos and their differences as plain text, in percent.

    >>> print(video_table((VideoDifference(7, 0.5, 0.75, 0.25),)))
    video  first  second  difference
    7      50.00   75.00      +25.00
    """
    cells = [[str(r.video_id), percent(r.first), percent(r.second), _signed(r.difference)] for r in rows]
    return columns([["video", "first", "second", "difference"], *cells], names=True)


def _require(samples: int, confidence: float, where: str) -> None:
    if samples < 1:
        raise ValueError(f"{where}: samples must be at least 1, got {samples}. A thousand is usual.")
    if not 0 < confidence < 1:
        raise ValueError(f"{where}: confidence must be above 0 and below 1, got {confidence}.")


def _require_same_truth(first: Result, second: Result) -> None:
    for name, a, b in (
        ("dialect", first.dialect, second.dialect),
        ("class-agnostic", first.class_agnostic, second.class_agnostic),
        ("number of videos", first.videos, second.videos),
        ("categories", [c.id for c in first.categories], [c.id for c in second.categories]),
    ):
        if a != b:
            raise DataError(
                f"results to compare must be scored alike and of the same truth: {name} is {a} for the first, {b} for"
                " the second. Score both against one file."
            )
    one, two = _expectations(first), _expectations(second)
    strange = sorted({cell[0] for cell in one.keys() | two.keys() if one.get(cell) != two.get(cell)})
    if strange:
        raise DataError(
            f"results to compare must be of the same truth: the true tracks of video {strange[0]} differ"
            f"{f' (and of {len(strange) - 1} more)' if len(strange) > 1 else ''}. Score both against one file."
        )


def _expectations(result: Result) -> dict[tuple[int, int | None], tuple[list[int], list[int]]]:
    """Ids of the true tracks of each video and category that has any, and how many count in each size range."""
    return {
        (c.video_id, c.category_id): (c.truth.tolist(), c.expected.tolist()) for c in result.comparisons if len(c.truth)
    }


def _videos_of(result: Result, figure: str) -> int:
    """How many videos have a true track that counts for a figure."""
    size = "sml".find(figure[-1]) + 1  # as in APs; 0 is all sizes
    return len({c.video_id for c in result.comparisons if c.expected[size]})


def _video_ids(results: list[Result]) -> list[int]:
    """All videos with a true or found track in any of the results, by rising id."""
    return sorted({c.video_id for result in results for c in result.comparisons})


def _draws(results: list[Result], samples: int, seed: int) -> tuple[list[int], NDArray[np.int64]]:
    """The videos, and how often each is in each draw (s, v). Videos without any track are drawn too, and not listed."""
    videos = _video_ids(results)
    total = max(results[0].videos, 1)
    drawn = np.random.default_rng(seed).integers(0, total, (samples, total))
    drawn += total * np.arange(samples)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=samples * total).reshape(samples, total)
    return videos, counts[:, : len(videos)]


def _interval(value: float, drawn: NDArray[np.float64], confidence: float) -> Interval:
    drawn = drawn[drawn != UNDEFINED]
    if not len(drawn):
        return Interval(value, UNDEFINED, UNDEFINED, UNDEFINED)
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(value, float(low), float(high), float(drawn.mean()))


def _difference(
    first: Result,
    second: Result,
    name: str,
    one: NDArray[np.float64],
    two: NDArray[np.float64],
    confidence: float,
    enough: bool,
) -> Difference:
    a, b = first.stats[name], second.stats[name]
    defined = one != UNDEFINED  # of the same truth: for both or for neither
    if a == UNDEFINED or not defined.any():
        return Difference(a, b, None, None, None, survives=False, share=UNDEFINED)
    if not enough:
        return Difference(a, b, b - a, None, None, survives=False, share=UNDEFINED)
    gain = (two - one)[defined]
    low, high = (float(end) for end in np.quantile(gain, [(1 - confidence) / 2, (1 + confidence) / 2]))
    share = float(np.mean((gain > 0) + 0.5 * (gain == 0)))
    return Difference(a, b, b - a, low, high, survives=low > 0 or high < 0, share=share)


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:+.2f}"
