"""What torchvision's detector is asked for; the detector itself needs an environment of its own."""

import torch

from benchmarks.peers.maskrcnn import wanted
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
