"""Any segmenter with the face of `Predictor`: its objects are named frame by frame, in memory bounded by one frame.

frames -> Segmenter.find -> Instances -> Identity -> FrameResult
          (neighbours/, queries.py)      link.py
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext

import numpy as np

from simvtr.inference.ahead import ahead
from simvtr.inference.identity import Identity
from simvtr.inference.instances import Instances, Segmenter, named
from simvtr.inference.link import LinkIdentity
from simvtr.inference.tracks import FrameResult, TrackBuilder
from simvtr.schema import Track


class FramePredictor:
    """Finds the objects of a video with any segmenter and follows them.

    Args:
        segmenter: see `Segmenter`; of Hugging Face or torchvision by `simvtr.segmenter`.
        namer: makes an `Identity` for each video.
        threshold: in [0, 1]. What scores less in a frame gets no mask there.
    Attributes: model_seconds, the time spent in the segmenter so far. window, always one frame.
    Raises: ValueError when objects are to be named by slots and the segmenter has none.

    >>> from simvtr.schema import Category
    >>> class Whole:
    ...     model, slots, remembers = None, False, False
    ...     categories = [Category(1, "scene")]
    ...     def find(self, frames, least=0.0):
    ...         return (Instances.scored(np.ones((1, *frame.shape[:2]), bool), [0.9], [0], 1) for frame in frames)
    >>> for frame in FramePredictor(Whole()).stream(np.zeros((2, 4, 6, 3), np.uint8)):
    ...     print(frame.index, [(track.identity, track.category) for track in frame.tracks])
    0 [(0, 'scene')]
    1 [(0, 'scene')]
    """

    window = 1

    def __init__(
        self, segmenter: Segmenter, namer: Callable[[], Identity] = LinkIdentity, threshold: float = 0.001
    ) -> None:
        one = namer()
        if not (segmenter.slots or isinstance(one, LinkIdentity)):
            raise ValueError("--identity slot names objects by queries, and these weights have none. Choose link.")
        self._segmenter, self._namer = segmenter, namer
        self.threshold = threshold
        # What is too weak for the linker needs no mask.
        self._least = max(threshold, one.config.least) if isinstance(one, LinkIdentity) else threshold
        self.model, self.categories = segmenter.model, segmenter.categories
        self.restarts = not segmenter.remembers  # a pass can begin at any frame, knowing nothing but the names
        self.model_seconds = 0.0

    def namer(self) -> Identity:
        """A new `Identity`, for one video."""
        return self._namer()

    def stream(
        self,
        frames: Iterable[np.ndarray],
        start: int = 0,
        identity: Identity | None = None,
        overlap: bool = False,
    ) -> Iterator[FrameResult]:
        """One result per frame; as `Predictor.stream`."""
        with (ahead if overlap else nullcontext)(self._timed(self._segmenter.find(frames, self._least))) as found:
            yield from named(found, identity or self.namer(), self.categories, start)

    def __call__(self, frames: Iterable[np.ndarray]) -> list[Track]:
        """Tracks of the whole video, highest score first, each with one entry per frame."""
        builder = TrackBuilder()
        for result in self.stream(frames):
            builder.add(result)
        return builder.tracks()

    def _timed(self, found: Iterator[Instances]) -> Iterator[Instances]:
        while True:
            begin = time.perf_counter()
            one = next(found, None)
            self.model_seconds += time.perf_counter() - begin
            if one is None:
                return
            yield one
