"""What torchvision's detector is asked for; the detector itself needs an environment of its own."""

import numpy as np
import torch

from benchmarks.peers.linking import Detection
from benchmarks.peers.maskrcnn import named, wanted
from simvtr.data.dataset import Target


def test_a_frame_asks_for_the_objects_it_shows_in_pixels_and_with_background_as_class_0():
    masks = torch.zeros(2, 1, 10, 20, dtype=torch.bool)
    masks[0, 0, 2:4, 5:15] = True
    target = Target(
        labels=torch.tensor([3, 7]),
        boxes=torch.tensor([[[0.5, 0.3, 0.5, 0.2]], [[0.0, 0.0, 0.0, 0.0]]]),  # the second is absent
        masks=masks,
        present=torch.tensor([[True], [False]]),
    )
    found = wanted(target, (10, 20))
    assert torch.allclose(found["boxes"], torch.tensor([[5.0, 2.0, 15.0, 4.0]]))
    assert found["labels"].tolist() == [4]
    assert found["masks"].shape == (1, 10, 20)
    assert int(found["masks"].sum()) == 20


def test_what_it_found_gets_identities_from_the_linker_too():
    left, right = np.zeros((4, 12), bool), np.zeros((4, 12), bool)
    left[:, :4], right[:, 8:] = True, True
    both = [Detection(1, 0.9, left), Detection(2, 0.8, right)]
    one, other = named([both, [], both[::-1]], np.zeros((3, 4, 12, 3), np.uint8), classes=2)
    assert [(t.category_id, [m is not None for m in t.segmentations]) for t in (one, other)] == [
        (1, [True, False, True]),
        (2, [True, False, True]),
    ]
