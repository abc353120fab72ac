"""Ids come back from the data set that the annotations went out of."""

from pathlib import Path

import pytest

from simvtr.errors import DataError
from simvtr.formats import Work, read_annotations, with_ids_of, write_annotations
from simvtr.schema import Category, Truth, Video, read_truth
from tests.schema.files import TRUTH, write


def test_ids_lost_on_the_way_through_cvat_come_back(tmp_path):
    truth = read_truth(write(tmp_path, TRUTH))  # video 0, category 40
    write_annotations(truth, tmp_path / "x.xml", Work())
    back = read_annotations(tmp_path / "x.xml", Work())
    assert list(back.videos) == [1]
    again = with_ids_of(back, truth)
    assert again.videos == truth.videos
    assert again.categories == truth.categories
    assert [(t.video_id, t.category_id, tuple(t.segmentations)) for t in again.tracks[0]] == [
        (0, 40, tuple(truth.tracks[0][0].segmentations))
    ]


def test_videos_are_told_by_their_files():
    videos = {i: Video(i, 4, 4, 1, (f"{i}.jpg",)) for i in (5, 6)}
    like = Truth(videos, {5: [], 6: []}, {}, Path("like.json"))
    own = {1: Video(1, 4, 4, 1, ("6.jpg",))}
    assert list(with_ids_of(Truth(own, {1: []}, {}, Path("own.json")), like).videos) == [6]


def test_what_is_not_there_is_refused(tmp_path):
    truth = read_truth(write(tmp_path, TRUTH))
    renamed = Truth(truth.videos, truth.tracks, {7: Category(7, "cat"), 40: Category(40, "wolf")}, truth.path)
    with pytest.raises(DataError, match=r"the category must be one of truth\.json, got 'wolf'"):
        with_ids_of(renamed, truth)
    longer = Truth({0: Video(0, 4, 2, 9)}, {0: []}, {}, truth.path)
    with pytest.raises(DataError, match=r"must be a video of truth\.json, .* 4 x 2 pixels and 9 frames, got none"):
        with_ids_of(longer, truth)
