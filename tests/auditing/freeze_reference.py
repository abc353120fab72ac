"""Run the public reference evaluator on tampered results, and keep its twelve figures as `fixtures/reference.json`.

    git clone https://github.com/youtubevos/cocoapi /tmp/cocoapi
    python -m tests.auditing.freeze_reference /tmp/cocoapi/PythonAPI/pycocotools

The pair is drawn from a seed (tests/evaluation/reference_cases.py), tampered with by the attacks, and given to the
reference as JSON, so that it reads the very lists of masks that a file would hold.
"""

import json
import sys
from pathlib import Path

from simvtr.auditing.attacks import ATTACKS, unpacked
from simvtr.rle import to_json
from simvtr.schema import Predictions, Track, Truth, read_predictions, read_truth
from tests.evaluation.freeze_reference import load_reference, run_reference
from tests.evaluation.reference_cases import Case, Json, digest, draw

FIXTURE = Path(__file__).parent / "fixtures" / "reference.json"
CASE = Case(101, videos=12, categories=4, wobble=14, false_found=2)
FAMILIES = ("length", "abstention")


def read(folder: Path) -> tuple[Json, Truth, Predictions]:
    """The pair, written to a folder and read from there; the truth as JSON, too."""
    true, results = draw(CASE)
    for name, value in (("truth.json", true), ("results.json", results)):
        (folder / name).write_text(json.dumps(value))
    truth = read_truth(folder / "truth.json")
    return true, truth, read_predictions(folder / "results.json", truth)


def tampered(truth: Truth, found: Predictions) -> dict[str, dict[int, list[Track]]]:
    """The results after each attack by its slug, and as they came."""
    single = unpacked(found)
    return {"honest": single} | {a.slug: a.apply(single, truth) for a in ATTACKS if a.family in FAMILIES}


def as_json(tracks: dict[int, list[Track]]) -> list[Json]:
    """Results as a file would hold them, video by video."""
    return [
        {
            "video_id": video,
            "category_id": track.category_id,
            "score": track.score,
            "segmentations": [mask and to_json(mask) for mask in track.segmentations],
        }
        for video in sorted(tracks)
        for track in tracks[video]
    ]


def main(reference: Path, scratch: Path) -> None:
    classes = load_reference(reference)
    true, truth, found = read(scratch)
    frozen = {}
    for slug, tracks in tampered(truth, found).items():
        results = as_json(tracks)
        stats = run_reference(classes, true, results, class_agnostic=False).stats.tolist()
        frozen[slug] = {"input": digest(true, results), "stats": stats}
        sys.stdout.write(f"{slug}: AP {stats[0]:.6f}\n")
    FIXTURE.parent.mkdir(exist_ok=True)
    FIXTURE.write_text(json.dumps(frozen, indent=1) + "\n")


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        main(Path(sys.argv[1]), Path(folder))
