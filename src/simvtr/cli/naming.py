"""--identity and --link.NAME: how `simvtr segment` names objects, each number of `IdentityConfig` an option."""

import argparse
import math
from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal

from simvtr.config import IdentityConfig

if TYPE_CHECKING:
    from simvtr.inference import LinkIdentity

_MEANINGS = {
    "embedding": "weight of how unlike the embeddings are",
    "colour": "weight of how unlike the colours are",
    "mask": "weight of 1 - IoU of the masks",
    "category": "weight of how unlike the class probabilities are",
    "category_alone": "the same where there are neither embeddings nor colours",
    "motion": "weight of the distance from where the object should be",
    "far": "cosine distance of embeddings and colours that counts as 1",
    "reach": "distance of centres that counts as 1, in sizes of the object",
    "fade": "frames unseen after which half of what its place says is forgotten",
    "unknown": "what a forgotten place costs, 0 to 1",
    "unknown_alone": "the same where there are neither embeddings nor colours",
    "astray": "the most that a wrong place costs, 0 to 1; 1: an object is where it is expected",
    "renew": "share of the newest embedding and colours in what is remembered, 0 to 1",
    "gate": "an object and what was found are no pair at this cost or more, 0 to 1; higher joins more",
    "birth": "least score of what becomes a new object, 0 to 1",
    "least": "least score of what continues an object, 0 to 1",
    "duplicate": "mask IoU from which two of a window are one object, 0 to 1",
    "shared": "the same of two that look most like the same known object, 0 to 1",
    "strange": "of two queries on one object, the share of its cost that counts against a query's score, 0 to 1; "
    "0: the surer one is kept",
    "doubt": "frames of absence that the score of a track starts with",
    "again": "a new object that comes to differ less from a lost one is that one, 0 to 1; 0: never",
    "settle": "frames in which it must be seen before",
    "remember": "frames after which a lost object is forgotten",
    "live": "the most objects at a time, lost ones included; memory grows with it",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--identity",
        choices=("slot", "link"),
        default="link",
        help="slot: object i is query i, as in the report; link: objects are matched from window to window and come "
        "back after occlusion (default: link)",
    )
    group = parser.add_argument_group("numbers of --identity link", "What they do to a name: docs/identity.md.")
    for field in fields(IdentityConfig):
        group.add_argument(
            _option(field.name),
            type=_number(field.name, int if field.type is int else float),
            metavar="N" if field.type is int else "X",
            help=f"{_MEANINGS[field.name]} (default: {field.default:g})",
        )


def misnamed(args: argparse.Namespace) -> str | None:
    """What is wrong with these options together; None when nothing is."""
    changed = _changed(args)
    if args.identity == "slot" and changed:
        return f"{_option(next(iter(changed)))} belongs to --identity link, got --identity slot"
    try:
        IdentityConfig(**changed)
    except ValueError as error:
        return f"--link: {error}"
    return None


def config(args: argparse.Namespace) -> IdentityConfig | None:
    """The numbers of link; None by slots."""
    return IdentityConfig(**_changed(args)) if args.identity == "link" else None


def namer(args: argparse.Namespace) -> "Literal['slot'] | Callable[[], LinkIdentity]":
    """For `Predictor`."""
    from simvtr.inference import LinkIdentity

    numbers = config(args)
    return "slot" if numbers is None else lambda: LinkIdentity(numbers)


def _option(name: str) -> str:
    return f"--link.{name}"


def _changed(args: argparse.Namespace) -> dict[str, Any]:
    given = {field.name: getattr(args, f"link.{field.name}") for field in fields(IdentityConfig)}
    return {name: value for name, value in given.items() if value is not None}


def _number(name: str, kind: type[int] | type[float]) -> Callable[[str], float]:
    """Reads one number and refuses what it may not be."""

    def read(text: str) -> float:
        try:
            value: Any = kind(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            whole = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"must be {whole}, got {text!r}")
        try:
            IdentityConfig(**{name: value})
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error).removeprefix(f"identity.{name} ")) from error
        return value

    return read
