"""The last lines of `simvtr segment`: how much there was, how fast it went, what was found, and the files."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simvtr.errors import many

TOLD = 20  # videos whose numbers are printed


@dataclass(slots=True)
class Summary:
    """What the last lines on stdout tell."""

    videos: int = 0
    frames: int = 0
    again: int = 0  # of these, found by an earlier run
    seconds: float = 0.0
    objects: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    doubt: int = 0  # frames of absence that a score starts with
    undoubted: int = 0  # objects, if it did not

    def text(self, threshold: float, model_seconds: float) -> str:
        """Frames, objects, speed and files, one line each.

        >>> print(Summary(1, 50, 0, 10.0, Counter(dog=2, cat=1), [], [Path("out/results.json")]).text(0.5, 9.0))
        1 video, 50 frames, 5.0 frames/s end to end, 90 % of the time in the model
        3 objects with a score of 0.5 or more: 2 dog, 1 cat
        out/results.json
        >>> print(Summary(seconds=10.0).text(0.5, 0.0))      # a data set without videos
        0 videos, 0 frames, 0.0 frames/s end to end, 0 % of the time in the model
        0 objects with a score of 0.5 or more
        >>> print(Summary(1, 15, 0, 10.0, doubt=20, undoubted=3).text(0.5, 9.0).splitlines()[1])
        0 objects with a score of 0.5 or more: a score starts with 20 frames of absence, so few frames score low; 3 \
objects have it by --link.doubt 0
        """
        kinds = ", ".join(f"{count} {name}" for name, count in self.objects.most_common())
        found = f"{many(self.objects.total(), 'object')} with a score of {threshold:g} or more"
        if self.videos and not kinds and threshold > 0:
            kinds = (
                f"a score starts with {many(self.doubt, 'frame')} of absence, so few frames score low; "
                f"{many(self.undoubted, 'object has', 'objects have')} it by --link.doubt 0"
                if self.doubt and self.undoubted
                else "try a lower --threshold"
            )
        return "\n".join(
            (
                f"{many(self.videos, 'video')}, {many(self.frames, 'frame')}, "
                f"{(self.frames - self.again) / self.seconds:.1f} frames/s end to end, "
                f"{100 * model_seconds / self.seconds:.0f} % of the time in the model",
                f"{found}: {kinds}" if kinds else found,
                *map(str, self.files),
            )
        )


def numbered(sources: Sequence[str]) -> str:
    """Which number each of several videos has; all of them are in results.settings.json.

    >>> print(numbered(["a.mp4", "b.mp4"]))
    video_id 1: a.mp4
    video_id 2: b.mp4
    """
    lines = [f"video_id {number}: {source}" for number, source in enumerate(sources[:TOLD], 1)]
    return "\n".join([*lines, *(["..., in the order given"] if len(sources) > TOLD else [])])
