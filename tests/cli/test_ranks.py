"""Videos spread over processes: the same bytes as from one, nothing done twice, a killed rank started again."""

import os
import subprocess
import sys
import time

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


def start(rank, weights, out, videos, count=2):
    """One process of `count`, as torchrun would start it; one thread each, as their number changes last digits."""
    command = ["-m", "simvtr", "segment", *map(str, videos), "--weights", weights, "-o", str(out), "--device", "cpu"]
    environment = {**os.environ, "RANK": str(rank), "WORLD_SIZE": str(count), "LOCAL_RANK": str(rank)}
    environment["OMP_NUM_THREADS"] = "1"
    return subprocess.Popen([sys.executable, *command], env=environment, stdout=subprocess.PIPE, text=True)


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


def test_two_processes_write_what_one_writes_even_if_one_was_killed(weights, videos, tmp_path):
    assert start(0, weights, tmp_path / "one", videos, count=1).wait(120) == 0
    out = tmp_path / "two"
    alone = start(0, weights, out, videos)  # videos 1 and 3, then it waits for the second
    deadline = time.monotonic() + 120
    while len(list(out.rglob("parts/*/[0-9].json"))) < 2 and time.monotonic() < deadline:
        assert alone.poll() is None
        time.sleep(0.05)
    assert not (out / "results.json").exists()
    alone.kill()
    alone.wait()
    done = {path: path.stat().st_mtime_ns for path in out.rglob("[0-9].json")}
    assert sorted(path.name for path in done) == ["1.json", "3.json"]
    both = [start(rank, weights, out, videos) for rank in (0, 1)]
    assert [process.wait(120) for process in both] == [0, 0]
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
        share(clips, tmp_path, tmp_path / "results.json", make, lambda: pytest.fail("nothing is missing"))
        assert sorted(asked) == ([2, 4] if rank == "1" else [1, 2, 3, 4, 5])
    assert set(asked.values()) == {1}
    assert (tmp_path / "results.json").read_bytes() == b"[\n]\n"


def test_other_settings_have_other_parts(tmp_path):
    assert parts_of(tmp_path, {"keep": 0.1}) == parts_of(tmp_path, {"keep": 0.1})
    assert parts_of(tmp_path, {"keep": 0.1}) != parts_of(tmp_path, {"keep": 0.2})
