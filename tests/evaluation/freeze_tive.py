"""Run the public TIVE on every case and keep what it computes, as `fixtures/tive.json`.

    git clone https://github.com/wenhe-jia/TIVE /tmp/TIVE && pip install --no-deps --target /tmp/tide tidecv
    PYTHONPATH=/tmp/tide python -m tests.evaluation.freeze_tive /tmp/TIVE

Nothing of it is copied: it is imported from where it lies. What it needs for drawing figures only is left out, and
the overlap of two masks, a 1 x 1 array that NumPy once took for a number, is made one.
"""

import contextlib
import importlib
import io
import json
import sys
import tempfile
import types
from pathlib import Path
from unittest.mock import MagicMock

from tests.evaluation.reference_cases import digest
from tests.evaluation.tive_cases import SEEDS, draw

FIXTURE = Path(__file__).parent / "fixtures" / "tive.json"
FOR_FIGURES = ("appdirs", "cv2", "matplotlib", "matplotlib.lines", "matplotlib.pyplot", "pandas", "seaborn", "tqdm")
NAMES = {"Spat": "spatial", "Temp": "temporal", "Cls": "class", "Dupe": "duplicate", "Bkg": "background"}
NAMES |= {"Both": "both", "Miss": "missed"}


def load_tive(folder: Path) -> types.ModuleType:
    """Its package, without drawing."""
    for name in FOR_FIGURES:
        sys.modules[name] = MagicMock()
    sys.modules["tqdm"].tqdm = lambda entries, **_: entries  # type: ignore[attr-defined]
    for name in ("tidecv.plotting", "tivecv.plotting", "tivecv.visualizer"):
        sys.modules[name] = MagicMock()
    sys.path.insert(0, str(folder))
    importlib.import_module("tivecv.datasets")
    masks = importlib.import_module("tivecv.quantify").mask_utils
    tive = importlib.import_module("tivecv")
    tive.quantify.mask_utils = types.SimpleNamespace(  # type: ignore[attr-defined]
        area=masks.area, merge=masks.merge, decode=masks.decode, iou=lambda *pair: masks.iou(*pair).item()
    )
    return tive


def run_tive(tive: types.ModuleType, truth: dict, results: list) -> dict:
    """What it says of a pair at IoU 0.5; gains in percent."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        paths = Path(folder, "truth.json"), Path(folder, "results.json")
        for path, value in zip(paths, (truth, results), strict=True):
            path.write_text(json.dumps(value))
        data, found = tive.datasets.VideoData(str(paths[0])), tive.datasets.VideoDataResult(str(paths[1]))
        tide = tive.quantify.TIVE(isvideo=True)
        run = tide.evaluate(data, found, mode=tive.quantify.TIVE.MASK)
        kinds = ["hit"] * len(results)  # its ids of found tracks are their places in the file
        for error in run.errors:
            if hasattr(error, "pred"):
                kinds[error.pred["_id"]] = NAMES[error.short_name]
        special = run.fix_special_errors()
        return {
            "input": digest(truth, results),
            "AP50": run.ap,
            "gains": {NAMES[kind.short_name]: gain for kind, gain in run.fix_main_errors().items()},
            "false": next(gain for kind, gain in special.items() if kind.short_name == "FalsePos"),
            "unmatched": next(gain for kind, gain in special.items() if kind.short_name == "FalseNeg"),
            "kinds": kinds,
            "missed": [e.gt["_id"] + 1 for e in run.errors if e.short_name == "Miss"],
        }


def main(folder: Path) -> None:
    tive = load_tive(folder)
    frozen = {str(seed): run_tive(tive, *draw(seed)) for seed in SEEDS}
    FIXTURE.write_text(json.dumps(frozen, indent=1) + "\n")
    for seed, case in frozen.items():
        counts = {kind: case["kinds"].count(kind) for kind in sorted(set(case["kinds"]))}
        sys.stdout.write(f"{seed}: AP50 {case['AP50']:.2f} {counts}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
