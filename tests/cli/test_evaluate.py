import csv
import io
import json
import os
import shutil
import subprocess
import sys
import warnings
import zipfile

import numpy as np
import pytest

from simvtr.cli.main import main
from simvtr.errors import SimVTRWarning
from simvtr.evaluation.scorecard import HEAD, VERSUS_HEAD
from simvtr.rle import encode, to_json
from tests.evaluation.reference_cases import CASES, draw

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


def test_categories_that_seem_to_be_numbered_otherwise_are_told(files, capsys):
    assert main(["eval", *files([MASK, MASK], category=2)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1].split()[0] == "0.00"
    assert err == (
        "simvtr eval: note: results.json: category_id must be the truth's, and may be numbered otherwise: AP50 is 0.0, "
        "without categories 100.0 in 1 video. Compare them with $.categories of truth.json.\n"
    )


def test_of_two_results_those_are_told_whose_categories_seem_to_be_numbered_otherwise(files, tmp_path, capsys):
    good = tmp_path / "good.json"
    shutil.copy(files([MASK, MASK])[1], good)
    truth, shifted = files([MASK, MASK], category=2)
    assert main(["eval", truth, str(good), shifted]) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if "note" in line]
    assert [note.split(":")[2] for note in notes] == [" results.json"]


@pytest.mark.parametrize("masks,category,options", [([None, None], 2, []), ([MASK, MASK], 2, ["--class-agnostic"])])
def test_nothing_is_said_of_categories_where_they_are_not_why(files, capsys, masks, category, options):
    assert main(["eval", *files(masks, category), *options]) == 0
    assert capsys.readouterr().err == ""


def test_a_short_list_is_refused_in_one_line(files, capsys):
    assert main(["eval", *files([MASK])]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("simvtr eval: /")  # the path as it was given
    assert "results.json, video 1, track 0 of that video: there must be one mask or null for" in err
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


def test_a_file_against_itself_is_called_identical(files, capsys):
    truth, results = files([MASK, MASK])
    with pytest.warns(SimVTRWarning, match="are identical: every difference is 0"):
        assert main(["eval", truth, results, results]) == 0


def test_a_folder_in_place_of_a_truth_says_which_file_in_it_to_name(files, tmp_path, capsys):
    _, results = files([MASK, MASK])
    (tmp_path / "instances.json").write_text("{}")
    assert main(["eval", str(tmp_path), results]) == 1
    assert f"got a folder. It holds {tmp_path / 'instances.json'} and {results}." in capsys.readouterr().err


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


def test_a_plain_run_starts_with_what_it_needs(files):
    """Imports are a fifth of a small run: details, other forms and help are loaded when asked for."""
    code = (
        "import os, sys; from simvtr.cli.main import main; main(sys.argv[1:]);"
        "spare = {'scipy', 'rich', 'json', 'csv', 'zipfile', 'simvtr.evaluation.identities'};"
        "sys.exit(' '.join(spare & sys.modules.keys()) or int(os.environ['OPENBLAS_NUM_THREADS'] != '1'))"
    )
    environment = {key: value for key, value in os.environ.items() if key != "OPENBLAS_NUM_THREADS"}
    command = [sys.executable, "-c", code, "eval", *files([MASK, MASK])]
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (run.returncode, run.stderr) == (0, "")


def drawn(*frames):
    """One mask a frame: ## covers the left half of 4 pixels, - is absent."""
    return [None if frame == "-" else to_json(encode(np.array([[c == "#" for c in frame]]))) for frame in frames]


def fish_files(folder, count):
    """A fish in each of so many videos of 30 frames, and results that find all, the first alone, and none of them."""
    whole, elsewhere = drawn(*["##.."] * 30), drawn(*["..##"] * 30)
    numbers = range(1, count + 1)
    videos = [
        {**TRUTH["videos"][0], "id": v, "length": 30, "file_names": [f"{v}/{t}.jpg" for t in range(30)]}
        for v in numbers
    ]
    tracks = [{**TRUTH["annotations"][0], "id": v, "video_id": v, "segmentations": whole} for v in numbers]
    (folder / "truth.json").write_text(json.dumps({**TRUTH, "videos": videos, "annotations": tracks}))
    for name, hits in (("good", count), ("half", 1), ("bad", 0)):
        results = [
            {"video_id": v, "category_id": 1, "score": 0.9, "segmentations": whole if v <= hits else elsewhere}
            for v in numbers
        ]
        (folder / f"{name}.json").write_text(json.dumps(results))
    return {name: str(folder / f"{name}.json") for name in ("truth", "good", "half", "bad")}


@pytest.fixture
def two_videos(tmp_path):
    return fish_files(tmp_path, 2)


@pytest.fixture
def six_videos(tmp_path):
    """So many that a difference may survive."""
    return fish_files(tmp_path, 6)


DETAILS = ["--groups", "--identity", "--errors", "--bootstrap", "20"]


def test_every_detail_has_its_key_in_json_and_its_heading_in_the_table(two_videos, capsys):
    files = [two_videos["truth"], two_videos["half"]]
    assert main(["eval", *files, "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert main(["eval", *files, *DETAILS, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document.keys() - plain.keys() == {"intervals", "groups", "identity", "errors", "ladder"}
    assert {key: document[key] for key in plain} == plain  # details change no figure
    assert document["intervals"].keys() == plain["stats"].keys()
    assert document["intervals"]["AR100"] == {
        "value": 0.5,
        "low": 0.0,
        "high": 1.0,
        "mean": pytest.approx(0.5, abs=0.3),
    }
    assert [group["name"] for group in document["groups"]][3:7] == ["short", "medium", "long", "longest"]
    assert [group["tracks"] for group in document["groups"]][3:7] == [0, 2, 0, 0]  # 30 frames: 25 to 36
    assert document["identity"]["class_averaged"]["DetA"] == pytest.approx(1 / 3)  # 30 found, 30 missed, 30 false
    assert document["errors"]["errors"]["background"]["count"] == 1
    assert [step["name"] for step in document["ladder"]][:2] == ["as found", "identities"]
    assert main(["eval", *files, *DETAILS]) == 0
    table, err = capsys.readouterr()
    for heading in ("95 % INTERVALS, videos drawn again", "GROUPS", "IDENTITY", "ERROR TYPES", "ORACLE LADDER"):
        assert heading in table.splitlines()
    assert err == ""  # no terminal: no progress


@pytest.mark.parametrize("options", [DETAILS, ["--dialect", "ytvos"], ["--class-agnostic"]], ids=" ".join)
def test_without_wasmtime_the_json_is_the_same_to_the_last_byte(tmp_path, options):
    files = [tmp_path / "truth.json", tmp_path / "results.json"]
    for file, value in zip(files, draw(CASES["clean-many"]), strict=True):
        file.write_text(json.dumps(value))
    code = (
        "import sys; from simvtr.cli.main import main; from simvtr.rle.kernel import kernel;"
        "code = main(sys.argv[1:]); print(kernel() is not None, file=sys.stderr); sys.exit(code)"
    )
    printed = []
    for before, compiled in (("", "True"), ("import sys; sys.modules['wasmtime'] = None;", "False")):
        command = [sys.executable, "-c", before + code, "eval", *map(str, files), *options, "--json"]
        run = subprocess.run(command, capture_output=True)
        assert (run.returncode, run.stderr.decode().strip()) == (0, compiled)
        printed.append(run.stdout)
    assert printed[0] == printed[1]
    assert json.loads(printed[0])["stats"]["AP"] > 0


def test_csv_has_the_figures_of_json_one_a_line(two_videos, capsys):
    files = [two_videos["truth"], two_videos["half"]]
    assert main(["eval", *files, *DETAILS, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert main(["eval", *files, *DETAILS, "--csv"]) == 0
    head, *lines = csv.reader(io.StringIO(capsys.readouterr().out))
    assert tuple(head) == HEAD == ("part", "name", "figure", "value", "low", "high")
    assert {len(line) for line in lines} == {6}
    figures = {tuple(line[:3]): line[3:] for line in lines}
    assert len(figures) == len(lines)  # no two lines under one name
    ends = [document["intervals"]["AP"][end] for end in ("value", "low", "high")]
    assert [float(value) for value in figures["all", "", "AP"]] == ends
    for keys, value in (
        (("category", "fish", "AR10"), document["categories"][0]["AR10"]),
        (("length (ours)", "medium", "AP50"), document["groups"][4]["AP50"]),
        (("identity", "class_averaged", "HOTA"), document["identity"]["class_averaged"]["HOTA"]),
        (("identity of category", "fish", "threshold"), 0.9),
        (("errors", "background", "count"), 1),
        (("ladder", "false tracks", "AP"), document["ladder"][-1]["AP"]),
    ):
        assert float(figures[keys][0]) == value, keys
        assert figures[keys][1:] == ["", ""]


@pytest.mark.filterwarnings("ignore:--score 0.91 leaves no track")
def test_a_stated_score_leaves_lower_tracks_out(two_videos, capsys):
    files = [two_videos["truth"], two_videos["good"], "--identity", "--json"]
    for score, accuracy in (("0.9", 1.0), ("0.91", 0.0)):
        assert main(["eval", *files, "--score", score]) == 0
        figures = json.loads(capsys.readouterr().out)["identity"]
        assert (figures["threshold"], figures["class_averaged"]["DetA"]) == (float(score), accuracy)


def test_a_score_above_all_is_warned_of_in_one_line(two_videos, capsys):
    options = [two_videos["truth"], two_videos["good"], "--identity", "--json", "--score"]
    with pytest.warns(SimVTRWarning, match=r"^--score 50 leaves no track of good.json: the highest score is 0.9$"):
        assert main(["eval", *options, "50"]) == 0
    assert json.loads(capsys.readouterr().out)["identity"]["threshold"] == 50
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert main(["eval", *options, "0.9"]) == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--identity", "--dialect", "ytvos"], "--identity and --errors need whole lists"),
        (["--errors", "--dialect", "ytvos"], "--identity and --errors need whole lists"),
        (["--class-agnostic", "--groups"], "are by category"),
        (["--class-agnostic", "--identity"], "are by category"),
        (["--class-agnostic", "--errors"], "are by category"),
        (["--score", "0.5"], "--score goes with --identity"),
        (["--identity", "--score", "nan"], "--score must be a finite number, got nan"),
        (["--bootstrap", "-1"], "--bootstrap must be a number of draws from 1 to 100000, got -1"),
        (["--bootstrap", "0"], "--bootstrap must be a number of draws from 1 to 100000, got 0"),
        (["--bootstrap", "1000000000"], "--bootstrap must be a number of draws from 1 to 100000, got 1000000000"),
        (["--bootstrap", "9", "--seed", "-1"], "--seed must be at least 0, got -1"),
        (["other.json", "--groups"], "are of one system"),
        (["other.json", "--identity"], "are of one system"),
        (["other.json", "--errors"], "are of one system"),
    ],
    ids=" ".join,
)
def test_options_that_contradict_exit_2_with_one_line(options, says, capsys):
    assert main(["eval", "absent.json", "absent.json", *options]) == 2  # before any file is opened
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("simvtr eval: ")
    assert says in err


def test_one_form_at_a_time(capsys):
    assert main(["eval", "absent.json", "absent.json", "--json", "--csv"]) == 2
    assert "not allowed with" in capsys.readouterr().err


def test_a_file_against_itself_says_that_nothing_survives(six_videos, capsys):
    assert main(["eval", six_videos["truth"], six_videos["half"], six_videos["half"], "--bootstrap", "20"]) == 0
    out, err = capsys.readouterr()
    assert out.count(six_videos["half"]) == 2  # equal names are given with their folders
    assert "The difference in AP does not survive: zero lies inside its 95 % interval." in out
    assert "wins most" not in out
    assert err == ""


@pytest.mark.parametrize(("order", "place"), [(("bad", "good"), "second"), (("good", "bad"), "first")])
def test_good_against_bad_says_which_is_better(six_videos, order, place, capsys):
    assert main(["eval", six_videos["truth"], *(six_videos[name] for name in order), "--bootstrap", "20"]) == 0
    out = capsys.readouterr().out
    assert f"The {place} has the higher AP, and the difference survives: good.json is better." in out
    assert f"where the {place} wins most, AP of the video alone" in out
    assert "from 20 draws of the videos, paired" in out


def test_of_two_videos_none_is_better(two_videos, capsys):
    assert main(["eval", two_videos["truth"], two_videos["bad"], two_videos["good"]]) == 0
    out = capsys.readouterr().out
    assert "Only 2 videos have true tracks, too few to tell" in out and "is better" not in out


def test_a_comparison_is_one_json_object(six_videos, capsys):
    assert main(["eval", six_videos["truth"], six_videos["bad"], six_videos["half"], "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["first"], document["second"], document["samples"]) == ("bad.json", "half.json", 1000)
    recall = document["differences"]["AR100"]
    # a third of the draws is without the video that differs, 1 % has it more than three times
    keys = ("first", "second", "difference", "low", "high", "survives")
    assert [recall[key] for key in keys] == pytest.approx([0.0, 1 / 6, 1 / 6, 0.0, 3 / 6, False])
    won, same, *_ = document["videos"]
    assert (won["video_id"], won["first"], won["second"]) == (1, 0.0, pytest.approx(1.0))
    assert same == {"video_id": 2, "first": 0.0, "second": 0.0, "difference": 0.0}
    assert document["verdict"].startswith("The difference in AP does not survive")


def test_a_comparison_as_csv_and_without_categories(six_videos, capsys):
    files = [six_videos["truth"], six_videos["bad"], six_videos["good"]]
    assert main(["eval", *files, "--csv", "--class-agnostic", "--bootstrap", "20"]) == 0
    head, *lines = csv.reader(io.StringIO(capsys.readouterr().out))
    assert tuple(head) == VERSUS_HEAD
    assert [float(value) for value in lines[0][1:]] == pytest.approx([0, 1, 1, 1, 1])  # AP
    assert lines[5] == ["APl", "", "", "", "", ""]  # nothing is that large


def test_a_wrong_second_file_exits_1_with_its_name(six_videos, tmp_path, capsys):
    (tmp_path / "other.json").write_text("[]")
    assert main(["eval", six_videos["truth"], six_videos["good"], str(tmp_path / "other.json")]) == 1
    assert "other.json: there must be at least one track" in capsys.readouterr().err


def test_a_reader_that_leaves_is_no_error(six_videos):
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "simvtr.cli.main", "eval", six_videos["truth"], six_videos["good"]]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    run = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, env=environment)
    os.close(write)
    assert (run.returncode, run.stderr) == (0, "")
