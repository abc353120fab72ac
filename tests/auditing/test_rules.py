"""Each sentence of Findings appears when and only when it should: just above its threshold, not just below."""

import pytest

from simvtr.auditing.findings import findings
from simvtr.auditing.linter import Remark
from simvtr.auditing.thresholds import QUIET
from tests.auditing.hand_rows import EPSILON, KINDS, UNDER, honest, only, pair, row, said

# Each rule at its threshold: what is at stake of an honest AP of 0.5, by a little more and by a little less.


def test_a_short_list_is_told_where_the_readings_are_a_tenth_apart():
    # kept: 0.15 / 0.5 = 30 % against 0.0995 / 0.5 = 19.9 % (apart by 10.1) and 0.1005 / 0.5 = 20.1 % (by 9.9)
    (sentence,) = said(row("first-5-short", 0.0995, ytvos=0.15))
    assert sentence == f"Submitting only the first 5 frames keeps 30 % of AP {UNDER}; strict scoring keeps 20 % of AP."
    assert not said(row("first-5-short", 0.1005, ytvos=0.15))


def test_of_short_lists_the_fewest_frames_with_half_of_ap_between_the_readings_are_told():
    one, two, ten = (row(f"first-{k}-short", 0.0, ytvos=ap) for k, ap in ((1, 0.24), (2, 0.26), (10, 0.45)))
    finding = only(ten, two, one)
    assert (finding.row, finding.mechanism) == ("first-2-short", "docs/metric.md#short-lists")
    assert finding.severity == pytest.approx(0.26 / 0.5)
    assert only(row("first-1-short", 0.0, ytvos=0.26), two, ten).row == "first-1-short"


def test_of_short_lists_that_which_gains_most_is_told_too():
    one, two, ten = (row(f"first-{k}-short", 0.0, ytvos=ap) for k, ap in ((1, 0.4), (2, 0.6), (10, 0.55)))
    finding = only(one, two, ten)
    assert finding.sentence == (
        f"Submitting only the first frame keeps 80 % of AP {UNDER}; strict scoring keeps 0 % of AP."
        f" The first 2 frames even raise AP by 20 % {UNDER}."
    )
    assert (finding.row, finding.severity) == ("first-1-short", 1)
    # already the fewest frames gain
    assert only(row("first-1-short", 0.0, ytvos=0.52), two).sentence.endswith(f" 2 frames raise AP by 20 % {UNDER}.")
    # a hundredth more is told, less is not
    assert "2 frames even" in only(one, row("first-2-short", 0.0, ytvos=0.505 + EPSILON)).sentence
    assert "2 frames" not in only(one, row("first-2-short", 0.0, ytvos=0.505 - EPSILON)).sentence


@pytest.mark.parametrize("before", [0.0, 0.0099])
def test_a_gain_from_nothing_is_told_in_points(before):
    zero = honest(before)
    after = before + 0.01 + EPSILON
    first = "Submitting only the first frame"
    (sentence,) = said(row("first-1-short", 0.0, ytvos=1.0), base=honest(0.0))
    assert sentence == f"{first} raises AP from 0.0 to 100.0 {UNDER}; strict AP is then 0.0."
    assert only(row("first-1-short", 0.0, ytvos=0.75), base=honest(0.0)).severity == 0.75
    others = ["abstain-median", "all-categories", "swap-25", "cut-2", "one-mask", "shuffled", "eroded", "rescaled"]
    for slug in ("first-1-short", *others):
        strict = 0.0 if slug in ("first-1-short", "abstain-median") else after
        (sentence,) = said(row(slug, strict, ytvos=after), base=zero)
        assert f"raises AP from {100 * before:.1f} to {100 * after:.1f}" in sentence
        assert not said(row(slug, min(strict, after - 2 * EPSILON), ytvos=after - 2 * EPSILON), base=zero)


def test_a_gain_from_nothing_under_both_readings_is_no_matter_of_short_lists():
    assert not said(row("first-1-short", 0.6, ytvos=0.6), base=honest(0.0))
    assert only(
        *(row(f"first-{k}-short", 0.0, ytvos=ap) for k, ap in ((1, 0.4), (2, 0.6), (5, 0.6))), base=honest(0.0)
    ).row == ("first-2-short")


def test_a_measure_below_a_hundredth_has_nothing_to_lose():
    lost = row("flicker-25", 0.2, DetA=0.0099)
    assert not said(lost, base=honest(DetA=0.0099))
    assert said(row("flicker-25", 0.2, DetA=0.0101), base=honest(DetA=0.0101))
    assert not said(row("flicker-25", 0.0, DetA=0.5), base=honest(0.0099, DetA=0.5))
    assert said(row("flicker-25", 0.0, DetA=0.5), base=honest(0.0101, DetA=0.5))


def test_where_no_gap_is_half_of_ap_the_widest_is_told():
    assert only(*(row(f"first-{k}-short", 0.0, ytvos=ap) for k, ap in ((1, 0.1), (2, 0.2)))).row == "first-2-short"


@pytest.mark.parametrize("slug", ["abstain-median", "abstain-jumps", "abstain-bad"])
def test_abstention_is_told_where_it_gains_a_hundredth_or_the_readings_are_a_tenth_apart(slug):
    assert "keeps 30 % of AP" in said(row(slug, 0.15 - 0.05 - EPSILON, ytvos=0.15))[0]
    assert not said(row(slug, 0.15 - 0.05 + EPSILON, ytvos=0.15))
    gained = only(row(slug, 0.5, ytvos=0.505 + EPSILON))
    assert gained.sentence.startswith("Putting masks of a wrong size ")
    assert gained.sentence.endswith(f" raises AP by 1.0 % {UNDER}, which skips those frames; strict AP stays as it is.")
    assert gained.severity == pytest.approx(0.0051 / 0.5051)  # of what AP then is
    assert not said(row(slug, 0.5, ytvos=0.505 - EPSILON))


def test_abstention_that_gains_more_is_never_below_that_which_gains_less():
    # 7 % with strict at a third is severer by the gap than 46 % with strict at 107 %
    rows = [row("abstain-jumps", 0.17, ytvos=0.535), row("abstain-bad", 0.535, ytvos=0.73)]
    more, less = sorted(findings(pair(*rows)), key=lambda finding: finding.row or "")
    assert (more.row, less.row) == ("abstain-bad", "abstain-jumps")
    assert more.severity == less.severity == pytest.approx((0.535 - 0.17) / 0.535)
    # of what keeps less than all, nothing is lifted
    rows = [row("abstain-jumps", 0.0, ytvos=0.4), row("abstain-bad", 0.35, ytvos=0.45)]
    assert {f.row: round(f.severity, 9) for f in findings(pair(*rows))} == {
        "abstain-jumps": 0.8,
        "abstain-bad": 0.2,
    }


@pytest.mark.parametrize("slug", ["duplicated", "all-categories", "free-category"])
def test_added_tracks_are_free_where_they_cost_less_than_a_hundredth(slug):
    assert only(row(slug, 0.495 + EPSILON)).sentence.endswith(" costs 1.0 % of AP.")
    assert not said(row(slug, 0.495 - EPSILON))
    free = only(row(slug, 0.5))
    assert free.sentence.startswith("Adding ") and free.sentence.endswith(" costs no AP.")
    assert free.severity == QUIET


def test_added_tracks_that_gain_are_as_severe_as_their_gain():
    gained = only(row("all-categories", 0.75))
    assert (
        gained.sentence
        == "Adding copies of every track in all other categories, scored below all tracks, raises AP by 50 %."
    )
    assert gained.severity == pytest.approx(1 / 3)  # 0.25 of 0.75
    assert said(row("all-categories", 0.505 - EPSILON)) == [
        "Adding copies of every track in all other categories, scored below all tracks, costs no AP."
    ]


def test_cut_tracks_are_told_where_ap_and_hota_are_a_tenth_apart():
    base = honest(HOTA=0.5)
    # AP keeps 12 %, HOTA 69 %: 57 apart
    finding = only(row("cut-2", 0.06, HOTA=0.345), row("cut-3", 0.05, HOTA=0.2), base=base)
    assert finding.sentence == "Cutting every track in 2 costs 88 % of AP but only 31 % of HOTA."
    assert finding.severity == pytest.approx(0.57)
    assert said(row("cut-3", 0.45, HOTA=0.4 - EPSILON), base=base)
    assert not said(row("cut-3", 0.45, HOTA=0.4 + EPSILON), base=base)


def test_swapped_tails_are_told_where_ap_and_idf1_are_a_tenth_apart():
    base = honest(IDF1=0.5)
    finding = only(row("swap-25", 0.4, IDF1=0.45 + EPSILON), row("swap-50", 0.35, IDF1=0.25), base=base)
    assert finding.sentence == "Swapping identities in the last 50 % of the frames costs 30 % of AP but 50 % of IDF1."
    assert said(row("swap-25", 0.4, IDF1=0.45 + EPSILON), base=base)
    assert not said(row("swap-25", 0.4, IDF1=0.45 - EPSILON), base=base)


def test_a_measure_that_gains_where_the_other_loses_is_said_to_rise():
    (sentence,) = said(row("cut-2", 0.25, HOTA=0.6), base=honest(HOTA=0.5))
    assert sentence == "Cutting every track in 2 costs 50 % of AP but raises HOTA by 20 %."


@pytest.mark.parametrize(
    ("slug", "does", "candidate"),
    [
        ("swap-25", "Swapping identities in the last 25 % of the frames", "identities are exchanged in the results"),
        ("cut-2", "Cutting every track in 2", "single tracks of the results follow several objects"),
    ],
)
def test_damage_to_identities_that_gains_a_hundredth_explains_the_score(slug, does, candidate):
    base = honest(HOTA=0.5, IDF1=0.5)
    finding = only(row(slug, 0.6, HOTA=0.4, IDF1=0.4), base=base)
    assert finding.sentence == f"{does} raises AP by 20 %; candidate explanation: {candidate}."
    assert finding.severity == pytest.approx(0.1 / 0.6)
    assert said(row(slug, 0.505 + EPSILON), base=base)
    assert not said(row(slug, 0.505 - EPSILON), base=base)


def test_of_swaps_that_gain_the_best_is_told():
    assert only(row("swap-10", 0.55), row("swap-25", 0.7), row("swap-50", 0.6)).row == "swap-25"


def steps(identities: float, classes: float, found: float | None = None) -> list[dict]:
    return [
        {"name": "as found", "AP": identities if found is None else found},
        {"name": "identities", "AP": identities},
        {"name": "classes", "AP": classes},
    ]


def test_exchanged_identities_are_told_where_true_ones_gain_a_tenth_in_points():
    (finding,) = findings(pair(ladder=steps(0.5, 0.5, found=0.4 - EPSILON)))
    assert finding.sentence == (
        "True identities raise AP from 40.0 to 50.0; candidate explanation: masks of one object come under several"
        " names."
    )
    assert (finding.row, finding.mechanism) == (None, "docs/metric.md#cut-and-swapped-tracks")
    assert finding.severity == pytest.approx(0.2, abs=0.001)
    assert not findings(pair(ladder=steps(0.5, 0.5, found=0.4 + EPSILON)))
    assert not findings(pair(ladder=steps(-1, -1)))
    assert not findings(pair())


def test_mistaken_categories_are_told_where_true_ones_gain_a_tenth_in_points():
    errors = {"errors": {"class": {"count": 3, "gain": 0.5}}}
    (finding,) = findings(pair(base=honest(0.0), errors=errors, ladder=steps(0.0, 0.6)))
    assert finding.sentence == (
        "True categories raise AP from 0.0 to 60.0, once every mask follows its true track (3 found tracks lie on a"
        " true track of another category); candidate explanation: the results number the categories in another way."
    )
    assert (finding.severity, finding.row, finding.mechanism) == (1, None, "docs/metric.md#mistaken-categories")
    (finding,) = findings(pair(ladder=steps(0.3, 0.4 + EPSILON)))
    assert finding.sentence.endswith("its true track; candidate explanation: categories are mistaken.")
    assert finding.severity == pytest.approx(0.25, abs=0.001)
    assert not findings(pair(errors=errors, ladder=steps(0.3, 0.4 - EPSILON)))
    assert not findings(pair(errors=errors, ladder=steps(-1, -1)))
    assert not findings(pair())


def test_a_measure_is_blind_where_it_changes_by_less_than_a_hundredth_and_another_loses_over_a_fifth():
    base = honest(DetA=0.5)
    (finding,) = [
        f
        for f in findings(pair(row("flicker-25", 0.4 - EPSILON, DetA=0.495 + EPSILON), base=base))
        if f.mechanism == "docs/metric.md#blind-measures"
    ]
    assert finding.sentence == "DetA does not notice “flicker, 25 %”, which costs 20 % of AP."
    assert finding.severity == pytest.approx(0.2002 / 2)  # half: DetA is read beside AP
    assert not said(row("flicker-25", 0.4 + EPSILON, DetA=0.495 + EPSILON), base=base)
    assert not said(row("flicker-25", 0.4 - EPSILON, DetA=0.495 - EPSILON), base=base)
    assert not said(row("flicker-25", 0.4 - EPSILON, DetA=0.505 + EPSILON), base=base)  # it gains: it sees


def test_ap_itself_blind_counts_in_full():
    assert only(row("flicker-25", 0.5, AssA=0.2), base=honest(AssA=0.5)).severity == pytest.approx(0.6)


def test_a_blind_measure_is_told_once_with_the_damage_that_another_sees_best():
    rows = [row("flicker-10", 0.3, DetA=0.5), row("flicker-25", 0.2, DetA=0.5)]
    assert said(*rows, base=honest(DetA=0.5)) == [
        "DetA does not notice “flicker, 25 %”, which costs 60 % of AP (nor 1 other attack that another measure sees)."
    ]


def test_one_group_of_tracks_makes_no_other_measure_blind():
    assert not said(row("flicker-25", 0.5, **{"AP heavy": 0.1}), base=honest(**{"AP heavy": 0.5}))


@pytest.mark.parametrize("slug", ["one-mask", "every-10th", "shuffled"])
def test_frames_that_need_not_be_followed_are_told_from_half_of_ap_on(slug):
    slug = slug.replace("10th", "10-held")
    finding = only(row(slug, 0.25 + EPSILON))
    assert "keeps 50 % of AP; candidate explanation: little moves." in finding.sentence
    assert finding.severity == pytest.approx(0.0004)  # (0.2501 / 0.5 - 0.5) / 0.5
    assert not said(row(slug, 0.25 - EPSILON))


def test_of_steps_the_longest_that_keeps_half_is_told():
    rows = [row("every-2-held", 0.48), row("every-5-held", 0.4), row("every-10-held", 0.2)]
    finding = only(*rows)
    assert finding.sentence.startswith("Holding the masks of every 5th frame keeps 80 % of AP")
    assert finding.severity == pytest.approx(0.6)


def test_where_one_mask_is_enough_no_step_is_told():
    assert said(row("one-mask", 0.5), row("every-10-held", 0.4)) == [
        "One mask of each track, held in all frames, keeps all of AP; candidate explanation: little moves."
    ]


def test_held_frames_say_nothing_where_they_fill_what_was_missing():
    assert not [s for s in said(row("one-mask", 0.4), refused=True) if "little moves" in s]


@pytest.mark.parametrize(
    ("slug", "verb", "drawn"),
    [
        ("dilated", "Growing", "too tight"),
        ("eroded", "Shrinking", "too wide"),
        ("shifted", "Moving", "too far up or left"),
    ],
)
def test_boundaries_are_told_where_a_small_change_costs_a_tenth_or_gains_a_hundredth(slug, verb, drawn):
    assert said(row(slug, 0.45 - EPSILON)) == [
        f"{verb} every mask by 1 % of the picture's short side costs 10 % of AP: the score hangs on exact outlines."
    ]
    assert not said(row(slug, 0.45 + EPSILON))
    assert said(row(slug, 0.505 + EPSILON)) == [
        f"{verb} every mask by 1 % of the picture's short side raises AP by 1.0 %;"
        f" candidate explanation: they are {drawn}."
    ]
    assert not said(row(slug, 0.505 - EPSILON))


def test_of_changed_boundaries_the_worst_and_the_best_are_told():
    rows = [row("dilated", 0.55), row("eroded", 0.25), row("shifted", 0.3)]
    assert [(f.row, round(f.severity, 9)) for f in findings(pair(*rows))] == [
        ("eroded", 0.5),
        ("dilated", 0.090909091),  # 0.05 of 0.55
    ]


def test_tied_scores_are_told_where_they_cost_less_than_a_hundredth():
    (sentence,) = said(row("tied", 0.495 + EPSILON))
    assert sentence == "Giving every track the same score costs 1.0 % of AP: the order of the file ranks them no worse."
    assert not said(row("tied", 0.495 - EPSILON))
    assert only(row("tied", 0.499)).severity == QUIET
    assert not said(row("tied", 0.5))  # where no false track stands above a hit, no order matters
    assert only(row("tied", 0.75)).severity == pytest.approx(1 / 3)


def test_rescaled_scores_are_told_where_they_gain_a_hundredth_or_cost_a_tenth():
    (sentence,) = said(row("rescaled", 0.505 + EPSILON))
    assert sentence.startswith("Dividing every score by the highest of its video raises AP by 1.0 %")
    assert not said(row("rescaled", 0.505 - EPSILON))
    finding = only(row("rescaled", 0.45 - EPSILON))
    assert "costs 10 % of AP" in finding.sentence
    assert finding.severity == pytest.approx(0.1002)
    assert not said(row("rescaled", 0.45 + EPSILON))


def test_a_data_set_of_which_half_needs_no_tracking_is_told():
    (sentence,) = said(probes=[row("linked-by-class", 0.5 + EPSILON), row("linked-by-slot", 0.4)])
    assert sentence == (
        "Perfect masks linked by category alone reach AP 50.0 on this data set: tracking decides about the other 50 %."
    )
    assert not said(probes=[row("linked-by-class", 0.5 - EPSILON), row("linked-by-slot", 0.4)])
    finding = only(probes=[row("linked-by-class", 0.6), row("linked-by-slot", 0.7)])
    assert (finding.row, finding.severity) == ("linked-by-slot", 0.35)


def test_a_data_set_that_needs_no_tracking_is_told_once():
    (sentence,) = said(probes=[row("linked-by-slot", 1.0), row("linked-by-overlap", 1.0)])
    assert sentence == (
        "Perfect masks linked by their order from left to right alone reach AP 100.0 on this data set: it needs no"
        " tracking."
    )
    assert said(probes=[row("linked-by-overlap", 1.0)])[0].endswith("on this data set: it needs no better tracker.")


def test_a_data_set_that_overlap_solves_is_told():
    (sentence,) = said(probes=[row("linked-by-overlap", 0.9 + EPSILON)])
    assert sentence == (
        "Perfect masks linked by overlap alone reach AP 90.0 on this data set: better tracking adds no more than 10 %."
    )
    assert not said(probes=[row("linked-by-overlap", 0.9 - EPSILON)])


def test_a_ceiling_below_1_is_told_with_what_may_cause_it():
    (finding,) = findings(pair(row("truth", 0.92)))
    assert "The truth itself scores AP 92.0: 8.0 % is out of reach" in finding.sentence
    assert "candidate explanation: they have no pixels, or are more than 100" in finding.sentence
    assert finding.severity == pytest.approx(0.08)
    assert said(row("truth", 1 - 2e-6)) and not said(row("truth", 1 - 1e-7))


def test_a_ceiling_that_only_the_reference_has_is_laid_to_id_0():
    (sentence,) = said(row("truth", 1.0, ytvos=0.75))
    assert sentence == (
        f"The truth itself scores AP 75.0 {UNDER} and 100.0 under strict scoring:"
        " the public evaluator never matches a true track of id 0."
    )


def test_a_refusal_is_told_by_what_it_is_worth_and_only_then():
    short = Remark("short", 14, ((1, 0),), "14 of 20 tracks are shorter than their video; and so on.")
    (finding,) = findings(pair(base=honest(0.1, ytvos=0.4), remarks=[short], refused=True))
    assert finding.sentence == f"75 % of AP {UNDER} is gone where what strict scoring refuses counts as missing."
    assert (finding.severity, finding.row) == (0.75, "lint-short")  # 1 - 0.1 / 0.4
    assert said(base=honest(0.396 - EPSILON, ytvos=0.4), refused=True)
    assert not said(base=honest(0.396 + EPSILON, ytvos=0.4), refused=True)
    assert not said(base=honest(0.1, ytvos=0.4))


@pytest.mark.parametrize(("kind", "serious"), KINDS.items())
def test_only_remarks_that_may_explain_a_score_are_findings(kind, serious):
    found = findings(pair(remarks=[Remark(kind, 1, (), "1 of 2 tracks is odd.")]))
    assert [f.row for f in found] == [f"lint-{kind}"] * serious
    assert all(f.sentence.startswith("In your results 1 of 2 tracks is odd.") for f in found)
