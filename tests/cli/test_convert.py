"""`simvtr convert`: what the user sees, exit codes, and nothing half-written."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from simvtr.cli.main import main
from simvtr.formats.png import write_numbers
from tests.schema.files import RESULTS, TRUTH, write


@pytest.fixture
def masks(tmp_path) -> Path:
    folder = tmp_path / "masks"
    folder.mkdir()
    for frame in range(3):
        (folder / f"{frame:05d}.png").write_bytes(write_numbers(np.eye(4, dtype=np.uint8) * (frame + 1 > 1) + 0))
    (folder / "00000.png").write_bytes(write_numbers(np.eye(4, dtype=np.uint8) * 2 + np.eye(4, k=1, dtype=np.uint8)))
    return folder


def convert(*arguments: object) -> int:
    return main(["convert", *map(str, arguments)])


def test_pngs_become_youtube_vis_that_check_passes(masks, tmp_path, capsys):
    assert convert("annotations", masks, "-o", tmp_path / "out.json", "--categories", "1=cat, 2=big dog") == 0
    shown = capsys.readouterr()
    assert shown.out == f"{tmp_path / 'out.json'}: 1 video, 2 tracks\n"
    assert main(["check", str(tmp_path / "out.json")]) == 0
    content = json.loads((tmp_path / "out.json").read_text())
    assert [kind["name"] for kind in content["categories"]] == ["cat", "big dog"]


@pytest.mark.parametrize(("name", "options"), [("x.xml", ()), ("pngs", ()), ("c.json", ("--to", "coco"))])
def test_every_format_goes_out_and_comes_back(masks, tmp_path, capsys, name, options):
    assert convert("annotations", masks, "-o", tmp_path / "a.json") == 0
    assert convert("annotations", tmp_path / "a.json", "-o", tmp_path / name, *options) == 0
    assert convert("annotations", tmp_path / name, "-o", tmp_path / "b.json") == 0
    before, after = (json.loads((tmp_path / f).read_text())["annotations"] for f in ("a.json", "b.json"))
    for track in after:
        match = next(t for t in before if t["id"] == track["id"])
        assert track["segmentations"] == match["segmentations"]
    assert len(after) == len(before) == 2


def test_notes_go_to_stderr_and_say_what_is_lost(masks, tmp_path, capsys):
    convert("annotations", masks, "-o", tmp_path / "a.json")
    convert("annotations", tmp_path / "a.json", "-o", tmp_path / "x.xml")
    shown = capsys.readouterr()
    assert "simvtr convert: note: CVAT imports masks one by one" in shown.err
    assert "note:" not in shown.out


def test_wrong_data_exits_with_1_and_one_line_and_leaves_nothing(masks, tmp_path, capsys):
    (masks / "00001.png").write_bytes((masks / "00001.png").read_bytes()[:50])
    assert convert("annotations", masks, "-o", tmp_path / "out" / "a.json") == 1
    shown = capsys.readouterr()
    lines = [line for line in shown.err.splitlines() if line.startswith("simvtr")]
    assert len(lines) == 1
    assert "masks/00001.png: the PNG must be whole" in lines[0]
    assert not shown.out
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--to", "voc"), "--to must be one of youtube-vis, coco, cvat, davis, got 'voc'"),
        (("--to", "labelme"), "--to must be one of youtube-vis, coco, cvat, davis, got 'labelme'"),
        (("--from", "voc"), "--from must be one of youtube-vis, coco, cvat, davis, labelme, mots, got 'voc'"),
        (("--categories", "dog"), "must look like 1=dog,2=cat, got 'dog'"),
    ],
)
def test_a_wrong_command_exits_with_2(masks, tmp_path, capsys, options, says):
    assert convert("annotations", masks, "-o", tmp_path / "a.json", *options) == 2
    assert says in capsys.readouterr().err


def test_a_name_that_says_no_format_is_told_before_the_work(tmp_path, capsys):
    assert convert("annotations", tmp_path / "nothing", "-o", tmp_path / "lab.mp4") == 2
    assert f"--out {tmp_path / 'lab.mp4'}: the name must end in .json" in capsys.readouterr().err
    assert convert("results", tmp_path / "nothing", "--truth", tmp_path / "none", "-o", tmp_path / "a.txt") == 2
    assert "Say which with --to." in capsys.readouterr().err


def test_results_are_set_right_and_packed_for_a_server(tmp_path, capsys):
    truth = write(tmp_path, TRUTH)
    empty = {"size": [2, 4], "counts": "8"}
    found = write(tmp_path, [RESULTS[0] | {"segmentations": [empty] * 3, "bboxes": []}], "theirs.json")
    assert convert("results", found, "--truth", truth, "-o", tmp_path / "out.zip") == 0
    shown = capsys.readouterr()
    assert "note: 3 all-zero masks stood for absence: now null" in shown.err
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert json.loads(archive.read("results.json"))[0]["segmentations"] == [None] * 3
    assert main(["eval", str(truth), str(tmp_path / "out.zip")]) == 0


def test_results_become_annotations_to_be_corrected(tmp_path, capsys):
    truth, found = write(tmp_path, TRUTH), write(tmp_path, RESULTS, "r.json")
    assert convert("results", found, "--truth", truth, "-o", tmp_path / "x.xml", "--score", 0.4) == 0
    assert "note: scores are left out" in capsys.readouterr().err
    assert (tmp_path / "x.xml").read_text().count('outside="0"') == 2
    assert convert("results", found, "--truth", truth, "-o", tmp_path / "c.json", "--to", "coco", "--score", 0.6) == 0
    assert capsys.readouterr().out.endswith("0 tracks\n")


def test_what_does_not_apply_is_not_ignored_in_silence(tmp_path, capsys):
    truth, found = write(tmp_path, TRUTH), write(tmp_path, RESULTS, "r.json")
    assert convert("results", found, "--truth", truth, "-o", tmp_path / "o.json", "--score", 0.4) == 2
    assert "--score belongs to results as annotations" in capsys.readouterr().err
    assert convert("annotations", truth, "-o", tmp_path / "o.json", "--categories", "1=cat") == 0
    assert "note: the categories given are not used: youtube-vis names its own" in capsys.readouterr().err


def test_a_track_cut_short_stays_refused(tmp_path, capsys):
    truth = write(tmp_path, TRUTH)
    found = write(tmp_path, [RESULTS[0] | {"segmentations": []}], "r.json")
    assert convert("results", found, "--truth", truth, "-o", tmp_path / "out.json") == 1
    assert "must have one entry a frame, 3, got 0" in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.json", "truth.json"]


def test_it_needs_no_torch_and_no_opencv(tmp_path):
    code = (
        "import sys; [sys.modules.__setitem__(n, None) for n in ('torch', 'cv2', 'av', 'supervision', 'yaml')];"
        f"from simvtr.cli.main import main; sys.exit(main(['convert', 'annotations', '{write(tmp_path, TRUTH)}', '-o', "
        f"'{tmp_path / 'x.xml'}']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [("annotations",), ("results", "--truth")])
def test_what_is_read_is_never_written_over(tmp_path, capsys, arguments):
    truth = write(tmp_path, TRUTH)
    before = truth.read_bytes()
    what, *options = arguments
    again = [truth] if options else []
    assert convert(what, truth, *options, *again, "-o", tmp_path / "." / "truth.json") == 2
    assert "must not be what is read. Name another." in capsys.readouterr().err
    assert truth.read_bytes() == before


def test_an_empty_list_is_no_result(tmp_path, capsys):
    truth, found = write(tmp_path, TRUTH), write(tmp_path, [], "r.json")
    assert convert("results", found, "--truth", truth, "-o", tmp_path / "new" / "out.json") == 1
    assert capsys.readouterr().err == (
        "simvtr convert: r.json: results must be at least one track, got an empty list.\n"
    )
    assert not (tmp_path / "new").exists()


def test_an_error_is_the_only_line(tmp_path, capsys):
    assert convert("annotations", tmp_path / "none.xml", "-o", tmp_path / "out.json") == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("name", ["x.json", "pngs"])
def test_folders_made_for_what_failed_go_again(masks, tmp_path, monkeypatch, name):
    convert("annotations", masks, "-o", tmp_path / "a.json")
    (tmp_path / "old").mkdir()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("simvtr.formats.davis.write_numbers", full)
    monkeypatch.setattr("simvtr.schema.writer._opened", full)
    assert convert("annotations", tmp_path / "a.json", "-o", tmp_path / "old" / "new" / "newer" / name) == 1
    assert not list((tmp_path / "old").iterdir())
