"""Whether `torch.compile` takes the network whole: graphs and graph breaks of one forward pass without gradients."""

import sys

import torch

from benchmarks.record import Figure, parser, report
from simvtr.config import PRESETS
from simvtr.model import SimVTR


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--preset", default="simvtr-tiny", choices=PRESETS, help="(default: simvtr-tiny)")
    args = command.parse_args()
    model = SimVTR(PRESETS[args.preset]()).eval()
    with torch.no_grad():
        found = torch._dynamo.explain(model)(torch.randn(1, 1, 3, 64, 96))
    for reason in found.break_reasons:
        print(reason.reason, file=sys.stderr)
    where = f"{args.preset}, {found.graph_count} graph{'s' * (found.graph_count != 1)}"
    report([Figure(f"{where}: graph breaks", found.graph_break_count, "", goal="0")], keep=not args.no_record)
    return 0


if __name__ == "__main__":
    sys.exit(main())
