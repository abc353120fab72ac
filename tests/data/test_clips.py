"""Every frame is an anchor once per epoch, and a step is a pure function of seed and number."""

from collections import Counter

import numpy as np
import pytest
import torch

from simvtr.config import AugmentConfig, Stage
from simvtr.data.clips import Batches, BatchPlan, steps_of_epochs, window
from simvtr.data.dataset import Clip

VIDEOS = [("long", 10), ("short", 2), ("one", 1)]  # 13 anchors


@pytest.mark.parametrize(
    ("anchor", "t", "length", "wrap", "frames"),
    [
        (9, 4, 10, False, (6, 7, 8, 9)),
        (9, 4, 10, True, (6, 7, 8, 9)),
        (0, 4, 10, False, (0, 1, 2, 3)),
        (0, 4, 10, True, (7, 8, 9, 0)),
        (2, 4, 10, False, (0, 1, 2, 3)),
        (2, 4, 10, True, (9, 0, 1, 2)),
        (0, 1, 10, False, (0,)),
        (1, 5, 3, False, (0, 0, 0, 1, 2)),
        (1, 5, 3, True, (0, 1, 2, 0, 1)),
        (0, 3, 1, False, (0, 0, 0)),
    ],
)
def test_windows_end_at_their_anchor_or_are_shifted_or_wrapped(anchor, t, length, wrap, frames):
    assert window(anchor, t, length, wrap) == frames


def test_an_anchor_outside_its_video_is_refused():
    with pytest.raises(ValueError, match=r"an anchor in 0\.\.9, got t = 2, anchor 10"):
        window(10, 2, 10)


def test_weights_are_shares_of_the_clips_and_frames_take_turns():
    # 12 anchors a round: a quarter are 3 of the first set's 10 frames, the rest 4 rounds and 1 of the other's 2
    plan = BatchPlan(
        [("a", 6), ("b", 4), ("c", 2)], [Stage(frames=(1,), clips=12)], 5, seed=2, shares=[(2, 1.0), (1, 3.0)]
    )
    assert plan.anchors == 12
    for step in range(5):
        seen = Counter((clip.video, clip.frames[0]) for clip in plan[step])
        assert sum(count for (video, _), count in seen.items() if video in "ab") == 3
        assert max(count for (video, _), count in seen.items() if video in "ab") == 1
        assert sorted(count for (video, _), count in seen.items() if video == "c") == [4, 5]
    assert plan[1] != plan[2]


def test_every_frame_is_an_anchor_once_per_epoch_whatever_the_batch():
    # single frames, so that the window is the anchor; 3 clips a step do not divide 13 anchors
    plan = BatchPlan(VIDEOS, [Stage(frames=(1,), clips=3)], steps=13, seed=1)  # 39 clips: 3 epochs
    seen = [(clip.video, clip.frames[0]) for step in range(13) for clip in plan[step]]
    everything = {(video, frame): 1 for video, length in VIDEOS for frame in range(length)}
    for epoch in range(3):
        assert Counter(seen[13 * epoch : 13 * epoch + 13]) == everything
    assert seen[:13] != seen[13:26]


def test_anchors_go_on_across_stages():
    stages = [Stage(share=0.5, frames=(1,), clips=2), Stage(share=0.5, frames=(1,), clips=1)]
    plan = BatchPlan([("a", 9)], stages, steps=6, seed=3)  # 3 x 2 + 3 x 1 = 9 clips
    assert sorted(clip.frames[0] for step in range(6) for clip in plan[step]) == list(range(9))
    assert [plan.stage(step) for step in range(6)] == [0, 0, 0, 1, 1, 1]


def test_a_step_does_not_depend_on_the_steps_before_it():
    stages = [Stage(share=0.3, frames=(1,), clips=4), Stage(share=0.7, frames=(2, 4), clips=3)]
    forward, backward = (BatchPlan(VIDEOS, stages, steps=40, seed=25) for _ in range(2))
    in_order = [forward[step] for step in range(40)]
    assert in_order == [backward[step] for step in reversed(range(40))][::-1]
    assert in_order != [BatchPlan(VIDEOS, stages, steps=40, seed=26)[step] for step in range(40)]


def test_one_batch_has_one_clip_length_drawn_from_its_stage():
    stages = [Stage(share=0.25, frames=(1,), clips=8), Stage(share=0.75, frames=(2, 4, 8), clips=3)]
    plan = BatchPlan(VIDEOS, stages, steps=40, seed=0)
    lengths = [{len(clip.frames) for clip in plan[step]} for step in range(40)]
    assert all(len(kinds) == 1 for kinds in lengths)
    assert lengths[:10] == [{1}] * 10
    assert set.union(*lengths[10:]) == {2, 4, 8}
    assert {len(plan[step]) for step in range(10)} == {8}
    assert {len(plan[step]) for step in range(10, 40)} == {3}


def test_every_clip_has_its_own_augmentation_seed():
    plan = BatchPlan(VIDEOS, [Stage(frames=(1,), clips=4)], steps=20, seed=0)
    assert len({clip.seed for step in range(20) for clip in plan[step]}) == 80


def test_steps_outside_the_training_are_refused():
    plan = BatchPlan(VIDEOS, [Stage()], steps=5, seed=0)
    with pytest.raises(IndexError, match=r"step must lie in 0\.\.4, got 5"):
        plan[5]


def test_a_training_without_frames_is_refused():
    with pytest.raises(ValueError, match="at least 1 step and 1 frame, got 5 and 0"):
        BatchPlan([], [Stage()], steps=5, seed=0)


def test_steps_of_epochs_count_every_anchor():
    assert steps_of_epochs(VIDEOS, [Stage(clips=1)], 18) == 18 * 13
    assert steps_of_epochs(VIDEOS, [Stage(clips=4)], 1) == 4  # 13 / 4, rounded up


class Numbered:
    """A data set whose pixels say which frame they are."""

    videos = ((7, 6), (9, 5))

    def clip(self, key, frames):
        pictures = np.stack([np.full((8, 8, 3), 10 * key + frame, np.uint8) for frame in frames])
        return Clip(pictures, np.ones((1, len(frames), 8, 8), bool), np.array([0]))


def test_batches_are_the_same_from_any_step_and_any_process():
    config = AugmentConfig(crop_resize=(8,), crop_size=(4, 8), short_sides=(8,), long_side=16)
    batches = Batches(Numbered(), BatchPlan(Numbered.videos, [Stage(frames=(2,), clips=2)], steps=6, seed=4), config)
    alone = [batches[step].frames for step in range(6)]
    loader = torch.utils.data.DataLoader(batches, batch_size=None, sampler=range(2, 6), num_workers=1)
    for here, there in zip(alone[2:], loader, strict=True):
        assert torch.equal(here, there.frames)


def test_objects_of_other_clips_are_pasted_as_often_as_asked_for():
    plan = BatchPlan(Numbered.videos, [Stage(frames=(2,), clips=4)], steps=20, seed=4)

    def pictures(chance: float) -> list[list[float]]:
        config = AugmentConfig(flip=0, photometric=0, crop=0, short_sides=(), paste=chance)
        batches = Batches(Numbered(), plan, config)
        assert torch.equal(batches[3].frames, batches[3].frames)
        return [clip[:, 0, 0, 0].tolist() for step in range(20) for clip in batches[step].frames]

    # a pasted object covers everything: another picture is seen, unless the clip drew itself
    changed = {p: sum(a != b for a, b in zip(pictures(0), pictures(p), strict=True)) for p in (0.0, 0.5, 1.0)}
    assert changed[0.0] == 0
    assert 20 < changed[0.5] < 50 < 60 < changed[1.0]  # of 80
