"""`simvtr demo`: the main job on synthetic frames with the packaged weights, end to end."""

import json

import av
import pytest

from simvtr.cli.main import main
from simvtr.config import simvtr_tiny
from simvtr.model import SimVTR, save
from simvtr.model.weights import PACKAGED


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    if not (PACKAGED / "simvtr-tiny").is_dir():
        pytest.skip("the packaged weights are not here")
    out = tmp_path_factory.mktemp("demo") / "demo"
    assert main(["demo", str(out)]) == 0
    return out


def test_it_says_what_it_made_and_what_to_open(made, capsys):
    assert main(["demo", str(made)]) == 0
    said = capsys.readouterr().out
    for name in ("data/instances.json", "results.json", "overlay.mp4", "report.html"):
        assert str(made / name) in said
        assert (made / name).is_file()
    assert "open this one in a browser" in said


def test_results_have_an_entry_for_every_frame(made):
    results = json.loads((made / "results.json").read_text())
    assert results
    assert {len(track["segmentations"]) for track in results} == {40}


def test_the_overlay_shows_every_frame(made):
    with av.open(str(made / "overlay.mp4")) as movie:
        stream = movie.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert sum(1 for _ in movie.decode(stream)) == 3 * 40


def test_the_packaged_weights_segment_the_objects(made, capsys):
    """A floor far below the score in the README: what fails here is broken, not noisy."""
    assert main(["eval", str(made / "data" / "instances.json"), str(made / "results.json"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["stats"]["AP50"] > 0.25


def test_the_page_is_an_audit_with_pictures(made):
    page = (made / "report.html").read_text()
    assert "first frame, as a short list" in page
    assert page.count("data:image/jpeg;base64,") >= 2 * 3 * 20  # truth and results, three videos, at least 20 frames


def test_weights_for_other_categories_are_refused_before_any_work(tmp_path, capsys):
    small = {"backbone_width": 16, "channels": 64, "encoder_layers": 1, "decoder_layers": 1, "instances": 3}
    weights = save(SimVTR(simvtr_tiny(**small, classes=2, categories=((7, "cat"), (3, "dog")))), tmp_path / "weights")
    assert main(["demo", str(tmp_path / "out"), "--weights", str(weights)]) == 1
    error = capsys.readouterr().err
    assert "must be the demo's, 1 disc, 2 triangle, " in error and "got 3 dog, 7 cat." in error
    assert not (tmp_path / "out").exists()
