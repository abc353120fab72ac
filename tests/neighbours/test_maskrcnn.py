"""Rules of the adapter for torchvision's Mask R-CNN. The real one runs where torchvision's operators load."""

import numpy as np
import pytest
import torch
from torch import nn

import simvtr
from simvtr import DataError
from simvtr.cli.main import main
from simvtr.neighbours.maskrcnn import BoxSegmenter, is_maskrcnn
from simvtr.schema import Category
from tests.neighbours.models import video

KINDS = [Category(1, "person"), Category(3, "car")]
COCO_KINDS = 80


class StandIn(nn.Module):
    """Answers in torchvision's form: label 3 on the left half, 2 (no category here) everywhere, 1 too weak, 1 empty."""

    def forward(self, pictures):
        assert pictures[0].dtype == torch.float32 and pictures[0].min() >= 0 and pictures[0].max() <= 1
        height, width = pictures[0].shape[1:]
        masks = torch.zeros(4, 1, height, width)
        masks[0, :, :, : width // 2], masks[1:3] = 0.9, 0.9
        masks[3] = 0.4  # nowhere above one half
        scores = torch.tensor([0.8, 0.9, 0.2, 0.7])
        return [{"boxes": torch.zeros(4, 4), "labels": torch.tensor([3, 2, 1, 1]), "scores": scores, "masks": masks}]


def test_labels_scores_and_masks_are_those_of_the_library():
    segmenter = BoxSegmenter(StandIn(), KINDS, [1, 3])
    (one,) = segmenter.find(video(1, 8, 12), least=0.5)
    assert one.probabilities.tolist() == [[0.0, pytest.approx(0.8)]]
    assert one.masks.shape == (1, 8, 12) and one.masks[0, :, :6].all() and not one.masks[0, :, 6:].any()


def test_its_objects_are_named_from_frame_to_frame_and_never_by_slots():
    segmenter = BoxSegmenter(StandIn(), KINDS, [1, 3])
    frames = list(simvtr.FramePredictor(segmenter).stream(video(3)))
    assert [[(t.identity, t.category) for t in frame.tracks] for frame in frames] == [[(0, "car")] * 1] * 3 or [
        sorted((t.identity, t.category) for t in frame.tracks) for frame in frames
    ] == [[(0, "car"), (1, "person")]] * 3
    from simvtr.inference import SlotIdentity

    with pytest.raises(ValueError, match="--identity slot names objects by queries, and these weights have none"):
        simvtr.FramePredictor(segmenter, SlotIdentity)


def test_a_file_is_known_by_its_tensors(tmp_path):
    name = "roi_heads.mask_predictor.mask_fcn_logits.weight"
    torch.save({name: torch.zeros(4, 1, 1, 1)}, tmp_path / "new.pth")
    torch.save({name: torch.zeros(4, 1, 1, 1)}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    torch.save({"model": {name: torch.zeros(4)}}, tmp_path / "other.pth")
    (tmp_path / "junk.pth").write_bytes(b"junk")
    assert [is_maskrcnn(tmp_path / f"{name}.pth") for name in ("new", "old", "other", "junk")] == [
        True,
        True,
        False,
        False,
    ]


def _operators() -> bool:
    from torchvision import extension

    import simvtr.model.backbone  # noqa: F401

    return extension._has_ops()


needs_operators = pytest.mark.skipif(not _operators(), reason="torchvision is built for another torch")


@pytest.mark.skipif(_operators(), reason="torchvision works here")
def test_a_torchvision_of_another_torch_is_said_in_one_line(tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.zeros(1))
    from PIL import Image

    Image.fromarray(video(1)[0]).save(tmp_path / "0.png")
    weights = "torchvision:maskrcnn_resnet50_fpn"
    assert main(["segment", str(tmp_path / "0.png"), "--weights", weights, "-o", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == (
        f"simvtr segment: weights {weights}: Mask R-CNN needs the operators of torchvision, which belong to another "
        "torch here. Install torch and torchvision of one release.\n"
    )


@needs_operators
@pytest.mark.parametrize("version", ["maskrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn_v2"])
def test_a_file_of_tensors_gives_the_librarys_numbers(tmp_path, version):
    from torchvision.models import detection

    torch.manual_seed(0)
    model = getattr(detection, version)(weights=None, weights_backbone=None, num_classes=4).eval()
    model.roi_heads.score_thresh = 0.2
    torch.save(model.state_dict(), tmp_path / "mine.pth")
    segmenter = simvtr.segmenter(tmp_path / "mine.pth")
    segmenter.model.roi_heads.score_thresh = 0.2
    assert [kind.name for kind in segmenter.categories] == ["class 1", "class 2", "class 3"]
    frame = video(1)[0]
    with torch.inference_mode():
        (theirs,) = model([torch.from_numpy(frame.transpose(2, 0, 1)).float() / 255])
    (ours,) = segmenter.find([frame])
    kept = [i for i, mask in enumerate(theirs["masks"]) if (mask > 0.5).any()]
    assert kept and np.array_equal(ours.masks, (theirs["masks"][kept, 0] > 0.5).numpy())
    assert np.allclose(ours.probabilities.max(1), theirs["scores"][kept])


@needs_operators
def test_the_published_files_norms_have_no_eps_and_91_classes_are_cocos(tmp_path):
    from torchvision.models import detection

    model = detection.maskrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    state = {name: value for name, value in model.state_dict().items() if "num_batches" not in name}  # fixed norms
    torch.save(state, tmp_path / "maskrcnn_resnet50_fpn_coco.pth")
    segmenter = simvtr.segmenter(tmp_path / "maskrcnn_resnet50_fpn_coco.pth")
    assert segmenter.model.backbone.body.bn1.eps == 0 and len(segmenter.categories) == COCO_KINDS
    del state["rpn.head.conv.0.0.weight"]
    torch.save(state, tmp_path / "x.pth")
    with pytest.raises(DataError, match=r"every tensor of Mask R-CNN must be there once, got 1 missing \(rpn"):
        simvtr.segmenter(tmp_path / "x.pth")


@needs_operators
def test_another_name_is_refused_and_what_cannot_be_fetched_is_said(monkeypatch):
    with pytest.raises(DataError, match="must be torchvision:maskrcnn_resnet50_fpn or torchvision:"):
        simvtr.segmenter("torchvision:fasterrcnn_resnet50_fpn")

    def offline(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", offline)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    with pytest.raises(DataError, match=r"cannot be fetched: no network\. Name a file of its weights\."):
        simvtr.segmenter("torchvision:maskrcnn_resnet50_fpn")
