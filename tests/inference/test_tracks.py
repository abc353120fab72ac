"""What frames add up to: score, category and entries of a track, from votes and masks by hand."""

import numpy as np
import pytest

from simvtr.inference import FrameResult, FrameTrack, TrackBuilder, Vote


def test_a_track_with_doubtful_masks_has_a_lower_score_by_their_area():
    builder, mask = TrackBuilder(), np.ones((2, 2), bool)
    small = np.array([[True, False], [False, False]])
    builder.add(FrameResult(0, [FrameTrack(0, 7, "", 0.8, mask, 0.5)], {0: Vote({7: 0.8})}))
    builder.add(FrameResult(1, [FrameTrack(0, 7, "", 0.8, small, 1.0)], {0: Vote({7: 0.8})}))
    assert builder.tracks()[0].score == pytest.approx(0.8 * (4 * 0.5 + 1 * 1.0) / 5)


def test_a_tie_of_categories_goes_to_the_smaller_id():
    builder = TrackBuilder()
    mask = np.ones((2, 2), bool)
    for index, category in enumerate((7, 3)):
        builder.add(FrameResult(index, [FrameTrack(0, category, "", 0.5, mask)], {0: Vote({category: 0.5})}))
    assert builder.tracks()[0].category_id == 3


def test_an_interrupted_video_is_filled_with_null_and_a_shorter_one_is_refused():
    builder = TrackBuilder()
    builder.add(FrameResult(1, [FrameTrack(0, 7, "", 0.5, np.ones((2, 2), bool))], {0: Vote({7: 0.5})}))
    (track,) = builder.tracks(length=4)
    assert [s is not None for s in track.segmentations] == [False, True, False, False]
    with pytest.raises(ValueError, match="length must be at least the 2 frames added, got 1"):
        builder.tracks(length=1)


def test_a_track_of_a_short_clip_is_counted_as_it_would_score_without_doubt():
    builder, mask = TrackBuilder(), np.ones((2, 2), bool)
    for index in range(5):
        builder.add(FrameResult(index, [FrameTrack(0, 7, "", 0.75, mask)], {0: Vote({7: 0.75})}, doubt=20))
    assert builder.tracks()[0].score == pytest.approx(5 * 0.75 / 25)
    assert (builder.undoubted(0.75), builder.undoubted(0.76)) == (1, 0)


@pytest.mark.parametrize(
    ("given", "came"), [([], "list"), (None, "None"), (np.ones((2, 2), bool), "ndarray bool (2, 2)")]
)
def test_what_is_no_frame_is_refused_with_what_to_give(given, came):
    with pytest.raises(TypeError) as error:
        TrackBuilder().add(given)
    assert f"must be simvtr.FrameResult, got {came}. Give what Predictor.stream or simvtr.link yields" in str(
        error.value
    )
