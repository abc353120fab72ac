"""Run the public reference evaluator on every case and keep what it computes, as `fixtures/NAME.npz`.

    git clone https://github.com/youtubevos/cocoapi /tmp/cocoapi
    python -m tests.evaluation.freeze_reference /tmp/cocoapi/PythonAPI/pycocotools

Nothing of it is copied: its two files are imported from where they lie. It was written for NumPy 1.15 and Python 2/3;
`load_reference` supplies the few names that have gone since.
"""

import contextlib
import copy
import importlib.util
import io
import sys
import types
from pathlib import Path

import numpy as np

from tests.evaluation.reference_cases import CASES, digest, draw

FIXTURES = Path(__file__).parent / "fixtures"


def load_reference(folder: Path, name: str = "YTVOS") -> tuple[type, type]:
    """Its two classes, the data set YTVOS and the evaluator YTVOSeval, from ytvos.py and ytvoseval.py in `folder`."""
    for absent in ("matplotlib", "matplotlib.pyplot", "matplotlib.collections", "matplotlib.patches"):
        sys.modules.setdefault(absent, types.ModuleType(absent))
    sys.modules["matplotlib.collections"].PatchCollection = None  # type: ignore[attr-defined]
    sys.modules["matplotlib.patches"].Polygon = None  # type: ignore[attr-defined]
    np.float = float  # type: ignore[attr-defined]
    linspace = np.linspace
    np.linspace = lambda a, b, n, **rest: linspace(a, b, int(n), **rest)  # type: ignore[assignment]
    modules = []
    for file in (name.lower(), f"{name.lower()}eval"):
        # as part of the installed pycocotools, whose compiled masks it then uses
        spec = importlib.util.spec_from_file_location(f"pycocotools.{file}", folder / f"{file}.py")
        if spec is None or spec.loader is None:
            raise SystemExit(f"{folder}/{file}.py is not there")
        modules.append(importlib.util.module_from_spec(spec))
        spec.loader.exec_module(modules[-1])
    modules[0].unicode = str
    return getattr(modules[0], name), getattr(modules[1], f"{name}eval")


def run_reference(classes: tuple[type, type], truth: dict, results: list, class_agnostic: bool):
    """The evaluator after a run; its inputs are copied, because it writes into them."""
    with contextlib.redirect_stdout(io.StringIO()):
        data = classes[0]()
        data.dataset = copy.deepcopy(truth)
        data.createIndex()
        evaluator = classes[1](data, data.loadRes(copy.deepcopy(results)), "segm")
        evaluator.params.useCats = int(not class_agnostic)
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    return evaluator


def main(folder: Path) -> None:
    classes = load_reference(folder)
    for name, case in CASES.items():
        truth, results = draw(case)
        evaluator = run_reference(classes, truth, results, case.class_agnostic)
        by_category = sorted(evaluator.ious, key=lambda cell: (cell[1], cell[0]))
        pairs = [np.ravel(evaluator.ious[cell]) for cell in by_category]
        np.savez_compressed(
            FIXTURES / f"{name}.npz",
            input=digest(truth, results),
            stats=evaluator.stats,
            precision=evaluator.eval["precision"],
            recall=evaluator.eval["recall"],
            iou=np.concatenate(pairs),
        )
        sys.stdout.write(f"{name}: AP {evaluator.stats[0]:.6f}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
