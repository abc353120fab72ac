"""`simvtr segment` from start to end, on tiny videos and a tiny network with random weights."""

import json
import os
import signal

import numpy as np
import pytest
from PIL import Image

from simvtr.cli.main import main
from simvtr.data.video import read_frames, write_video
from simvtr.errors import DataError
from simvtr.inference.overlay import OverlayWriter
from simvtr.model import SimVTR
from simvtr.rle import from_json
from tests.cli.segmenting import names, results, segment
from tests.cli.torchless import refused


def first_absent(found):
    """The number of leading frames in which at least one track has a mask."""
    present = [any(t["segmentations"][i] for t in found) for i in range(len(found[0]["segmentations"]))]
    assert present == sorted(present, reverse=True)
    return sum(present)


def test_a_folder_of_images_gives_results_with_every_frame_and_an_overlay(weights, pictures, tmp_path, capsys):
    assert segment(weights, tmp_path / "out", pictures, "--threshold", 0.1) == 0
    found = results(tmp_path / "out")
    assert found and {t["video_id"] for t in found} == {1} and {t["category_id"] for t in found} <= {3, 7}
    assert all(len(t["segmentations"]) == 6 for t in found)
    mask = next(s for t in found for s in t["segmentations"] if s)
    assert from_json(mask, where="here").height == 32  # the pixels of the picture, not of the network
    assert read_frames(tmp_path / "out" / "overlay.mp4").length == 6
    output = capsys.readouterr()
    assert output.out.startswith("1 video, 6 frames, ") and "of the time in the model" in output.out
    assert str(tmp_path / "out" / "overlay.mp4") in output.out.splitlines()


def test_a_video_a_glob_and_a_list_of_its_frames_give_the_same_results(weights, pictures, tmp_path):
    with write_video(tmp_path / "clip.mp4", 10, (48, 32)) as video:
        for frame in read_frames(pictures):
            video.add(frame)
    assert segment(weights, tmp_path / "a", pictures / "*.png", "--no-overlay") == 0
    assert segment(weights, tmp_path / "b", *sorted(pictures.iterdir()), "--no-overlay") == 0
    assert segment(weights, tmp_path / "c", tmp_path / "clip.mp4", "--no-overlay") == 0
    assert results(tmp_path / "a") == results(tmp_path / "b")
    assert len(results(tmp_path / "c")[0]["segmentations"]) == 6
    assert names(tmp_path / "a") == ["results.json"]


@pytest.mark.parametrize("window", [4, "all"])
def test_frames_of_a_window_meet_their_own_results_in_the_overlay(weights, pictures, tmp_path, window, monkeypatch):
    pairs = []
    monkeypatch.setattr(OverlayWriter, "add", lambda self, rgb, tracks: pairs.append(rgb))
    assert segment(weights, tmp_path, pictures, "--window", window) == 0
    np.testing.assert_array_equal(np.stack(pairs), np.stack(list(read_frames(pictures))))


def test_png_frames_are_written_on_request_and_max_frames_ends_early(weights, pictures, tmp_path):
    assert segment(weights, tmp_path, pictures, "--png", "--no-overlay", "--max-frames", 2) == 0
    assert names(tmp_path) == ["frames/00000.png", "frames/00001.png", "results.json"]
    assert all(len(t["segmentations"]) == 2 for t in results(tmp_path))


def test_the_threshold_rules_what_is_drawn_and_not_what_results_keep(weights, pictures, tmp_path, monkeypatch, capsys):
    drawn = []
    monkeypatch.setattr(OverlayWriter, "add", lambda self, rgb, tracks: drawn.extend(tracks))
    assert segment(weights, tmp_path, pictures, "--threshold", 1) == 0
    assert not drawn and results(tmp_path)
    assert "0 objects with a score of 1 or more: try a lower --threshold" in capsys.readouterr().out
    assert segment(weights, tmp_path / "none", pictures, "--threshold", 0, "--keep", 1) == 0
    assert not drawn and results(tmp_path / "none") == []


# --- data sets ------------------------------------------------------------------------------------------------------


def test_a_data_set_gives_results_by_video_id_with_each_videos_own_length(weights, pictures, truth, tmp_path, capsys):
    assert segment(weights, tmp_path / "out", truth, "--images", pictures) == 0
    lengths = {(t["video_id"], len(t["segmentations"])) for t in results(tmp_path / "out")}
    assert lengths == {(12, 4), (5, 2)}
    assert names(tmp_path / "out") == ["results.json"]  # no overlays unless asked for
    assert capsys.readouterr().out.startswith("2 videos, 6 frames")


def test_overlays_of_a_data_set_are_named_by_video_id(weights, pictures, truth, tmp_path):
    assert segment(weights, tmp_path / "out", truth, "--images", pictures, "--overlay", "--png", "--max-frames", 1) == 0
    assert names(tmp_path / "out") == [
        "frames/12/00000.png",
        "frames/5/00000.png",
        "overlays/12.mp4",
        "overlays/5.mp4",
        "results.json",
    ]
    assert {(t["video_id"], len(t["segmentations"])) for t in results(tmp_path / "out")} == {(12, 4), (5, 2)}


@pytest.mark.parametrize(
    ("name", "message"),
    [("../secret.png", "leads out of"), ("/etc/passwd", "leads out of"), ("none.png", "no file 'none.png' in")],
)
def test_a_data_set_cannot_name_files_that_are_missing_or_outside(
    weights, pictures, truth, tmp_path, name, message, capsys
):
    content = json.loads(truth.read_text())
    content["videos"][1]["file_names"][1] = name
    truth.write_text(json.dumps(content))
    assert segment(weights, tmp_path / "out", truth, "--images", pictures) == 1
    error = capsys.readouterr().err
    assert "truth.json, video 5: " in error and message in error
    assert names(tmp_path / "out") == []


def test_a_picture_of_another_size_than_its_video_is_the_users_error(weights, pictures, truth, tmp_path, capsys):
    content = json.loads(truth.read_text())
    content["videos"][0]["width"] = 50
    truth.write_text(json.dumps(content))
    assert segment(weights, tmp_path / "out", truth, "--images", pictures) == 1
    assert "video 12: its frames must be 50x32, got 48x32" in capsys.readouterr().err


# --- interruption and damage ----------------------------------------------------------------------------------------


def interrupt_at(monkeypatch, frame):
    """Ctrl-C arrives while a frame (from 1) is being drawn."""
    add = OverlayWriter.add
    count = 0

    def patched(self, rgb, tracks):
        nonlocal count
        count += 1
        if count == frame:
            os.kill(os.getpid(), signal.SIGINT)
        add(self, rgb, tracks)

    monkeypatch.setattr(OverlayWriter, "add", patched)


def test_ctrl_c_finishes_the_files_with_what_is_done_and_says_so(weights, pictures, tmp_path, monkeypatch, capsys):
    interrupt_at(monkeypatch, 3)
    assert segment(weights, tmp_path, pictures) == 130
    found = results(tmp_path)
    assert all(len(t["segmentations"]) == 6 for t in found) and first_absent(found) == 3  # the rest is null
    assert read_frames(tmp_path / "overlay.mp4").length == 3
    output = capsys.readouterr()
    assert "interrupted, the files hold 3 frames" in output.err and "1 video, 3 frames" in output.out
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert names(tmp_path) == ["overlay.mp4", "results.json", "results.partial.jsonl"]  # the last for --resume


def test_ctrl_c_in_a_data_set_keeps_the_videos_done(weights, pictures, truth, tmp_path, monkeypatch):
    interrupt_at(monkeypatch, 5)
    assert segment(weights, tmp_path / "out", truth, "--images", pictures, "--overlay") == 130
    found = results(tmp_path / "out")
    assert first_absent([t for t in found if t["video_id"] == 12]) == 4
    assert first_absent([t for t in found if t["video_id"] == 5]) == 1
    assert {(t["video_id"], len(t["segmentations"])) for t in found} == {(12, 4), (5, 2)}


def test_ctrl_c_before_the_first_frame_leaves_no_file(weights, pictures, tmp_path, monkeypatch):
    def forward(*_, **__):
        os.kill(os.getpid(), signal.SIGINT)
        raise KeyboardInterrupt

    monkeypatch.setattr(SimVTR, "forward", forward)
    assert segment(weights, tmp_path, pictures) == 130
    assert names(tmp_path) == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_video_that_breaks_off_keeps_its_frames_and_warns_how_many_were_promised(weights, tmp_path, capsys):
    noise = np.random.default_rng(0).integers(0, 255, (40, 32, 48, 3), np.uint8)
    with write_video(tmp_path / "clip.mp4", 10, (48, 32)) as video:
        for frame in noise:
            video.add(frame)
    whole = (tmp_path / "clip.mp4").read_bytes()
    (tmp_path / "clip.mp4").write_bytes(whole[: len(whole) // 2])
    assert segment(weights, tmp_path / "out", tmp_path / "clip.mp4", "--no-overlay") == 0
    warning = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert len(warning) == 1 and "40 frames are declared" in warning[0]
    assert 0 < len(results(tmp_path / "out")[0]["segmentations"]) < 40


def test_a_broken_image_ends_the_work_with_the_frames_before_it_and_exit_1(weights, pictures, tmp_path, capsys):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i, path in enumerate(sorted(pictures.iterdir())):
        Image.open(path).save(folder / f"{i}.jpg")
    whole = (folder / "2.jpg").read_bytes()
    (folder / "2.jpg").write_bytes(whole[: len(whole) // 2])  # its header is whole, so that only frame 2 shows it
    assert segment(weights, tmp_path / "out", folder) == 1
    found = results(tmp_path / "out")
    assert first_absent(found) == 2 and all(len(t["segmentations"]) == 6 for t in found)
    error = capsys.readouterr().err
    assert "2.jpg" in error and "The files hold 2 frames before it." in error


def test_an_overlay_that_cannot_be_written_costs_no_tracks(weights, pictures, truth, tmp_path, capsys):
    (tmp_path / "out/overlays/12.mp4").mkdir(parents=True)  # the first video's; found when its mp4 takes its name
    assert segment(weights, tmp_path / "out", truth, "--images", pictures, "--overlay") == 1
    found = results(tmp_path / "out")
    assert {t["video_id"] for t in found} == {12} and first_absent(found) == 4
    error = capsys.readouterr().err
    assert "12.mp4: the video must be writable here" in error and "The files hold 4 frames before it." in error
    assert names(tmp_path / "out") == ["results.json", "results.partial.jsonl"]


@pytest.mark.parametrize("content", [b"", b"no video at all"])
def test_a_source_without_a_frame_is_exit_1_with_one_line_and_no_file(weights, tmp_path, content, capsys):
    (tmp_path / "clip.mp4").write_bytes(content)
    assert segment(weights, tmp_path / "out", tmp_path / "clip.mp4") == 1
    error = capsys.readouterr().err
    assert error.startswith("simvtr segment: ") and len(error.splitlines()) == 1
    assert names(tmp_path / "out") == []


def test_a_source_that_is_not_there_is_exit_1_before_torch_is_loaded(pictures, truth, tmp_path):
    out = "-o", tmp_path / "out"
    assert "none.mp4: a video file, a folder of images or a glob must be here" in refused("segment", "none.mp4", *out)
    assert "none.mp4: a video file" in refused("segment", pictures, "none.mp4", *out)  # the second of two videos
    assert "none.json: cannot be read: No such file" in refused("segment", "none.json", "--images", pictures, *out)
    line = refused("segment", truth, "--images", tmp_path / "none", *out)
    assert f"{tmp_path / 'none'}: the images must be a folder, got nothing there" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["--window", 9], ["--max-frames", 1, "--keep", 1]], ids=str)
def test_a_run_that_fails_leaves_no_empty_folder(weights, pictures, tmp_path, monkeypatch, arguments):
    (tmp_path / "mine").mkdir()
    monkeypatch.setattr(SimVTR, "forward", lambda *_, **__: (_ for _ in ()).throw(DataError("no")))
    assert segment(weights, tmp_path / "new" / "out", pictures, "--png", *arguments) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_failure_is_one_line_on_stderr(weights, pictures, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(SimVTR, "forward", lambda *_, **__: (_ for _ in ()).throw(DataError("no")))
    assert segment(weights, tmp_path, pictures) == 1
    assert capsys.readouterr().err == "simvtr segment: no\n"


def test_damage_in_the_frames_asked_for_is_told(weights, tmp_path, capsys):
    noise = np.random.default_rng(0).integers(0, 255, (40, 32, 48, 3), np.uint8)
    with write_video(tmp_path / "clip.mp4", 10, (48, 32)) as video:
        for frame in noise:
            video.add(frame)
    whole = bytearray((tmp_path / "clip.mp4").read_bytes())
    begin = whole.index(b"mdat") + 4
    whole[begin + 20_000 : begin + 24_000] = bytes(4_000)  # the packets of some frames; the index stands before
    (tmp_path / "clip.mp4").write_bytes(whole)
    assert segment(weights, tmp_path / "out", tmp_path / "clip.mp4", "--no-overlay", "--max-frames", 20) == 0
    warning = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert len(warning) == 1 and "the file is damaged: " in warning[0] and "in the part that was read" in warning[0]


def test_a_real_damaged_video_is_segmented_as_far_as_it_decodes(weights, shared, tmp_path, capsys):
    clip = shared / "data" / "clips" / "decord__corrupted.mp4"
    assert segment(weights, tmp_path, clip, "--keep", 0.9, "--no-overlay") == 0
    output = capsys.readouterr()
    assert "50 frames are declared, 49 decode" in output.err
    assert output.out.startswith("1 video, 49 frames, ")


# --- wrong commands -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["truth.json"], "needs --images"),
        ([""], "INPUT must name a video, images or a data set, got ''"),
        (["a.png", ""], "INPUT must name a video, images or a data set, got ''"),
        (["clip.mp4", "b.mp4", "./clip.mp4"], "each video once, got ./clip.mp4 again after clip.mp4. Leave one out."),
        (["clip.mp4", "--images", "."], "--images belongs to a data set JSON"),
        (["clip.mp4", "--window", "0"], "must be a whole number from 1, or \"all\", got '0'"),
        (["clip.mp4", "--window", "every"], "must be a whole number from 1, or \"all\", got 'every'"),
        (["clip.mp4", "--threshold", "50"], "must lie in 0..1, got '50'"),
        (["clip.mp4", "--max-frames", "0"], "must be a whole number from 1, got '0'"),
    ],
)
def test_a_wrong_command_is_exit_2(tmp_path, arguments, message, capsys):
    assert main(["segment", *arguments, "-o", str(tmp_path)]) == 2
    assert message in capsys.readouterr().err


def test_a_video_named_twice_is_refused_even_by_a_link_but_a_picture_may_stand_in_its_video_again(
    weights, pictures, tmp_path, capsys
):
    (tmp_path / "link").symlink_to(pictures)
    assert segment("never-loaded", tmp_path / "out", pictures, tmp_path / "link") == 2
    said = f"INPUT must name each video once, got {tmp_path / 'link'} again after {pictures}. Leave one out."
    assert capsys.readouterr().err == f"simvtr segment: {said}\n" and not (tmp_path / "out").exists()
    assert segment(weights, tmp_path / "out", *[pictures / "000.png"] * 2, "--no-overlay") == 0
    assert {len(track["segmentations"]) for track in results(tmp_path / "out")} == {2}


def test_an_output_that_is_a_file_is_exit_1(weights, pictures, tmp_path, capsys):
    (tmp_path / "out").write_text("")
    assert segment(weights, tmp_path / "out", pictures) == 1
    assert "must be a folder that can be written" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a.mp4", "a.MOV", "results.json"])
def test_an_output_with_the_name_of_a_video_or_of_results_is_exit_2(pictures, tmp_path, name, capsys):
    assert segment("never-loaded", tmp_path / name, pictures) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"--out {tmp_path / name} must be a folder, for results.json and overlay.mp4, got the name of a file" in line
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize(
    ("name", "is_folder"), [("results.json", True), ("overlay.mp4", True), ("frames", False)], ids=lambda x: str(x)
)
def test_an_output_whose_place_is_taken_is_exit_1_before_any_work(pictures, tmp_path, name, is_folder, capsys):
    (tmp_path / name).mkdir() if is_folder else (tmp_path / name).write_text("")
    assert segment("never-loaded", tmp_path, pictures, "--png") == 1
    error = capsys.readouterr().err
    assert f"{tmp_path / name} must be a {'file' if is_folder else 'folder'} or nothing yet" in error
    assert len(error.splitlines()) == 1


def test_an_output_folder_that_takes_no_file_is_exit_1_before_any_work(pictures, tmp_path, monkeypatch, capsys):
    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refused)
    assert segment("never-loaded", tmp_path, pictures) == 1
    assert "must be a folder that can be written, got: Permission denied" in capsys.readouterr().err


def test_unknown_weights_are_exit_1_and_named(pictures, tmp_path, capsys):
    assert segment("no-such-weights", tmp_path, pictures) == 1
    assert "no-such-weights" in (said := capsys.readouterr().err) and "there is none of that name" in said


def test_a_file_that_is_no_file_of_weights_is_exit_1_and_told_from_one_that_is_not_there(pictures, tmp_path, capsys):
    (tmp_path / "x.mp4").touch()
    assert segment(str(tmp_path / "x.mp4"), tmp_path / "out", pictures) == 1
    assert "that file is no file of weights" in capsys.readouterr().err
