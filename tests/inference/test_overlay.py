"""An identity keeps its colour, masks and labels sit where the objects are, and the frame itself is left alone."""

import contextlib

import numpy as np
import pytest
from PIL import Image

from simvtr.data.video import read_frames
from simvtr.errors import DataError
from simvtr.inference.overlay import PALETTE, OverlayWriter, colour, draw, readable_scale, to_supervision
from simvtr.inference.tracks import FrameTrack

GREY = np.full((60, 80, 3), 100, np.uint8)


def track(identity=0, rows=slice(20, 40), columns=slice(20, 60), category="ball", shape=(60, 80)) -> FrameTrack:
    mask = np.zeros(shape, bool)
    mask[rows, columns] = True
    return FrameTrack(identity=identity, category_id=1, category=category, score=0.9, mask=mask)


def oklab(rgb) -> np.ndarray:
    """Ottosson's perceptual space: a distance of about 0.02 is just visible."""
    linear = np.array(rgb) / 255
    linear = np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
    cones = np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]])
    out = np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]])
    return out @ np.cbrt(cones @ linear)


def test_all_colours_are_told_apart_and_neighbours_by_a_wide_margin():
    spots = np.array([oklab(rgb) for rgb in PALETTE])
    apart = np.linalg.norm(spots[:, None] - spots[None], axis=-1) + np.eye(len(PALETTE))
    assert apart.min() > 0.14
    assert min(apart[i, (i + 1) % len(PALETTE)] for i in range(len(PALETTE))) > 0.2


def test_an_identity_has_one_colour_whatever_else_is_in_the_frame():
    alone = draw(GREY, [track(3)], labels=False)
    among = draw(GREY, [track(5, rows=slice(0, 10)), track(3), track(1, rows=slice(50, 60))], labels=False)
    assert alone[30, 40].tolist() == among[30, 40].tolist()
    # 58 % of grey 100 and 42 % of violet (147, 31, 252)
    assert alone[30, 40].tolist() == [round(58 + 0.42 * v) for v in colour(3)]


def test_outside_mask_contour_and_label_nothing_changes():
    drawn = draw(GREY, [track()], labels=False)
    assert (drawn[:17] == 100).all() and (drawn[:, :17] == 100).all() and (drawn[30, 40] != 100).any()
    assert (GREY == 100).all()  # the frame that came in
    assert np.array_equal(draw(GREY, []), GREY)


def test_the_small_object_shows_over_the_large_one():
    large, small = track(0, slice(0, 60), slice(0, 80)), track(1, slice(25, 35), slice(35, 45))
    for order in ([large, small], [small, large]):
        on_small = draw(GREY, order, labels=False)[30, 40].astype(int)
        assert np.abs(on_small - colour(1)).sum() < np.abs(on_small - colour(0)).sum()


@pytest.mark.parametrize("scale", [1, 2, 6])
def test_a_single_pixel_is_still_drawn(scale):
    drawn = draw(GREY, [track(rows=slice(30, 31), columns=slice(40, 41))], scale=scale, labels=False)
    assert drawn.shape == (60 * scale, 80 * scale, 3)
    assert (drawn[30 * scale : 31 * scale, 40 * scale : 41 * scale] != 100).any()


@pytest.mark.parametrize("rows", [slice(0, 4), slice(56, 60), slice(0, 60)])
@pytest.mark.parametrize("columns", [slice(0, 4), slice(76, 80), slice(0, 80)])
def test_a_label_stays_inside_the_picture(rows, columns):
    with_label = draw(GREY, [track(0, rows, columns)], scale=4)
    without = draw(GREY, [track(0, rows, columns)], scale=4, labels=False)
    ys, xs = np.nonzero((with_label != without).any(-1))
    text_and_chip = (xs.max() - xs.min(), ys.max() - ys.min())
    assert text_and_chip[0] > 50 and 10 < text_and_chip[1] < 30  # whole, not cut at a border


def test_labels_avoid_each_other():
    together = [track(i, slice(20, 40), slice(20 + i, 60 + i)) for i in range(3)]
    scale = 8
    changed = [
        (draw(GREY, together[: i + 1], scale=scale) != draw(GREY, together[: i + 1], scale=scale, labels=False))
        for i in range(3)
    ]
    covered = [int(change.any(-1).sum()) for change in changed]
    assert covered[1] > 1.8 * covered[0] and covered[2] > 2.6 * covered[0]


def test_a_label_wider_than_the_picture_is_cut_not_an_error():
    assert draw(GREY, [track(category="a category with a very long name")]).shape == GREY.shape


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"size of the frame, \(60, 80\), got \(30, 80\) for identity 0. Resize"):
        draw(GREY, [track(shape=(30, 80))])


@pytest.mark.parametrize(
    ("size", "scale"), [((160, 90), 4), ((320, 180), 2), ((854, 480), 1), ((90, 160), 4), ((1, 1), 8)]
)
def test_small_videos_are_enlarged_until_labels_can_be_read(size, scale):
    assert readable_scale(*size) == scale


def test_overlay_goes_to_a_video_and_to_images(tmp_path):
    with OverlayWriter((80, 60), 5, video=tmp_path / "o.mp4", images=tmp_path / "frames", scale=2) as overlay:
        for i in range(3):
            overlay.add(GREY, [track(columns=slice(20 + i, 40 + i))])
    video = read_frames(tmp_path / "o.mp4")
    assert (video.width, video.height, video.length, video.fps) == (160, 120, 3, 5.0)
    assert sorted(path.name for path in (tmp_path / "frames").iterdir()) == ["00000.png", "00001.png", "00002.png"]
    drawn = np.asarray(Image.open(tmp_path / "frames/00000.png"))
    assert np.array_equal(drawn, draw(GREY, [track(columns=slice(20, 40))], scale=2))
    assert np.abs(next(iter(video)).astype(int) - drawn).mean() < 4


def test_an_exception_leaves_no_video(tmp_path):
    with pytest.raises(RuntimeError), OverlayWriter((80, 60), 5, video=tmp_path / "o.mp4") as overlay:
        overlay.add(GREY, [])
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_frame_that_failed_leaves_no_video_even_when_its_error_is_caught_in_the_block(tmp_path):
    with (
        pytest.raises(ValueError, match="mask must have the size of the frame"),
        OverlayWriter((80, 60), 5, video=tmp_path / "o.mp4") as overlay,
    ):
        overlay.add(GREY, [])
        overlay.add(GREY, [track(shape=(6, 8), rows=slice(0, 2), columns=slice(0, 2))])
        for _ in range(8):  # more than wait, so that one of them tells
            with contextlib.suppress(ValueError):
                overlay.add(GREY, [])
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_while_the_thread_ends_leaves_no_video(tmp_path, monkeypatch):
    overlay = OverlayWriter((80, 60), 5, video=tmp_path / "o.mp4")
    end = overlay._thread.shutdown

    def interrupted(**options):
        end(**options)
        raise KeyboardInterrupt

    monkeypatch.setattr(overlay._thread, "shutdown", interrupted)
    with pytest.raises(KeyboardInterrupt), overlay:
        overlay.add(GREY, [])
    assert list(tmp_path.iterdir()) == []


def test_pictures_that_cannot_be_written_are_the_users_error(tmp_path):
    (tmp_path / "frames/00000.png").mkdir(parents=True)
    with (
        pytest.raises(DataError, match=r"00000.png: must be writable, got: Is a directory"),
        OverlayWriter((80, 60), 5, images=tmp_path / "frames") as overlay,
    ):
        overlay.add(GREY, [])
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"file: must be writable, got: File exists"):
        OverlayWriter((80, 60), 5, images=tmp_path / "file").__enter__()


def test_supervision_takes_the_tracks():
    detections = to_supervision([track(4, category="cat"), track(2)])
    assert detections.tracker_id.tolist() == [4, 2] and detections.mask.shape == (2, 60, 80)
    assert len(to_supervision([])) == 0


def test_real_frames_keep_their_pixels_outside_the_objects(shared):
    folder = shared / "data/davis_dogs_jump"
    frame = next(iter(read_frames(folder / "JPEGImages", max_frames=1)))
    ids = np.asarray(Image.open(folder / "Annotations/00000.png"))
    found = [FrameTrack(i, i, "object", 1.0, ids == i) for i in (1, 2, 3)]
    drawn = draw(frame, found, labels=False)
    assert (drawn != frame).any(-1)[ids > 0].mean() > 0.99
    assert (drawn != frame).any(-1)[ids == 0].mean() < 0.05  # the contours' outer halves
