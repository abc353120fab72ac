"""COCO with an order of frames: what ties masks to objects and images to videos, and files that lack it."""

import copy
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from pycocotools.coco import COCO

from simvtr.errors import DataError
from simvtr.formats import Format, Work, read_annotations, write_annotations
from simvtr.rle import area
from simvtr.schema import Truth, read_truth
from tests.formats.made import kinds, pictures, truths

SQUARE = [[1, 1, 3, 1, 3, 3, 1, 3]]
COCO_FILE: dict[str, Any] = {
    "images": [
        {"id": 11, "file_name": "b/2.jpg", "width": 6, "height": 4},
        {"id": 12, "file_name": "b/10.jpg", "width": 6, "height": 4},
    ],
    "categories": [{"id": 3, "name": "cat"}, {"id": 7, "name": "dog"}],
    "annotations": [
        {"id": 1, "image_id": 12, "category_id": 7, "segmentation": SQUARE, "attributes": {"track_id": 5, "x": ""}},
        {"id": 2, "image_id": 11, "category_id": 7, "segmentation": SQUARE, "attributes": {"track_id": 5}},
        {"id": 3, "image_id": 11, "category_id": 3, "segmentation": [], "bbox": [1, 1, 2, 2], "track_id": 6},
    ],
}


def save(folder: Path, *path: Any, value: Any = None) -> Path:
    content = copy.deepcopy(COCO_FILE)
    at: Any = content
    for key in path[:-1]:
        at = at[key]
    if path:
        at[path[-1]] = value
    (folder / "coco.json").write_text(json.dumps(content))
    return folder / "coco.json"


def through(truth: Truth, kind: Format = Format.COCO) -> Truth:
    with tempfile.TemporaryDirectory() as folder:
        write_annotations(truth, Path(folder, "out.json"), Work(), kind)
        return read_annotations(Path(folder, "out.json"), Work())


@given(truths())
@settings(deadline=None, max_examples=30)
def test_every_mask_comes_back_as_it_was(truth):
    back = through(truth)
    assert pictures(back) == pictures(truth)
    assert kinds(back) == kinds(truth)
    assert back.videos == truth.videos


def test_real_truth_comes_back_with_its_ids_and_crowds(shared):
    truth = read_truth(shared / "data" / "sam3_veval_toy" / "gt_compact.json")
    back = through(truth)
    assert back.categories == truth.categories
    assert back.videos == truth.videos
    theirs = {track.id: track for track in truth.tracks[0]}
    for track in back.tracks[0]:
        assert tuple(track.segmentations) == tuple(theirs.pop(track.id).segmentations)
    assert not any(area(mask) for track in theirs.values() for mask in track.segmentations if mask)


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of pycocotools
def test_the_public_reader_of_coco_takes_it(shared, tmp_path, capsys):
    truth = read_truth(shared / "data" / "davis_dogs_jump" / "instances.json")
    write_annotations(truth, tmp_path / "coco.json", Work(), Format.COCO)
    coco = COCO(str(tmp_path / "coco.json"))
    assert len(coco.getImgIds()) == 66
    assert coco.annToMask(coco.loadAnns([1])[0]).sum() == truth.tracks[1][0].areas[0]


def test_a_crowd_stays_one(tmp_path):
    path = save(tmp_path, "annotations", 0, "iscrowd", value=1)
    assert through(read_annotations(path, Work())).tracks[1][0].crowd


def test_frames_go_by_name_when_nothing_else_orders_them(tmp_path):
    work = Work()
    truth = read_annotations(save(tmp_path), work)
    assert truth.videos[1].file_names == ("b/2.jpg", "b/10.jpg")
    assert [(t.id, t.category_id, t.areas) for t in truth.tracks[1]] == [(5, 7, (4.0, 4.0))]
    assert work.notes == [
        "images have no frame_id: their order is that of their names",
        "1 annotation left out: a box and no mask",
    ]


def test_cvats_zip_of_coco_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "task.zip", "w") as archive:
        archive.write(save(tmp_path), "annotations/instances_default.json")
        archive.writestr("images/b/2.png", b"never looked at")
    assert len(read_annotations(tmp_path / "task.zip", Work()).tracks[1]) == 1


@pytest.mark.parametrize(
    ("path", "value", "match"),
    [
        (("annotations", 0, "attributes"), {}, "must say which object it is, got none"),
        (("annotations", 1, "image_id"), 12, "an object must be in a frame once, 5 is there twice"),
        (("annotations", 1, "category_id"), 3, "an object must keep its category, got 'cat' after 'dog'"),
        (("annotations", 0, "image_id"), 99, "the image must be one of"),
        (("annotations", 0, "category_id"), 99, "the category must be one of"),
        (("annotations", 0, "segmentation"), [[1, 2, 3]], "at least three points"),
        (("annotations", 0, "segmentation"), {"size": [2, 2], "counts": [4]}, "the size must be that of the other"),
        (("annotations", 0, "segmentation"), {"size": [4, 6], "counts": [4]}, "the runs must add up"),
        (("images", 0, "file_name"), "../x.jpg", "file names must stay inside their folder"),
        (("images", 0, "width"), 7, "must be that of the others|must be that of the other"),
        (("images", 0, "width"), 2.5, "two whole numbers"),
        (("images", 0, "id"), 12, "image ids must be unique"),
        (("images", 0, "frame_id"), 0, "must have a frame_id or none, 1 have one"),
        (("categories", 0, "name"), "dog", "categories must have different names"),
        (("categories", 0, "id"), 7, "category ids must be unique"),
        (("images",), 3, "xpected `array`"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path, path, value, match):
    with pytest.raises(DataError, match=match):
        read_annotations(save(tmp_path, *path, value=value), Work())


def test_frames_that_jump_are_refused(tmp_path):
    images = [
        {"id": i, "file_name": f"{i}.jpg", "width": 6, "height": 4, "frame_id": i, "video_id": 1} for i in (0, 1, 3)
    ]
    with pytest.raises(DataError, match="frame numbers must rise by equal steps, got 3 after 1"):
        read_annotations(save(tmp_path, "images", value=images), Work())


def test_a_list_of_results_is_told_apart(tmp_path):
    (tmp_path / "r.json").write_text("[]")
    with pytest.raises(DataError, match="For a list of results: simvtr convert results"):
        read_annotations(tmp_path / "r.json", Work())


def test_what_nobody_knows_is_refused(tmp_path):
    (tmp_path / "notes.md").write_text("hello")
    with pytest.raises(DataError, match=r"got files such as 'notes\.md'. Say which with --from"):
        read_annotations(tmp_path, Work())
