"""The data set on disk: readable, complete, resumable, and never mixed with another."""

import cv2
import numpy as np
import pytest

from simvtr.data.synth import CATEGORIES, SynthConfig, make_clip, write_dataset
from simvtr.data.synth.dataset import video_seed
from simvtr.errors import DataError
from simvtr.rle import decode
from simvtr.schema import read_truth

SMALL = SynthConfig(width=96, height=64, frames=5, occlusion="mixed")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("synth") / "out", SMALL, videos=3, seed=2)


def test_it_reads_back_as_the_clips_it_was_drawn_from(path):
    truth = read_truth(path)
    assert [c.name for c in truth.categories.values()] == list(CATEGORIES)
    assert len(truth.videos) == 3
    ids = [track.id for tracks in truth.tracks.values() for track in tracks]
    assert ids == list(range(1, len(ids) + 1))
    for index, video in enumerate(truth.videos.values()):
        clip = make_clip(SMALL, video_seed(2, index))
        tracks = truth.tracks[video.id]
        assert [track.category_id for track in tracks] == clip.categories.tolist()
        for masks, track in zip(clip.masks, tracks, strict=True):
            assert len(track.segmentations) == SMALL.frames
            assert track.occlusion is not None
            for mask, rle, label in zip(masks, track.segmentations, track.occlusion, strict=True):
                assert (rle is None) == (label is None) == (not mask.any())
                assert rle is None or (decode(rle) == mask).all()


def test_every_frame_is_a_picture_close_to_the_drawn_one(path):
    truth = read_truth(path)
    for index, video in enumerate(truth.videos.values()):
        clip = make_clip(SMALL, video_seed(2, index))
        for name, drawn in zip(video.file_names, clip.frames, strict=True):
            read = cv2.imread(str(path.parent / "JPEGImages" / name))[..., ::-1]
            assert np.abs(read.astype(int) - drawn).mean() < 6  # JPEG


def test_a_second_call_goes_on_where_the_first_stopped(path):
    before = path.read_bytes()
    images = path.parent / "JPEGImages"
    kept, lost = images / "00001" / "00000.jpg", images / "00003" / "00004.jpg"
    stamp = kept.stat().st_mtime_ns
    lost.unlink()
    path.unlink()
    steps: list[int] = []
    assert write_dataset(path.parent, SMALL, videos=3, seed=2, progress=steps.append) == path
    assert lost.exists() and kept.stat().st_mtime_ns == stamp and path.read_bytes() == before
    assert steps == list(range(1, 16))  # 3 videos x 5 frames
    assert not list(path.parent.rglob("*.part"))


def test_other_settings_do_not_enter_the_same_folder(path):
    with pytest.raises(DataError, match=r"made with other settings. Name another folder"):
        write_dataset(path.parent, SMALL, videos=3, seed=3)


def test_a_folder_with_other_things_in_it_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(DataError, match="must be empty"):
        write_dataset(tmp_path, SMALL, videos=1, seed=0)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(DataError, match="this is a file"):
        write_dataset(tmp_path / "out", SMALL, videos=1, seed=0)


def test_no_videos_is_refused(tmp_path):
    with pytest.raises(ValueError, match="got 0 and 0"):
        write_dataset(tmp_path / "out", SMALL, videos=0, seed=0)
