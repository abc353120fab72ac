"""`simvtr convert weights`: a checkpoint of DETR or VisTR to a folder of ours, as it is or as a start for SimVTR."""

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from simvtr.cli.folder import no_folder
from simvtr.config import PRESETS, ModelConfig

if TYPE_CHECKING:
    from simvtr.model.lineage import Part


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", type=Path, help='X.pth, {"model": state_dict} with the published names')
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="folder for the converted weights")
    parser.add_argument(
        "--to",
        dest="preset",
        choices=sorted(PRESETS),
        help="start a network of this preset with what fits it; the rest is new (default: the same network)",
    )
    parser.add_argument("--frames", type=int, metavar="T", help="frames of VisTR's windows, if not 10 queries a frame")
    parser.add_argument("--seed", type=int, default=25, help="of new parameters, with --to (default: 25)")


def run(args: argparse.Namespace) -> int:
    if wrong := no_folder(args.out, "--out", "model.safetensors and config.json"):
        print(f"simvtr convert: {wrong}", file=sys.stderr)
        return 2

    from simvtr.model import save
    from simvtr.model.lineage import parts_of, started
    from simvtr.model.published import read_published
    from simvtr.model.weights import published

    if args.preset is None:
        model = published(args.input, frames=args.frames)
        names = model.state_dict()
        parts = parts_of(names, names, names)
    else:
        checkpoint = read_published(args.input, frames=args.frames)
        model, parts = started(checkpoint.state, checkpoint.config, PRESETS[args.preset](), args.seed)
    save(model, args.out)
    config = model.config
    print(_table(parts))
    print(
        f"{args.out}: {config.backbone}, {config.channels} channels, {config.classes} classes, "
        f"{config.instances} instances, windows of {_window(config)}"
    )
    return 0


def _window(config: ModelConfig) -> str:
    if config.queries == "decoupled":
        return "any length"
    return f"{config.frames} frame{'s' * (config.frames != 1)}"


def _table(parts: "list[Part]") -> str:
    """One line a part, counting tensors, and one for every layer that starts anew or is left out."""
    lines = [f"{'tensors of':<20} {'kept':>5} {'new':>5} {'left':>5}"]
    for part in parts:
        lines.append(f"{part.name:<20} {len(part.kept):>5} {len(part.fresh):>5} {len(part.left):>5}")
        for what, names in (("new", part.fresh), ("left", part.left)):
            layers = Counter(_layer(name) for name in names)
            lines += [f"    {what}: {layer} ({count})" for layer, count in layers.items()]
    return "\n".join(lines)


def _layer(tensor: str) -> str:
    """What a tensor belongs to: a whole layer of the transformer, else a module.

    >>> _layer("transformer.decoder.5.norms.0.weight"), _layer("mask_head.out.offset.bias")
    ('transformer.decoder.5', 'mask_head.out.offset')
    """
    parts = tensor.split(".")
    return ".".join(parts[:3] if tensor.startswith("transformer.") else parts[:-1])
