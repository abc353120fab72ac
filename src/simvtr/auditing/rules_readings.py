"""Rules of findings on what can be submitted: where the two readings differ, and what is free under both."""

from collections.abc import Iterator

from simvtr.auditing.attacks import FIRST_FRAMES
from simvtr.auditing.audit import Finding
from simvtr.auditing.pair import (
    AP,
    FLOOR,
    REFERENCE_AP,
    SAME,
    UNSEEN,
    Mechanism,
    Pair,
    costs,
    finding,
    keeps,
    points,
    share,
)
from simvtr.auditing.thresholds import APART, QUIET, WIDE

REFUSED_KINDS = ("short", "long", "missized", "unknown-video", "unknown-category", "not-finite")  # of remarks
CANDIDATES = {  # kinds of remarks that strict accepts, but that may explain a score
    "constant": Mechanism.STILL_FRAMES,
    "early": Mechanism.SHORT_LISTS,
    "tied": Mechanism.ORDER,
}


def refused(pair: Pair) -> Iterator[Finding]:
    """What a refusal is worth, from UNSEEN on; the remarks say why. Severity: the share of the reference's AP."""
    if pair.refused and pair.apart >= UNSEEN:
        broken = [remark.kind for remark in pair.remarks if remark.kind in REFUSED_KINDS]
        yield finding(
            pair.apart,
            f"{share(pair.apart)} of AP under the public evaluator is gone where what strict scoring refuses counts as"
            " missing.",
            f"lint-{broken[0]}" if broken else None,
            Mechanism.DIALECTS,
        )


def candidates(pair: Pair) -> Iterator[Finding]:
    """Remarks on what strict accepts, but may explain a score. Severity: QUIET."""
    for remark in pair.remarks:
        if remark.kind in CANDIDATES:
            said = f"In your results {remark.sentence} It is a candidate explanation of the score."
            yield finding(QUIET, said, f"lint-{remark.kind}", CANDIDATES[remark.kind])


def short_lists(pair: Pair) -> Iterator[Finding]:
    """The fewest frames whose gap between the readings is WIDE, else the widest from APART on; and what gains most.

    Severity: the widest gap that is told. Where the reference's AP rises, the gap is one of what it then is. Where
    there is no honest AP that could be kept, the largest gain is told alone.
    """
    slugs = {f"first-{k}-short": k for k in FIRST_FRAMES}
    gaps: list[tuple[float, str, float]] = []  # gap, slug, share of the reference's AP
    for slug in slugs:
        ytvos, strict = pair.kept(slug, REFERENCE_AP), pair.kept(slug, AP)
        if ytvos is not None and strict is not None and ytvos - strict >= APART:
            gaps.append(((ytvos - strict) / max(1, ytvos), slug, ytvos))
    if gaps:
        wide = [gap for gap in gaps if gap[0] >= WIDE]
        gap, slug, ytvos = wide[0] if wide else max(gaps, key=lambda gap: gap[0])
        said = (
            f"Submitting only {_first(slugs[slug])} {keeps(ytvos)} under the public evaluator; {_strict(pair, slug)}."
        )
        best, other, most = max(gaps, key=lambda gap: gap[2])
        if other != slug and most - max(1, ytvos) >= UNSEEN:
            also = "raise AP" if ytvos > 1 + SAME else "even raise AP"
            said = f"{said} {_first(slugs[other]).capitalize()} {also} by {share(most - 1)} under the public evaluator."
            gap = max(gap, best)
        yield finding(gap, said, slug, Mechanism.SHORT_LISTS)
        return
    gains = [
        (gain, slug)
        for slug in slugs
        if pair.kept(slug, AP) is None
        and (gain := pair.gain(slug, REFERENCE_AP))
        and gain.after - (pair.after(slug, AP) or 0) >= FLOOR
    ]
    if gains:
        gain, slug = max(gains, key=lambda one: one[0].severity)  # of equals the fewest frames
        said = f"Submitting only {_first(slugs[slug])} {gain.says} under the public evaluator; {_strict(pair, slug)}."
        yield finding(gain.severity, said, slug, Mechanism.SHORT_LISTS)


def _first(frames: int) -> str:
    return "the first frame" if frames == 1 else f"the first {frames} frames"


def abstention(pair: Pair) -> Iterator[Finding]:
    """From a gain of UNSEEN or a gap of APART between the readings on.

    Severity: the larger of both, as above; what gains more is never below what gains less.
    """
    told: list[tuple[float, float, str, str]] = []  # the reference's AP after it, severity, slug, sentence
    for slug, where in (
        ("abstain-median", "in all frames of a track but one"),
        ("abstain-jumps", "where a track's area jumps"),
        ("abstain-bad", "where a track misses its object (known from the truth)"),
    ):
        ytvos, strict = pair.kept(slug, REFERENCE_AP), pair.kept(slug, AP)
        gain, after = pair.gain(slug, REFERENCE_AP), pair.after(slug, REFERENCE_AP)
        gap = 0.0 if ytvos is None or strict is None else (ytvos - strict) / max(1, ytvos)
        if after is None or (gain is None and gap * max(1, ytvos or 0) < APART):
            continue
        says = gain.says if gain else keeps(ytvos or 0)
        said = f"Putting masks of a wrong size {where} {says} under the public evaluator, which skips those frames;"
        told.append((after, max(gap, gain.severity if gain else 0), slug, f"{said} {_strict(pair, slug)}."))
    least = 0.0
    for _, severity, slug, said in sorted(told):
        if pair.gain(slug, REFERENCE_AP):
            severity = least = max(least, severity)
        yield finding(severity, said, slug, Mechanism.ABSTENTION)


def _strict(pair: Pair, slug: str) -> str:
    """What strict scoring makes of an attack that is told by the reference's AP."""
    kept, after = pair.kept(slug, AP), pair.after(slug, AP)
    if kept is None:
        return "strict AP is undefined" if after is None else f"strict AP is then {points(after)}"
    if abs(kept - 1) <= SAME:
        return "strict AP stays as it is"
    return f"strict AP rises by {share(kept - 1)}" if kept > 1 else f"strict scoring keeps {share(kept)} of AP"


def free_tracks(pair: Pair) -> Iterator[Finding]:
    """Added tracks that cost less than UNSEEN. Severity: the gain from UNSEEN on, at least QUIET."""
    for slug, what in (
        ("duplicated", "Adding a copy of every track, scored below all tracks,"),
        ("all-categories", "Adding copies of every track in all other categories, scored below all tracks,"),
        ("free-category", "Adding a copy of every track, scored highest of all, in a category without true tracks"),
    ):
        kept, gain = pair.kept(slug, AP), pair.gain(slug, AP)
        if gain is not None:
            yield finding(max(QUIET, gain.severity), f"{what} {gain.says}.", slug, Mechanism.FREE_TRACKS)
        elif kept is not None and 1 - kept < UNSEEN:
            yield finding(QUIET, f"{what} {costs(min(1, kept))}.", slug, Mechanism.FREE_TRACKS)
