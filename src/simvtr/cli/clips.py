"""What `simvtr segment` reads, and where each video's pictures go: one video, or all those of a data set."""

import argparse
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simvtr.cli.naming import config

if TYPE_CHECKING:
    from simvtr.data.video import FrameReader
    from simvtr.inference import FramePredictor, Predictor
    from simvtr.schema import Truth, Video


@dataclass(frozen=True, slots=True)
class Clip:
    """One video to segment."""

    id: int
    name: str
    open: Callable[[], "FrameReader"]
    length: int | None  # entries that each of its tracks must have; None: what is read
    video: Path | None  # the overlay
    images: Path | None  # folder of the drawn frames


def single(args: argparse.Namespace) -> list[Clip]:
    """The one video that is named: a file, a folder, a glob or its pictures."""
    from simvtr.data.video import read_frames

    source = args.source[0] if len(args.source) == 1 else args.source
    reader = read_frames(source, max_frames=args.max_frames)  # now: a wrong source is told before the model loads
    return [
        Clip(
            id=1,
            name=reader.name,
            open=lambda: read_frames(source, max_frames=args.max_frames),
            length=None,
            video=None if args.overlay is False else args.out / "overlay.mp4",
            images=args.out / "frames" if args.png else None,
        )
    ]


def pictures(sources: list[str]) -> bool:
    """Whether several names are the pictures of one video."""
    from simvtr.data.video.reader import IMAGE_SUFFIXES

    return len(sources) > 1 and all(Path(name).suffix.lower() in IMAGE_SUFFIXES for name in sources)


def twice(sources: list[str]) -> str | None:
    """What is wrong with several names when two of them lead to one video, which would be segmented twice.

    >>> twice(["a.mp4", "b.mp4"])
    >>> twice(["a.mp4", "b.mp4", "./a.mp4"])
    'INPUT must name each video once, got ./a.mp4 again after a.mp4. Leave one out.'
    """
    first: dict[str, str] = {}
    for source in sources:
        if (path := os.path.realpath(source)) in first:  # links that lead in a circle are told later
            return f"INPUT must name each video once, got {source} again after {first[path]}. Leave one out."
        first[path] = source
    return None


def several(args: argparse.Namespace) -> list[Clip]:
    """Videos by their names: ids from 1 in the order given; without --overlay nothing is drawn."""
    from simvtr.data.video import read_frames

    def named(number: int, source: str) -> Clip:
        reader = read_frames(source, max_frames=args.max_frames)
        return Clip(
            id=number,
            name=reader.name,
            open=lambda: read_frames(source, max_frames=args.max_frames),
            length=None,
            video=args.out / "overlays" / f"{number}-{reader.name}.mp4" if args.overlay else None,
            images=args.out / "frames" / f"{number}-{reader.name}" if args.png else None,
        )

    return [named(number, source) for number, source in enumerate(args.source, start=1)]


def dataset(args: argparse.Namespace, truth: "Truth") -> list[Clip]:
    """The videos of a data set."""
    from simvtr.data.video import read_frames
    from simvtr.errors import DataError
    from simvtr.schema.source import image_path

    def opener(video: "Video") -> Callable[[], "FrameReader"]:
        where = f"{args.source[0]}, video {video.id}"
        if not video.file_names:
            raise DataError(f"{where}: file_names must list its frames, there are none. Add them.")
        paths = [image_path(args.images, name, where) for name in video.file_names[: args.max_frames]]

        def open_it() -> "FrameReader":
            reader = read_frames(paths)
            if (reader.width, reader.height) != (video.width, video.height):
                raise DataError(
                    f"{where}: its frames must be {video.width}x{video.height}, got {reader.width}x{reader.height}. "
                    "Make them equal."
                )
            return reader

        return open_it

    return [
        Clip(
            id=video.id,
            name=f"video {video.id}",
            open=opener(video),
            length=video.length,
            video=args.out / "overlays" / f"{video.id}.mp4" if args.overlay else None,
            images=args.out / "frames" / str(video.id) if args.png else None,
        )
        for video in truth.videos.values()
    ]


def settings(args: argparse.Namespace, predictor: "Predictor | FramePredictor") -> dict[str, object]:
    """What must be the same for results to be of one run. Paths are resolved: ./a.mp4 is a.mp4, from anywhere."""
    return {
        "source": [str(Path(name).resolve()) for name in args.source],
        "images": None if args.images is None else str(args.images.resolve()),
        "max-frames": args.max_frames,
        "weights": str(Path(args.weights).resolve()) if Path(args.weights).exists() else args.weights,  # or a name
        # rounded: another processor or number of threads adds in another order
        "sum of the weights": round(sum(float(p.detach().double().sum()) for p in predictor.model.parameters()), 6),
        "window": predictor.window,
        "identity": args.identity,
        "link": (numbers := config(args)) and asdict(numbers),
        "keep": args.keep,
        "panoptic": args.panoptic,
        "precision": args.precision,
    }
