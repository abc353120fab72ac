"""`simvtr audit --sweep`: a model at several windows, each in a process of its own, scored in every reading.

truth, images -> frames of each video -> Predictor at one window -> WindowRun -> auditing.sweep -> page, figure, JSON
                                         (a fresh process: its peak of memory is that window's)
"""

import argparse
import json
import multiprocessing
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from simvtr.errors import DataError

if TYPE_CHECKING:
    from simvtr.auditing.sweep import Sweep, Window, WindowRun
    from simvtr.schema import Truth

KILLED = -9  # exit code of a process that the system ended, as it does when memory runs out


def run_sweep(args: argparse.Namespace) -> int:
    """Sweep, write page, figure and JSON, print the table.

    Args:
        args: sweep (weights), truth, images, windows ("1,2,4,all"), out (a folder, or the page's path), max_videos.
    Returns: 0; 2 for a wrong command; 130 after Ctrl-C, with the windows that were done.
    Raises: DataError for wrong data; where some windows were done before it came up, their files are written.
    """
    windows = _windows(args.windows)
    wrong = (
        f'--windows must be numbers from 1, or "all", each once and with commas between them, got {args.windows!r}'
        if windows is None
        else f"--max-videos must be at least 1, got {args.max_videos}"
        if args.max_videos is not None and args.max_videos < 1
        else None
    )
    if windows is None or wrong:
        print(f"simvtr audit: {wrong}", file=sys.stderr)
        return 2

    from simvtr.auditing.sweep import Sweep, sweep
    from simvtr.cli.progress import frames_bar
    from simvtr.schema import read_truth

    truth = _first_videos(read_truth(args.truth), args.max_videos)
    job = _Job(str(args.sweep), _clips(truth, args.images), {c.id: c.name for c in truth.categories.values()})
    page = _page(args.out)
    points, device, stopped = [], "cpu", None
    frames = sum(len(clip.paths) for clip in job.clips)
    with frames_bar() as bar:

        def segment(window: "Window") -> "WindowRun":
            nonlocal device
            begin = time.perf_counter()
            task = bar.add_task(f"window {window}", total=frames, rate="–")

            def progress(done: int) -> None:
                bar.update(task, completed=done, rate=f"{done / (time.perf_counter() - begin):.1f}")

            run = _in_a_process(job, window, progress)
            device = run.device
            return run

        try:
            for point in sweep(truth, segment, windows):
                points.append(point)
        except (KeyboardInterrupt, DataError) as error:
            if not points:
                raise
            stopped = error
    reason = None if stopped is None else "interrupted" if isinstance(stopped, KeyboardInterrupt) else str(stopped)
    done = Sweep(truth.path.name, str(args.sweep), device, len(truth.videos), frames, tuple(points), reason)
    files = _written(done, page)
    print(done.table())
    print("", *files, sep="\n")
    if isinstance(stopped, DataError):
        raise DataError(f"{stopped} The files hold the windows before it.") from stopped
    if stopped is not None:
        print("simvtr audit: interrupted, the files hold the windows that were done", file=sys.stderr)
    return 0 if stopped is None else 130


def _windows(text: str) -> "list[Window] | None":
    """
    >>> _windows("1,2, all"), _windows("1,0"), _windows("2,2")
    ([1, 2, 'all'], None, None)
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part == "all" or (part.isdecimal() and int(part) > 0) for part in parts):
        return None
    made: list[Window] = ["all" if part == "all" else int(part) for part in parts]
    return made if len(set(made)) == len(made) else None


def _first_videos(truth: "Truth", most: int | None) -> "Truth":
    kept = list(truth.videos)[:most]
    return replace(truth, videos={v: truth.videos[v] for v in kept}, tracks={v: truth.tracks.get(v, []) for v in kept})


@dataclass(frozen=True, slots=True)
class _Clip:
    """One video: its frames, all there, and the size they must have."""

    id: int
    where: str
    paths: list[Path]
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Job:
    """What a process needs to know beside its window."""

    weights: str
    clips: list[_Clip]
    categories: dict[int, str]  # of the truth


def _clips(truth: "Truth", images: Path) -> list[_Clip]:
    from simvtr.schema.source import image_path

    if not any(truth.tracks.values()):
        raise DataError(f"{truth.path.name}: there must be at least one true track, got none: nothing can be scored.")
    clips = []
    for video in truth.videos.values():
        where = f"{truth.path.name}, video {video.id}"
        if len(video.file_names) != video.length:
            raise DataError(
                f"{where}: file_names must list its {video.length} frames, got {len(video.file_names)}. Add them."
            )
        paths = [image_path(images, name, f"{where}, frame {i}") for i, name in enumerate(video.file_names)]
        clips.append(_Clip(video.id, where, paths, video.width, video.height))
    return clips


def _page(out: Path) -> Path:
    """Where the page goes; its folder is made, and can be written to: minutes of work are for it."""
    page = out if out.suffix.lower() in (".html", ".htm") else out / "sweep.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=page.parent, prefix=".", suffix=".part"):
        return page


def _written(done: "Sweep", page: Path) -> list[Path]:
    from simvtr.report.sweep_figure import figure, write_sweep
    from simvtr.schema.writer import atomic

    write_sweep(page, done)
    texts = {".svg": str(figure(done)), ".json": json.dumps(done.as_dict(), indent=1, allow_nan=False) + "\n"}
    for ending, text in texts.items():
        with atomic(page.with_suffix(ending)) as file:
            file.write(text.encode())
    return [page, *(page.with_suffix(ending) for ending in texts)]


def _in_a_process(job: _Job, window: "Window", progress: Callable[[int], None]) -> "WindowRun":
    """The run of one window in a fresh process, which is ended when this one is interrupted.

    Started anew, not forked: nothing of another window is in its memory, and a fork of PyTorch's threads may hang.
    """
    fresh = multiprocessing.get_context("spawn")
    ours, theirs = fresh.Pipe()
    process = fresh.Process(target=_answer, args=(theirs, job, window), daemon=True)
    process.start()
    theirs.close()
    try:
        while isinstance(answer := ours.recv(), int):
            progress(answer)
    except EOFError:
        process.join()
        if process.exitcode == KILLED:
            raise _no_memory(window) from None
        raise RuntimeError(f"sweep: the process of window {window} ended with code {process.exitcode}") from None
    finally:
        process.terminate()
        process.join()
        ours.close()
    if isinstance(answer, DataError):
        raise answer
    return answer


def _answer(pipe: Connection, job: _Job, window: "Window") -> None:
    """In the process: sends the number of frames done again and again, then the run, or what is wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process, which then ends this one
    try:
        pipe.send(_run(job, window, pipe.send))
    except DataError as error:
        pipe.send(error)
    except MemoryError:
        pipe.send(_no_memory(window))


def _no_memory(window: "Window") -> DataError:
    return DataError(f"the videos: a window must fit into memory, {window} does not. Choose a smaller window.")


def _run(job: _Job, window: "Window", progress: Callable[[int], None]) -> "WindowRun":
    from simvtr.auditing.sweep import WindowRun
    from simvtr.data.video import read_frames
    from simvtr.inference import Predictor, TrackBuilder
    from simvtr.model import load

    model = load(job.weights)
    if not set(model.config.category_ids) & set(job.categories):
        raise DataError(
            f"weights {job.weights}: at least one category must be of the truth, ids {sorted(job.categories)[:5]}, got "
            f"{sorted(model.config.category_ids)[:5]}. Choose weights trained for this data."
        )
    try:
        predictor = Predictor(model, window, identity="slot", device="auto")  # as in the report
    except ValueError as error:  # a window that this model does not take
        raise DataError(f"weights {job.weights}: {error}") from error
    found, first, frames = {}, {}, 0
    begin = time.perf_counter()
    for clip in job.clips:
        reader = read_frames(clip.paths)
        if (reader.width, reader.height) != (clip.width, clip.height):
            raise DataError(
                f"{clip.where}: its frames must be {clip.width}x{clip.height}, got {reader.width}x{reader.height}. "
                "Make them equal."
            )
        whole, start = TrackBuilder(), TrackBuilder()
        for result in predictor.stream(reader):
            whole.add(result)
            if window != "all" and result.index < window:
                start.add(result)
            frames += 1
            progress(frames)
        found[clip.id] = whole.tracks(len(clip.paths))
        first[clip.id] = found[clip.id] if window == "all" else start.tracks()
    seconds = time.perf_counter() - begin
    device = predictor.device.type
    return WindowRun(found, first, frames, seconds, predictor.model_seconds, _peak_mib(device), device)


def _peak_mib(device: str) -> float | None:
    """Most memory this process has had, MiB: of the graphics card, where the model is there; None: not measured."""
    if device == "cuda":
        import torch

        return torch.cuda.max_memory_allocated() / 2**20
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:  # Linux alone tells it of a process that was started by a larger one
        return None
    peaks = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")]
    return peaks[0] / 1024 if peaks and device == "cpu" else None
