"""--weights: the one place where `simvtr segment` learns whose model it runs."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from simvtr.cli import naming
from simvtr.cli.ranks import own_device

if TYPE_CHECKING:
    from simvtr.inference import FramePredictor, Predictor

KEEP = 0.001  # VisTR's


def predictor(args: argparse.Namespace) -> "Predictor | FramePredictor":
    """What finds and follows objects with the weights that are named; tells `args.keep` where it was not given.

    Raises: ValueError for options that this model or machine does not have. DataError for wrong weights.
    """
    from simvtr.inference import FramePredictor, Predictor, SlotIdentity
    from simvtr.inference.panoptic import SURE
    from simvtr.inference.queries import QuerySegmenter, of_detr
    from simvtr.model import load
    from simvtr.model.categories import PANOPTIC
    from simvtr.model.device import pick_device
    from simvtr.neighbours import of_neighbour

    device, namer = own_device(args.device), naming.namer(args)
    found = of_neighbour(args.weights, device=device, precision=args.precision, panoptic=args.panoptic)
    if found is None:
        model = load(args.weights)
        detr = model.config.mask_input == "features" and model.config.masks
        merges = detr and (model.config.classes == PANOPTIC if args.panoptic is None else args.panoptic)
        if not merges:
            _no_panoptic(args)
            args.keep = KEEP if args.keep is None else args.keep
            window = args.window or (model.config.frames if model.config.queries == "coupled" else 1)
            return Predictor(model, window, namer, threshold=args.keep, device=device, precision=args.precision)
        found = of_detr(model.to(pick_device(device)), args.precision)
    if args.window not in (None, 1):
        raise ValueError(f"--window must be 1: these weights look at one frame at a time, got {args.window}")
    if not isinstance(found, QuerySegmenter):
        _no_panoptic(args)
    elif found.panoptic is not None:
        args.keep = SURE if args.keep is None else args.keep
        found = replace(found, panoptic=args.keep)
    args.keep = KEEP if args.keep is None else args.keep
    return FramePredictor(found, SlotIdentity if namer == "slot" else namer, args.keep)


def _no_panoptic(args: argparse.Namespace) -> None:
    if args.panoptic:
        raise ValueError("--panoptic merges what queries say of single frames, as DETR's do: leave it out here")
