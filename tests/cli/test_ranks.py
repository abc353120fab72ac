"""Videos spread over processes: the same bytes as from one, nothing done twice, a killed rank started again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from simvtr.cli.clips import Clip
from simvtr.cli.ranks import parts_of, share
from simvtr.data.video import write_video
from tests.cli.segmenting import results, segment


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Three of them, 48 x 32, of 3, 4 and 5 frames."""
    folder, noise = tmp_path_factory.mktemp("videos"), np.random.default_rng(0)
    paths = [folder / f"{name}.mp4" for name in "abc"]
    for path, frames in zip(paths, (3, 4, 5), strict=True):
        with write_video(path, 25, (48, 32)) as video:
            for _ in range(frames):
                video.add(noise.integers(0, 256, (32, 48, 3), np.uint8))
    return paths


def start(launcher, weights, out, videos):
    """`simvtr segment` on one thread a process, as their number changes last digits."""
    command = ["-m", "simvtr", "segment", *map(str, videos), "--weights", weights, "-o", str(out), "--device", "cpu"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, *launcher, *command], env=environment, start_new_session=True)


def rank_of(process):
    """What RANK is in a process's environment."""
    words = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    return next((word for word in words if word.startswith(b"RANK=")), b"")


def test_several_videos_have_ids_in_the_order_given(weights, videos, tmp_path, capsys):
    assert segment(weights, tmp_path / "out", *reversed(videos)) == 0
    told = capsys.readouterr().out.splitlines()[-3:]
    assert told == [f"video_id {number}: {video}" for number, video in enumerate(reversed(videos), 1)]
    lengths = {track["video_id"]: len(track["segmentations"]) for track in results(tmp_path / "out")}
    assert lengths == {1: 5, 2: 4, 3: 3}
    assert not list((tmp_path / "out").rglob("*.mp4"))  # drawn when asked for


def test_several_videos_are_drawn_each_under_its_name(weights, videos, tmp_path):
    assert segment(weights, tmp_path, *videos[:2], "--overlay") == 0
    assert sorted(path.name for path in (tmp_path / "overlays").iterdir()) == ["1-a.mp4", "2-b.mp4"]


@pytest.mark.skipif(sys.platform != "linux", reason="finds the ranks by /proc")
def test_two_ranks_of_torchrun_write_what_one_process_writes_even_if_one_was_killed(weights, videos, tmp_path):
    torchrun = ("-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone")
    alone = start((), weights, tmp_path / "one", videos)
    out = tmp_path / "two"
    both = start(torchrun, weights, out, videos)
    deadline = time.monotonic() + 120
    while not list(out.glob("parts/*")):  # before the first video
        assert both.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    children = Path(f"/proc/{both.pid}/task/{both.pid}/children").read_text().split()
    (second,) = [int(child) for child in children if rank_of(child) == b"RANK=1"]
    os.kill(second, signal.SIGKILL)
    assert both.wait(120) != 0  # torchrun ends the other one, too
    assert not (out / "results.json").exists()
    done = {path: path.stat().st_mtime_ns for path in out.rglob("parts/*/[0-9].json")}
    assert len(done) < 3
    assert start(torchrun, weights, out, videos).wait(120) == 0
    assert alone.wait(120) == 0
    assert (out / "results.json").read_bytes() == (tmp_path / "one" / "results.json").read_bytes()
    assert {path: path.stat().st_mtime_ns for path in done} == done


def test_each_rank_takes_every_nth_video_and_none_twice(tmp_path, monkeypatch):
    clips = [Clip(i, str(i), None, None, None, None) for i in range(1, 6)]
    asked = {}

    def make(clip, part):
        asked.setdefault(clip.id, 0)
        asked[clip.id] += 1
        part.write_bytes(b"[\n]\n")

    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank in "1", "0", "0":
        monkeypatch.setenv("RANK", rank)
        share(clips, tmp_path, tmp_path / "results.json", make, lambda missing: pytest.fail("nothing is missing"))
        assert sorted(asked) == ([2, 4] if rank == "1" else [1, 2, 3, 4, 5])
    assert set(asked.values()) == {1}
    assert (tmp_path / "results.json").read_bytes() == b"[\n]\n"


def test_rank_0_says_once_how_many_videos_it_waits_for(weights, videos, tmp_path, capsys, monkeypatch):
    asked = []

    def look(seconds):
        asked.append(seconds)
        if len(asked) == 3:  # what Ctrl-C does
            raise KeyboardInterrupt

    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr("simvtr.cli.ranks.time.sleep", look)
    assert segment(weights, tmp_path, *videos) == 130
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "waits" in line]
    assert line.startswith(f"simvtr segment: rank 0 waits for 1 video of other ranks in {tmp_path / 'parts'}")


def test_a_finished_run_is_left_as_it_is_by_every_rank_and_told_by_one(weights, videos, tmp_path, capsys, monkeypatch):
    assert segment(weights, tmp_path, *videos) == 0
    before = (tmp_path / "results.json").stat().st_mtime_ns
    monkeypatch.setenv("WORLD_SIZE", "2")
    capsys.readouterr()
    for rank, told in (
        ("0", f"{tmp_path / 'results.json'} is finished. To make it anew, leave --resume out.\n"),
        ("1", ""),
    ):
        monkeypatch.setenv("RANK", rank)
        assert segment(weights, tmp_path, *videos, "--resume") == 0
        assert capsys.readouterr().out == told
    assert (tmp_path / "results.json").stat().st_mtime_ns == before and not (tmp_path / "parts").exists()
    assert segment(weights, tmp_path, *videos, "--resume", "--max-frames", 2) == 1
    assert "--resume goes on with the same settings, max-frames was None, got 2" in capsys.readouterr().err


def test_a_rank_whose_videos_were_done_before_tells_no_speed(weights, videos, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    told = {}
    for rank in "1", "0", "1", "0":
        monkeypatch.setenv("RANK", rank)
        assert segment(weights, tmp_path, *videos[:2]) == 0
        told.setdefault(rank, []).append(capsys.readouterr().out)
    assert told["1"][0].startswith("rank 1 of 2: 1 video, 4 frames, ") and told["1"][1] == ""
    assert told["0"][0].startswith("rank 0 of 2: 1 video, 3 frames, ")
    assert told["0"][1].splitlines()[:2] == [
        "rank 0 of 2: its videos were done before",
        str(tmp_path / "results.json"),
    ]


def test_what_the_packaged_weights_know_is_told_by_one_rank_as_by_one_process(
    weights, videos, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("simvtr.model.weights.packaged", lambda: [weights])
    note = f"note: {weights} knows eight synthetic shapes, not natural video; train it on yours\n"
    told = []
    for rank, count in (("1", "2"), ("0", "2"), ("0", "1")):
        monkeypatch.setenv("RANK", rank)
        monkeypatch.setenv("WORLD_SIZE", count)
        assert segment(weights, tmp_path / count, *videos[:2]) == 0
        told.append(capsys.readouterr().err.count(note))
    assert told == [0, 1, 1]


def test_other_settings_have_other_parts(tmp_path):
    assert parts_of(tmp_path, {"keep": 0.1}) == parts_of(tmp_path, {"keep": 0.1})
    assert parts_of(tmp_path, {"keep": 0.1}) != parts_of(tmp_path, {"keep": 0.2})
