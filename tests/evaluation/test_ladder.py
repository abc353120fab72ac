"""Each step of the oracle, on videos of a few pixels."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simvtr.errors import DataError
from simvtr.evaluation import evaluate
from simvtr.evaluation.ladder import STEPS, oracle_ladder
from simvtr.schema import Track
from tests.evaluation import tiny
from tests.evaluation.test_weighted import drawn_pair

TWO = {1: "fish", 2: "shark"}


def ladder(true: list[str], *found: tuple[str, float, int]) -> list[float]:
    """AP after each step."""
    steps = oracle_ladder(tiny.truth({1: true}, TWO), {1: [tiny.found(*f) for f in found]})
    assert tuple(step.name for step in steps) == STEPS
    return [round(step.AP, 6) for step in steps]


def test_swapped_identities_are_all_that_was_wrong():
    # each found track has half of either fish: IoU 4/12
    true = ["##.. ##.. ##.. ##..", "..## ..## ..## ..##"]
    steps = ladder(true, ("##.. ##.. ..## ..##", 0.9, 1), ("..## ..## ##.. ##..", 0.8, 1))
    assert steps == [0, 1, 1, 1, 1]


def test_pieces_are_joined_and_take_score_and_class_of_the_largest():
    # together 5 px of 7, hits at 0.50 to 0.70; the second piece passes on its class, the wrong one
    assert ladder(["#... ##.. ##.. ##.."], ("#... - - -", 0.9, 1), ("- ##.. ##.. -", 0.5, 2)) == [0, 0, 0.5, 1, 1]


def test_one_found_track_on_two_objects_becomes_two():
    steps = ladder(["##.. ##.. - -", "- - ..## ..##"], ("##.. ##.. ..## ..##", 0.9, 1))
    assert steps[0] == pytest.approx(0.1 * 51 / 101, abs=1e-6)  # IoU 1/2 with the later one
    assert steps[1:] == [1, 1, 1, 1]


def test_a_wrong_class_costs_until_the_second_step():
    assert ladder(["##.. ##.."], ("##.. ##..", 0.9, 2)) == [0, 0, 1, 1, 1]


def test_poor_masks_cost_until_the_third_step():
    # 6 px of 8: a hit at 0.50 to 0.75, six thresholds of ten
    assert ladder(["#### ####"], ("###. ###.", 0.9, 1)) == [0.6, 0.6, 0.6, 1, 1]


def test_a_false_track_costs_until_the_last_step():
    assert ladder(["##.. ##.."], ("..## ..##", 0.9, 1), ("##.. ##..", 0.8, 1)) == [0.5, 0.5, 0.5, 0.5, 1]


def test_a_missed_object_stays_missed():
    steps = oracle_ladder(tiny.truth({1: ["##..", "..##"]}), {1: [tiny.found("##..", 0.9)]})
    assert [step.AP for step in steps] == pytest.approx([51 / 101] * 5)
    assert steps.table().splitlines()[-1].split() == ["missed", "49.50"]


def test_an_heir_keeps_a_mask_where_nothing_is_true():
    """Nothing of it is an identity error: IoU 2/4 before and after, until the masks are repaired."""
    assert ladder(["##.. -"], ("##.. ##..", 0.9, 1)) == [0.1, 0.1, 0.1, 1, 1]


def test_an_heir_hands_its_mask_to_the_track_whose_mask_was_taken():
    """The better mask of each frame goes to the heir, the worse one to the duplicate, which stays one false track."""
    steps = ladder(
        ["####.... ####....", "....#### ....####"], ("####.... ##......", 0.9, 1), ("###..... ###.....", 0.8, 1)
    )
    # first fish: 6 of 8 before, 7 of 8 after; hits at six thresholds, then at eight, of one fish in two
    assert steps[:3] == pytest.approx([0.6 * 51 / 101, 0.8 * 51 / 101, 0.8 * 51 / 101], abs=1e-6)


def test_the_heir_is_the_match_of_ap50_not_the_best_mask():
    """Of two sharp tracks the one that AP counts as the hit passes on its score: nothing changes for a fish."""
    steps = ladder(["####"], ("####", 0.5, 2), ("###.", 0.4, 1))
    assert steps[0] == 0.6  # the second is of the right class, 3 px of 4
    assert steps[1] == 1  # and gets the better mask


def test_the_first_step_may_fall():
    """Frame 2: 2 of 10 px against 10 of 40, IoU 0.2 and 0.25. The oracle takes the second; the track loses by it.

    IoU of the track: 22/30 before, a hit at five thresholds; 30/60 after, a hit at one.
    """
    true = "#" * 20 + "." * 20 + " " + "#" * 10 + "." * 30
    first = "#" * 20 + "." * 20 + " " + "##" + "." * 38
    assert ladder([true], (first, 0.9, 1), ("- " + "#" * 40, 0.8, 1))[:2] == [0.5, 0.1]


def test_masks_that_hardly_meet_are_not_relinked():
    # 1 px of 10 is IoU 0.1, not above it; 2 of 10 is
    assert ladder(["#" * 10], ("#" + "." * 9, 0.9, 1)) == [0, 0, 0, 0, 0]
    assert ladder(["#" * 10], ("##" + "." * 8, 0.9, 1)) == [0, 0, 0, 1, 1]


def test_an_accidental_touch_makes_no_track():
    """A found fish brushes another in one frame of five: 2 px of 20. It is no second fish, the other one is missed."""
    true = ["####.... " * 4 + "-", "....#### " * 5]
    assert (
        ladder(true, ("####.... " * 4 + "....##..", 0.9, 1))[1:]
        == [pytest.approx(0.8 * 51 / 101, abs=1e-6)] * 2 + [pytest.approx(51 / 101, abs=1e-6)] * 2
    )


def test_crowds_take_no_part():
    truth = tiny.truth({1: ["##.. ##..", "..## ..##"]})
    truth.tracks[1][1] = replace(truth.tracks[1][1], crowd=True)
    found = [tiny.found("##.. ##..", 0.5), tiny.found("..## ..##", 0.9), tiny.found("..## ..##", 0.8)]
    assert [step.AP for step in oracle_ladder(truth, {1: found})] == pytest.approx([1] * 5)


def test_found_tracks_of_another_length_are_refused():
    with pytest.raises(DataError, match="one mask or null for each of 2 frames, got 1"):
        ladder(["##.. ##.."], ("##..", 0.9, 1))


def test_without_truth_nothing_is_defined():
    steps = oracle_ladder(tiny.truth({1: ["2: ##.."]}, TWO), {})
    assert [step.AP for step in steps] == [0] * 5
    truth = tiny.truth({1: ["##.."]})
    truth.tracks[1].clear()
    assert [step.AP for step in oracle_ladder(truth, {})] == [-1] * 5
    steps = oracle_ladder(truth, {1: [tiny.found("##..", 0.9)]})
    assert [step.as_dict() for step in steps] == [{"name": n, "AP": -1, "AP50": -1, "AP75": -1} for n in STEPS]
    assert steps.table().splitlines()[1].split() == ["as", "found", "-", "-", "-"]


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_the_ladder_starts_at_the_figures_and_ends_without_false_tracks(seed: int):
    truth, found = drawn_pair(seed)
    steps = oracle_ladder(truth, found)
    stats = evaluate(truth, found).stats
    assert [stats["AP"], stats["AP50"], stats["AP75"]] == [steps[0].AP, steps[0].AP50, steps[0].AP75]
    assert pytest.approx(steps[4].AP50) == steps[4].AP


@settings(max_examples=12, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["##", "#.", ".#", ".."]), min_size=3, max_size=3), min_size=1, max_size=4))
def test_without_identity_errors_the_first_step_changes_nothing(drawn: list[list[str]]):
    """Objects in columns of their own, one found track in each, equal scores."""
    width = 2 * len(drawn)
    place = [("." * 2 * i, "." * (width - 2 * i - 2)) for i in range(len(drawn))]
    truth = tiny.truth({1: [f"{a}##{b} {a}##{b} {a}#.{b}" for a, b in place]}, TWO)
    words = [" ".join(a + word + b for word in words) for words, (a, b) in zip(drawn, place, strict=True)]
    found: list[Track] = [tiny.found(text, 0.5, 1 + i % 2) for i, text in enumerate(words)]
    steps = oracle_ladder(truth, {1: found})
    assert replace(steps[0], name="identities") == steps[1]
