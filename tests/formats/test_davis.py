"""DAVIS and MOTS PNGs: every pixel goes in and out, and what is no set of object numbers is refused."""

import io
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from simvtr.errors import DataError
from simvtr.formats import Format, Work, read_annotations, write_annotations
from simvtr.formats.png import read_numbers, write_numbers
from simvtr.rle import decode
from simvtr.schema import read_truth
from tests.formats.made import kinds, pictures, truth_of, truths

LEFT = np.array([[True, False], [True, False]])


def save(folder: Path, *frames: np.ndarray, first: int = 0, step: int = 1) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for i, frame in enumerate(frames):
        (folder / f"{first + i * step:05d}.png").write_bytes(write_numbers(frame.astype(np.uint8)))
    return folder


def refused(folder: Path, match: str, **work) -> None:
    with pytest.raises(DataError, match=match):
        read_annotations(folder, Work(**work))


@given(truths(overlap=False))
@settings(deadline=None, max_examples=30)
def test_masks_that_do_not_overlap_come_back_as_they_were(truth):
    with tempfile.TemporaryDirectory() as folder:
        write_annotations(truth, Path(folder, "out"), Work())
        back = read_annotations(Path(folder, "out"), Work())
    assert pictures(back) == pictures(truth)
    assert kinds(back) == kinds(truth)


def test_the_real_clip_goes_in_and_out_to_the_last_byte(shared, tmp_path):
    clip = shared / "data" / "davis_dogs_jump"
    work = Work(images=clip / "JPEGImages", categories={1: "dog", 2: "dog", 3: "person"})
    truth = read_annotations(clip / "Annotations", work)
    expected = read_truth(clip / "instances.json")
    for ours, theirs in zip(truth.tracks[1], expected.tracks[1], strict=True):
        assert (ours.id, tuple(ours.segmentations)) == (theirs.id, tuple(theirs.segmentations))
    assert kinds(truth) == kinds(expected)
    assert truth.videos[1].file_names == expected.videos[1].file_names
    write_annotations(truth, tmp_path / "out", Work())
    for frame in sorted((clip / "Annotations").glob("*.png"))[::13]:
        before, after = (read_numbers(path.read_bytes(), "") for path in (frame, tmp_path / "out" / frame.name))
        assert (before[0] == after[0]).all()
        assert before[1] == after[1]  # the palette


def test_the_object_listed_first_keeps_a_pixel_and_the_notes_count_the_others(tmp_path):
    work = Work()
    truth = truth_of({1: [LEFT], 2: [np.ones((2, 2), bool)]}, {1: "cat", 2: "dog"})
    write_annotations(truth, tmp_path / "out", work)
    assert read_numbers((tmp_path / "out/00000.png").read_bytes(), "")[0].tolist() == [[1, 2], [1, 2]]
    assert work.notes[1].startswith("2 pixels of several objects")


def test_categories_are_in_meta_json_as_youtube_vos_has_it(tmp_path):
    save(tmp_path / "Annotations/b", LEFT)
    save(tmp_path / "Annotations/a", LEFT, np.array([[1, 2]] * 2))
    objects = {"1": {"category": "ape", "frames": ["00000"]}, "2": {"category": "owl", "frames": []}}
    (tmp_path / "meta.json").write_text(json.dumps({"videos": {"a": {"objects": objects}}}))
    truth = read_annotations(tmp_path, Work())
    assert kinds(truth) == {1: "ape", 2: "owl", 3: "object"}
    assert set(kinds(read_annotations(tmp_path, Work(categories={1: "man"}))).values()) == {"man", "owl"}
    work = Work()
    write_annotations(truth, tmp_path / "out", work)
    assert work.notes == ["DAVIS holds no categories: they are in meta.json, as YouTube-VOS has it"]
    written = json.loads((tmp_path / "out/meta.json").read_text())["videos"]
    assert written["a"]["objects"]["2"] == {"category": "owl", "frames": ["00001"]}
    assert kinds(read_annotations(tmp_path / "out", Work())) == kinds(truth)


def test_a_meta_json_of_something_else_is_refused(tmp_path):
    save(tmp_path / "v", LEFT)
    (tmp_path / "meta.json").write_text('{"videos": [1]}')
    refused(tmp_path, r"meta\.json.*expected `object`")


def test_255_is_nobody(tmp_path):
    work = Work()
    truth = read_annotations(save(tmp_path / "v", np.array([[1, 255]])), work)
    assert pictures(truth) == {1: [[[True, False]]]}
    assert "1 frame with pixels to be ignored" in work.notes[0]


def test_binary_masks_are_not_taken_for_void(tmp_path):
    refused(save(tmp_path / "v", np.array([[0, 255]])), "255 is void. Number the objects from 1")


def test_every_folder_of_pngs_is_a_video(tmp_path):
    save(tmp_path / "Annotations/480p/a", LEFT)
    save(tmp_path / "Annotations/480p/b", LEFT, LEFT)
    save(tmp_path / "JPEGImages/480p/b", LEFT)  # pictures that are PNGs, too
    truth = read_annotations(tmp_path, Work())
    assert [v.file_names for v in truth.videos.values()] == [
        ("480p/a/00000.jpg",),
        ("480p/b/00000.jpg", "480p/b/00001.jpg"),
    ]
    write_annotations(truth, tmp_path / "out", Work())
    assert (tmp_path / "out/480p/b/00001.png").is_file()


def test_mots_pngs_carry_their_categories(tmp_path):
    pixels = np.array([[1005, 2001, 10000, 0]], np.uint16)
    Image.fromarray(pixels).save(tmp_path / "000000.png")
    work = Work()
    truth = read_annotations(tmp_path, work)
    assert kinds(truth) == {1005: "car", 2001: "pedestrian"}
    assert pictures(truth)[2001] == [[[False, True, False, False]]]
    assert "pixels to be ignored" in work.notes[0]


def test_a_truncated_png_is_refused(tmp_path):
    save(tmp_path / "v", LEFT, np.random.default_rng(0).integers(0, 2, (64, 64)))
    path = tmp_path / "v/00001.png"
    path.write_bytes(path.read_bytes()[:-40])
    refused(tmp_path / "v", r"v/00001\.png: the PNG must be whole, got: .*Copy it again")


def test_colours_instead_of_numbers_are_refused(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "0.png")
    refused(tmp_path, "must hold object numbers .indexed or grey., got mode RGB")


def test_a_palette_that_changes_is_refused(tmp_path):
    save(tmp_path / "v", LEFT, LEFT)
    image = Image.fromarray(LEFT.astype(np.uint8))
    image.putpalette([0, 0, 0, 1, 2, 3])
    image.save(tmp_path / "v/00001.png")
    refused(tmp_path / "v", r"a wrong palette: the colour of object 1 must stay \(128, 0, 0\), got \(1, 2, 3\)")


def test_a_palette_whose_background_has_a_colour_is_refused(tmp_path):
    image = Image.fromarray(LEFT.astype(np.uint8))
    image.putpalette([9, 9, 9, 1, 2, 3])
    image.save(tmp_path / "0.png")
    refused(tmp_path, r"a wrong palette: 0 must be black, the background, got \[9, 9, 9\]")


def test_object_numbers_that_jump_are_refused(tmp_path):
    refused(save(tmp_path / "v", np.array([[1, 3]])), "must be 1, 2, 3, ... without gaps, got 3 without 2")


def test_frames_that_jump_are_refused(tmp_path):
    save(tmp_path / "v", LEFT, LEFT)
    save(tmp_path / "v", LEFT, first=5)
    refused(tmp_path / "v", "frame numbers must rise by equal steps, got 5 after 1")
    every_fifth = save(tmp_path / "w", LEFT, LEFT, LEFT, step=5)
    assert read_annotations(every_fifth, Work()).videos[1].length == 3


def test_sizes_that_differ_are_refused(tmp_path):
    refused(save(tmp_path / "v", LEFT, np.ones((3, 2))), "the size must be that of the other frames, 2 x 2, got 2 x 3")


def test_images_must_be_those_of_the_masks(tmp_path):
    masks = save(tmp_path / "v", LEFT, LEFT)
    images = tmp_path / "images"
    save(images, LEFT)
    refused(masks, "every frame must have its image in .*images, '00001' has none", images=images)
    save(images, LEFT, LEFT, LEFT)
    refused(masks, "every image must have its annotation, '00002.png' has none", images=images)


def test_a_bomb_of_pixels_is_refused_before_it_is_decoded(tmp_path):
    file = io.BytesIO()
    Image.new("L", (8192, 8192)).save(file, "PNG")
    (tmp_path / "0.png").write_bytes(file.getvalue())
    refused(tmp_path, "a frame must have at most 33554432 pixels, got 8192 x 8192")


def test_a_thousand_numbers_in_a_frame_cost_no_more_than_its_pixels(tmp_path):
    pixels = (1000 + np.arange(64 * 900) % 999).astype(np.uint16).reshape(64, 900)
    Image.fromarray(pixels).save(tmp_path / "0.png")
    assert len(read_annotations(tmp_path, Work()).tracks[1]) == 999


def test_more_objects_than_numbers_are_refused(tmp_path):
    many = truth_of({i: [LEFT] for i in range(1, 256)})
    with pytest.raises(DataError, match="DAVIS holds at most 254 objects, got 255"):
        write_annotations(many, tmp_path / "out", Work())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_writer_leaves_nothing(tmp_path, error):
    def stop(done, total):
        raise error

    with pytest.raises(error):
        write_annotations(truth_of({1: [LEFT, LEFT]}), tmp_path / "out", Work(progress=stop))
    assert not list(tmp_path.iterdir())


def test_a_folder_with_something_in_it_is_not_written_to(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(DataError, match="the folder to write must be new or empty"):
        write_annotations(truth_of({1: [LEFT]}), tmp_path, Work(), Format.DAVIS)


def test_a_zip_is_read_as_its_folder(tmp_path):
    save(tmp_path / "v/clip", LEFT, ~LEFT)
    shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "v")
    truth = read_annotations(tmp_path / "packed.zip", Work())
    assert truth.videos[1].file_names == ("clip/00000.jpg", "clip/00001.jpg")
    mask = truth.tracks[1][0].segmentations[1]
    assert mask is not None
    assert (decode(mask) == ~LEFT).all()
