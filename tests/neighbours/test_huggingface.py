"""Rules of the adapters for `transformers`: the library's own numbers, frame by frame, and identities that stay."""

import json

import numpy as np
import pytest
import torch

import simvtr
from simvtr import DataError
from simvtr.errors import SimVTRWarning
from tests.neighbours.models import HOSTS, model, saved, video

pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {kind: saved(kind, tmp_path_factory.mktemp(kind)) for kind in HOSTS}


def theirs(kind, frames):
    """What the library's own processor and model say: class logits (t, n, k + 1) and masks (t, n, h, w)."""
    import transformers as hf

    own = model(kind)
    if kind == "detr":
        process = hf.DetrImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 128})
    elif kind == "mask2former":
        process = hf.Mask2FormerImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 128}, size_divisor=32)
    else:  # its processor needs torchvision; EoMT's size rule with the same numbers: stretched to a square
        process = hf.DetrImageProcessorPil(size={"height": 64, "width": 64})
    pictures = torch.cat([process(frame, return_tensors="pt")["pixel_values"] for frame in frames])
    with torch.inference_mode():
        if kind == "videomt":
            out = own(pixel_values_videos=pictures[None])  # all frames at once
            return out.class_queries_logits, out.masks_queries_logits
        outs = [own(pixel_values=picture[None]) for picture in pictures]
    if kind == "detr":
        return torch.cat([out.logits for out in outs]), torch.cat([out.pred_masks for out in outs])
    return (
        torch.cat([out.class_queries_logits for out in outs]),
        torch.cat([out.masks_queries_logits for out in outs]),
    )


@pytest.mark.parametrize("kind", HOSTS)
def test_a_frame_has_the_librarys_classes_and_masks(folders, kind):
    """Frame by frame, whatever came before: of VidEoMT, too, whose forward pass takes the whole video."""
    frames = video()
    logits, masks = theirs(kind, frames)
    large = torch.nn.functional.interpolate(masks, frames.shape[1:3], mode="bilinear") > 0
    found = list(simvtr.segmenter(folders[kind]).find(frames))
    assert len(found) == 4 and sum(len(one.masks) for one in found) > 4
    for i, one in enumerate(found):
        assert one.slots == [n for n in range(5) if large[i, n].any()]
        expected = logits[i].softmax(-1)[list(one.slots), :-1]
        assert np.allclose(one.probabilities, expected, atol=1e-5)
        assert (one.masks != large[i, list(one.slots)].numpy()).mean() < 1e-3  # rounding at the border itself


def test_videomt_goes_on_from_the_frame_before(folders):
    """The same picture again is seen differently, and a new video begins anew."""
    segmenter = simvtr.segmenter(folders["videomt"])
    still = video(1).repeat(3, 0)
    first, second, _ = (one.probabilities for one in segmenter.find(still))
    assert first.shape != second.shape or np.abs(first - second).max() > 1e-3
    again = next(iter(segmenter.find(still)))
    assert np.array_equal(again.probabilities, first)
    assert segmenter.remembers and not simvtr.segmenter(folders["detr"]).remembers


@pytest.mark.parametrize("kind", HOSTS)
def test_identities_stay_while_the_librarys_begin_anew_at_every_frame(folders, kind):
    segmenter = simvtr.segmenter(folders[kind])
    still = video(1).repeat(4, 0)
    names = [{track.identity for track in frame.tracks} for frame in simvtr.FramePredictor(segmenter).stream(still)]
    assert names[0] and set.union(*names) == names[0] if kind != "videomt" else set.union(*names)


def test_frames_are_pulled_one_at_a_time(folders):
    pulled = []

    def frames():
        for i, frame in enumerate(video()):
            pulled.append(i)
            yield frame

    found = simvtr.segmenter(folders["mask2former"]).find(frames())
    next(found)
    assert pulled == [0]


def test_what_is_too_weak_is_not_drawn(folders):
    segmenter = simvtr.segmenter(folders["detr"])
    for one in segmenter.find(video(), least=0.5):
        assert (one.probabilities.max(1) >= 0.5).all()


def test_a_missing_tensor_is_an_error_where_the_library_would_make_it_up(folders, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = saved("detr", tmp_path / "x")
    state = load_file(folder / "model.safetensors")
    whole = dict(state)
    del state[min(name for name in state if name.startswith("mask_head."))]
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(DataError, match=r"got 1 missing and 0 of another shape \(mask_head\."):
        simvtr.segmenter(folder)
    save_file(whole | {"extra": torch.zeros(1)}, folder / "model.safetensors", {"format": "pt"})
    with pytest.warns(SimVTRWarning, match=r"1 unknown tensors are not used \(extra\)"):
        simvtr.segmenter(folder)


def test_another_model_of_the_library_is_refused_by_its_name(folders, tmp_path):
    config = json.loads((folders["detr"] / "config.json").read_text())
    for changes, got in (
        ({"architectures": ["DetrForObjectDetection"]}, "DetrForObjectDetection"),
        ({"model_type": "bert", "architectures": ["BertModel"]}, "BertModel"),
    ):
        (tmp_path / "config.json").write_text(json.dumps(config | changes))
        with pytest.raises(DataError, match=f"one of DetrForSegmentation, Mask2Former.*, got {got}"):
            simvtr.segmenter(tmp_path)


def test_a_folder_without_weights_says_so(folders, tmp_path):
    (tmp_path / "config.json").write_bytes((folders["detr"] / "config.json").read_bytes())
    with pytest.raises(DataError, match=r"must be readable by transformers, got: .*model\.safetensors"):
        simvtr.segmenter(tmp_path)


def test_panoptic_weights_of_coco_are_merged(tmp_path):
    segmenter = simvtr.segmenter(saved("detr", tmp_path, num_labels=250))
    assert segmenter.panoptic == 0.85 and len(segmenter.categories) == 80
    assert simvtr.segmenter(tmp_path, panoptic=False).panoptic is None
