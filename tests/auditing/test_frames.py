import pytest

from tests.auditing.drawn import after
from tests.evaluation.tiny import found

FOUR = "#... ##.. ###. ####"


def test_a_short_list_holds_the_first_frames_alone():
    assert after("first-2-short", found(FOUR, 0.9)) == ["#... ##.."]


def test_a_padded_list_says_null_where_the_short_one_says_nothing():
    assert after("first-2-padded", found(FOUR, 0.9)) == ["#... ##.. - -"]


@pytest.mark.parametrize("slug", ["first-5-short", "first-5-padded"])
def test_a_video_that_is_no_longer_than_the_first_frames_stays(slug):
    assert after(slug, found(FOUR, 0.9)) == [FOUR]


def test_padding_fills_lists_that_were_short_before():
    assert after("first-2-padded", found("#... ##.. ###.", 0.9), length=5) == ["#... ##.. - - -"]


def test_the_first_mask_is_held_in_all_frames_of_the_video():
    assert after("one-mask", found("- ##.. - #...", 0.9)) == ["##.. ##.. ##.. ##.."]


def test_a_track_without_a_mask_has_none_to_hold():
    assert after("one-mask", found("- - -", 0.9)) == ["- - -"]


def test_every_second_frame_is_held_until_the_next():
    assert after("every-2-held", found("#... ##.. - ####", 0.9)) == ["#... #... - -"]


def test_every_second_frame_stays_and_the_others_are_dropped():
    assert after("every-2-dropped", found("#... ##.. ###. ####", 0.9)) == ["#... - ###. -"]


def test_every_fifth_frame_is_counted_from_the_first():
    assert after("every-5-held", found("#... .... .... .... .... ##.. ....", 0.9)) == [
        "#... #... #... #... #... ##.. ##.."
    ]


def test_shuffled_frames_are_the_same_frames_in_one_order_for_all_tracks():
    frames = "#... .#.. ..#. ...# ##.. .##. ..##"
    first, second = after("shuffled", found(frames, 0.9), found(frames, 0.1), seed=1)
    assert first == second != frames
    assert sorted(first.split()) == sorted(frames.split())


def test_flicker_takes_a_quarter_of_the_masks():
    before = "#... ##.. - ###. - ####"
    (once,) = after("flicker-25", found(before, 0.9))  # 1 of 4 masks
    changed = [new for new, old in zip(once.split(" "), before.split(" "), strict=True) if new != old]
    assert changed == ["-"]


def test_flicker_rounds_to_the_nearest_mask_half_upwards():
    for masks, lost in ((4, 0), (5, 1), (14, 1), (15, 2)):  # 10 %
        (once,) = after("flicker-10", found(" ".join(["#..."] * masks), 0.9))
        assert once.split().count("-") == lost
