import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from simvtr.cli.main import main
from simvtr.rle import encode, to_json

MASK = to_json(encode(np.array([[True, True, False, False]])))
TRUTH = {
    "videos": [{"id": 1, "width": 4, "height": 1, "length": 2, "file_names": ["0.jpg", "1.jpg"]}],
    "categories": [{"id": 1, "name": "fish"}, {"id": 2, "name": "bird"}],
    "annotations": [{"id": 1, "video_id": 1, "category_id": 1, "iscrowd": 0, "segmentations": [MASK, MASK]}],
}


@pytest.fixture
def files(tmp_path):
    def write(segmentations, category=1):
        (tmp_path / "truth.json").write_text(json.dumps(TRUTH))
        results = [{"video_id": 1, "category_id": category, "score": 0.9, "segmentations": segmentations}]
        (tmp_path / "results.json").write_text(json.dumps(results))
        return [str(tmp_path / "truth.json"), str(tmp_path / "results.json")]

    return write


def test_the_table_goes_to_stdout(files, capsys):
    assert main(["eval", *files([MASK, MASK])]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].split() == ["AP", "AP50", "AP75", "APs", "APm", "APl"]
    assert out.splitlines()[1].split() == ["100.00", "100.00", "100.00", "100.00", "-", "-"]
    assert err == ""


def test_json_is_one_object_of_fractions(files, capsys):
    assert main(["eval", *files([MASK, None]), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["stats"]["AP"] == pytest.approx(0.1)  # IoU 2 of 4: the first of ten thresholds
    assert [c["name"] for c in document["categories"]] == ["fish", "bird"]


def test_a_short_list_is_refused_in_one_line(files, capsys):
    assert main(["eval", *files([MASK])]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith(
        "simvtr eval: results.json, video 1, track 0 of that video: there must be one mask or null for"
    )
    assert "1 of 1 tracks are shorter" in err
    assert "on their first frames alone, 1 of 2." in err


def test_the_reference_s_number_of_a_short_list_is_one_option_away(files, capsys):
    assert main(["eval", *files([MASK]), "--dialect", "ytvos", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["stats"]["AP"] == pytest.approx(1.0)
    assert document["dialect"] == "ytvos"


def test_categories_can_be_left_out(files, capsys):
    assert main(["eval", *files([MASK, MASK], category=2), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["stats"]["AP"] == 0.0
    assert main(["eval", *files([MASK, MASK], category=2), "--json", "--class-agnostic"]) == 0
    assert json.loads(capsys.readouterr().out)["stats"]["AP"] == pytest.approx(1.0)


def test_a_zip_scores_like_its_json(files, tmp_path, capsys):
    truth, results = files([MASK, MASK])
    with zipfile.ZipFile(tmp_path / "results.zip", "w") as archive:
        archive.write(results, "results.json")
    assert main(["eval", truth, results]) == 0
    plain = capsys.readouterr().out
    assert main(["eval", truth, str(tmp_path / "results.zip")]) == 0
    assert capsys.readouterr().out == plain


def test_an_empty_list_is_refused(files, tmp_path, capsys):
    truth, results = files([MASK, MASK])
    (tmp_path / "results.json").write_text("[]")
    assert main(["eval", truth, results]) == 1
    assert "results.json: there must be at least one track, got an empty list." in capsys.readouterr().err


def test_a_truth_without_tracks_is_refused(files, tmp_path, capsys):
    truth, results = files([MASK, MASK])
    (tmp_path / "truth.json").write_text(json.dumps({**TRUTH, "annotations": None}))
    assert main(["eval", truth, results]) == 1
    assert "truth.json: there must be at least one true track, got none" in capsys.readouterr().err


def test_names_that_the_terminal_cannot_write_do_not_stop_the_table(files, tmp_path):
    truth, results = files([MASK, MASK])
    (tmp_path / "truth.json").write_text(json.dumps({**TRUTH, "categories": [{"id": 1, "name": "\u9c7c"}]}))
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for option in ([], ["--json"]):
        command = [sys.executable, "-m", "simvtr.cli.main", "eval", truth, results, *option]
        run = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert (run.returncode, run.stderr) == (0, "")


def test_scoring_needs_no_torch(files):
    code = "import sys; sys.modules['torch'] = None; from simvtr.cli.main import main; sys.exit(main(sys.argv[1:]))"
    run = subprocess.run([sys.executable, "-c", code, "eval", *files([MASK, MASK])], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
