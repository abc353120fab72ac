"""A model and a video of any length -> masks with identities, frame by frame, in memory bounded by the window.

frames -> to_input -> window -> model -> softmax -> select -> masks -> stretch -> FrameResult -> Track
          data/                          (here: SPEC §4, the rules of VisTR's inference)       tracks.py
"""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import islice
from os import PathLike
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from simvtr.config import InferConfig
from simvtr.data.transforms import pixels_of, to_input
from simvtr.errors import DataError, came
from simvtr.inference.ahead import Clock, ahead, side_by_side
from simvtr.inference.identity import Identity, SlotIdentity, Window
from simvtr.inference.link import LinkIdentity
from simvtr.inference.picture import check_picture
from simvtr.inference.stretch import stretched, sureness
from simvtr.inference.tracks import FrameResult, FrameTrack, TrackBuilder, Vote
from simvtr.model.device import pick_device
from simvtr.schema import Category, Track
from simvtr.windows import windows

if TYPE_CHECKING:
    from simvtr.model import SimVTR


class Predictor:
    """Finds the objects of a video and follows them (SPEC §4).

    Args:
        model: a `SimVTR`; it is put into eval mode, and on `device`.
        window: frames per forward pass, which share their objects; "all": the whole video. Coupled queries (VisTR)
            take at most `model.config.frames`; a shorter window is padded with its last frame.
        identity: "slot": object i is query i; "link": objects are matched from window to window (`LinkIdentity`,
            docs/identity.md); or what makes an `Identity` for each video, as `lambda: LinkIdentity(config)` does.
        threshold: in [0, 1]. A query whose score in a frame is below gets no mask there. 0.001 (VisTR's) keeps what a
            precision-recall curve needs; for looking at the result 0.5 is better, and faster.
        mask_threshold: in (0, 1), of the probability of a pixel.
        device: "auto", "cpu", "cuda", "mps"; None: where the model is.
        precision: of the network's products; "bfloat16" is faster where the processor has it, and not exact.
    Attributes: categories, those that it finds.

    A score is the largest class probability of a query, "no object" in the softmax but not among the choices. The
    same video gives the same result whatever the seed. By slots, two queries on one object give two tracks.

    >>> from simvtr.config import simvtr_tiny
    >>> from simvtr.model import SimVTR
    >>> model = SimVTR(simvtr_tiny(backbone_width=16, channels=64, encoder_layers=1, decoder_layers=1, instances=3))
    >>> video = np.zeros((4, 48, 64, 3), np.uint8)  # or simvtr.read_frames("clip.mp4")
    >>> for frame in Predictor(model, window=2).stream(video):
    ...     print(frame.index, all(track.mask.shape == (48, 64) for track in frame.tracks))
    0 True
    1 True
    2 True
    3 True
    >>> all(len(track.segmentations) == 4 for track in Predictor(model, window="all")(video))
    True
    """

    def __init__(
        self,
        model: "SimVTR",
        window: int | Literal["all"] = 1,
        identity: Literal["slot", "link"] | Callable[[], Identity] = "link",
        threshold: float = 0.001,
        mask_threshold: float = 0.5,
        device: str | torch.device | None = None,
        precision: Literal["float32", "bfloat16"] = "float32",
    ) -> None:
        if not isinstance(model, torch.nn.Module):
            raise TypeError(f'Predictor: model must be a SimVTR, got {came(model)}. As simvtr.load("simvtr-tiny").')
        InferConfig(window=window, threshold=threshold, mask_threshold=mask_threshold)  # checks them
        if not 0 < mask_threshold < 1:
            raise ValueError(f"Predictor: mask_threshold must lie between 0 and 1, both excluded, got {mask_threshold}")
        if identity not in _IDENTITIES and not callable(identity):
            raise ValueError(
                f'Predictor: identity must be "slot", "link" or make an Identity when called, got {identity!r}'
            )
        self._most = model.config.frames if model.config.queries == "coupled" else None
        if self._most and window != "all" and window > self._most:
            raise ValueError(f"Predictor: window must be at most {self._most} frames for this model, got {window}")
        if not model.config.masks:
            raise ValueError(
                "Predictor: the model must have a mask head, got one that finds boxes alone. Of DETR's weights take "
                "those for panoptic segmentation."
            )
        self.window: int | Literal["all"] = window
        self.threshold, self.mask_threshold = threshold, mask_threshold
        self._identity = identity if callable(identity) else _IDENTITIES[identity]
        if device is not None:
            model.to(pick_device(device) if isinstance(device, str) else device)
        if precision not in ("float32", "bfloat16"):
            raise ValueError(f'Predictor: precision must be "float32" or "bfloat16", got {precision!r}')
        self.precision = precision
        self.model = model.eval()
        config = model.config
        self.categories = [Category(config.category_ids[i], config.category_names[i]) for i in config.objects]
        self.restarts = True  # a pass can begin at any window, knowing nothing but the names
        self._clock = Clock()

    @property
    def model_seconds(self) -> float:
        """Time by the clock in which the network ran, in one thread or more."""
        return self._clock.seconds

    def namer(self) -> Identity:
        """A new `Identity`, for one video."""
        return self._identity()

    @property
    def device(self) -> torch.device:
        """Where the model is now."""
        return next((p.device for p in self.model.parameters()), torch.device("cpu"))

    def stream(
        self,
        frames: Iterable[np.ndarray],
        start: int = 0,
        identity: Identity | None = None,
        overlap: bool = False,
    ) -> Iterator[FrameResult]:
        """One result per frame, in order, as soon as its window is done.

        Args:
            frames: RGB uint8 (H, W, 3), all of one size, pulled one window at a time and never kept at full size.
            start: number of the first of them, to go on where an earlier pass ended; where a window began.
            identity: the one of that pass, or as it was then; None: a new one.
            overlap: read frames and run the network in threads of their own while the caller uses what was found; up
                to six windows are under way then, two of them in the network, each on half of torch's threads: two
                passes side by side wait less than one on all cores. False: a window is read when the results before
                it are used up.
        Raises: DataError when a frame is no such picture, the video is too long for "all" with coupled queries, or a
            window does not fit into memory.
        """
        linker = identity or self.namer()
        find = partial(self._find, pictured=type(linker) is not SlotIdentity)  # which looks at no colours
        aside = ahead if overlap else nullcontext
        with aside(self._clips(frames)) as clips:
            if not overlap:
                windows = (find(clip, size) for clip, size in clips)
            else:
                two = self.window != "all" and self.device.type == "cpu" and torch.get_num_threads() > 1
                windows = side_by_side(find, clips, 2 if two else 1)
            with closing(windows):
                for found in windows:
                    yield from self._results(start, found, linker)
                    start += len(found.probabilities)

    def __call__(self, frames: Iterable[np.ndarray]) -> list[Track]:
        """Tracks of the whole video, highest score first, each with one entry per frame; for `write_predictions`."""
        builder = TrackBuilder()
        for result in self.stream(frames):
            builder.add(result)
        return builder.tracks()

    def _clips(self, frames: Iterable[np.ndarray]) -> Iterator[tuple[Tensor, tuple[int, int]]]:
        """The network's pictures (t, 3, h, w) of each window, with the frames' own (H, W)."""
        inputs = self._inputs(frames)
        for span in windows(None, self.window):
            window = list(islice(inputs, None if span.stop is None else span.stop - span.start))
            if not window:
                return
            with _memory_for(len(window)):
                clip, size = torch.stack([picture for picture, _ in window]), window[0][1]
            del window
            yield clip, size

    def _inputs(self, frames: Iterable[np.ndarray]) -> Iterator[tuple[Tensor, tuple[int, int]]]:
        """The network's picture (3, h, w) of each frame, with the frame's own (H, W)."""
        if isinstance(frames, str | PathLike):
            raise TypeError(f"Predictor: frames must be pictures, got {came(frames)}. Give simvtr.read_frames(path).")
        first, index = None, -1
        for frame in frames:  # no enumerate: it would hold on to the frame
            index += 1
            check_picture(index, frame)
            first = first or frame.shape
            if frame.shape != first:
                raise DataError(
                    f"frame {index}: all frames of a video must have one size, here {first[1]}x{first[0]}, "
                    f"got {frame.shape[1]}x{frame.shape[0]}. Resize or split the video."
                )
            config = self.model.config
            picture = to_input(frame[None], config.short_side, config.long_side)[0]
            del frame  # while the model works, nobody here holds a picture at full size
            yield picture, first[:2]

    def _find(self, clip: Tensor, size: tuple[int, int], *, pictured: bool) -> "_Found":
        """Run the network on one window: clip (t, 3, h, w), size (H, W) of its frames; pictured: with small ones."""
        t = len(clip)
        if self._most:
            if t > self._most:
                raise DataError(
                    f"the video: a window must have at most {self._most} frames for this model, got {t}. "
                    f"Choose window {self._most}."
                )
            clip = torch.cat([clip, clip[-1:].expand(self._most - t, -1, -1, -1)])  # dropped again below
        if self.model.training:
            self.model.eval()
        picked: list[Tensor] = []
        objects = list(self.model.config.objects)

        def select(_: int, logits: Tensor, boxes: Tensor) -> Tensor:
            best = _probabilities(logits)[:t, :, objects].amax(-1)  # (t, n)
            picked.append((best >= self.threshold).any(0).nonzero()[:, 0])
            return picked[0]

        half = torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16")
        with self._clock, torch.inference_mode(), _memory_for(len(clip)), half:
            outputs = self.model(clip[None].to(self.device), select=select)
            probabilities = _probabilities(outputs.logits)[0, :t, :, objects].cpu().numpy()  # (t, n, k)
            masks = outputs.masks[0][:t].float().cpu().numpy()  # (t, m, h/4, w/4)
        embeddings = outputs.embeddings[0].float().cpu().numpy()
        pictures = None
        if pictured:  # of as many pixels as the masks
            pictures = pixels_of(F.avg_pool2d(clip[:t], self.model.config.mask_stride, ceil_mode=True))
        return _Found(size, probabilities, masks, picked[0].tolist(), embeddings, pictures)

    def _results(self, start: int, found: "_Found", linker: Identity) -> Iterator[FrameResult]:
        """Results of one window, whose objects get their names here."""
        probabilities, masks, queries = found.probabilities, found.masks, found.queries
        t = len(probabilities)
        level = math.log(self.mask_threshold / (1 - self.mask_threshold))  # the threshold as a logit
        present = np.zeros((t, probabilities.shape[1], *masks.shape[2:]), bool)  # (t, n, h/4, w/4)
        present[:, queries] = (masks > level) & (probabilities[:, queries].max(-1) >= self.threshold)[..., None, None]
        named = linker.assign(Window(start, probabilities, present, found.embeddings, found.pictures))
        config = self.model.config
        names = {config.category_ids[i]: config.category_names[i] for i in config.objects}
        ids = tuple(names)
        for i in range(t):
            votes = {
                identity: Vote(dict(zip(ids, row, strict=True)))
                for identity, row in zip(named, probabilities[i].tolist(), strict=True)
                if identity is not None
            }
            tracks = []
            for m, query in enumerate(queries):
                identity = named[query]
                if identity is not None and present[i, query].any():
                    vote, mask = votes[identity], stretched(masks[i, m], found.size, level)
                    if mask is not None:
                        name, sure = names[vote.category_id], sureness(masks[i, m], level)
                        tracks.append(FrameTrack(identity, vote.category_id, name, vote.score, mask, sure))
            tracks.sort(key=lambda track: -track.score)
            if linker.doubt is not None:
                votes = {track.identity: votes[track.identity] for track in tracks}
            yield FrameResult(start + i, tracks, votes, linker.doubt or 0)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the network says about one window."""

    size: tuple[int, int]  # (H, W) of its frames
    probabilities: np.ndarray  # (t, n, k)
    masks: np.ndarray  # (t, m, h, w) logits of the m queries that are kept
    queries: list[int]  # their numbers
    embeddings: np.ndarray  # (n, c)
    pictures: np.ndarray | None  # uint8 (t, h, w, 3), what the network saw; None: nobody looks at them


_IDENTITIES: dict[str, Callable[[], Identity]] = {"slot": SlotIdentity, "link": LinkIdentity}

# What PyTorch says when memory ends: CUDA and MPS, the CPU on Linux and macOS, the CPU on Windows.
_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


@contextmanager
def _memory_for(frames: int) -> Iterator[None]:
    """Turns running out of memory, for a window of so many frames, into a DataError."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, torch.OutOfMemoryError) and not any(text in str(error) for text in _NO_MEMORY):
            raise
        raise DataError(
            f"the video: a window must fit into memory, one of {frames} frame{'s' * (frames != 1)} does not. "
            "Choose a smaller window."
        ) from error


def _probabilities(logits: Tensor) -> Tensor:
    """(..., k + 1) logits -> (..., k) probabilities: "no object" counts in the softmax and is then dropped."""
    return logits.softmax(-1, dtype=torch.promote_types(logits.dtype, torch.float32))[..., :-1]
