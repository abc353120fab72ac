"""Clips of a data set on disk: what is read, what is left out, what is refused."""

import shutil
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from simvtr import rle
from simvtr.config import DataConfig
from simvtr.data.dataset import Clip, VideoDataset, open_data, refuse_empty
from simvtr.data.transforms import collate
from simvtr.errors import DataError
from simvtr.schema import Category, Truth, TruthTrack, Video, read_truth

HEIGHT, WIDTH, LENGTH = 6, 8, 4


def square(at: int) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[1:3, at : at + 2] = True
    return mask


def track(track_id, category, masks, crowd=False) -> TruthTrack:
    codes = tuple(None if mask is None else rle.encode(mask) for mask in masks)
    areas = tuple(None if mask is None else float(mask.sum()) for mask in masks)
    boxes = tuple(None if code is None else tuple(float(v) for v in rle.box(code)) for code in codes)
    return TruthTrack(track_id, 1, category, codes, areas, boxes, crowd, None)


@pytest.fixture
def folder(tmp_path):
    """Four frames; the red channel of frame i is 50 * i."""
    for i in range(LENGTH):
        Image.new("RGB", (WIDTH, HEIGHT), (50 * i, 0, 7)).save(tmp_path / f"{i}.png")
    return tmp_path


def truth_of(tracks, names=("0.png", "1.png", "2.png", "3.png"), height=HEIGHT) -> Truth:
    video = Video(id=1, width=WIDTH, height=height, length=LENGTH, file_names=tuple(names))
    categories = {i: Category(id=i, name=f"c{i}") for i in (3, 5, 9)}
    return Truth(videos={1: video}, tracks={1: list(tracks)}, categories=categories, path="truth.json")


MOVING = track(1, 5, [square(0), square(1), square(2), None])
LATE = track(2, 9, [None, None, None, square(5)])


def test_a_clip_has_the_asked_frames_and_masks_in_the_asked_order(folder):
    clip = VideoDataset(truth_of([MOVING, LATE]), folder).clip(1, (3, 1))
    assert clip.frames[:, 0, 0, 0].tolist() == [150, 50]
    assert clip.present.tolist() == [[False, True], [True, False]]
    assert np.array_equal(clip.masks[0, 1], square(1))
    assert clip.labels.tolist() == [1, 2]  # 5 and 9 in (3, 5, 9)


def test_objects_that_no_frame_of_the_clip_shows_are_left_out(folder):
    assert VideoDataset(truth_of([MOVING, LATE]), folder).clip(1, (0, 1)).labels.tolist() == [1]


def test_a_video_without_tracks_gives_clips_without_objects(folder):
    clip = VideoDataset(truth_of([]), folder).clip(1, (0, 1))
    assert clip.masks.shape == (0, 2, HEIGHT, WIDTH)
    assert collate([clip]).targets[0].labels.tolist() == []


def test_first_and_last_restrict_the_frames_and_count_from_first(folder):
    data = VideoDataset(truth_of([MOVING, LATE]), folder, first=2, last=99)
    assert data.videos == [(1, 2)]
    clip = data.clip(1, (0, 1))
    assert clip.frames[:, 0, 0, 0].tolist() == [100, 150]
    assert clip.present.tolist() == [[True, False], [False, True]]


def test_crowds_and_unknown_categories_are_left_out(folder):
    crowd = track(3, 9, [square(0)] * LENGTH, crowd=True)
    data = VideoDataset(truth_of([MOVING, LATE, crowd]), folder, category_ids=(9, 3))
    assert data.clip(1, range(LENGTH)).labels.tolist() == [0]  # category 9 is class 0 here
    assert data.skipped == 1  # MOVING; a crowd is not counted


def test_a_data_set_of_which_the_model_knows_nothing_is_refused(folder):
    with pytest.raises(DataError, match=r"truth.json: no track has a category that the model knows \(ids 1, 2\)"):
        VideoDataset(truth_of([MOVING]), folder, category_ids=(1, 2))


def test_a_range_without_frames_is_refused(folder):
    with pytest.raises(DataError, match="no video has a frame 4"):
        VideoDataset(truth_of([MOVING]), folder, first=4)


@pytest.mark.parametrize("name", ["../outside.png", "/etc/hostname", "link.png"])
def test_names_that_lead_out_of_the_image_folder_are_refused(tmp_path, name):
    inside = tmp_path / "images"
    inside.mkdir()
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "outside.png")
    (inside / "link.png").symlink_to(tmp_path / "outside.png")
    with pytest.raises(DataError, match=r"video 1, frame 0: .* leads out of"):
        VideoDataset(truth_of([MOVING], [name] * LENGTH), inside)


def test_a_missing_image_is_named_before_anything_is_read(folder):
    (folder / "2.png").unlink()
    with pytest.raises(DataError, match=r"truth.json, video 1, frame 2: no file '2.png' in"):
        VideoDataset(truth_of([MOVING]), folder)


def test_of_a_folder_one_level_too_high_the_one_inside_is_named(folder, tmp_path):
    high = tmp_path / "high"
    high.mkdir()
    shutil.copytree(folder, high / "inside", ignore=shutil.ignore_patterns("high"))
    with pytest.raises(DataError, match=r"no file '0.png' in .*high, it lies in .*inside\. Name that folder\."):
        VideoDataset(truth_of([MOVING]), high)


def test_a_truncated_image_is_named(folder):
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    Image.fromarray(noise).save(folder / "1.png")
    (folder / "1.png").write_bytes((folder / "1.png").read_bytes()[:-60])
    with pytest.raises(DataError, match=r"video 1, frame 1: cannot read 1.png as an image"):
        VideoDataset(truth_of([MOVING]), folder).clip(1, (0, 1))


@pytest.mark.parametrize("error", [struct.error("short"), zlib.error("short"), EOFError("short"), KeyError("short")])
def test_whatever_the_decoder_says_of_a_damaged_image_it_is_named(folder, monkeypatch, error):
    def damaged(_):
        raise error

    data = VideoDataset(truth_of([MOVING]), folder)
    monkeypatch.setattr(Image, "open", damaged)
    with pytest.raises(DataError, match=r"video 1, frame 2: cannot read 2.png as an image \('?short'?\)"):
        data.clip(1, (2,))


def test_a_video_that_lists_no_frames_is_named(folder):
    with pytest.raises(DataError, match=r"truth.json, video 1: file_names must list its frames, there are none\. Add"):
        VideoDataset(truth_of([MOVING], names=()), folder)


def test_an_image_of_another_size_than_the_truth_is_named(folder):
    Image.new("RGB", (WIDTH + 1, HEIGHT)).save(folder / "1.png")
    with pytest.raises(DataError, match=r"video 1, frame 1: 1.png is 9x6, the truth says 8x6"):
        VideoDataset(truth_of([MOVING]), folder).clip(1, (1,))


def test_a_mask_of_another_size_than_its_picture_is_named(folder):
    wrong = track(4, 5, [np.ones((HEIGHT, WIDTH + 2), bool), None, None, None])
    with pytest.raises(DataError, match=r"frame 0, track 4: the mask is 10x6, the picture 8x6"):
        VideoDataset(truth_of([wrong]), folder).clip(1, (0,))


def test_frames_in_memory_are_not_read_again_and_the_memory_is_bounded(folder):
    frame_bytes = HEIGHT * WIDTH * 3 + HEIGHT * WIDTH // 8  # pixels, and one mask as bits
    data = VideoDataset(truth_of([MOVING]), folder, cache_bytes=2 * frame_bytes)
    before = data.clip(1, range(LENGTH)).frames
    for i in range(LENGTH):
        Image.new("RGB", (WIDTH, HEIGHT), (1, 2, 3)).save(folder / f"{i}.png")
    after = data.clip(1, range(LENGTH)).frames
    assert np.array_equal(after[:2], before[:2])  # two fit
    assert after[2:, 0, 0].tolist() == [[1, 2, 3]] * 2


def test_a_clip_owns_its_pixels(folder):
    data = VideoDataset(truth_of([MOVING]), folder)
    data.clip(1, (1,)).frames[:] = 0
    assert data.clip(1, (1,)).frames[0, 0, 0, 0] == 50


def test_grey_palette_and_transparent_images_become_rgb(folder):
    Image.new("L", (WIDTH, HEIGHT), 9).save(folder / "0.png")
    Image.new("RGBA", (WIDTH, HEIGHT), (9, 8, 7, 128)).save(folder / "1.png")
    Image.new("RGB", (WIDTH, HEIGHT), (9, 8, 7)).quantize(2).save(folder / "2.png")
    frames = VideoDataset(truth_of([MOVING]), folder).clip(1, (0, 1, 2)).frames
    assert frames[:, 0, 0].tolist() == [[9, 9, 9], [9, 8, 7], [9, 8, 7]]


def test_clips_whose_parts_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"one label each, got frames \(2, 4, 6, 3\), masks \(1, 2, 4, 5\), 1 labels"):
        Clip(np.zeros((2, 4, 6, 3), np.uint8), np.zeros((1, 2, 4, 5), bool), np.array([0]))


def test_several_data_sets_are_one_and_their_video_ids_may_repeat(shared):
    davis = shared / "data" / "davis_dogs_jump"
    truth, images = str(davis / "instances.json"), str(davis / "JPEGImages")
    halves = [DataConfig(truth, images, 0, 50), DataConfig(truth, images, 50)]
    data = open_data(halves, [read_truth(truth)] * 2, category_ids=(2, 1))
    assert data.videos == [((0, 1), 50), ((1, 1), 16)]
    original = VideoDataset(read_truth(truth), images, category_ids=(2, 1))
    assert np.array_equal(data.clip((1, 1), (0, 15)).frames, original.clip(1, (50, 65)).frames)


@pytest.mark.parametrize(
    ("tracks", "first", "last"),
    [
        ([], 0, None),
        ([LATE], 0, 3),  # it comes in frame 3
        ([MOVING], 3, None),  # and it has gone by then
        ([track(3, 5, [np.zeros((HEIGHT, WIDTH), bool)] * LENGTH)], 0, None),
        ([track(4, 5, [square(0)] * LENGTH, crowd=True)], 0, None),
    ],
)
def test_data_whose_used_frames_show_no_object_are_refused(tracks, first, last):
    with pytest.raises(DataError) as caught:
        refuse_empty([DataConfig("truth.json", "", first, last)], [truth_of(tracks)])
    assert str(caught.value) == (
        f"truth.json (first: {first}, last: {last or 'null'}): the frames that are used must show annotated objects "
        "that are no crowds, got none. Annotate some, or change first and last."
    )


def test_of_several_data_sets_one_may_show_no_object():
    refuse_empty([DataConfig("truth.json")] * 2, [truth_of([]), truth_of([LATE])])


def test_davis_boxes_are_those_of_its_file(shared):
    davis = shared / "data" / "davis_dogs_jump"
    truth = read_truth(davis / "instances.json")
    clip = VideoDataset(truth, davis / "JPEGImages").clip(1, (0, 1))
    assert clip.frames.shape == (2, 240, 432, 3)
    assert clip.labels.tolist() == [1, 1, 0]  # dog, dog, person
    cx, cy, w, h = collate([clip]).targets[0].boxes[0, 0].tolist()
    corner = ((cx - w / 2) * 432, (cy - h / 2) * 240, w * 432, h * 240)
    assert corner == pytest.approx((198, 130, 28, 52), abs=1e-3)  # the file's first box


def test_a_batch_moves_as_a_whole(folder):
    batch = collate([VideoDataset(truth_of([MOVING]), folder).clip(1, (0, 3))]).to("meta")
    assert {batch.frames.device.type, batch.targets[0].masks.device.type} == {"meta"}
    assert batch.padding is None
