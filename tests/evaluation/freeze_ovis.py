"""Run the evaluator of OVIS's organisers on labelled cases and keep what it computes, as `fixtures/ovis.json`.

    git clone https://github.com/qjy981010/cocoapi /tmp/ovisapi     # frozen at 886baff
    python -m tests.evaluation.freeze_ovis /tmp/ovisapi/PythonAPI/pycocotools

The cases are those of the plain reference whose lists have their video's length (this one refuses others), with a label
for some frames of every track (it stops where a track has none). Kept of each group, all sizes together: AP, AP50,
AP75, AR1, AR10, AR100; it prints the first and the last of them itself.
"""

import json
import sys
from pathlib import Path
from random import Random

import numpy as np

from tests.evaluation.freeze_reference import FIXTURES, load_reference, run_reference
from tests.evaluation.reference_cases import CASES, digest, draw

NAMES = ("clean-many", "agnostic", "empty", "ties", "crowd", "id-0", "repeated-ids", "categories", "crowded")
LABELS = ("no_occlusion", "slight_occlusion", "severe_occlusion")


def draw_labelled(name: str) -> tuple[dict, list]:
    """The pair of a case as JSON values, with occlusion labels; short tracks often lie on a bound of the groups."""
    truth, results = draw(CASES[name])
    random = Random(CASES[name].seed)
    for annotation in truth["annotations"]:
        bias = random.random()
        labels = [LABELS[int(3 * random.random() ** (2 * bias))] for _ in annotation["segmentations"]]
        annotation["occlusion"] = [label if random.random() < 0.8 else None for label in labels]
        annotation["occlusion"][0] = labels[0]
    return truth, results


def main(folder: Path) -> None:
    classes = load_reference(folder, "OVIS")
    frozen = {}
    for name in NAMES:
        truth, results = draw_labelled(name)
        evaluator = run_reference(classes, truth, results, CASES[name].class_agnostic)
        figures = {}
        for o, group in enumerate(("light", "medium", "heavy"), start=1):
            precision = evaluator.eval["precision"][:, :, :, 0, o, 2]  # (t, r, k) of all sizes, 100 found tracks
            recall = evaluator.eval["recall"][:, :, 0, o]  # (t, k, m)
            parts = (precision, precision[:1], precision[5:6], recall[:, :, 0], recall[:, :, 1], recall[:, :, 2])
            figures[group] = [float(np.mean(p[p > -1])) if (p > -1).any() else -1.0 for p in parts]
            if [figures[group][0], figures[group][5]] != [evaluator.stats[5 + o], evaluator.stats[14 + o]]:
                raise SystemExit(f"{name}: {group} is not what the evaluator prints")
        frozen[name] = {"input": digest(truth, results), "figures": figures}
    (FIXTURES / "ovis.json").write_text(json.dumps(frozen, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
