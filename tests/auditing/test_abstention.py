from simvtr.auditing.abstention import STUB
from simvtr.evaluation import evaluate
from simvtr.rle import to_json
from tests.auditing.drawn import after, attacked, video
from tests.evaluation.tiny import found, only, truth


def test_the_stub_is_one_pixel_of_background():
    assert to_json(STUB) == {"size": [1, 1], "counts": "1"}


def test_all_but_the_frame_of_median_area_abstain():
    assert after("abstain-median", found("#... ###. ##.. -", 0.9)) == ["x x ##.. x"]  # areas 1, 3, 2


def test_of_an_even_number_of_frames_the_lower_median_stays_and_of_equal_areas_the_first():
    assert after("abstain-median", found("##.. #... ###. ####", 0.9)) == ["##.. x x x"]  # 1, 2, 3, 4
    assert after("abstain-median", found("##.. .##. ..##", 0.9)) == ["x .##. x"]  # the second of three


def test_a_short_list_abstains_over_the_whole_video():
    assert after("abstain-median", found("##..", 0.9), length=3) == ["##.. x x"]


def test_a_track_without_pixels_has_no_median():
    assert after("abstain-median", found("- - .... -", 0.9)) == ["- - .... -"]


def test_a_jump_is_a_frame_that_differs_from_the_one_before_by_more_than_a_quarter():
    # areas 4, 3 (4 > 1.25 · 3), 3, none (a jump to 0), none, 3 (a jump from 0), 3
    assert after("abstain-jumps", found("#### ###. .### - - ###. ###.", 0.9)) == ["#### x .### x - x ###."]


def test_a_quarter_more_is_no_jump_yet():
    assert after("abstain-jumps", found("####. ##### ####.", 0.9)) == ["####. ##### ####."]  # 5 = 1.25 · 4


def test_a_frame_is_compared_with_what_was_found_before_not_with_the_abstention():
    assert after("abstain-jumps", found("#### #... #...", 0.9)) == ["#### x #..."]


def test_the_first_frame_and_an_empty_list_never_jump():
    assert after("abstain-jumps", found("#...", 0.9)) == ["#..."]
    assert after("abstain-jumps", found("", 0.9), length=1) == [""]


def test_the_oracle_abstains_where_the_best_true_track_is_missed():
    true = truth({1: ["##.. ##.. ##.. - -", "...# ...# ...# ...# -"]})
    # the first true track is the best: IoU in each frame 1, 1/2 (stays), 0, none is true, neither
    assert after("abstain-bad", found("##.. #... ..## #... -", 0.9), true=true) == ["##.. #... x x -"]
    assert after("abstain-bad", found("##.. - ##.. - -", 0.9), true=true) == ["##.. x ##.. - -"]  # missed: abstain


def test_the_oracle_looks_at_the_tracks_of_the_category_that_are_no_crowd():
    true = truth({1: ["##.. ##..", "2: ##.. ##.."]}, {1: "fish", 2: "crab", 3: "owl"})
    first, other = after("abstain-bad", found("##.. ..##", 0.9, 1), found("##.. ..##", 0.9, 3), true=true)
    assert (first, other) == ("##.. x", "##.. ..##")


def test_a_track_that_overlaps_nothing_stays():
    true = truth({1: ["##.. ##.."]})
    assert after("abstain-bad", found("..## ..##", 0.9), true=true) == ["..## ..##"]


def test_without_a_true_track_the_oracle_changes_nothing():
    assert after("abstain-bad", found("##.. ..##", 0.9), true=video(2)) == ["##.. ..##"]


def test_under_the_reference_an_abstention_takes_the_frame_out_of_the_overlap():
    true = truth({1: ["##.. ##.. ##.."]})
    bad = found("##.. ...# ##..", 0.9)
    assert only(evaluate(true, {1: [bad]})).iou == 4 / 7  # 2 + 0 + 2 of 2 + 3 + 2
    tracks = attacked("abstain-bad", bad, true=true)
    assert only(evaluate(true, {1: tracks}, "ytvos")).iou == 1  # 2 + 2 of 2 + 2
