"""All findings together, and the verdict: order, links, words, and what makes no sentence."""

import re
from pathlib import Path

import pytest

from simvtr.auditing.attacks import ATTACKS
from simvtr.auditing.audit import MEASURES
from simvtr.auditing.findings import findings, verdict
from simvtr.auditing.linter import Remark
from simvtr.auditing.pair import Mechanism, share
from tests.auditing.hand_rows import FAMILY, KINDS, ORACLES, UNDER, honest, only, pair, row, said

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
    return said(*EVERYTHING, base=BASE, probes=PROBES, remarks=REMARKS)


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
    assert findings(pair()) == ()


def test_findings_come_worst_first_then_by_row_and_of_equals_the_truth_last():
    found = findings(pair(*EVERYTHING, base=BASE, probes=PROBES, remarks=REMARKS))
    assert len(found) > 15
    order = [(-f.severity, f.row in ORACLES, f.row) for f in found]
    assert order == sorted(order)
    assert all(0 <= f.severity <= 1 for f in found)


def test_findings_do_not_hang_on_the_order_of_the_rows():
    assert everything() == [
        f.sentence for f in findings(pair(*EVERYTHING[::-1], base=BASE, probes=PROBES[::-1], remarks=REMARKS))
    ]


def test_every_link_leads_to_a_row_or_a_remark():
    slugs = {r.slug for r in (*EVERYTHING, *PROBES)} | {f"lint-{remark.kind}" for remark in REMARKS}
    assert {f.row for f in findings(pair(*EVERYTHING, base=BASE, probes=PROBES, remarks=REMARKS))} <= slugs


def test_sentences_are_whole_and_accuse_nobody():
    for sentence in everything():
        assert sentence[0].isupper() and sentence.endswith(".")
        assert not re.search(r"cheat|fraud|nan|None|inf\b", sentence)


def test_every_attack_that_a_rule_names_is_there():
    folder = Path(__file__).parents[2] / "src/simvtr/auditing"
    rules = "".join(path.read_text() for path in folder.glob("rules_*.py"))
    named = set(re.findall(r'"((?:abstain|one|every|linked-by)-\w+|duplicated|all-categories|free-category)"', rules))
    assert named >= {"abstain-bad", "one-mask", "duplicated"}
    assert {slug for slug in named if not slug.startswith("linked-by-")} <= set(FAMILY)


def test_every_mechanism_has_its_section_in_the_documentation():
    text = (Path(__file__).parents[2] / "docs/metric.md").read_text()
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
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
    assert verdict(pair(interval=INTERVALS["AP"]))[0] == (
        f"AP is 50.0 {UNDER}; strict scoring accepts these results and says 50.0 (40.0 to 61.0 at 95 % confidence)."
    )
    assert verdict(pair(base=honest(0.1, ytvos=0.4), refused=True))[0] == (
        f"AP is 40.0 {UNDER}; strict scoring refuses these results, and says 10.0 where what is missing counts as"
        " missing."
    )
    assert verdict(pair(base=honest(None)))[0].startswith("AP is not defined here")


def test_the_verdict_names_the_worst_blindness_and_nothing_else():
    rows = [row("first-1-short", 0.0, ytvos=0.4), row("abstain-bad", 0.4, ytvos=0.6), row("eroded", 0.001)]
    assert verdict(pair(*rows))[1] == (
        f"Submitting only the first frame keeps 80 % of AP {UNDER}; strict scoring keeps 0 % of AP."
    )
    assert verdict(pair(row("eroded", 0.1)))[1].startswith("No attack tried here")


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
    said = verdict(
        pair(
            base=honest(0.001, ytvos=0.4),
            remarks=remarks,
            refused=True,
            interval={"low": 0, "high": 0, "confidence": 1},
        )
    )
    assert said[0].endswith("says 0.1 where what is missing counts as missing.")  # no interval without a spread
    assert said[1] == "The remarks on the file say why it refuses them."
    assert said[2].startswith(f"Results that strict accepts ({asked}) score the same under both. ")


def test_the_verdict_prefers_an_attack_that_anyone_could_carry_out():
    rows = [row("abstain-bad", 0.0, ytvos=1.0), row("first-5-short", 0.0, ytvos=0.1)]
    assert verdict(pair(*rows))[1].startswith("Submitting only the first 5 frames")
    assert "known from the truth" in verdict(pair(*rows[:1]))[1]


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
    assert verdict(pair(*rows, base=base, probes=[row("linked-by-class", 0.2)]))[2] == (
        f"AssA notices most: 2 of 2 kinds of damage cost it 10 % or more (AP {UNDER}: 1). Perfect masks linked"
        " by category alone reach AP 20.0 on this data set."
    )
    assert verdict(pair(base=base))[2] == (
        "No measure could be compared. How much tracking this data set needs was not measured."
    )
