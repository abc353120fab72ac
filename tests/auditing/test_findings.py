"""Each sentence of Findings appears when and only when it should: just above its threshold, not just below."""

import re
from pathlib import Path

import pytest

from simvtr.auditing.attacks import ATTACKS
from simvtr.auditing.audit import MEASURES, Row
from simvtr.auditing.findings import findings, verdict
from simvtr.auditing.linter import Remark
from simvtr.auditing.pair import Mechanism, share
from simvtr.auditing.rules import QUIET

ORACLES = {attack.slug for attack in ATTACKS if attack.oracle}
FAMILY = {attack.slug: (attack.name, attack.family) for attack in ATTACKS}
REFUSED = "results, video 2, track 3 of that video: there must be 36 entries, got 8."
EPSILON = 0.0001
UNDER = "under the public evaluator"


def row(slug: str, ap: float | None = None, *, ytvos: float | None = None, unchanged: bool = False, **others) -> Row:
    """A row whose AP is the same under both readings, unless `ytvos` is given; `others` by name, all else None."""
    name, family = FAMILY.get(slug, (slug, "probes"))
    values = dict.fromkeys(MEASURES) | {"strict.AP": ap, "ytvos.AP": ap if ytvos is None else ytvos} | others
    return Row(slug, name, family, "", slug in ORACLES, values, unchanged=unchanged)


def honest(ap: float | None = 0.5, **others) -> Row:
    return row("honest", ap, **others)


def said(*rows: Row, base: Row | None = None, probes=(), remarks=(), refusal: str | None = None) -> list[str]:
    return [f.sentence for f in findings(base or honest(), rows, probes, remarks, refusal)]


def only(*rows: Row, **more):
    """The one finding there must be."""
    (finding,) = findings(more.pop("base", honest()), rows, more.get("probes", ()), more.get("remarks", ()), None)
    return finding


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
    more, less = sorted(findings(honest(), rows, (), (), None), key=lambda finding: finding.row or "")
    assert (more.row, less.row) == ("abstain-bad", "abstain-jumps")
    assert more.severity == less.severity == pytest.approx((0.535 - 0.17) / 0.535)
    # of what keeps less than all, nothing is lifted
    rows = [row("abstain-jumps", 0.0, ytvos=0.4), row("abstain-bad", 0.35, ytvos=0.45)]
    assert {f.row: round(f.severity, 9) for f in findings(honest(), rows, (), (), None)} == {
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


def steps(identities: float, classes: float) -> list[dict]:
    return [
        {"name": "as found", "AP": 0.0},
        {"name": "identities", "AP": identities},
        {"name": "classes", "AP": classes},
    ]


def test_mistaken_categories_are_told_where_true_ones_gain_a_tenth_in_points():
    errors = {"errors": {"class": {"count": 3, "gain": 0.5}}}
    (finding,) = findings(honest(0.0), (), (), (), None, errors, steps(0.0, 0.6))
    assert finding.sentence == (
        "True categories raise AP from 0.0 to 60.0, once every mask follows its true track (3 found tracks lie on a"
        " true track of another category); candidate explanation: the results number the categories in another way."
    )
    assert (finding.severity, finding.row, finding.mechanism) == (1, None, "docs/metric.md#mistaken-categories")
    (finding,) = findings(honest(), (), (), (), None, None, steps(0.3, 0.4 + EPSILON))
    assert finding.sentence.endswith("its true track; candidate explanation: categories are mistaken.")
    assert finding.severity == pytest.approx(0.25, abs=0.001)
    assert not findings(honest(), (), (), (), None, errors, steps(0.3, 0.4 - EPSILON))
    assert not findings(honest(), (), (), (), None, errors, steps(-1, -1))
    assert not findings(honest(), (), (), (), None)


def test_a_measure_is_blind_where_it_changes_by_less_than_a_hundredth_and_another_loses_over_a_fifth():
    base = honest(DetA=0.5)
    (finding,) = [
        f
        for f in findings(base, [row("flicker-25", 0.4 - EPSILON, DetA=0.495 + EPSILON)], (), (), None)
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
    assert not [s for s in said(row("one-mask", 0.4), refusal=REFUSED) if "little moves" in s]


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
    assert [(f.row, round(f.severity, 9)) for f in findings(honest(), rows, (), (), None)] == [
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
        "Perfect masks, linked over time by category alone (at random where several share one), reach AP 50.0 on this"
        " data set: tracking decides about the other 50 %."
    )
    assert not said(probes=[row("linked-by-class", 0.5 - EPSILON), row("linked-by-slot", 0.4)])
    finding = only(probes=[row("linked-by-class", 0.6), row("linked-by-slot", 0.7)])
    assert (finding.row, finding.severity) == ("linked-by-slot", 0.35)


def test_a_data_set_that_needs_no_tracking_is_told_once():
    (sentence,) = said(probes=[row("linked-by-slot", 1.0), row("linked-by-overlap", 1.0)])
    assert sentence == (
        "Perfect masks, linked over time by their order from left to right alone, reach AP 100.0 on this data set: it"
        " needs no tracking."
    )
    assert said(probes=[row("linked-by-overlap", 1.0)])[0].endswith("on this data set: it needs no better tracker.")


def test_a_data_set_that_overlap_solves_is_told():
    (sentence,) = said(probes=[row("linked-by-overlap", 0.9 + EPSILON)])
    assert (
        "overlap with the frame before, reach AP 90.0 on this data set: better tracking can add no more than 10 %."
        in sentence
    )
    assert not said(probes=[row("linked-by-overlap", 0.9 - EPSILON)])


def test_a_ceiling_below_1_is_told_with_what_may_cause_it():
    (finding,) = findings(honest(), [row("truth", 0.92)], (), (), None)
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
    (finding,) = findings(honest(0.1, ytvos=0.4), (), (), [short], REFUSED)
    assert finding.sentence == f"75 % of AP {UNDER} is gone where what strict scoring refuses counts as missing."
    assert (finding.severity, finding.row) == (0.75, "lint-short")  # 1 - 0.1 / 0.4
    assert said(base=honest(0.396 - EPSILON, ytvos=0.4), refusal=REFUSED)
    assert not said(base=honest(0.396 + EPSILON, ytvos=0.4), refusal=REFUSED)
    assert not said(base=honest(0.1, ytvos=0.4))


KINDS = {
    **dict.fromkeys(("short", "long", "missized", "unknown-video", "unknown-category", "not-finite"), False),
    **dict.fromkeys(("constant", "early", "tied"), True),
    **dict.fromkeys(("duplicate", "outside", "beyond-100", "empty", "one-frame"), False),
}


@pytest.mark.parametrize(("kind", "serious"), KINDS.items())
def test_only_remarks_that_may_explain_a_score_are_findings(kind, serious):
    found = findings(honest(), (), (), [Remark(kind, 1, (), "1 of 2 tracks is odd.")], None)
    assert [f.row for f in found] == [f"lint-{kind}"] * serious
    assert all(f.sentence.startswith("In your results 1 of 2 tracks is odd.") for f in found)


# What no rule may do.

EVERYTHING = [
    row(attack.slug, 0.3, ytvos=0.6, HOTA=0.6, DetA=0.5, AssA=0.5, IDF1=0.1)
    if attack.family != "scores"
    else row(attack.slug, 0.6, HOTA=0.2, DetA=0.5, AssA=0.5, IDF1=0.1)
    for attack in ATTACKS
]
BASE = honest(HOTA=0.5, DetA=0.5, AssA=0.5, IDF1=0.5)
PROBES = [row(f"linked-by-{how}", 0.95) for how in ("overlap", "slot", "class")]
REMARKS = [Remark(kind, 1, (), "1 of 2 tracks is odd.") for kind in KINDS]


def everything() -> list[str]:
    """Findings of a matrix in which nearly every rule has something to say."""
    return [f.sentence for f in findings(BASE, EVERYTHING, PROBES, REMARKS, None)]


def test_undefined_values_and_honest_zeros_make_no_sentence():
    assert not said(*(row(attack.slug) for attack in ATTACKS), probes=[row(p.slug) for p in PROBES])
    other = [r for r in EVERYTHING if r.family != "ceiling"]  # the truth is not held against the honest results
    assert not said(*other, base=honest(None))
    zero = honest(0.0, **{key: 0.0 for key in MEASURES if not key.endswith(".AP")})
    still = [row(r.slug, 0.0, HOTA=0.0, DetA=0.0, AssA=0.0, IDF1=0.0) for r in other]
    assert not said(*still, base=zero)


def test_an_attack_that_changed_nothing_makes_no_sentence():
    unchanged = [row(r.slug, 0.5, unchanged=True) for r in EVERYTHING if r.family != "ceiling"]
    assert not said(*unchanged)


def test_an_empty_matrix_has_no_finding():
    assert findings(honest(), (), (), (), None) == ()


def test_findings_come_worst_first_then_by_row_and_of_equals_the_truth_last():
    found = findings(BASE, EVERYTHING, PROBES, REMARKS, None)
    assert len(found) > 15
    order = [(-f.severity, f.row in ORACLES, f.row) for f in found]
    assert order == sorted(order)
    assert all(0 <= f.severity <= 1 for f in found)


def test_findings_do_not_hang_on_the_order_of_the_rows():
    assert everything() == [f.sentence for f in findings(BASE, EVERYTHING[::-1], PROBES[::-1], REMARKS, None)]


def test_every_link_leads_to_a_row_or_a_remark():
    slugs = {r.slug for r in (*EVERYTHING, *PROBES)} | {f"lint-{remark.kind}" for remark in REMARKS}
    assert {f.row for f in findings(BASE, EVERYTHING, PROBES, REMARKS, None)} <= slugs


def test_sentences_are_whole_and_accuse_nobody():
    for sentence in everything():
        assert sentence[0].isupper() and sentence.endswith(".")
        assert not re.search(r"cheat|fraud|nan|None|inf\b", sentence)


def test_every_attack_that_a_rule_names_is_there():
    rules = (Path(__file__).parents[2] / "src/simvtr/auditing/rules.py").read_text()
    named = set(re.findall(r'"((?:abstain|one|every|linked-by)-\w+|duplicated|all-categories|free-category)"', rules))
    assert named >= {"abstain-bad", "one-mask", "duplicated"}
    assert {slug for slug in named if not slug.startswith("linked-by-")} <= set(FAMILY)


def test_every_mechanism_has_its_section_in_the_documentation():
    text = (Path(__file__).parents[2] / "docs/metric.md").read_text()
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    if not any(heading.endswith("The audit") for heading in headings):
        pytest.skip("the section on the audit is not in docs/metric.md yet")
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert {mechanism.partition("#")[2] for mechanism in Mechanism} <= anchors


def test_shares_are_never_rounded_to_all_or_nothing():
    assert share(0.0995) == "10 %"
    assert share(0.09949) == "9.9 %"
    assert share(0.0004) == "under 0.1 %"
    assert share(0.9949) == "99 %"
    assert share(0.9951) == "over 99 %"
    assert share(12.5) == "1,250 %"


# The verdict.

INTERVALS = {"AP": {"low": 0.4, "high": 0.61, "confidence": 0.95}}


def test_the_verdict_says_what_the_score_is_and_whether_strict_accepts_it():
    assert verdict(honest(), (), (), (), None, INTERVALS)[0] == (
        f"AP is 50.0 {UNDER}; strict scoring accepts these results and says 50.0 (40.0 to 61.0 at 95 % confidence)."
    )
    assert verdict(honest(0.1, ytvos=0.4), (), (), (), REFUSED, {})[0] == (
        f"AP is 40.0 {UNDER}; strict scoring refuses these results, and says 10.0 where what is missing counts as"
        " missing."
    )
    assert verdict(honest(None), (), (), (), None, {})[0].startswith("AP is not defined here")


def test_the_verdict_names_the_worst_blindness_and_nothing_else():
    rows = [row("first-1-short", 0.0, ytvos=0.4), row("abstain-bad", 0.4, ytvos=0.6), row("eroded", 0.001)]
    assert verdict(honest(), rows, (), (), None, {})[1] == (
        f"Submitting only the first frame keeps 80 % of AP {UNDER}; strict scoring keeps 0 % of AP."
    )
    assert verdict(honest(), [row("eroded", 0.1)], (), (), None, {})[1].startswith("No attack tried here")


@pytest.mark.parametrize(
    ("kinds", "asked"),
    [
        ((), "full lists with null where nothing was found, masks of the video's size, categories that the truth lists,"
         " finite scores"),
        (("short",), "full lists with null where nothing was found"),
        (("unknown-category", "missized"), "masks of the video's size, categories that the truth lists"),
    ],
)  # fmt: skip
def test_the_verdict_on_refused_results_says_where_to_read_why_and_what_it_takes(kinds, asked):
    remarks = [Remark(kind, 14, ((1, 0),), "14 of 20 tracks are odd.") for kind in kinds]
    said = verdict(honest(0.001, ytvos=0.4), (), (), remarks, REFUSED, {"AP": {"low": 0, "high": 0, "confidence": 1}})
    assert said[0].endswith("says 0.1 where what is missing counts as missing.")  # no interval without a spread
    assert said[1] == "The remarks on the file say why it refuses them."
    assert said[2].startswith(f"Results that strict accepts ({asked}) score the same under both. ")


def test_the_verdict_prefers_an_attack_that_anyone_could_carry_out():
    rows = [row("abstain-bad", 0.0, ytvos=1.0), row("first-5-short", 0.0, ytvos=0.1)]
    assert verdict(honest(), rows, (), (), None, {})[1].startswith("Submitting only the first 5 frames")
    assert "known from the truth" in verdict(honest(), rows[:1], (), (), None, {})[1]


def test_a_score_that_attacks_raise_is_at_stake_by_what_it_gains():
    # 0.05 -> 0.2 under the reference, 0.05 -> 0 under strict: all of it; 0.05 -> 0.05 under strict: three quarters
    assert only(row("abstain-bad", 0.0, ytvos=0.2), base=honest(0.05)).severity == 1
    assert only(row("abstain-bad", 0.05, ytvos=0.2), base=honest(0.05)).severity == pytest.approx(0.75)


def test_what_strict_gains_too_is_said_to_be_added():
    (sentence,) = said(row("abstain-bad", 0.55, ytvos=0.6))
    assert sentence.endswith(f"raises AP by 20 % {UNDER}, which skips those frames; strict AP rises by 10 %.")


def test_the_verdict_names_the_measure_that_notices_most_and_how_much_needs_tracking():
    base = honest(AssA=0.5)
    # a loss of a tenth: 0.5 -> 0.45. AssA notices both, AP under the reference only the second, strict AP too
    rows = [row("flicker-10", 0.46, AssA=0.44), row("cut-2", 0.2, AssA=0.2)]
    assert verdict(base, rows, [row("linked-by-class", 0.2)], (), None, {})[2] == (
        f"AssA notices most: 2 of 2 kinds of damage cost it 10 % or more (AP {UNDER}: 1). Without tracking, perfect"
        " masks reach AP 20.0 on this data set, linked by category alone (at random where several share one)."
    )
    assert verdict(base, (), (), (), None, {})[2] == (
        "No measure could be compared. How much tracking this data set needs was not measured."
    )
