"""Which frames each training step sees: every frame is an anchor once per epoch (SPEC §3, VisTR's sampling).

Everything here is a pure function of the seed and the step, so a resumed run sees what an unbroken one would have.
"""

from bisect import bisect_right
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import ceil
from typing import Any

import numpy as np

from simvtr.config import AugmentConfig, Stage
from simvtr.data.dataset import Batch, Clip, JoinedDataset, VideoDataset
from simvtr.data.transforms import augment, collate, paste

_ANCHORS, _LENGTH, _CHANGES = 0, 1, 2  # independent random streams of one seed


def window(anchor: int, t: int, length: int, wrap: bool = False) -> tuple[int, ...]:
    """The t consecutive frames that end at the anchor.

    Args:
        anchor: frame in 0..length-1.
        t: frames of the window, at least 1.
        length: frames of the video.
        wrap: a window that would start before frame 0 takes frames from the video's end, as VisTR's do; otherwise it
            is shifted to start at frame 0. A shifted window longer than the video repeats the first frame in front:
            an object at rest, not a jump from the last frame to the first.
    Raises: ValueError when the anchor is outside the video or t below 1.

    >>> window(5, 3, 10), window(1, 3, 10), window(1, 3, 10, wrap=True)
    ((3, 4, 5), (0, 1, 2), (9, 0, 1))
    >>> window(1, 4, 2), window(1, 4, 2, wrap=True)
    ((0, 0, 0, 1), (0, 1, 0, 1))
    """
    if t < 1 or not 0 <= anchor < length:
        raise ValueError(f"window: needs t >= 1 and an anchor in 0..{length - 1}, got t = {t}, anchor {anchor}")
    if wrap:
        return tuple(i % length for i in range(anchor - t + 1, anchor + 1))
    end = min(max(anchor, t - 1), length - 1)
    return tuple(max(i, 0) for i in range(end - t + 1, end + 1))


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """One clip of one step."""

    video: Any  # a key of `dataset.videos`
    frames: tuple[int, ...]
    seed: tuple[int, ...]  # numpy.random.default_rng(seed) draws the clip's augmentation


class BatchPlan:
    """The clips of every step; `plan[step]` is a list of `ClipPlan`, all with the same number of frames.

    Anchors are drawn without replacement: the steps walk through one shuffled list of all frames after another, also
    across the borders of batches and stages. Only t, not the anchors, differs between stages. With `shares`, such a
    list is as long, but holds a set's frames several times, or some of them, as its share asks for.

    Args:
        videos: (key, length) of each video, as `VideoDataset.videos`.
        stages: stretches of the training; their shares are of all steps and add up to 1.
        steps: optimiser steps of the whole training.
        seed: of everything random.
        wrap: see `window`.
        shares: (number of videos, weight) of each data set, in the order of `videos`; empty: every frame once.
    Raises: ValueError when there is no frame or no step.

    >>> plan = BatchPlan([("a", 3), ("b", 2)], [Stage(share=1.0, frames=(2,), clips=5)], steps=4, seed=25)
    >>> sorted((clip.video, clip.frames) for clip in plan[0])
    [('a', (0, 1)), ('a', (0, 1)), ('a', (1, 2)), ('b', (0, 1)), ('b', (0, 1))]
    >>> plan[3] == BatchPlan([("a", 3), ("b", 2)], [Stage(share=1.0, frames=(2,), clips=5)], steps=4, seed=25)[3]
    True
    """

    def __init__(
        self,
        videos: Sequence[tuple[Hashable, int]],
        stages: Sequence[Stage],
        steps: int,
        seed: int,
        wrap: bool = False,
        shares: Sequence[tuple[int, float]] = (),
    ) -> None:
        self._videos, self._stages, self._seed, self._wrap = tuple(videos), tuple(stages), seed, wrap
        self._ends = list(accumulate(length for _, length in self._videos))  # anchors up to and with each video
        self.anchors = self._ends[-1] if self._ends else 0
        lasts = [0, *accumulate(count for count, _ in shares)]
        starts = [self._ends[last - 1] if last else 0 for last in lasts]  # first anchor of each set, and the end
        total = sum(weight for _, weight in shares)
        self._sets = [
            (start, end, round(self.anchors * weight / total))
            for (start, end), (_, weight) in zip(pairwise(starts), shares, strict=True)
        ] or [(0, self.anchors, self.anchors)]
        self.anchors = sum(count for _, _, count in self._sets)  # of a list: shares are rounded
        if steps < 1 or self.anchors < 1:
            raise ValueError(f"BatchPlan: needs at least 1 step and 1 frame, got {steps} and {self.anchors}")
        ends = list(accumulate(stage.share for stage in self._stages))
        self._borders = [round(end / ends[-1] * steps) for end in ends]  # steps up to and with each stage
        counts = [end - start for start, end in zip([0, *self._borders[:-1]], self._borders, strict=True)]
        clips = [count * stage.clips for count, stage in zip(counts, self._stages, strict=True)]
        self._starts = [0, *accumulate(clips)]  # clips before each stage
        self._order: tuple[int, np.ndarray] | None = None  # the epoch last asked for, and its shuffled anchors

    def __len__(self) -> int:
        return self._borders[-1]

    def stage(self, step: int) -> int:
        """Index of the stage that a step belongs to."""
        if not 0 <= step < len(self):
            raise IndexError(f"step must lie in 0..{len(self) - 1}, got {step}")
        return bisect_right(self._borders, step)

    def __getitem__(self, step: int) -> list[ClipPlan]:
        index = self.stage(step)
        stage, before = self._stages[index], self._borders[index - 1] if index else 0
        t = int(np.random.default_rng((self._seed, _LENGTH, step)).choice(stage.frames))
        position = self._starts[index] + (step - before) * stage.clips
        plans = []
        for i in range(stage.clips):
            video, anchor = self._anchor(position + i)
            key, length = self._videos[video]
            plans.append(ClipPlan(key, window(anchor, t, length, self._wrap), (self._seed, _CHANGES, step, i)))
        return plans

    def drawn(self, rng: np.random.Generator, t: int) -> tuple[Any, tuple[int, ...]]:
        """Key of a video and a window of t frames of it, any frame as likely as another to be its anchor."""
        video, anchor = self._place(int(rng.integers(self._ends[-1])))
        key, length = self._videos[video]
        return key, window(anchor, t, length, self._wrap)

    def _anchor(self, position: int) -> tuple[int, int]:
        epoch, place = divmod(position, self.anchors)
        if self._order is None or self._order[0] != epoch:
            self._order = (epoch, self._shuffled(np.random.default_rng((self._seed, _ANCHORS, epoch))))
        return self._place(int(self._order[1][place]))

    def _place(self, anchor: int) -> tuple[int, int]:
        """Position of the video that an anchor of all is in, and the frame there."""
        video = bisect_right(self._ends, anchor)
        return video, anchor - (self._ends[video - 1] if video else 0)

    def _shuffled(self, rng: np.random.Generator) -> np.ndarray:
        """All anchors of an epoch in random order: of each set whole rounds, and a part of one."""
        if len(self._sets) == 1:
            return rng.permutation(self.anchors)
        drawn = []
        for start, end, count in self._sets:
            rounds, rest = divmod(count, end - start)
            drawn += [np.arange(start, end)] * rounds + [start + rng.permutation(end - start)[:rest]]
        return rng.permutation(np.concatenate(drawn))


def steps_of_epochs(videos: Sequence[tuple[Hashable, int]], stages: Sequence[Stage], epochs: int) -> int:
    """Steps after which every frame was an anchor `epochs` times (the last step may begin one more round).

    >>> steps_of_epochs([(1, 10), (2, 6)], [Stage(clips=4)], epochs=3)
    12
    >>> steps_of_epochs([(1, 16)], [Stage(share=0.5, clips=8), Stage(share=0.5, clips=2)], epochs=1)
    4
    """
    clips_per_step = sum(stage.share * stage.clips for stage in stages) / sum(stage.share for stage in stages)
    return ceil(epochs * sum(length for _, length in videos) / clips_per_step - 1e-9)


@dataclass(frozen=True, slots=True)
class Batches:
    """The batch of every step: `batches[step]`; of `ranks` processes, number `rank` gets every ranks-th clip of it.

    Also a map-style set for torch's loader: `DataLoader(batches, batch_size=None, sampler=range(done, len(batches)),
    num_workers=...)` gives the same batches in the same order, from any number of processes.
    """

    dataset: VideoDataset | JoinedDataset
    plan: BatchPlan
    augment: AugmentConfig
    rank: int = 0
    ranks: int = 1

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, step: int) -> Batch:
        return collate([self._clip(plan) for plan in self.plan[step][self.rank :: self.ranks]])

    def _clip(self, plan: ClipPlan) -> Clip:
        """Augmented; at times with objects of any other clip in front, augmented on their own."""
        rng, config = np.random.default_rng(plan.seed), self.augment
        clip = augment(self.dataset.clip(plan.video, plan.frames), config, rng)
        if not config.paste or rng.random() >= config.paste:
            return clip
        video, frames = self.plan.drawn(rng, len(plan.frames))
        return paste(clip, augment(self.dataset.clip(video, frames), config, rng), rng)
