"""Whether `torch.compile` takes the network whole: graphs and graph breaks of one forward pass without gradients."""

import sys
from dataclasses import replace

import torch

from benchmarks.record import Figure, parser, report
from simvtr.config import PRESETS
from simvtr.model import SimVTR


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--preset", nargs="+", default=list(PRESETS), choices=PRESETS, help="(default: all of them)")
    args = command.parse_args()
    report([breaks(preset) for preset in args.preset], keep=not args.no_record)
    return 0


def breaks(preset: str) -> Figure:
    """Of a window of two frames, for which coupled queries are made; why, on stderr."""
    config = replace(PRESETS[preset](), frames=2)
    torch.compiler.reset()  # of what was learned from other networks
    with torch.no_grad():
        found = torch._dynamo.explain(SimVTR(config).eval())(torch.randn(1, config.frames, 3, 64, 96))
    for reason in found.break_reasons:
        print(f"{preset}: {reason.reason}", file=sys.stderr)
    where = f"{preset}, {found.graph_count} graph{'s' * (found.graph_count != 1)}"
    return Figure(f"{where}: graph breaks", found.graph_break_count, "", goal="0")


if __name__ == "__main__":
    sys.exit(main())
