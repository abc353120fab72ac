"""labelme's JSONs: which shape is which object, what has an area, and files that are refused."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.ndimage import binary_dilation

from simvtr.errors import DataError
from simvtr.formats import Work, read_annotations
from simvtr.formats.png import write_numbers
from simvtr.rle import area, decode
from tests.formats.made import kinds, pictures

SQUARE = [[1, 1], [3, 1], [3, 3], [1, 3]]  # 2 x 2 pixels


def shape(label: str = "cat", points: Any = SQUARE, **more: Any) -> dict[str, Any]:
    return {"label": label, "points": points, "shape_type": "polygon", "group_id": None, "flags": {}} | more


def save(folder: Path, *frames: list[dict[str, Any]], **more: Any) -> Path:
    for i, shapes in enumerate(frames):
        content = {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": f"{i}.jpg", "imageData": None}
        (folder / f"{i}.json").write_text(json.dumps(content | {"imageHeight": 6, "imageWidth": 8} | more))
    return folder


def refused(folder: Path, match: str) -> None:
    with pytest.raises(DataError, match=match):
        read_annotations(folder, Work())


def test_a_polygon_is_filled_as_coco_fills_it(tmp_path):
    truth = read_annotations(save(tmp_path, [shape()]), Work())
    expected = np.zeros((6, 8), bool)
    expected[1:3, 1:3] = True
    assert pictures(truth) == {1: [expected.tolist()]}
    assert truth.videos[1].file_names == ("0.jpg",)


def test_a_group_is_one_object_in_every_frame_and_of_several_parts(tmp_path):
    far = [[5, 1], [7, 1], [7, 3], [5, 3]]
    frames = [[shape(group_id=4), shape(points=far, group_id=4), shape(group_id=5)], [], [shape(group_id=4)]]
    work = Work()
    truth = read_annotations(save(tmp_path, *frames), work)
    areas = {track.id: track.areas for track in truth.tracks[1]}
    assert areas == {1: (8.0, None, 4.0), 2: (4.0, None, None)}
    assert not work.notes


def test_without_groups_the_order_in_the_files_tells_objects_apart(tmp_path):
    work = Work()
    frames = [[shape("a"), shape("b"), shape("a")], [shape("b")], [shape("a"), shape("a")]]
    truth = read_annotations(save(tmp_path, *frames), work)
    assert kinds(truth) == {1: "a", 2: "b", 3: "a"}
    assert work.notes == ["objects called 'a' have no group_id: their order in the files tells them apart"]


def test_objects_that_cannot_be_told_apart_are_refused(tmp_path):
    save(tmp_path, [shape(), shape()], [shape()])
    refused(tmp_path, r"1\.json: .*told apart: 1 are called 'cat', .*0\.json has 2. Give each object a group_id")


def test_rectangles_circles_and_painted_masks_have_areas_and_lines_do_not(tmp_path):
    painted = base64.b64encode(write_numbers(np.array([[1, 0], [1, 1]], np.uint8))).decode()
    shapes = [
        shape("box", [[4, 3], [1, 1]], shape_type="rectangle"),
        shape("disc", [[4, 3], [4, 1]], shape_type="circle"),
        shape("paint", [[6, 4], [7, 5]], shape_type="mask", mask=painted),
        shape("turned", SQUARE, shape_type="oriented_rectangle"),
        shape("line", [[0, 0], [5, 5]], shape_type="line"),
    ]
    work = Work()
    truth = read_annotations(save(tmp_path, shapes), work)
    masks = {name: truth.tracks[1][i - 1].segmentations[0] for i, name in kinds(truth).items()}
    assert {name: area(mask) for name, mask in masks.items() if mask} == {"box": 6, "disc": 12, "paint": 3, "turned": 4}
    assert masks["paint"] is not None
    assert np.argwhere(decode(masks["paint"])).tolist() == [[4, 6], [5, 6], [5, 7]]
    assert work.notes == [f"{tmp_path.name}: 1 shape of kind 'line' left out: no area"]


def test_the_real_clip_has_three_objects_in_five_frames(shared):
    truth = read_annotations(shared / "data" / "labelme_video", Work(images=shared / "data" / "labelme_video"))
    assert truth.videos[1].file_names == tuple(f"{i:08d}.jpg" for i in range(100, 105))
    assert kinds(truth) == {1: "track", 2: "track", 3: "car"}
    assert all(mask is not None for track in truth.tracks[1] for mask in track.segmentations)
    middles = [track.boxes[i] for track in truth.tracks[1] for i in (0, 4)]
    starts = [box[0] for box in middles if box]
    assert starts[0] > starts[1] + 50  # the first moves to the left
    assert abs(starts[2] - starts[3]) < 5  # the second stands


def test_labelme_draws_its_polygons_the_same_but_for_the_border(shared):
    clip = shared / "data" / "labelme_video"
    truth = read_annotations(clip, Work())
    same = either = 0
    for frame, file in enumerate(sorted(clip.glob("*.json"))):
        for track, one in zip(truth.tracks[1], json.loads(file.read_text())["shapes"], strict=True):
            drawn = Image.new("L", (1000, 563))  # as labelme/utils/shape.py
            ImageDraw.Draw(drawn).polygon([tuple(point) for point in one["points"]], outline=1, fill=1)
            rle = track.segmentations[frame]
            assert rle is not None
            theirs, ours = np.asarray(drawn) > 0, decode(rle)
            same, either = same + np.count_nonzero(theirs & ours), either + np.count_nonzero(theirs | ours)
            for one_mask, other in ((theirs, ours), (ours, theirs)):
                near = binary_dilation(other, np.ones((3, 3)))
                assert not (one_mask & ~near).any()
    assert round(same / either, 2) == 0.99


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"imageHeight": None}, "imageHeight and imageWidth must be given"),
        ({"imageHeight": 0}, "the size must be"),
        ({"imageHeight": 60000, "imageWidth": 60000}, "the size must be|at most 33554432 pixels"),
        ({"shapes": [shape(points=[[0, 0], [1, 1]])]}, "at least three points"),
        ({"shapes": [shape(points=[[0, 0], [1, 1], [1e300, 0]])]}, "finite pixels"),
        ({"shapes": [shape(points=[[0, 0, 0]] * 3)]}, "xpected `array` of length 2"),
        ({"shapes": [shape(shape_type="circle")]}, "a circle must have two points, got 4"),
        ({"shapes": [shape(shape_type="mask", mask="***")]}, "must be base64"),
        ({"shapes": [shape(shape_type="mask", mask="AAAA")]}, "the PNG must be whole"),
        ({"shapes": [shape(group_id=1), shape("dog", group_id=1)]}, None),  # a group belongs to its label
    ],
)
def test_what_is_no_shape_is_refused(tmp_path, more, match):
    save(tmp_path, [shape()], **more)
    if match is None:
        assert len(read_annotations(tmp_path, Work()).tracks[1]) == 2
    else:
        refused(tmp_path, match)


def test_a_mask_must_lie_in_its_picture(tmp_path):
    painted = base64.b64encode(write_numbers(np.ones((2, 2), np.uint8))).decode()
    save(tmp_path, [shape(points=[[7, 0], [8, 1]], shape_type="mask", mask=painted)])
    refused(tmp_path, "must lie in the picture, 8 x 6, got 2 x 2 pixels at 7, 0")


def test_sizes_that_differ_and_frames_that_jump_are_refused(tmp_path):
    save(tmp_path, [shape()], [shape()], [shape()])
    (tmp_path / "1.json").unlink()
    (tmp_path / "3.json").write_text((tmp_path / "2.json").read_text())
    refused(tmp_path, "frame numbers must rise by equal steps, got 3 after 2")
    text = (tmp_path / "3.json").read_text()
    (tmp_path / "1.json").write_text(text.replace('"imageHeight": 6', '"imageHeight": 7'))
    refused(tmp_path, "the size must be that of the other frames, 8 x 6, got 8 x 7|8 x 7, got 8 x 6")
