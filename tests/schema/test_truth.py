"""Data sets are read as they are, and refused with the place of the first breach."""

import numpy as np
import pytest

from simvtr.errors import DataError
from simvtr.rle import area, encode
from simvtr.schema import Category, Truth, TruthTrack, Video, read_truth, write_truth
from tests.schema.files import FULL, LEFT, TRUTH, edited, write


def track(truth: Truth) -> TruthTrack:
    return truth.tracks[0][0]


def test_every_value_arrives(tmp_path):
    truth = read_truth(write(tmp_path, TRUTH))
    left = np.zeros((2, 4), bool)
    left[:, :2] = True
    assert truth.videos == {0: Video(0, 4, 2, 3, ("v/0.jpg", "v/1.jpg", "v/2.jpg"))}
    assert truth.categories == {7: Category(7, "cat"), 40: Category(40, "dog")}
    assert track(truth) == TruthTrack(
        id=0,
        video_id=0,
        category_id=40,
        segmentations=(encode(left), None, encode(np.ones((2, 4), bool))),
        areas=(4.0, None, 8.0),
        boxes=((0.0, 0.0, 2.0, 2.0), None, (0.0, 0.0, 4.0, 2.0)),
        crowd=False,
        occlusion=("no_occlusion", None, "severe_occlusion"),
    )


def test_what_is_written_reads_back_equal(tmp_path):
    truth = read_truth(write(tmp_path, TRUTH))
    again = tmp_path / "deep" / "again.json"
    write_truth(again, truth)
    assert read_truth(again).tracks == truth.tracks
    assert read_truth(again).videos == truth.videos
    assert read_truth(again).categories == truth.categories


@pytest.mark.parametrize(
    "name", ["davis_dogs_jump/instances", "sam3_veval_toy/gt_compact", "sav_000001/instances_manual"]
)
def test_real_files_read_and_write_back_equal(shared, tmp_path, name):
    truth = read_truth(shared / "data" / f"{name}.json")
    tracks = [found for of_video in truth.tracks.values() for found in of_video]
    assert len(tracks) == {"davis": 3, "sam3_": 33, "sav_0": 5}[name[:5]]
    for found in tracks:  # the files' own areas are the masks' pixels
        assert [0 if m is None else area(m) for m in found.segmentations] == [a or 0 for a in found.areas]
    write_truth(tmp_path / "again.json", truth)
    assert read_truth(tmp_path / "again.json").tracks == truth.tracks


def test_missing_boxes_and_areas_come_from_the_masks(tmp_path):
    bare = edited(edited(TRUTH, "annotations", 0, "bboxes", drop=True), "annotations", 0, "areas", drop=True)
    found = track(read_truth(write(tmp_path, bare)))
    assert found.areas == (4.0, None, 8.0)
    assert found.boxes == ((0.0, 0.0, 2.0, 2.0), None, (0.0, 0.0, 4.0, 2.0))


def test_a_null_area_stays_unknown(tmp_path):
    found = track(read_truth(write(tmp_path, edited(TRUTH, "annotations", 0, "areas", value=[None, None, 8]))))
    assert found.areas == (None, None, 8.0)


def test_an_empty_mask_stays_a_mask(tmp_path):
    empty = {"size": [2, 4], "counts": "8"}
    found = track(read_truth(write(tmp_path, edited(TRUTH, "annotations", 0, "segmentations", 1, value=empty))))
    assert found.segmentations[1] is not None
    assert area(found.segmentations[1]) == 0


@pytest.mark.parametrize("absent", [None, [], {}])
def test_null_and_empty_are_absent(tmp_path, absent):
    found = track(read_truth(write(tmp_path, edited(TRUTH, "annotations", 0, "segmentations", 0, value=absent))))
    assert found.segmentations[0] is None


@pytest.mark.parametrize(
    "mask",
    [{"size": [2, 4], "counts": [0, 4, 4]}, {"size": [2.0, 4.0], "counts": "044"}, [[0, 0, 2, 0, 2, 2, 0, 2]]],
    ids=["uncompressed", "float size", "polygon"],
)
def test_every_form_of_a_mask_is_the_same_mask(tmp_path, mask):
    found = track(read_truth(write(tmp_path, edited(TRUTH, "annotations", 0, "segmentations", 0, value=mask))))
    assert found == track(read_truth(write(tmp_path, TRUTH)))


def test_a_missing_length_is_the_number_of_file_names(tmp_path):
    assert read_truth(write(tmp_path, edited(TRUTH, "videos", 0, "length", drop=True))).videos[0].length == 3


def test_file_names_may_be_missing(tmp_path):
    assert read_truth(write(tmp_path, edited(TRUTH, "videos", 0, "file_names", drop=True))).videos[0].file_names == ()


@pytest.mark.parametrize("annotations", [None, []])
def test_a_truth_that_is_kept_back_has_no_tracks(tmp_path, annotations):
    truth = read_truth(write(tmp_path, edited(TRUTH, "annotations", value=annotations)))
    assert truth.tracks == {0: []}
    assert read_truth(write(tmp_path, edited(TRUTH, "annotations", drop=True))).tracks == {0: []}


@pytest.mark.parametrize(
    ("flag", "crowd"), [(0, False), (1, True), (True, True), (False, False), (1.0, True), (None, False)]
)
def test_iscrowd_may_be_a_number_a_bool_or_missing(tmp_path, flag, crowd):
    assert track(read_truth(write(tmp_path, edited(TRUTH, "annotations", 0, "iscrowd", value=flag)))).crowd is crowd
    assert track(read_truth(write(tmp_path, edited(TRUTH, "annotations", 0, "iscrowd", drop=True)))).crowd is False


def test_one_occlusion_label_counts_for_every_frame_with_a_mask(tmp_path):
    one = edited(TRUTH, "annotations", 0, "occlusion", value="slight_occlusion")
    assert track(read_truth(write(tmp_path, one))).occlusion == ("slight_occlusion", None, "slight_occlusion")
    without = edited(TRUTH, "annotations", 0, "occlusion", drop=True)
    assert track(read_truth(write(tmp_path, without))).occlusion is None


A = ("annotations", 0)
REFUSED = {
    "not an object": ([], r"truth.json: expected `object`, got `array`"),
    "id beyond 53 bits": (
        edited(TRUTH, "annotations", 0, "id", value=2**53 + 1),
        r"expected `int` <= 9007199254740992",
    ),
    "misspelt mask": (
        edited(TRUTH, "annotations", 0, "segmentations", 0, value={"Counts": "044"}),
        r"\$\.segmentations\[0\]: object contains unknown field `Counts`: a mask must have size and counts alone",
    ),
    "crowd of two": (edited(TRUTH, "annotations", 0, "iscrowd", value=2), "iscrowd must be 0 or 1, got 2"),
    "negative area": (edited(TRUTH, "annotations", 0, "areas", 0, value=-1), "frame 0: an area must be from 0 to"),
    "huge area": (edited(TRUTH, "annotations", 0, "areas", 0, value=1e300), "frame 0: an area must be .* got 1e.300"),
    "huge box": (edited(TRUTH, "annotations", 0, "bboxes", 0, 0, value=1e300), "frame 0: a box must be four numbers"),
    "endless video": (edited(TRUTH, "videos", 0, "length", value=10**8), "at least 1 frame and at most 10000000, got"),
    "too many categories": (
        edited(TRUTH, "categories", value=[{"id": i} for i in range(10_001)]),
        "there must be at most 10000 categories, got 10001",
    ),
    "results": ([], r"truth.json: expected `object`, got `array`\. .*results are a list, and come second"),
    "not JSON": ("{", r"truth.json: input data was truncated"),
    "empty file": ("", r"truth.json: the file is empty: it must hold JSON"),
    "no videos": (edited(TRUTH, "videos", drop=True), r"missing required field `videos`"),
    "images": (
        {"images": [], "annotations": [], "categories": []},
        r"missing required field `videos`\. This is a data set of images, as COCO's\. Where they have an order, ",
    ),
    "video id a text": (edited(TRUTH, "videos", 0, "id", value="0"), r"\$\.videos\[0\]\.id: expected `int`, got `str`"),
    "video of no frame": (
        edited(TRUTH, "videos", 0, "length", value=0),
        r"video 0: the length must be at least 1 frame",
    ),
    "names missing": (edited(TRUTH, "videos", 0, "length", value=4), r"one file name a frame, got 3 for 4 frames"),
    "video size": (
        edited(TRUTH, "videos", 0, "width", value=0),
        r"\$\.videos\[0\], video 0: the size must be .*\[2, 0\]",
    ),
    "video size huge": (edited(TRUTH, "videos", 0, "width", value=10**10), r"at most 134217728 pixels"),
    "two videos of one id": (edited(TRUTH, "videos", value=TRUTH["videos"] * 2), r"video ids must be unique, got 0"),
    "two categories of one id": (
        edited(TRUTH, "categories", value=TRUTH["categories"] * 2),
        r"\$\.categories\[2\]: category ids must be unique, got 7 again. \(1 more problem in this file",
    ),
    "two tracks of one id": (
        edited(TRUTH, "annotations", value=TRUTH["annotations"] * 2),
        r"\$\.annotations\[1\], video 0, track 0: track ids must be unique",
    ),
    "unknown video": (edited(TRUTH, *A, "video_id", value=5), r"track 0: the video must be one of \$\.videos, got 5"),
    "unknown category": (edited(TRUTH, *A, "category_id", value=1), r"category must be one of \$\.categories, got 1"),
    "track id missing": (edited(TRUTH, *A, "id", drop=True), r"annotations\[0\]: object missing required field `id`"),
    "short list": (
        edited(TRUTH, *A, "segmentations", value=[LEFT]),
        r"segmentations must have one entry a frame, 3, got 1. Put null where the object is absent",
    ),
    "long boxes": (edited(TRUTH, *A, "bboxes", value=[None] * 4), r"bboxes must have one entry a frame, 3, got 4"),
    "short areas": (edited(TRUTH, *A, "areas", value=[]), r"areas must have one entry a frame, 3, got 0"),
    "short occlusion": (
        edited(TRUTH, *A, "occlusion", value=[None]),
        r"occlusion must have one entry a frame, 3, got 1",
    ),
    "mask of another size": (
        edited(TRUTH, *A, "segmentations", 2, value={"size": [4, 2], "counts": "08"}),
        r"annotations\[0\], video 0, track 0, frame 2: the size of a mask must be its video's \[2, 4\], got \[4, 2\]",
    ),
    "malformed mask": (
        edited(TRUTH, *A, "segmentations", 2, value={"size": [2, 4], "counts": "09"}),
        r"annotations\[0\], video 0, track 0, frame 2: the runs must add up to 2 x 4 = 8 pixels, got 9",
    ),
    "half a mask": (edited(TRUTH, *A, "segmentations", 2, value={"size": [2, 4]}), r"frame 2: .* got no counts"),
    "mask a text": (
        edited(TRUTH, *A, "segmentations", 2, value="08"),
        r"annotations\[0\], \$\.segmentations\[2\]: expected `object \| array \| null`, got `str`",
    ),
    "mask beyond ASCII": (
        edited(TRUTH, *A, "segmentations", 2, value={"size": [2, 4], "counts": "0é"}),
        r"frame 2: the counts must be characters from '0' to 'o'",
    ),
    "bad polygon": (edited(TRUTH, *A, "segmentations", 2, value=[[1, 2, 3]]), r"frame 2: a polygon must be a list"),
    "bad runs": (
        edited(TRUTH, *A, "segmentations", 2, value={"size": [2, 4], "counts": [9, -1]}),
        r"frame 2: every run must be a whole number from 0 to 8, got 9",
    ),
    "box of three": (edited(TRUTH, *A, "bboxes", 0, value=[1, 2, 3]), r"frame 0: a box must be four numbers"),
    "area a text": (edited(TRUTH, *A, "areas", 0, value="4"), r"\$\.areas\[0\]: expected `float \| null`, got `str`"),
    "area NaN": ('{"videos": [], "categories": [], "annotations": [NaN]}', r"JSON is malformed.*near .*NaN"),
    "deep nesting": ('{"info": ' + "[" * 10**5, r"nested hundreds of levels deep|truncated"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_breach_names_its_place_in_one_line(tmp_path, name):
    content, message = REFUSED[name]
    with pytest.raises(DataError, match=message) as caught:
        read_truth(write(tmp_path, content))
    assert str(caught.value).startswith(str(tmp_path / "truth.json"))
    assert "\n" not in str(caught.value)


def test_further_breaches_are_counted(tmp_path):
    masks = [{"size": [2, 4], "counts": "07"}, {"size": [1, 4], "counts": "04"}, FULL]
    wrong = edited(edited(TRUTH, *A, "segmentations", value=masks), *A, "category_id", value=3)
    with pytest.raises(DataError, match=r"category must be one of .*got 3\. \(2 more problems in this file\.\)"):
        read_truth(write(tmp_path, wrong))


def test_lenient_reading_keeps_what_the_original_evaluator_accepts(tmp_path):
    short = edited(TRUTH, *A, "segmentations", value=[{"size": [1, 1], "counts": "01"}])["annotations"][0]
    odd = [short | {"category_id": 1}, short, short | {"video_id": 9}]
    truth = read_truth(write(tmp_path, edited(TRUTH, "annotations", value=odd)), strict=False)
    assert [(t.id, t.category_id, len(t.segmentations)) for t in truth.tracks[0]] == [(0, 1, 1), (0, 40, 1)]
    assert list(truth.tracks) == [0]


def test_lenient_reading_still_refuses_malformed_masks(tmp_path):
    wrong = edited(TRUTH, *A, "segmentations", 2, value={"size": [2, 4], "counts": "09"})
    with pytest.raises(DataError, match="add up to 2 x 4 = 8 pixels, got 9"):
        read_truth(write(tmp_path, wrong), strict=False)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere.json: cannot be read: No such file"):
        read_truth(tmp_path / "nowhere.json")
    with pytest.raises(DataError, match=r"must be a JSON, ZIP or GZ file, got a folder"):
        read_truth(tmp_path)


def test_what_is_no_path_is_refused_by_name():
    with pytest.raises(TypeError, match=r"^read_truth: path must be a str or Path, got dict"):
        read_truth({})  # pyright: ignore[reportArgumentType]
