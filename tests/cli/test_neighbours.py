"""Models of other libraries at the command line: `simvtr segment`, then `eval` and `audit`, as for our own."""

import json

import numpy as np
import pytest
from PIL import Image

from simvtr.cli.main import main
from simvtr.rle import encode, to_json
from tests.cli.segmenting import names, results, segment
from tests.neighbours.models import HOSTS, saved, video

pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {kind: saved(kind, tmp_path_factory.mktemp(kind)) for kind in HOSTS}


@pytest.fixture
def data(tmp_path):
    """A data set of one video of four frames with one object of category 1, which is its left half."""
    images = tmp_path / "images"
    images.mkdir()
    for i, frame in enumerate(video()):
        Image.fromarray(frame).save(images / f"{i}.png")
    half = np.zeros((40, 60), bool)
    half[:, :30] = True
    truth = {
        "videos": [{"id": 7, "width": 60, "height": 40, "length": 4, "file_names": [f"{i}.png" for i in range(4)]}],
        "categories": [{"id": i, "name": f"kind {i}"} for i in (1, 2, 3)],
        "annotations": [
            {
                "id": 1,
                "video_id": 7,
                "category_id": 1,
                "iscrowd": 0,
                "segmentations": [to_json(encode(half))] * 4,
                "bboxes": [[0, 0, 30, 40]] * 4,
                "areas": [1200] * 4,
            }
        ],
    }
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(truth))
    return path, images


@pytest.mark.parametrize("kind", HOSTS)
def test_segment_eval_and_audit_serve_them_all(folders, data, tmp_path, capsys, kind):
    truth, images = data
    out = tmp_path / "out"
    assert segment(str(folders[kind]), out, truth, "--images", images) == 0
    found = results(out)
    assert found and {track["category_id"] for track in found} <= {1, 2, 3}
    assert all(len(track["segmentations"]) == 4 for track in found)
    assert main(["eval", str(truth), str(out / "results.json"), "--identity"]) == 0
    assert main(["audit", str(truth), str(out / "results.json"), "-o", str(tmp_path / "audit.html")]) == 0
    assert (tmp_path / "audit.html").stat().st_size > 10_000


def test_an_overlay_is_drawn_and_objects_are_counted_by_name(folders, data, tmp_path, capsys):
    assert segment(str(folders["detr"]), tmp_path / "out", data[1], "--threshold", 0.01) == 0
    assert names(tmp_path / "out") == ["overlay.mp4", "results.json"]
    assert "LABEL_" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["detr", "videomt"])
def test_an_interrupted_run_goes_on_and_ends_with_the_same_bytes(folders, data, tmp_path, monkeypatch, kind):
    """VidEoMT remembers the frames before, so its video begins anew."""
    from simvtr.data.video import FrameReader

    arguments = (data[1], "--no-overlay")
    assert segment(str(folders[kind]), tmp_path / "whole", *arguments) == 0
    monkeypatch.setattr("simvtr.inference.journal.APART", 1)
    read = FrameReader.__iter__

    def broken(reader):
        for i, frame in enumerate(read(reader)):
            if i == 2:
                raise KeyboardInterrupt
            yield frame

    monkeypatch.setattr(FrameReader, "__iter__", broken)
    assert segment(str(folders[kind]), tmp_path / "out", *arguments) == 130
    monkeypatch.setattr(FrameReader, "__iter__", read)
    assert segment(str(folders[kind]), tmp_path / "out", *arguments, "--resume") == 0
    whole, again = ((tmp_path / name / "results.json").read_bytes() for name in ("whole", "out"))
    assert whole == again


@pytest.mark.parametrize(
    ("kind", "options", "says"),
    [
        ("detr", ("--window", "2"), "--window must be 1: these weights look at one frame at a time, got 2"),
        ("simvtr-tiny", ("--panoptic",), "--panoptic merges what queries say of single frames"),
    ],
)
def test_options_that_do_not_fit_exit_with_2(folders, data, tmp_path, capsys, kind, options, says):
    assert segment(str(folders.get(kind, kind)), tmp_path / "out", data[1], *options) == 2
    assert says in capsys.readouterr().err


def test_slots_are_the_queries(folders, data, tmp_path):
    assert segment(str(folders["detr"]), tmp_path / "out", data[1], "--no-overlay", "--identity", "slot") == 0
    assert 0 < len(results(tmp_path / "out")) <= 5


def test_merged_objects_share_no_pixel(folders, data, tmp_path):
    from simvtr.rle import decode, from_json

    assert (
        segment(str(folders["mask2former"]), tmp_path / "out", data[1], "--no-overlay", "--panoptic", "--keep", 0.1)
        == 0
    )
    found = results(tmp_path / "out")
    assert found
    for i in range(4):
        masks = [decode(from_json(t["segmentations"][i], where="")) for t in found if t["segmentations"][i]]
        assert not masks or np.sum(masks, axis=0).max() == 1


def test_without_the_library_one_line_says_what_to_install(folders, data, tmp_path, monkeypatch, capsys):
    import sys

    monkeypatch.setitem(sys.modules, "transformers", None)
    assert segment(str(folders["detr"]), tmp_path / "out", data[1]) == 1
    assert "needs the package 'transformers'. Install it with: pip install 'simvtr[transformers]'" in (
        capsys.readouterr().err
    )
