"""Panoptic merging gives DETR's published pixels (tests/model/freeze_panoptic.py), and things alone become objects."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from simvtr.inference.panoptic import SURE, merged, segments
from simvtr.inference.queries import QuerySegmenter, Seen, of_detr
from simvtr.model.categories import COCO
from simvtr.schema import Category
from tests.cli.test_convert_weights import sure_of
from tests.model.published import FIXTURES, PANOPTIC, masks_and_scores

THINGS = range(91)


@pytest.mark.parametrize("name", PANOPTIC)
def test_every_pixel_goes_where_the_published_code_gives_it(name):
    logits, masks = (torch.from_numpy(array) for array in masks_and_scores(name))
    scores, labels = logits.softmax(-1).max(-1)
    kept = (labels != 250) & (scores > SURE)
    owner, _ = segments(masks[kept], labels[kept].tolist(), THINGS, *PANOPTIC[name])
    with np.load(FIXTURES / "panoptic.npz") as frozen:
        theirs, their_labels = frozen[f"{name}_owner"], frozen[f"{name}_labels"]
    left = np.unique(owner)
    if name == "nobody":
        assert left.tolist() == [-1] and not their_labels.size  # the published picture of nobody is zeros
        return
    assert labels[kept][left].tolist() == their_labels.tolist()
    assert np.array_equal(np.searchsorted(left, owner), theirs)


def test_two_objects_share_no_pixel_and_stuff_takes_its_own():
    """Columns 0 to 5 are a thing's, 4 to 7 another's, 5 to 7 sand's; the surest logit has the pixel."""
    masks = torch.full((3, 4, 8), -5.0)
    masks[0, :, :6], masks[1, :, 4:], masks[2, :, 5:] = 2, 1, 3
    first, second, stuff = merged(masks, [1, 18, 154], THINGS, (4, 8), (4, 8))
    assert stuff is None
    assert first is not None and first.any(0).tolist() == [True] * 5 + [False] * 3  # column 5 went to sand
    assert second is None  # columns 4 and 5 went to the first, the rest to sand


def test_an_object_alone_is_not_the_whole_picture():
    """The published code gives away every pixel; an object has what its own mask says."""
    masks = torch.full((1, 4, 8), -5.0)
    masks[0, :, :3] = 1
    (alone,) = merged(masks, [1], THINGS, (4, 8), (4, 8))
    assert alone is not None and alone.sum() == 12
    assert (segments(masks, [1], THINGS, (4, 8), (4, 8))[0] == 0).all()


def test_four_pixels_are_too_few_and_go_to_the_next_best():
    masks = torch.full((2, 4, 8), 1.0)
    masks[1, :2, :2] = 2  # four pixels
    first, second = merged(masks, [1, 1], THINGS, (4, 8), (4, 8))
    assert first is not None and first.all() and second is None


def _segmenter(logits: torch.Tensor, masks: torch.Tensor) -> QuerySegmenter:
    def look(picture, pick):
        return Seen(logits, masks[pick(logits)], torch.eye(len(logits)))

    return QuerySegmenter(
        model=torch.nn.Identity(),
        pictures=lambda frame: torch.zeros(3, *frame.shape[:2]),
        begin=lambda: look,
        categories=[Category(1, "cat")],
        objects=[0],
        panoptic=0.6,
    )


def test_queries_that_are_nobody_or_unsure_get_no_pixel():
    """Three queries on all pixels: surely nobody, cat at 0.52, cat at 0.73; classes cat, sand, nobody."""
    logits = torch.tensor([[0.0, 0.0, 9.0], [0.8, 0.0, 0.0], [1.7, 0.0, 0.0]])
    masks = torch.stack([torch.full((2, 4), value) for value in (3.0, 2.0, 1.0)])
    frame = np.zeros((8, 16, 3), np.uint8)
    (found,) = _segmenter(logits, masks).find([frame])
    assert found.slots == [2] and found.masks.all()
    (none,) = _segmenter(logits, masks).find([frame], least=0.8)
    assert not len(none.masks)


def test_detr_by_its_own_name_is_merged():
    """The small network is sure of dogs, of all its queries: together they have each pixel once."""
    frames = np.random.default_rng(0).integers(0, 255, (1, 16, 160, 3), np.uint8)
    (apart,) = of_detr(sure_of(18), panoptic=None).find(frames)
    (found,) = of_detr(sure_of(18)).find(frames)
    assert len(found.masks) and found.masks.sum(0).max() == 1 < apart.masks.sum(0).max()
    sand = sure_of(200)
    sand.config = replace(sand.config, categories=tuple((i, COCO.get(i, "")) for i in range(250)))
    assert not len(next(of_detr(sand).find(frames)).masks)  # stuff
