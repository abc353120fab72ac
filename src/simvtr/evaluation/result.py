"""What a scoring run found: the precision array, the figures read off it, and what every video contributed."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simvtr.errors import many
from simvtr.evaluation.matching import FOUND_LIMITS, THRESHOLDS, Comparison
from simvtr.evaluation.precision import figures, mean_defined
from simvtr.evaluation.text import columns, percent
from simvtr.schema import Category


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """The score of one category. Fractions in [0, 1], -1 where the category has no true track that counts."""

    id: int
    name: str
    AP: float
    AP50: float
    AP75: float
    AR10: float
    true_tracks: int
    found_tracks: int


@dataclass(frozen=True, eq=False)
class Result:
    """Scores of one set of results. Axes: t 10 thresholds, r 101 recalls, k categories, a 4 sizes, m 3 limits.

    `precision` (t, r, k, a, m) and `recall` (t, k, a, m) are in [0, 1], or -1 where no true track counts. Categories
    come by rising id; without categories k is 1. `comparisons` hold the IoUs and matches of every video and category
    that has a true or a found track, by category, then video.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    categories: tuple[Category, ...]
    comparisons: tuple[Comparison, ...]
    true_counts: tuple[int, ...]  # per category, crowds included
    found_counts: tuple[int, ...]  # per category, before the limit of 100 per video
    videos: int
    dialect: str
    class_agnostic: bool

    def __repr__(self) -> str:
        """One line: the arrays would fill screens."""
        return (
            f"Result(AP={self.stats['AP']:.4f}, videos={self.videos}, dialect={self.dialect!r},"
            f" class_agnostic={self.class_agnostic})"
        )

    @cached_property
    def stats(self) -> dict[str, float]:
        """AP AP50 AP75 APs APm APl AR1 AR10 AR100 ARs ARm ARl: fractions at full precision, -1 where undefined."""
        return figures(self.precision, self.recall)

    @cached_property
    def by_category(self) -> tuple[CategoryScore, ...]:
        """One row per category, by rising id; empty when categories were not told apart."""
        if self.class_agnostic:
            return ()
        most, ten = len(FOUND_LIMITS) - 1, FOUND_LIMITS.index(10)
        return tuple(
            CategoryScore(
                id=category.id,
                name=category.name,
                AP=mean_defined(self.precision[:, :, k, 0, most]),
                AP50=mean_defined(self.precision[np.equal(THRESHOLDS, 0.5), :, k, 0, most]),
                AP75=mean_defined(self.precision[np.equal(THRESHOLDS, 0.75), :, k, 0, most]),
                AR10=mean_defined(self.recall[:, k, 0, ten]),
                true_tracks=self.true_counts[k],
                found_tracks=self.found_counts[k],
            )
            for k, category in enumerate(self.categories)
        )

    def comparison(self, video_id: int, category_id: int | None = None) -> Comparison | None:
        """IoUs and matches of one video and category; None where it has neither true nor found tracks.

        `category_id` is None for results scored without categories.
        """
        return self._comparisons_by_cell.get((video_id, category_id))

    @cached_property
    def _comparisons_by_cell(self) -> dict[tuple[int, int | None], Comparison]:
        return {(c.video_id, c.category_id): c for c in self.comparisons}

    def table(self) -> str:
        """The figures and the categories as plain text, in percent; "-" where undefined."""
        names = list(self.stats)
        blocks = [
            columns([names[at : at + 6], [percent(self.stats[name]) for name in names[at : at + 6]]]) for at in (0, 6)
        ]
        if self.by_category:
            rows = [["category", "AP", "AP50", "AP75", "AR10", "true", "found"]]
            for c in self.by_category:
                marks = [percent(value) for value in (c.AP, c.AP50, c.AP75, c.AR10)]
                rows.append([" ".join(c.name.split()), *marks, str(c.true_tracks), str(c.found_tracks)])
            blocks.append(columns(rows, names=True))
        counts = ", ".join(
            [
                many(self.videos, "video"),
                "all categories as one"
                if self.class_agnostic
                else many(len(self.categories), "category", "categories"),
                many(sum(self.true_counts), "true track"),
                many(sum(self.found_counts), "found track"),
            ]
        )
        blocks.append(f"{counts}; dialect {self.dialect}; percent.")
        return "\n\n".join(blocks)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON: `stats` and `categories` as fractions (-1 where undefined), and counts."""
        return {
            "stats": self.stats,
            "categories": [
                {
                    "id": c.id,
                    "name": c.name,
                    "AP": c.AP,
                    "AP50": c.AP50,
                    "AP75": c.AP75,
                    "AR10": c.AR10,
                    "true": c.true_tracks,
                    "found": c.found_tracks,
                }
                for c in self.by_category
            ],
            "dialect": self.dialect,
            "class_agnostic": self.class_agnostic,
            "videos": self.videos,
            "true": sum(self.true_counts),
            "found": sum(self.found_counts),
        }

    def to_json(self) -> str:
        """`as_dict` as the text of one JSON object."""
        import json  # a table needs none, and is quicker to start

        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False)
