"""The doctor lists every problem, goes on after the first, and agrees with the reader."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from simvtr import doctor
from simvtr.doctor import Report, check
from simvtr.errors import DataError
from simvtr.schema import read_truth
from tests.schema.files import FULL, JSON, LEFT, TRUTH, edited, places, write

A = ("annotations", 0)
V = ("videos", 0)


def found(report: Report) -> dict[str, int]:
    return {problem.kind: problem.count for problem in report.problems}


def with_images(folder: Path, size=(4, 2)) -> Path:
    (folder / "images" / "v").mkdir(parents=True)
    for frame in range(3):
        Image.new("RGB", size).save(folder / "images" / "v" / f"{frame}.jpg")
    return folder / "images"


def test_a_clean_data_set_has_no_problem(tmp_path):
    report = check(write(tmp_path, TRUTH), with_images(tmp_path))
    assert report.problems == ()
    assert not report.fatal
    assert report.table() == "truth.json: no problem found: 1 video, 1 track, 3 frames"


@pytest.mark.parametrize(
    "name", ["davis_dogs_jump/instances", "sam3_veval_toy/gt_compact", "sav_000001/instances_manual"]
)
def test_real_files_have_no_problem(shared, name):
    images = shared / "data/davis_dogs_jump/JPEGImages" if name.startswith("davis") else None
    assert check(shared / "data" / f"{name}.json", images).problems == ()


ONE = {  # one change of the clean data set -> the kinds it must be listed as
    "repeated video": (edited(TRUTH, "videos", value=TRUTH["videos"] * 2), {"repeated id": 1}),
    "repeated category": (edited(TRUTH, "categories", value=TRUTH["categories"] * 2), {"repeated id": 2}),
    "repeated track": (edited(TRUTH, "annotations", value=TRUTH["annotations"] * 3), {"repeated id": 2}),
    "unknown video": (edited(TRUTH, *A, "video_id", value=4), {"unknown video": 1}),
    "unknown category": (edited(TRUTH, *A, "category_id", value=4), {"unknown category": 1}),
    "video without size": (edited(TRUTH, *V, "width", value=0), {"video size": 1}),
    "video of 10 gigapixels": (edited(TRUTH, *V, "width", value=10**10), {"video size": 1}),
    "no frame": (edited(TRUTH, *V, "length", value=0), {"list length": 5}),  # the video and four lists of 3
    "one more frame": (edited(TRUTH, *V, "length", value=4), {"list length": 5}),
    "short boxes": (edited(TRUTH, *A, "bboxes", value=[[0, 0, 2, 2]]), {"list length": 1}),
    "short areas": (edited(TRUTH, *A, "areas", value=[4]), {"list length": 1}),
    "short occlusion": (edited(TRUTH, *A, "occlusion", value=[]), {"list length": 1}),
    "malformed mask": (
        edited(TRUTH, *A, "segmentations", value=[LEFT, {"size": [2, 4], "counts": "9"}, FULL]),
        {"malformed mask": 1},
    ),
    "mask size": (
        edited(TRUTH, *A, "segmentations", value=[LEFT, {"size": [1, 1], "counts": "1"}, FULL]),
        {"mask size": 1},
    ),
    "wrong type": (edited(TRUTH, *A, "segmentations", 0, value=5), {"structure": 1}),
    "missing id": (edited(TRUTH, *A, "id", drop=True), {"structure": 1}),
    "missing categories": (edited(TRUTH, "categories", drop=True), {"structure": 1, "unknown category": 1}),
    "videos not a list": (edited(TRUTH, "videos", value={}), {"structure": 1, "unknown video": 1, "no videos": 1}),
    "box of three": (edited(TRUTH, *A, "bboxes", 0, value=[1, 2, 3]), {"malformed box": 1}),
    "negative box": (edited(TRUTH, *A, "bboxes", 0, value=[2, 2, -2, -2]), {"negative box": 1}),
    "box outside": (edited(TRUTH, *A, "bboxes", 0, value=[-3, 0, 2, 2]), {"box outside": 1, "box off mask": 1}),
    "box without a mask": (edited(TRUTH, *A, "bboxes", 1, value=[0, 0, 2, 2]), {"box off mask": 1}),
    "area off mask": (edited(TRUTH, *A, "areas", 2, value=14), {"area off mask": 1}),
    "empty track": (
        edited(edited(TRUTH, *A, "segmentations", value=[None] * 3), *A, "bboxes", drop=True),
        {"empty track": 1, "area off mask": 1},  # 4 px are within the tolerance of 5, 8 are not
    ),
    "occlusion label": (edited(TRUTH, *A, "occlusion", 0, value="heavy"), {"occlusion label": 1}),
    "no file names": (edited(TRUTH, *V, "file_names", drop=True), {"no file names": 1}),
    "repeated image": (edited(TRUTH, *V, "file_names", value=["a", "a", "b"]), {"repeated image": 1}),
    "no tracks": (edited(TRUTH, "annotations", value=None), {"no tracks": 1}),
}


@pytest.mark.parametrize("name", ONE)
def test_one_fault_is_listed_and_counted(tmp_path, name):
    content, kinds = ONE[name]
    report = check(write(tmp_path, content))
    assert found(report) == kinds, report.table()
    assert report.fatal == any(doctor.KINDS[kind][0] for kind in kinds)


@pytest.mark.parametrize("name", ONE)
def test_fatal_means_that_the_reader_refuses(tmp_path, name):
    path = write(tmp_path, ONE[name][0])
    if check(path).fatal:
        with pytest.raises(DataError):
            read_truth(path)
    else:
        read_truth(path)


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../secret.jpg", "v/../../secret.jpg", "..\\secret.jpg", "C:\\x.jpg", "a\0.jpg", ""]
)
def test_names_that_leave_the_image_folder_are_fatal(tmp_path, name):
    (tmp_path / "secret.jpg").write_text("not to be opened")
    images = with_images(tmp_path)
    report = check(write(tmp_path, edited(TRUTH, *V, "file_names", 0, value=name)), images)
    assert found(report) == {"unsafe name": 1}
    assert report.fatal


def test_dots_that_stay_inside_are_fine(tmp_path):
    images = with_images(tmp_path)
    report = check(write(tmp_path, edited(TRUTH, *V, "file_names", 0, value="v/../v/./0.jpg")), images)
    assert report.problems == ()


def test_images_are_compared_by_their_header(tmp_path):
    images = with_images(tmp_path)
    Image.new("RGB", (5, 2)).save(images / "v/0.jpg")
    (images / "v/1.jpg").write_bytes(b"no picture")
    (images / "v/2.jpg").unlink()
    report = check(write(tmp_path, TRUTH), images)
    assert found(report) == {"missing image": 1, "unreadable image": 1, "image size": 1}
    assert "5 x 2, its video 4 x 2" in report.table()
    assert "frame 2: 'v/2.jpg'" in report.table()


def test_the_folder_inside_that_has_the_images_is_named(tmp_path):
    images = with_images(tmp_path)
    path = write(tmp_path, TRUTH)
    assert f"'v/0.jpg', it lies in {images}: name that folder" in check(path, tmp_path).table()
    with_images(tmp_path / "other")
    (tmp_path / "other").rename(tmp_path / "images2")
    (tmp_path / "images2" / "images" / "v").rename(tmp_path / "images2" / "v")
    assert "it lies in" not in check(path, tmp_path).table()  # two have them: which is meant is not known


def test_a_video_without_names_misses_its_images(tmp_path):
    report = check(write(tmp_path, edited(TRUTH, *V, "file_names", drop=True)), with_images(tmp_path))
    assert found(report) == {"missing image": 1}


def test_all_problems_of_a_file_are_listed_fatal_ones_first(tmp_path):
    wrong = edited(TRUTH, *A, "category_id", value=4)
    wrong = edited(wrong, *A, "areas", 2, value=100)
    wrong = edited(wrong, *A, "segmentations", 1, value={"size": [2, 4], "counts": ""})
    wrong = edited(wrong, "annotations", value=[*wrong["annotations"], "x", {"id": 1}])
    report = check(write(tmp_path, wrong))
    assert list(found(report)) == ["structure", "unknown category", "malformed mask", "area off mask"]
    assert found(report)["structure"] == 2
    assert report.table().splitlines()[-1] == "truth.json: 4 fatal, 1 warning: 1 video, 3 tracks, 3 frames"


def test_only_the_first_places_are_kept(tmp_path):
    many = [TRUTH["annotations"][0] | {"id": i, "category_id": 1} for i in range(500)]
    (problem,) = check(write(tmp_path, edited(TRUTH, "annotations", value=many))).problems
    assert (problem.count, len(problem.places)) == (500, 3)
    assert problem.places[2] == "$.annotations[2], video 0, track 2: 1"


def test_what_is_no_object_of_json_is_refused(tmp_path):
    for content, message in (
        ("[]", "expected `object`"),
        ("", "the file is empty: it must hold JSON"),
        ("[" * 10**5, "nested|expected `object`"),
    ):
        with pytest.raises(DataError, match=message):
            check(write(tmp_path, content))
    with pytest.raises(DataError, match="cannot be read: No such file"):
        check(tmp_path / "nowhere.json")
    with pytest.raises(DataError, match="must be a folder, got nothing there"):
        check(write(tmp_path, TRUTH), tmp_path / "nowhere")
    with pytest.raises(DataError, match="must be a folder, got a file"):
        check(write(tmp_path, TRUTH), tmp_path / "truth.json")


FUZZ = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PLACES = list(places(TRUTH))[1:]


def agrees(path: Path) -> None:
    """A report or a DataError, never a traceback; and the reader refuses what is fatal, and nothing else."""
    try:
        check(path, path.parent)
        refused = any(p.fatal and p.kind != "unsafe name" for p in check(path).problems)
    except DataError:
        refused = True
    try:
        read_truth(path)
    except DataError:
        assert refused
    else:
        assert not refused


@FUZZ
@given(JSON)
def test_any_json_gives_a_report_or_one_line(tmp_path, value):
    agrees(write(tmp_path, json.dumps(value)))


@FUZZ
@given(st.lists(st.tuples(st.sampled_from(PLACES), JSON), min_size=1, max_size=3))
def test_any_value_in_any_place_gives_a_report_that_agrees_with_the_reader(tmp_path, changes):
    content = TRUTH
    for path, value in changes:
        try:
            content = edited(content, *path, value=value)
        except (KeyError, IndexError, TypeError):  # an earlier change removed the place
            continue
    agrees(write(tmp_path, json.dumps(content)))
