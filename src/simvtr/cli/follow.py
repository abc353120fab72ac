"""One video of `simvtr segment`, start to end.

clip -> frames -> Predictor.stream -> journal -> TrackBuilder -> results
                  with each frame  -> OverlayWriter
"""

import argparse
import time
from collections import deque
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import repeat
from typing import TYPE_CHECKING

from simvtr.cli.clips import Clip
from simvtr.cli.stop import Stop
from simvtr.cli.summary import Summary

if TYPE_CHECKING:
    import numpy as np
    from rich.progress import Progress

    from simvtr.data.video import FrameReader
    from simvtr.inference import FramePredictor, FrameResult, Predictor
    from simvtr.inference.journal import Journal
    from simvtr.schema import PredictionWriter


def follow(
    clip: Clip,
    predictor: "Predictor | FramePredictor",
    args: argparse.Namespace,
    journal: "Journal",
    results: "PredictionWriter",
    progress: "Progress",
    stop: Stop,
    done: Summary,
) -> None:
    """One video, start to end. Left early, by Ctrl-C, a broken image or an overlay that cannot be written, it writes
    the tracks it has and passes that on.
    """
    from simvtr.errors import DataError
    from simvtr.inference import TrackBuilder
    from simvtr.inference.overlay import OverlayWriter

    reader = clip.open()
    whole = journal.reached(clip.id)[0] is None  # by an earlier run, its overlay too
    task = progress.add_task(clip.name, total=reader.length, rate="–")
    builder = TrackBuilder(journal.masks)
    draws = (clip.video is not None or clip.images is not None) and not whole
    size = (reader.width, reader.height)
    stopped: BaseException | None = None
    promised = 0  # a video that was read to its end is as long as what decoded
    begin, known = time.perf_counter(), journal.reached(clip.id)[0] or 0
    try:
        with (
            OverlayWriter(size, reader.fps, video=clip.video, images=clip.images) if draws else nullcontext()
        ) as overlay:
            try:
                earlier = zip(repeat(None), journal.replay(clip.id), strict=False)
                for frame, result in earlier if whole else _found(clip, reader, predictor, journal, stop, draws):
                    if overlay is not None and frame is not None:
                        overlay.add(frame, [track for track in result.tracks if track.score >= args.threshold])
                    builder.add(result)
                    done.frames += 1
                    done.again += whole or result.index < known
                    progress.update(task, advance=1, rate=f"{builder.frames / (time.perf_counter() - begin):.1f}")
                    stop.check()
            except (KeyboardInterrupt, DataError) as error:
                stopped, promised = error, reader.length or 0
    except (KeyboardInterrupt, DataError) as error:  # the overlay cannot be finished, and the tracks are worth more
        stopped = stopped or error
    if not stopped and not whole:
        journal.mark(clip.id, None, None)
    names = {kind.id: kind.name for kind in predictor.categories}
    for track in builder.each(clip.length or max(promised, builder.frames)):
        results.add(clip.id, track)
        if track.score >= args.threshold:
            done.objects[names[track.category_id]] += 1
    if args.identity == "link":  # slots have no --link.doubt
        done.doubt, done.undoubted = builder.doubt, done.undoubted + builder.undoubted(args.threshold)
    done.videos += bool(builder.frames)
    done.problems += reader.problems
    done.files += [path for path in (clip.video, clip.images) if path and path.exists() and builder.frames]
    if stopped:
        raise stopped


def _found(
    clip: Clip,
    reader: "FrameReader",
    predictor: "Predictor | FramePredictor",
    journal: "Journal",
    stop: Stop,
    draws: bool,
) -> Iterator[tuple["np.ndarray | None", "FrameResult"]]:
    """Every frame, None when nothing is drawn, with its result, which the journal has; what it has already comes from
    there.

    The frames of a window wait in memory for its results; when the window is the whole video they are read again.
    """
    from simvtr.errors import DataError
    from simvtr.inference import LinkIdentity
    from simvtr.inference.journal import APART

    if predictor.window == "all":
        again = iter(clip.open()) if draws else repeat(None)
        for result in predictor.stream(stop.watch(reader), overlap=True):
            journal.add(clip.id, result)
            yield next(again), result
        return
    marked, state = journal.reached(clip.id)
    start = marked = marked or 0
    frames = iter(stop.watch(reader))
    for result in journal.replay(clip.id):
        if (frame := next(frames, None)) is None:
            raise DataError(
                f"{clip.name}: must have the {marked} frames it had when it was interrupted, got {result.index}. "
                "Leave --resume out to start anew."
            )
        yield frame if draws else None, result
    waiting: deque[np.ndarray | None] = deque()

    def noted() -> Iterator["np.ndarray"]:
        for frame in frames:
            waiting.append(frame if draws else None)
            yield frame

    identity = predictor.namer()
    if state is not None and isinstance(identity, LinkIdentity):
        identity = LinkIdentity.restored(state, identity.config)
    for result in predictor.stream(noted(), start, identity, overlap=True):
        journal.add(clip.id, result)
        after = result.index + 1
        due = after - marked >= APART or stop.asked  # what is asked to stop goes on from here
        if predictor.restarts and due and (after - start) % predictor.window == 0:
            journal.mark(clip.id, after, identity.state() if isinstance(identity, LinkIdentity) else None)
            marked = after
        yield waiting.popleft(), result
