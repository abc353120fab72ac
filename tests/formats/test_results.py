"""Results of other systems: known peculiarities are set right and told; what is wrong stays refused."""

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from simvtr.errors import DataError
from simvtr.evaluation import evaluate
from simvtr.formats import Format, Work, read_annotations, write_annotations
from simvtr.formats.results import as_truth, normalise_results, write_results
from simvtr.schema import read_predictions, read_truth
from tests.formats.made import as_results
from tests.schema.files import FULL, LEFT, RESULTS, TRUTH, write

EMPTY = {"size": [2, 4], "counts": "8"}
TRACK: dict[str, Any] = RESULTS[0]


def normal(folder: Path, results: Any, work: Work | None = None) -> list[Any]:
    """What comes out, as JSON."""
    truth = read_truth(write(folder, TRUTH))
    found = normalise_results(write(folder, results, "r.json"), truth, work or Work())
    write_results(found, truth, folder / "out.json", lambda done, total: None)
    return json.loads((folder / "out.json").read_text())


def test_all_zero_masks_become_null_and_boxes_go(tmp_path):
    work = Work()
    theirs = TRACK | {
        "segmentations": [LEFT, EMPTY, {"size": [2, 4], "counts": [8]}],
        "bboxes": [[0, 0, 2, 2], [0, 0, 0, 0], []],
        "areas": [4, 0, None],
    }
    assert normal(tmp_path, [theirs], work) == [TRACK | {"segmentations": [LEFT, None, None]}]
    assert work.notes == [
        "2 all-zero masks stood for absence: now null",
        "1 track had boxes, areas or other keys that are not scored: left out",
    ]


def test_ours_stay_as_they_are_without_a_note(tmp_path):
    work = Work()
    assert normal(tmp_path, RESULTS, work) == RESULTS
    assert not work.notes


@pytest.mark.parametrize(
    ("theirs", "note"),
    [
        ({"annotations": RESULTS}, "the list of tracks was inside an object"),
        ({"results": RESULTS, "info": {}}, "the list of tracks was inside an object"),
        (
            [TRACK | {"video_id": "0", "category_id": "40", "score": "0.5"}],
            "3 numbers stood as text in ids or scores: now as numbers",
        ),
        (
            [TRACK | {"segmentations": [LEFT | {"counts": "b'044'"}, None, FULL]}],
            "1 mask had counts written as Python bytes: now text",
        ),
    ],
)
def test_other_ways_to_write_the_same(tmp_path, theirs, note):
    work = Work()
    assert normal(tmp_path, theirs, work) == RESULTS
    assert work.notes == [note]


@pytest.mark.parametrize(
    ("theirs", "match"),
    [
        ([TRACK | {"segmentations": [LEFT]}], r"r\.json, \$\[0\].*must have one entry a frame, 3, got 1"),
        ([TRACK | {"category_id": 1}], "the category must be one of"),
        ([TRACK | {"video_id": "x"}], "xpected `int`, got `str`"),
        ([TRACK | {"score": "nan"}], "xpected `float`, got `str`"),
        ([TRACK | {"segmentations": [LEFT | {"counts": "b'\\x00"}, None, None]}], "the counts must be characters"),
        (
            [TRACK | {"segmentations": [LEFT | {"counts": "b'" + "(" * 3000 + "'"}, None, None]}],
            "the counts must be characters",
        ),
        ([TRACK | {"segmentations": [LEFT | {"counts": "7"}, None, None]}], "the runs must add up"),
        ([{"image_id": 1, "category_id": 40, "score": 0.5, "bbox": [0, 0, 1, 1]}], "This is a result of an image"),
        (TRUTH, "got an object with info, videos.* For a data set: simvtr convert annotations"),
        ({"a": 1}, "must be one list of tracks, got an object with a"),
        ([1], "xpected `object`, got `int`"),
        ("[", "truncated"),
    ],
)
def test_what_is_wrong_stays_refused(tmp_path, theirs, match):
    with pytest.raises(DataError, match=match):
        normal(tmp_path, theirs)
    assert not list(tmp_path.glob("out*"))


def test_what_is_wrong_is_named_where_the_user_has_it(tmp_path):
    with pytest.raises(DataError, match=rf"^{re.escape(str(tmp_path))}/r.json, "):
        normal(tmp_path, [TRACK | {"segmentations": [LEFT]}], Work())


def test_sam3s_results_keep_their_published_score(shared, tmp_path):
    toy = shared / "data" / "sam3_veval_toy"
    truth, work = read_truth(toy / "gt_compact.json"), Work()
    found = normalise_results(toy / "pred.json", truth, work)
    assert f"{evaluate(truth, found).stats['AP']:.6f}" == "0.341914"
    assert work.notes[0] == "694 all-zero masks stood for absence: now null"
    write_results(found, truth, tmp_path / "sam3.json", lambda done, total: None)
    text = (tmp_path / "sam3.json").read_text()
    assert text.count("null") == 694
    assert len(text) < len((toy / "pred.json").read_text())


def test_a_zip_for_a_server_holds_one_results_json(tmp_path):
    truth = read_truth(write(tmp_path, TRUTH))
    found = normalise_results(write(tmp_path, RESULTS, "mine.json"), truth, Work())
    write_results(found, truth, tmp_path / "sub" / "ovis.zip", lambda done, total: None)
    with zipfile.ZipFile(tmp_path / "sub" / "ovis.zip") as archive:
        assert archive.namelist() == ["results.json"]
        assert json.loads(archive.read("results.json")) == RESULTS
    assert [p.name for p in (tmp_path / "sub").iterdir()] == ["ovis.zip"]
    assert read_predictions(tmp_path / "sub" / "ovis.zip", truth).tracks == found.tracks


def test_an_interrupted_writer_leaves_nothing(tmp_path):
    truth = read_truth(write(tmp_path, TRUTH))

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_results(as_results(truth), truth, tmp_path / "out.zip", stop)
    assert [p.name for p in tmp_path.iterdir()] == ["truth.json"]


def test_truth_as_results_is_perfect(tmp_path):
    truth = read_truth(write(tmp_path, TRUTH))
    assert evaluate(truth, as_results(truth)).stats["AP"] == pytest.approx(1)


def test_results_as_annotations_go_to_another_tool_best_first(tmp_path):
    truth = read_truth(write(tmp_path, TRUTH))
    low, poor = TRACK | {"score": 0.9, "category_id": 7}, TRACK | {"score": 0.1}
    found = normalise_results(write(tmp_path, [poor, TRACK, low], "r.json"), truth, Work())
    work = Work()
    shown = as_truth(found, truth, 0.3, work)
    assert [(t.id, t.category_id) for t in shown.tracks[0]] == [(1, 7), (2, 40)]
    assert work.notes[1] == "1 track left out: a score below 0.3"
    write_annotations(shown, tmp_path / "tracks.xml", work, Format.CVAT)
    back = read_annotations(tmp_path / "tracks.xml", Work())
    assert [tuple(t.segmentations) for t in back.tracks[0 if 0 in back.tracks else 1]] == [
        tuple(t.segmentations) for t in shown.tracks[0]
    ]
