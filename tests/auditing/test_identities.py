from simvtr.auditing.identities import pairs
from tests.auditing.drawn import after, attacked, drawn_all
from tests.evaluation.tiny import found


def test_the_last_half_of_two_tracks_is_exchanged():
    assert after("swap-50", found("#... #... #... #...", 0.9), found("...# ...# ...# ...#", 0.8)) == [
        "#... #... ...# ...#",
        "...# ...# #... #...",
    ]


def test_a_share_of_the_frames_is_rounded_up():
    tracks = found("#... #... #...", 0.9), found("...# ...# ...#", 0.8)
    for slug in ("swap-10", "swap-25"):  # 0.3 and 0.75 frames
        assert after(slug, *tracks) == ["#... #... ...#", "...# ...# #..."]
    assert after("swap-50", *tracks) == ["#... ...# ...#", "...# #... #..."]  # 1.5 frames


def test_scores_and_categories_stay_where_they_are():
    swapped = attacked("swap-50", found("#... #...", 0.9, 1), found("...# ...#", 0.8, 2))
    assert drawn_all(swapped) == [("#... ...#", 1, 0.9), ("...# #...", 2, 0.8)]


def test_tracks_of_one_category_are_paired_first_by_falling_score():
    tracks = [found("-", score, k) for score, k in ((0.1, 1), (0.9, 2), (0.8, 1), (0.7, 1), (0.6, 1), (0.5, 1))]
    assert pairs(tracks) == [(2, 3), (4, 5), (1, 0)]  # the last of category 1 and the only one of category 2


def test_a_single_track_has_no_partner():
    assert after("swap-50", found("#... ##..", 0.9)) == ["#... ##.."]
    assert pairs([found("-", 0.9), found("-", 0.8), found("-", 0.7)]) == [(0, 1)]


def test_lists_of_different_length_exchange_the_frames_they_share():
    assert after("swap-50", found("#... #... #... #...", 0.9), found("...# ...#", 0.8), length=4) == [
        "#... ...# #... #...",
        "...# #...",
    ]


def test_a_track_is_cut_in_two_of_the_same_score():
    pieces = attacked("cut-2", found("#... - ##.. ###. ####", 0.9, 2))  # four masks: two each
    assert drawn_all(pieces) == [("#... - ##.. - -", 2, 0.9), ("- - - ###. ####", 2, 0.9)]


def test_what_does_not_come_out_even_goes_to_the_first_pieces():
    assert after("cut-3", found("#... ##.. ###. ####", 0.9)) == [
        "#... ##.. - -",
        "- - ###. -",
        "- - - ####",
    ]


def test_a_track_has_no_more_pieces_than_masks():
    assert after("cut-3", found("- #... -", 0.9), found("- - -", 0.1)) == ["- #... -", "- - -"]
