"""Run TrackEval on every case of identity_cases.py and keep what it computes, as `fixtures/identity_NAME.json`.

    pip install --no-deps --target /tmp/trackeval trackeval==1.3.0
    python -m tests.evaluation.freeze_trackeval /tmp/trackeval

Nothing of it is copied: it reads the pairs from files, as its YouTube-VIS data set, through its own evaluator.
"""

import contextlib
import io
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.evaluation.identity_cases import CASES, draw
from tests.evaluation.reference_cases import digest

FIXTURES = Path(__file__).parent / "fixtures"
ALL_VIDEOS = "COMBINED_SEQ"  # its name for them
KEPT = {
    "HOTA": ("HOTA", "DetA", "AssA", "LocA", "HOTA_TP", "HOTA_FN", "HOTA_FP"),
    "Identity": ("IDF1", "IDTP", "IDFN", "IDFP"),
    "CLEAR": ("IDSW", "Frag"),
}


def run_trackeval(truth: dict, results: list) -> dict:
    """Its numbers by sequence (ALL_VIDEOS for all) and category, or way to combine these."""
    import trackeval  # pyright: ignore[reportMissingImports]

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        for place, value in (("truth/youtube_vis_all", truth), ("results/youtube_vis_all/it/data", results)):
            Path(folder, place).mkdir(parents=True)
            Path(folder, place, "file.json").write_text(json.dumps(value))
        data = trackeval.datasets.YouTubeVIS(
            {"GT_FOLDER": f"{folder}/truth/", "TRACKERS_FOLDER": f"{folder}/results/", "SPLIT_TO_EVAL": "all"}
        )
        quiet = dict.fromkeys(("OUTPUT_SUMMARY", "OUTPUT_DETAILED", "PLOT_CURVES", "PRINT_RESULTS"), False)
        evaluator = trackeval.Evaluator(quiet | {"BREAK_ON_ERROR": True, "LOG_ON_ERROR": None})
        metrics = trackeval.metrics
        numbers, _ = evaluator.evaluate([data], [metrics.HOTA(), metrics.Identity(), metrics.CLEAR()])
    return numbers["YouTubeVIS"]["it"]


def kept(numbers: dict, at_every_level: bool) -> dict:
    """The figures we have too, as plain numbers: HOTA's at every level of IoU, or their means."""
    fields = {field: np.asarray(numbers[metric][field], float) for metric, names in KEPT.items() for field in names}
    return {field: (value if at_every_level else value.mean()).tolist() for field, value in fields.items()}


def main(folder: Path) -> None:
    sys.path.insert(0, str(folder))
    for name, case in CASES.items():
        truth, results = draw(case)
        shown = [r for r in results if r["score"] >= case.threshold]
        numbers = run_trackeval(truth, shown)
        frozen = {
            "input": digest(truth, results),
            "numbers": {
                sequence: {category: kept(of_it, sequence == ALL_VIDEOS) for category, of_it in of_all.items()}
                for sequence, of_all in numbers.items()
            },
        }
        (FIXTURES / f"identity_{name}.json").write_text(json.dumps(frozen, separators=(",", ":")) + "\n")
        overall = numbers[ALL_VIDEOS]["cls_comb_det_av"]
        sys.stdout.write(
            f"{name}: HOTA {np.mean(overall['HOTA']['HOTA']):.6f} IDF1 {overall['Identity']['IDF1']:.6f}"
            f" IDSW {overall['CLEAR']['IDSW']} Frag {overall['CLEAR']['Frag']}\n"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
