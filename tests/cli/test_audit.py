"""`simvtr audit`: a page that is whole or not there, exit codes 0, 1 and 2, and one line for what is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simvtr.auditing.attacks import ATTACKS
from simvtr.cli.main import main
from simvtr.errors import SimVTRWarning
from simvtr.rle import encode, to_json

LEFT = to_json(encode(np.array([[True, True, False, False]])))
RIGHT = to_json(encode(np.array([[False, False, True, True]])))
NAMES = ["a/0.png", "a/1.png"]


def truth(names=NAMES):
    return {
        "videos": [{"id": 1, "width": 4, "height": 1, "length": 2, "file_names": list(names)}],
        "categories": [{"id": 1, "name": "fish"}, {"id": 2, "name": "bird"}],
        "annotations": [{"id": 1, "video_id": 1, "category_id": 1, "iscrowd": 0, "segmentations": [LEFT, LEFT]}],
    }


def result(*masks, score=0.9, category=1, video=1):
    return {"video_id": video, "category_id": category, "score": score, "segmentations": list(masks)}


@pytest.fixture
def audit(tmp_path, monkeypatch):
    """Write the files and run the command on them, in one process; other arguments come last."""
    monkeypatch.chdir(tmp_path)

    def run(results, *more, true=None, second=None):
        Path("truth.json").write_text(json.dumps(true or truth()))
        Path("a.json").write_text(results if isinstance(results, str) else json.dumps(results))
        if second is not None:
            Path("b.json").write_text(json.dumps(second))
        return main(["audit", "truth.json", "a.json", *["b.json"] * (second is not None), "--workers", "1", *more])

    return run


def left_behind() -> set[str]:
    return {path.name for path in Path().iterdir()} - {"truth.json", "a.json", "b.json", "images"}


def test_the_page_is_written_and_the_table_printed(audit, capsys):
    assert audit([result(LEFT, LEFT)]) == 0
    out, err = capsys.readouterr()
    assert left_behind() == {"audit.html"}
    assert Path("audit.html").read_text().startswith("<!doctype html>")
    assert all(attack.name in out for attack in ATTACKS)
    assert "page  audit.html" in out
    assert err == ""


def test_json_is_one_object_and_folders_are_made(audit):
    assert audit([result(LEFT, LEFT)], "-o", "deep/page.html", "--json", "other/audit.json") == 0
    document = json.loads(Path("other/audit.json").read_text())
    assert (document["videos"], document["seed"]) == (1, 0)
    assert Path("deep/page.html").exists()


def test_results_that_strict_refuses_are_audited_and_it_is_said(audit, capsys):
    assert audit([result(LEFT)], "--json", "audit.json") == 0
    assert "strict scoring refuses these results" in capsys.readouterr().out
    document = json.loads(Path("audit.json").read_text())
    assert "shorter than their video" in document["refusal"]
    assert document["ytvos"]["AP"] == pytest.approx(1.0)
    assert document["strict"]["AP"] == pytest.approx(0.1)  # 2 px of 4: the first of ten thresholds
    assert "refuses" in Path("audit.html").read_text()


def test_two_systems_stand_side_by_side(audit, capsys):
    assert audit([result(LEFT, LEFT)], "--json", "audit.json", second=[result(LEFT, RIGHT)]) == 0
    page, out = Path("audit.html").read_text(), capsys.readouterr().out
    assert "a.json" in page
    assert "b.json" in page
    assert "TWO SYSTEMS" in out and "second better" in out and "b.json" in out
    document = json.loads(Path("audit.json").read_text())
    assert (document["results_name"], document["other"]["results_name"]) == ("a.json", "b.json")
    assert document["versus"]["differences"]["AP"]["difference"] < 0


def test_results_against_themselves_are_called_identical(audit):
    with pytest.warns(SimVTRWarning, match="a.json and b.json are identical"):
        assert audit([result(LEFT, LEFT)], second=[result(LEFT, LEFT)]) == 0


def test_files_of_one_name_are_told_apart(audit):
    assert audit([result(LEFT, LEFT)], "--json", "audit.json", second=[result(LEFT, RIGHT)]) == 0
    Path("deep").mkdir()
    Path("b.json").rename("deep/a.json")
    assert main(["audit", "truth.json", "a.json", "deep/a.json", "--workers", "1", "-o", "two.html"]) == 0
    assert '<b class="second-name">Second</b> deep/a.json' in Path("two.html").read_text()


def test_both_results_are_read_before_either_is_audited(audit, capsys):
    assert audit([result(LEFT, LEFT)], second=[result(LEFT, LEFT, video=7)]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), left_behind()) == ("", 1, set())
    assert err.startswith(
        "simvtr audit: b.json, $[0], video 7, track 0: the video must be one of truth.json, which has 1 with ids"
        " from 1 to 1, got 7."
    )


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ("[{", "a.json"),
        ("", "a.json"),
        ('{"a": 1}', "a.json"),
        ([], "a.json: there must be at least one track, got an empty list."),
        ('[{"video_id": 1, "category_id": 1, "score": 1e999, "segmentations": []}]', "a.json"),
        ([result({"size": [1, 4], "counts": "zz~"}, None)], "a.json, $[0], video 1"),
    ],
)
def test_bad_results_give_one_line_and_no_page(results, said, audit, capsys):
    assert audit(results) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), left_behind()) == ("", 1, set())
    assert err.startswith(f"simvtr audit: {said}")


def test_a_missing_file_gives_one_line(audit, capsys):
    assert main(["audit", "nothing.json", "a.json"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--videos", "1"], "give --images, too"),
        (["--videos", "one", "--images", "."], "--videos must be ids with commas between them, got 'one'"),
        (["--videos", "--5", "--images", "."], "expected one argument"),
        (["--videos=--5", "--images", "."], "--videos must be ids"),
        (["--workers", "0"], "--workers must be at least 1, got 0"),
        (["--seed", "-1"], "--seed must be at least 0, got -1"),
        (["-o", "a.json"], "a.json would be overwritten"),
        (["--json"], "--json takes the name of the file to write"),
        (["--json", "./audit.html"], "audit.html would be overwritten"),
        (["--sweep", "simvtr-tiny"], "--sweep takes the truth and --images, and no results"),
        (["--no-such-option"], "unknown arguments"),
    ],
)
def test_a_wrong_command_is_exit_2(arguments, said, audit, capsys):
    assert audit([result(LEFT, LEFT)], *arguments) == 2
    assert said in capsys.readouterr().err
    assert left_behind() == set()


@pytest.mark.parametrize("option", ["-o", "--json"])
def test_a_folder_in_the_place_of_a_file_is_exit_1_before_any_work(audit, option, capsys):
    Path("images").mkdir()
    assert audit([result(LEFT, LEFT)], option, "images") == 1
    said = "images must be a file or nothing yet, got a folder. Give --out and --json names of files."
    assert said in capsys.readouterr().err
    assert left_behind() == set()


def test_results_are_asked_for(capsys):
    assert main(["audit", "truth.json"]) == 2
    assert "results are missing" in capsys.readouterr().err


def test_json_that_took_the_truth_is_told(capsys):
    assert main(["audit", "--json", "truth.json", "a.json"]) == 2
    said = capsys.readouterr().err
    assert "results are missing" in said and "--json takes the name of the file to write, and took truth.json" in said


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images" / "a"
    folder.mkdir(parents=True)
    for i in range(2):
        Image.new("RGB", (4, 1), (200, 100, 50)).save(folder / f"{i}.png")
    return "images"


def test_images_put_pictures_on_the_page(images, audit):
    assert audit([result(LEFT, LEFT)], "--images", images, "--videos", "1,1") == 0
    assert Path("audit.html").read_text().count("data:image/jpeg;base64,") == 4 + 2  # two frames, two sides; the strip


def test_pictures_follow_the_tracks_that_strict_accepts(images, audit):
    """A mask of another size and an unlisted category come before: neither is drawn, positions stay right."""
    stub = to_json(encode(np.ones((1, 1), bool)))
    mixed = [result(RIGHT, RIGHT, category=9), result(stub, stub, score=0.2), result(LEFT, LEFT, score=0.8)]
    assert audit(mixed, "--images", images) == 0
    alone = Path("audit.html").read_text()
    assert alone.count("data:image/jpeg;base64,") == 4 + 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../../secret.png", "leads out of"),
        ("/etc/hostname", "leads out of"),
        ("a/9.png", "no file 'a/9.png'"),
        ("a/text.png", "text.png must be a readable image"),
        ("a/wide.png", "wide.png must be 1 x 4 (height x width), got 1 x 5"),
    ],
)
def test_a_frame_that_is_none_gives_one_line_and_no_page(name, said, images, audit, capsys):
    Path(images, "a", "text.png").write_text("text")
    Image.new("RGB", (5, 1)).save(Path(images, "a", "wide.png"))
    assert audit([result(LEFT, LEFT)], "--images", images, true=truth([name, "a/1.png"])) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), left_behind()) == ("", 1, set())
    assert err.startswith("simvtr audit: truth.json, video 1, frame 0: ")
    assert said in err


def test_a_folder_or_a_video_that_is_not_there_is_said_before_the_work(images, audit, capsys, monkeypatch):
    monkeypatch.setattr("simvtr.auditing.run.audit", None)  # would fail
    assert audit([result(LEFT, LEFT)], "--images", "nowhere") == 1
    assert "--images: nowhere must be the folder of the frames, and is no folder." in capsys.readouterr().err
    assert audit([result(LEFT, LEFT)], "--images", images, "--videos", "1,5") == 1
    assert "--videos: ids must be of videos in truth.json, which has no 5." in capsys.readouterr().err


@pytest.mark.parametrize("where", ["simvtr.auditing.run.done", "simvtr.report.audit_page.save"])
def test_an_interrupt_leaves_nothing_half_written(where, audit, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupted)
    assert audit([result(LEFT, LEFT)], "--json", "audit.json") == 130
    assert left_behind() == set()
    assert capsys.readouterr().err == "simvtr audit: interrupted\n"


def test_an_old_page_stays_when_the_new_one_fails(audit, monkeypatch):
    Path("audit.html").write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert audit([result(LEFT, LEFT)]) == 1
    assert Path("audit.html").read_text() == "old"
    assert left_behind() == {"audit.html"}
