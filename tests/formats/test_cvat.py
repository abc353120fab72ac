"""CVAT for video 1.1: every mask goes in and out, tracks and frames mean what CVAT means, and XML cannot do harm."""

import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from simvtr.errors import DataError
from simvtr.formats import Format, Work, read_annotations, write_annotations
from simvtr.schema import read_truth
from tests.formats.made import kinds, pictures, truth_of, truths

TASK = """<task><size>3</size><labels><label><name>cat</name></label><label><name>dog</name></label></labels>
<original_size><width>6</width><height>4</height></original_size></task>"""
SQUARE = 'points="1.00,1.00;3.00,1.00;3.00,3.00;1.00,3.00"'
MASK = 'rle="0, 1, 1, 2" left="4" top="2" width="2" height="2"'  # (4, 2), and both of row 3


def save(folder: Path, tracks: str, meta: str = TASK, head: str = "") -> Path:
    path = folder / "annotations.xml"
    path.write_text(
        f'<?xml version="1.0" encoding="utf-8"?>{head}<annotations><version>1.1</version><meta>{meta}</meta>'
        f"{tracks}</annotations>",
        "utf-8",
    )
    return path


def track(*shapes: str, label: str = "dog", more: str = "") -> str:
    return f'<track id="0" label="{label}" source="manual" {more}>{"".join(shapes)}</track>'


def shape(frame: int, kind: str = "polygon", what: str = SQUARE, outside: int = 0) -> str:
    return (
        f'<{kind} frame="{frame}" keyframe="1" outside="{outside}" occluded="0" {what} z_order="0">'
        f'<attribute name="pose">up</attribute></{kind}>'
    )


def refused(path: Path, match: str, **work) -> None:
    with pytest.raises(DataError, match=match):
        read_annotations(path, Work(**work))


@given(truths())
@settings(deadline=None, max_examples=30)
def test_every_mask_comes_back_as_it_was(truth):
    with tempfile.TemporaryDirectory() as folder:
        write_annotations(truth, Path(folder, "out.xml"), Work())
        back = read_annotations(Path(folder, "out.xml"), Work())
    assert pictures(back) == pictures(truth)
    assert kinds(back) == kinds(truth)


def test_real_masks_come_back_as_they_were(shared, tmp_path):
    clip = shared / "data" / "davis_dogs_jump"
    truth = read_truth(clip / "instances.json")
    work = Work()
    write_annotations(truth, tmp_path / "dogs.xml", work)
    assert "group_id" in work.notes[0]
    back = read_annotations(tmp_path / "dogs.xml", Work(images=clip / "JPEGImages"))
    assert [(t.id, tuple(t.segmentations)) for t in back.tracks[1]] == [
        (t.id, tuple(t.segmentations)) for t in truth.tracks[1]
    ]
    assert kinds(back) == kinds(truth)
    assert back.videos == truth.videos


def test_a_track_of_polygons_is_an_object_until_it_is_outside(tmp_path):
    tracks = track(shape(0), shape(1, outside=1)) + track(shape(1), shape(2), label="cat")
    truth = read_annotations(save(tmp_path, tracks), Work())
    assert {t.id: t.areas for t in truth.tracks[1]} == {1: (4.0, None, None), 2: (None, 4.0, 4.0)}
    assert kinds(truth) == {1: "dog", 2: "cat"}
    assert [c.name for c in truth.categories.values()] == ["cat", "dog"]  # as the task lists them
    assert truth.videos[1].file_names == ("frame_000000.png", "frame_000001.png", "frame_000002.png")


def test_a_mask_is_read_row_by_row_in_its_box(tmp_path):
    truth = read_annotations(save(tmp_path, track(shape(0, "mask", MASK))), Work())
    mask = pictures(truth)[1][0]
    assert mask is not None
    assert np.argwhere(np.array(mask)).tolist() == [[2, 4], [3, 4], [3, 5]]


def test_masks_of_one_group_are_one_object_and_others_are_told(tmp_path):
    one, two = track(shape(0, "mask", MASK), more='group_id="9"'), track(shape(1, "mask", MASK), more='group_id="9"')
    assert [t.id for t in read_annotations(save(tmp_path, one + two), Work()).tracks[1]] == [9]
    work = Work()
    alone = track(shape(0, "mask", MASK)) + track(shape(1, "mask", MASK))
    assert len(read_annotations(save(tmp_path, alone), work).tracks[1]) == 2
    assert work.notes[0].startswith("2 of 2 tracks are one frame long: CVAT's masks have no identity")


def test_frames_count_from_the_tasks_first_in_its_steps(tmp_path):
    steps = "<start_frame>10</start_frame><stop_frame>20</stop_frame><frame_filter>step=5</frame_filter>"
    meta = TASK.replace("<size>3</size>", "<size>3</size>" + steps)
    truth = read_annotations(save(tmp_path, track(shape(15)), meta), Work())
    assert truth.tracks[1][0].areas == (None, 4.0, None)
    refused(save(tmp_path, track(shape(12)), meta), "the frame must be one of the task's 3 from 10")


def test_the_export_of_a_job_has_its_size_beside_the_job(tmp_path):
    size = "<original_size><width>6</width><height>4</height></original_size>"
    meta = f"<job><id>4</id><size>3</size><start_frame>0</start_frame><stop_frame>2</stop_frame></job>{size}"
    assert read_annotations(save(tmp_path, track(shape(2)), meta), Work()).videos[1].width == 6


def test_frames_that_a_file_skips_between_key_frames_keep_the_mask_before(tmp_path):
    work = Work()
    truth = read_annotations(save(tmp_path, track(shape(0), shape(2, "mask", MASK))), work)
    assert truth.tracks[1][0].areas == (4.0, 4.0, 3.0)
    assert work.notes == ["1 frame between key frames missing in the file: the mask before stays"]
    truth = read_annotations(save(tmp_path, track(shape(0), shape(1, outside=1), shape(2))), Work())
    assert truth.tracks[1][0].areas == (4.0, None, 4.0)
    truth = read_annotations(save(tmp_path, track(shape(0))), Work())
    assert truth.tracks[1][0].areas == (4.0, None, None)  # CVAT leaves out the end of a mask in the last frame but one


def test_how_many_frames_are_held_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr("simvtr.formats.cvat.MAX_FRAMES", 3)
    meta = TASK.replace("<size>3</size>", "<size>9</size>")
    path = save(tmp_path, track(shape(0), shape(3)) * 2, meta)
    refused(path, "at most 3 frames may lie between key frames")


def test_what_is_no_mask_is_left_out_and_told(tmp_path):
    work = Work()
    box = shape(0, "box", 'xtl="1" ytl="1" xbr="2" ybr="2"')
    occluded = shape(0).replace('occluded="0"', 'occluded="1"')
    assert len(read_annotations(save(tmp_path, track(box) + track(occluded)), work).tracks[1]) == 1
    assert work.notes == [
        "1 shape <box> left out: no mask",
        "1 shape marked occluded, not how much: the mark is left out",
    ]


def test_the_zip_that_cvat_exports_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "task.zip", "w") as archive:
        archive.write(save(tmp_path, track(shape(0))), "annotations.xml")
        archive.writestr("images/frame_000000.PNG", b"never looked at")
    assert len(read_annotations(tmp_path / "task.zip", Work()).tracks[1]) == 1


def test_several_videos_are_several_files(tmp_path):
    one = truth_of({1: [np.ones((2, 2), bool)]}, {1: "cat"})
    videos = {n: one.videos[1].__class__(n, 2, 2, 1) for n in (1, 2)}
    tracks = {1: one.tracks[1], 2: []}
    both = one.__class__(videos, tracks, one.categories, one.path)
    with pytest.raises(DataError, match="an XML of CVAT holds one video, got 2"):
        write_annotations(both, tmp_path / "x.xml", Work())
    write_annotations(both, tmp_path / "out", Work(), Format.CVAT)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["1.xml", "2.xml"]


@pytest.mark.parametrize(
    ("tracks", "match"),
    [
        (track(shape(3)), "the frame must be one of the task's 3 from 0"),
        (track(shape(0), shape(0)), "an object must be in a frame once"),
        (track(shape(0, what='points="1,1;2,2"')), "at least three points"),
        (track(shape(0, what='points="1,1;2,x;3,3"')), "points must be x0,y0;x1,y1"),
        (track(shape(0, what='points="1,1;2,nan;3,3"')), "finite pixels"),
        (track(shape(0, "mask", MASK.replace("0, 1", "0, 2"))), "the runs must add up to 2 x 2 = 4 pixels, got 5"),
        (track(shape(0, "mask", MASK.replace("0, 1", "0, -1"))), "the runs must add up"),
        (track(shape(0, "mask", MASK.replace("0, 1", "0, x"))), "rle must be numbers"),
        (track(shape(0, "mask", MASK.replace("0, 1", "9" * 30))), "rle must be numbers"),
        (track(shape(0, "mask", MASK.replace('left="4"', 'left="5"'))), "a mask must lie in the picture, 6 x 4"),
        (track(shape(0, "mask", MASK.replace('width="2"', 'width="1e9"'))), "width: must be a whole number"),
        (track(shape(0)).replace('frame="0"', ""), "must be a whole number, got ''"),
        (track(shape(0), label=""), "a track must have a label"),
        ('<image id="0" name="a.png" width="6" height="4"></image>', "this is for images. Export it for video"),
        ('<track label="a">', "the XML must be whole, got: mismatched tag"),
        ("<a>" * 60, "at most 50 deep"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, tracks, match):
    refused(save(tmp_path, tracks), match)


@pytest.mark.parametrize(
    ("meta", "match"),
    [
        ("", "original_size/height: must be a whole number"),
        ("<project><name>p</name></project>", "this is a project. Export its tasks one by one"),
        (TASK.replace("<size>3</size>", "<size>0</size>"), "a video must have 1 to 1048576 frames, got 0"),
        (TASK.replace("<size>3</size>", "<size>99999999999</size>"), "a video must have 1 to 1048576 frames"),
        (TASK.replace("<width>6", "<width>60000000"), "at most 33554432 pixels|the size must be"),
    ],
)
def test_a_task_must_say_its_size_and_frames(tmp_path, meta, match):
    refused(save(tmp_path, track(shape(0)), meta), match)


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {c} "{f"&{b};" * 10}">' for b, c in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "head",
    [BOMB + "]>", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', '<!DOCTYPE x SYSTEM "http://127.0.0.1/x">'],
)
def test_no_dtd_is_read_so_no_entity_is_expanded_or_fetched(tmp_path, head):
    refused(save(tmp_path, track(shape(0), label="&i;"), head=head), "the XML must have no DTD")


def test_a_million_frames_of_many_tracks_are_refused(tmp_path):
    meta = TASK.replace("<size>3</size>", "<size>1000000</size>")
    refused(save(tmp_path, track(shape(0)) * 17, meta), "tracks times frames must be at most 16777216, got 17000000")


def test_an_encoding_that_nobody_knows_is_refused(tmp_path):
    path = save(tmp_path, track(shape(0)))
    path.write_bytes(path.read_bytes().replace(b"utf-8", b"utf-1"))
    refused(path, "the XML must be whole, got: unknown encoding: utf-1")


def test_other_xml_and_a_truncated_file_are_refused(tmp_path):
    (tmp_path / "a.xml").write_text("<html></html>")
    refused(tmp_path / "a.xml", "beginning with <annotations>, got <html>")
    path = save(tmp_path, track(shape(0)))
    path.write_bytes(path.read_bytes()[:-30])
    refused(path, "the XML must be whole, got: ")


def test_memory_does_not_grow_with_what_is_not_kept(tmp_path):
    path = save(tmp_path, track(shape(0)) + "<!-- -->" + track(*["<box></box>" for _ in range(100_000)]))
    tracemalloc.start()
    read_annotations(path, Work())
    assert tracemalloc.get_traced_memory()[1] < 4 << 20  # the file has 1.1 MB, a tree of it 60
    tracemalloc.stop()
