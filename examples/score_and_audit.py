"""Score a file of results, of any system, and audit it: python examples/score_and_audit.py truth.json theirs.json out/

Results of SAM 3, detectron2 and others are set right first. Writes out/results.json and out/audit.html. No torch.
"""

import sys
from pathlib import Path

import simvtr
from simvtr.formats import Work
from simvtr.formats.results import normalise_results

if len(sys.argv) != 4:
    sys.exit(__doc__)

work, out = Work(), Path(sys.argv[3])
truth = simvtr.read_truth(sys.argv[1])
found = normalise_results(sys.argv[2], truth, work)
for note in work.notes:
    print("note:", note)
simvtr.write_predictions(out / "results.json", found.tracks)
print(simvtr.evaluate(truth, found).table())
print(simvtr.identity(truth, found).table())
audit = simvtr.audit(truth, found)
print(*audit.verdict, sep="\n")
audit.to_html(out / "audit.html")
