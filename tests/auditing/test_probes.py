from dataclasses import replace

import pytest

from simvtr.auditing import relinked
from simvtr.evaluation import evaluate
from tests.auditing.drawn import attacked, drawn, drawn_all
from tests.evaluation.tiny import truth

KINDS = {1: "fish", 2: "crab"}


def linked(how, *drawings):
    return [(text, category) for text, category, _ in drawn_all(relinked(truth({1: list(drawings)}, KINDS), how)[1])]


def test_overlap_follows_what_moves_little_whatever_its_category():
    assert linked("overlap", "##.. .##. ..##", "2: ...# - -") == [("##.. .##. ..##", 1), ("...# - -", 2)]


def test_without_overlap_a_track_ends_and_another_begins():
    assert linked("overlap", "#... ...# ...#") == [("#... - -", 1), ("- ...# ...#", 1)]


def test_a_track_that_vanished_comes_back_as_another():
    assert linked("overlap", "#... - #...") == [("#... - -", 1), ("- - #...", 1)]


def test_where_objects_change_places_overlap_changes_identities():
    # the fish jumps to the right and the crab to the left: each overlaps only what the other was
    assert linked("overlap", "##.. ..##", "2: ..## ##..") == [("##.. ##..", 1), ("..## ..##", 2)]


def test_links_are_assigned_one_to_one_with_the_highest_sum():
    # ##.. overlaps ###. by 2/3 and #... by 1/2, ..## overlaps ###. by 1/4: 1/2 + 1/4 is more than 2/3 + 0
    assert linked("overlap", "##.. ###.", "..## #...") == [("##.. #...", 1), ("..## ###.", 1)]


def test_slots_go_from_left_to_right_among_the_objects_seen():
    # the fish is gone in the second frame: the crab is first now
    assert linked("slot", "#... - #...", "2: ...# ...# ...#") == [("#... ...# #...", 1), ("...# - ...#", 2)]
    # they change sides
    assert linked("slot", "#... ...#", "2: ...# #...") == [("#... #...", 1), ("...# ...#", 2)]


@pytest.mark.parametrize("how", ["slot", "overlap"])
def test_these_links_do_not_hang_on_the_order_of_the_file(how):
    drawings = ["##.. .#.. ##.. ..##", "...# ...# ..## #..."]
    assert {text for text, _ in linked(how, *drawings)} == {text for text, _ in linked(how, *drawings[::-1])}


def test_the_category_of_a_slot_is_that_of_most_of_its_frames():
    assert linked("slot", "#... - -", "2: - ...# ...#") == [("#... ...# ...#", 2)]


def test_by_class_objects_of_other_categories_do_not_disturb():
    assert linked("class", "#... - #...", "2: ...# ...# ...#") == [("#... - #...", 1), ("...# ...# ...#", 2)]


def test_by_class_the_only_one_of_a_category_that_is_seen_takes_the_first_place():
    (first, _), (second, _) = linked("class", "#... - #...", "...# ...# ...#")
    assert sorted(first.split()[i] + second.split()[i] for i in (0, 2)) in (
        [a, b] for a in ("#......#", "...##...") for b in ("#......#", "...##...")
    )
    assert {first.split()[1], second.split()[1]} == {"...#", "-"}


def test_by_class_the_order_of_the_file_tells_no_identity():
    # two fish that never move, in every frame in the same order: which is which is drawn anew in each of 40 frames
    still = truth({1: [" ".join(["##.."] * 40), " ".join(["..##"] * 40)]})
    swapped = [track for track in relinked(still, "class")[1] if len(set(drawn(track).split())) == 2]
    assert len(swapped) == 2
    assert all(10 <= drawn(track).split().count("##..") <= 30 for track in swapped)
    assert evaluate(still, relinked(still, "class")).stats["AP"] < 0.1


def test_by_class_draws_the_same_again_but_differently_in_each_video():
    line = " ".join(["##.."] * 40), " ".join(["..##"] * 40)
    true = truth({1: list(line), 2: list(line)})
    once, again = (drawn_all(relinked(true, "class")[1]) for _ in range(2))
    assert once == again
    assert once != drawn_all(relinked(true, "class")[2])


def test_objects_that_are_always_there_need_no_tracking():
    true = truth({1: ["##.. ##.. .##.", "2: ..## ..## ...#"], 2: ["#... #..."]}, KINDS)
    for how in ("overlap", "slot", "class"):
        assert evaluate(true, relinked(true, how)).stats["AP"] == pytest.approx(1)


def test_a_short_absence_costs_the_linked_truth_its_score():
    true = truth({1: ["#... - #... - #..."]})
    assert evaluate(true, relinked(true, "overlap")).stats["AP"] == 0  # three tracks of 1/3
    assert evaluate(true, relinked(true, "class")).stats["AP"] == pytest.approx(1)


def test_crowds_and_masks_without_pixels_are_left_out():
    true = truth({1: ["#... ....", "...# ...#"]})
    true = replace(true, tracks={1: [true.tracks[1][0], replace(true.tracks[1][1], crowd=True)]})
    assert [text for text, *_ in drawn_all(relinked(true, "slot")[1])] == ["#... -"]


def test_a_video_without_tracks_gives_none():
    assert relinked(replace(truth({1: ["#..."]}), tracks={}), "overlap") == {1: []}


def test_another_rule_is_refused():
    with pytest.raises(ValueError, match=r"how must be one of \('overlap', 'slot', 'class'\), got 'colour'"):
        relinked(truth({1: ["#..."]}), "colour")  # type: ignore[arg-type]


def test_the_truth_as_results_scores_1():
    true = truth({1: ["#... - ##..", "2: ...# ...# -"]}, KINDS)
    tracks = attacked("truth", true=true)
    assert drawn_all(tracks) == [("#... - ##..", 1, 1), ("...# ...# -", 2, 1)]
    assert tracks[0].segmentations[0] is true.tracks[1][0].segmentations[0]
    assert evaluate(true, {1: tracks}).stats["AP"] == pytest.approx(1)
