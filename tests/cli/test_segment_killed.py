"""`simvtr segment` killed at random moments: what it found can be read, and a resumed run ends as a calm one."""

import contextlib
import random
import time
from dataclasses import replace

import pytest

from simvtr.data.synth import SynthConfig, make_clip
from simvtr.data.video import write_video
from simvtr.errors import DataError
from simvtr.inference.journal import read_journal
from simvtr.model import load, save
from simvtr.rle import encode, from_json
from tests.cli.segmenting import names, results

FRAMES = 120  # two marks to go on from, and some frames behind each


@pytest.fixture
def clip(tmp_path):
    path, config = tmp_path / "clip.mp4", SynthConfig(width=80, height=48, frames=FRAMES, occlusion="heavy")
    with write_video(path, 25, (config.width, config.height)) as video:
        for frame in make_clip(config, 1).frames:
            video.add(frame)
    return path


@pytest.fixture
def small(tmp_path):
    """The packaged weights for small pictures: fast, and names enough."""
    model = load("simvtr-tiny")
    model.config = replace(model.config, short_side=48, long_side=80)
    return str(save(model, tmp_path / "weights"))


def masks_of(out):
    """What results.json says of each frame: identity -> mask."""
    found = [{} for _ in range(FRAMES)]
    for track in results(out):
        for i, mask in enumerate(track["segmentations"]):
            if mask:
                found[i][track["identity"]] = from_json(mask, where="here")
    return found


def frames_found(journal, known):
    """The number of frames in a journal, each of which says what the whole results say of it."""
    count = 0
    for video, result in read_journal(journal):
        assert (video, result.index) == (1, count)
        assert {track.identity: encode(track.mask) for track in result.tracks} == known[count]
        count += 1
    return count


def test_a_run_killed_at_random_moments_can_be_read_and_ends_with_the_bytes_of_an_undisturbed_one(
    starter, small, clip, tmp_path
):
    words = ["segment", str(clip), "--weights", small, "--window", "3", "--device", "cpu", "--no-overlay", "-o"]
    said, calm, hit = tmp_path / "said", tmp_path / "calm", tmp_path / "hit"
    began = time.monotonic()
    assert starter.start([*words, str(calm)], said).wait() == 0
    known, frame = masks_of(calm), (time.monotonic() - began) / FRAMES
    assert len({identity for masks in known for identity in masks}) > 10  # and so a state worth going on from

    journal, moment, codes, reached = hit / "results.partial.jsonl", random.Random(6), [], []
    for share in (None, 0, 0.5, 0.95):  # of the frames; None: at once; then some time more, in whatever it does
        process = starter.start([*words, str(hit), "--resume"], said)
        while share is not None and not (hit / "results.json").exists():
            if journal.exists() and journal.read_bytes().count(b'{"video": 1, "frame": ') >= share * FRAMES:
                break
            time.sleep(0.01)
        time.sleep(moment.uniform(0, 8) * frame)
        with contextlib.suppress(FileNotFoundError):  # it is finished
            frames_found(journal, known)  # while it is written
        process.kill()
        codes.append(process.wait())
        if journal.exists():
            reached.append(frames_found(journal, known))
    assert codes.count(-9) >= 2 and len(reached) >= 2, codes  # on a busy machine the last ones may come too late

    assert starter.start([*words, str(hit), "--resume"], said).wait() == 0, said.read_text()
    assert names(hit) == ["results.json"]
    assert (hit / "results.json").read_bytes() == (calm / "results.json").read_bytes()


def test_a_file_that_is_no_journal_is_named(tmp_path):
    (tmp_path / "j").write_text("[]\n")
    with pytest.raises(DataError, match=r"its first line must be the settings of a run\. Name a results\.partial"):
        list(read_journal(tmp_path / "j"))
