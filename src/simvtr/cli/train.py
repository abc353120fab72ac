"""Train or fine-tune a model by a recipe."""

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from simvtr.cli.keys import Keys

if TYPE_CHECKING:
    from simvtr.config import Recipe
    from simvtr.model import SimVTR
    from simvtr.schema import Truth


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The recipe and what may change about it."""
    parser.add_argument("recipe", type=Path, help="YAML file, see recipes/ and --keys")
    parser.add_argument("--keys", nargs=0, action=Keys, help="print all keys of a recipe with their meaning, and leave")
    parser.add_argument("--out", help="folder for checkpoint, log and weights, instead of the recipe's")
    parser.add_argument(
        "--resume", action="store_true", help="continue from the checkpoint in that folder; begin anew if it has none"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    parser.epilog = (
        "Every key of the recipe can be given here, too: --train.lr 1e-4 --model.channels 192 ... "
        "On N GPUs, or in N processes: torchrun --nproc-per-node N -m simvtr train RECIPE; "
        "each takes its share of the clips of every step."
    )
    parser.set_defaults(overrides=True)


def run(args: argparse.Namespace) -> int:
    """Train. Returns 0 when done, 130 when the user stopped it, 2 when the recipe is wrong, whatever is there."""
    from simvtr.cli.recipe import place_of, read_recipe
    from simvtr.errors import DataError
    from simvtr.schema.source import refuse_missing

    try:
        recipe = read_recipe(args.recipe, args.rest)
        recipe = recipe if args.out is None else replace(recipe, out=args.out)
    except ValueError as error:
        return _wrong(error)
    sets = {f"data.{i}": data for i, data in enumerate(recipe.data)}
    if recipe.validate:
        sets["validate"] = recipe.validate
    for key, data in sets.items():
        try:
            refuse_missing(data.truth, data.images)
        except DataError as error:
            raise DataError(f"{error} Give yours: --{key}.truth FILE --{key}.images FOLDER.") from error

    from simvtr.training.ranks import device_of, lost  # torch, whose seconds a wrong path does not cost
    from simvtr.training.start import refuse_unknown

    try:  # now: before the data is read
        device_of(recipe.train)
        refuse_unknown(recipe, args.resume)
    except ValueError as error:
        key = str(error).split()[0].rstrip(":")
        line = f"{place_of(key, args.recipe, args.rest)}, {error}"
        if key == "start":  # no weights of that name are there: to other verbs, too, wrong data
            raise DataError(line) from error
        return _wrong(line)
    from simvtr.training import Stopped, train

    speaks = os.environ.get("RANK", "0") == "0"  # of torchrun's ranks
    try:
        folder = train(recipe, resume=args.resume, progress=not args.quiet, validate=validator(recipe))
    except Stopped as stopped:
        if speaks:
            print(f"simvtr train: {stopped}. Continue with the same command and --resume.", file=sys.stderr)
        return 130
    except RuntimeError as error:
        if not lost(error):
            raise
        rank = os.environ.get("RANK", "0")
        print(
            f"simvtr train: rank {rank}: another rank has ended; what it said tells why. Start all of them again, with "
            "--resume where they had begun.",
            file=sys.stderr,
        )
        return 1
    if speaks:
        print(folder)
    return 0


def _wrong(error: ValueError | str) -> int:
    """One line about the recipe, and its exit code."""
    print(f"simvtr train: {' '.join(str(error).split())}", file=sys.stderr)
    return 2


def validator(recipe: "Recipe") -> "Callable[[SimVTR], dict[str, float]] | None":
    """What scores a network on `recipe.validate`: AP, AP50 and AP50 without classes, in percent; or None.

    Windows are as long as the longest clip of the last training stage. Frames outside first..last-1 do not count.
    """
    if recipe.validate is None:
        return None
    from simvtr.data.dataset import VideoDataset
    from simvtr.evaluation import evaluate
    from simvtr.inference import Predictor
    from simvtr.schema import read_truth

    config = recipe.validate
    whole = read_truth(config.truth)
    truth = cut(whole, config.first, config.last)
    data = VideoDataset(whole, config.images, first=config.first, last=config.last)

    def validate(model: "SimVTR") -> dict[str, float]:
        coupled = model.config.queries == "coupled"
        window = model.config.frames if coupled else max(recipe.train.stages[-1].frames)
        predictor = Predictor(model, window, device=recipe.train.device)
        found = {}
        for video, length in data.videos:
            tracks = predictor(data.clip(video, [index]).frames[0] for index in range(length))
            found[video] = [track for track in tracks if track.category_id in truth.categories]
        named, nameless = (evaluate(truth, found, class_agnostic=blind).stats for blind in (False, True))
        return {
            "AP": 100 * named["AP"],
            "AP50": 100 * named["AP50"],
            "class-agnostic AP50": 100 * nameless["AP50"],
        }

    return validate


def cut(truth: "Truth", first: int, last: int | None) -> "Truth":
    """The same truth of frames first..last-1 alone; videos and tracks that are not in them are left out."""
    if first == 0 and last is None:
        return truth
    part = slice(first, last)
    videos = {
        video.id: replace(video, length=len(range(video.length)[part]), file_names=video.file_names[part])
        for video in truth.videos.values()
        if first < video.length
    }
    tracks = {
        video: [
            replace(
                track,
                segmentations=track.segmentations[part],
                areas=track.areas[part],
                boxes=track.boxes[part],
                occlusion=None if track.occlusion is None else track.occlusion[part],
            )
            for track in truth.tracks[video]
            if any(mask is not None for mask in track.segmentations[part])
        ]
        for video in videos
    }
    return replace(truth, videos=videos, tracks=tracks)
