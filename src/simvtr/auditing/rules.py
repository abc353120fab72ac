"""The rules of findings: each reads the sensitivity matrix for one thing, and speaks when and only when it is there.

Pair -> rule -> no Finding, one or a few
"""

from collections.abc import Iterator

from simvtr.auditing.attacks import FIRST_FRAMES, PIECES, STEPS, TAILS
from simvtr.auditing.audit import Finding, Row
from simvtr.auditing.pair import (
    AP,
    NAMES,
    REFERENCE_AP,
    STRICT,
    Mechanism,
    Pair,
    costs,
    finding,
    gain,
    keeps,
    points,
    share,
)
from simvtr.evaluation.matching import FOUND_LIMITS
from simvtr.evaluation.text import counted

UNSEEN = 0.01  # of the honest value: a measure that changes by less does not see a damage; a smaller gain is none
SEEN = 0.2  # of the honest value: whoever loses more sees a damage without doubt
WIDE = 0.5  # a gap as wide as half of AP needs no wider one beside it
STILL = 0.5  # of AP: results that keep more without following anything mean little motion
NO_TRACKER = 0.5  # AP that true masks reach without any tracker: the larger part of a data set asks for none
SIMPLE_TRACKER = 0.9  # AP that they reach by overlap alone: all but the hard tenth asks for no better tracker
REACHED = 1 - 1e-6  # AP of the truth itself; what rounding can take is less
APART = 0.1  # of the honest value: two readings or measures that differ by as much do not tell the same story
QUIET = 0.3  # severity where the score is not affected and should be: below everything that moves a third of it

STEP = "by 1 % of the picture's short side"  # of the attacks on masks

REFUSED_KINDS = ("short", "long", "missized", "unknown-video", "unknown-category", "not-finite")  # of remarks
CANDIDATES = {  # kinds of remarks that strict accepts, but that may explain a score
    "constant": Mechanism.STILL_FRAMES,
    "early": Mechanism.SHORT_LISTS,
    "tied": Mechanism.ORDER,
}


def _refused(pair: Pair) -> Iterator[Finding]:
    """Severity: the share of the reference's AP that goes when what is missing counts as missing; at least QUIET."""
    ytvos, strict = pair.honest.values.get(REFERENCE_AP), pair.honest.values.get(AP)
    if not pair.refused or ytvos is None or strict is None:
        return
    broken = [remark.kind for remark in pair.remarks if remark.kind in REFUSED_KINDS]
    yield finding(
        max(QUIET, pair.apart),
        f"Strict scoring refuses these results; AP is {points(ytvos)} under the reference evaluator, and"
        f" {points(strict)} where what is missing counts as missing.",
        f"lint-{broken[0]}" if broken else None,
        Mechanism.DIALECTS,
    )


def _breaches(pair: Pair) -> Iterator[Finding]:
    """Remarks on what strict refuses. Severity: as `_refused`."""
    for remark in pair.remarks:
        if remark.kind in REFUSED_KINDS:
            severity = max(QUIET, pair.apart)
            yield finding(severity, f"In your results {remark.sentence}", f"lint-{remark.kind}", Mechanism.DIALECTS)


def _candidates(pair: Pair) -> Iterator[Finding]:
    """Remarks on what strict accepts, but may explain a score. Severity: QUIET."""
    for remark in pair.remarks:
        if remark.kind in CANDIDATES:
            said = f"In your results {remark.sentence} It is a candidate explanation of the score."
            yield finding(QUIET, said, f"lint-{remark.kind}", CANDIDATES[remark.kind])


def _short_lists(pair: Pair) -> Iterator[Finding]:
    """The fewest frames whose gap between the readings is WIDE, else the widest from APART on. Severity: the gap.

    Where the reference's AP rises, the gap is one of what it then is.
    """
    gaps: list[tuple[float, int, float, float]] = []
    for k in FIRST_FRAMES:
        ytvos, strict = pair.kept(f"first-{k}-short", REFERENCE_AP), pair.kept(f"first-{k}-short", AP)
        if ytvos is not None and strict is not None and ytvos - strict >= APART:
            gaps.append((ytvos - strict, k, ytvos, strict))
    if gaps:
        wide = [gap for gap in gaps if gap[0] >= WIDE]
        gap, k, ytvos, strict = wide[0] if wide else max(gaps, key=lambda gap: gap[0])
        yield finding(
            gap / max(1, ytvos),
            f"Submitting only the first {'frame' if k == 1 else f'{k} frames'} {keeps(ytvos)} under the reference"
            f" evaluator; strict scoring {_also(strict)}.",
            f"first-{k}-short",
            Mechanism.SHORT_LISTS,
        )


def _abstention(pair: Pair) -> Iterator[Finding]:
    """From a gain of UNSEEN or a gap of APART between the readings on. Severity: the larger of both, as above."""
    for slug, where in (
        ("abstain-median", "in all frames of a track but one"),
        ("abstain-jumps", "where a track's area jumps"),
        ("abstain-bad", "where a track misses its object, which only the truth can tell,"),
    ):
        ytvos, strict = pair.kept(slug, REFERENCE_AP), pair.kept(slug, AP)
        if ytvos is None or strict is None or (ytvos - 1 < UNSEEN and ytvos - strict < APART):
            continue
        yield finding(
            max(gain(ytvos), (ytvos - strict) / max(1, ytvos)),
            f"Putting masks of a wrong size {where} {keeps(ytvos)} under the reference evaluator, which skips such"
            f" frames; strict scoring, which counts them as missed, {_also(strict)}.",
            slug,
            Mechanism.ABSTENTION,
        )


def _free_tracks(pair: Pair) -> Iterator[Finding]:
    """Added tracks that cost less than UNSEEN. Severity: the gain from UNSEEN on, at least QUIET."""
    for slug, what in (
        ("duplicated", "Adding a copy of every track, scored below all tracks,"),
        ("all-categories", "Adding copies of every track in all other categories, scored below all tracks,"),
        ("free-category", "Adding a copy of every track, scored highest of all, in a category without true tracks"),
    ):
        kept = pair.kept(slug, AP)
        if kept is not None and 1 - kept < UNSEEN:
            said = keeps(kept) if kept - 1 >= UNSEEN else "costs no AP" if kept >= 1 - 1e-9 else costs(kept)
            yield finding(max(QUIET, gain(kept)), f"{what} {said}.", slug, Mechanism.FREE_TRACKS)


def _links(pair: Pair) -> Iterator[Finding]:
    """The damage to identities that AP and another measure disagree most about, from APART on. Severity: how much."""
    cuts = [(f"cut-{n}", f"Cutting every track in {n}", "HOTA") for n in PIECES]
    swaps = [(f"swap-{n}", f"Swapping identities in the last {n} % of the frames", "IDF1") for n in TAILS]
    for attacks in (cuts, swaps):
        told: list[tuple[float, str, Finding]] = []
        for slug, what, other in attacks:
            ap, theirs = pair.kept(slug, AP), pair.kept(slug, other)
            if ap is not None and theirs is not None and abs(ap - theirs) >= APART:
                also = costs(theirs, other)
                if ap <= 1:  # "costs" has been said
                    also = also.removeprefix("costs ") if theirs < ap else also.replace("costs ", "only ")
                said = f"{what} {costs(ap)} but {also}."
                told.append((abs(ap - theirs), slug, finding(abs(ap - theirs), said, slug, Mechanism.LINKS)))
        if told:
            yield max(told, key=lambda one: one[0])[2]


def _blind(pair: Pair) -> Iterator[Finding]:
    """Measures that change by less than UNSEEN under a damage that costs another more than SEEN.

    One sentence a measure, of the damage that another sees best. Severity: what the other loses; half of it but for
    AP, because the others are read beside it.
    """
    families = ("frames", "identity", "masks", "scores")
    damage = [row for _, row in sorted(pair.rows.items()) if row.family in families]  # of equals the first is told
    for key in STRICT:
        unseen: list[tuple[float, Row, str]] = []
        for row in damage:
            losses = {other: loss for other in STRICT if (loss := pair.lost(row.slug, other)) is not None}
            if key in losses and abs(losses[key]) < UNSEEN and max(losses.values()) > SEEN:
                other = max(losses, key=losses.__getitem__)
                unseen.append((losses[other], row, other))
        if unseen:
            loss, row, other = max(unseen, key=lambda one: one[0])
            others = counted(len(unseen) - 1, "other attack", "other attacks")
            more = f" (nor {others} that another measure sees)" if len(unseen) > 1 else ""
            yield finding(
                loss if key == AP else loss / 2,
                f"{NAMES[key]} does not notice “{row.name}”, which costs {share(loss)} of {NAMES[other]}{more}.",
                row.slug,
                Mechanism.BLIND,
            )


def _still_frames(pair: Pair) -> Iterator[Finding]:
    """AP kept without following anything, more than STILL. Severity: 0 where half is kept, 1 where all is.

    Of the steps the longest. Not where strict refuses the results: held masks would then fill what is missing.
    """
    steps = [(f"every-{n}-held", f"Holding the masks of every {_ordinal(n)} frame") for n in sorted(STEPS)[::-1]]
    attacks = (
        [("one-mask", "One mask of each track, held in all frames,")],
        steps,
        [("shuffled", "Putting the frames of every video in random order")],
    )
    for group in [] if pair.refused else attacks:
        still = [(kept, *one) for one in group if (kept := pair.kept(one[0], AP)) is not None and kept > STILL]
        for kept, slug, what in still[:1]:
            severity = (kept - STILL) / (1 - STILL)
            said = f"{what} {keeps(kept)}; candidate explanation: little moves."
            yield finding(severity, said, slug, Mechanism.STILL_FRAMES)


def _boundaries(pair: Pair) -> Iterator[Finding]:
    """The small change of masks that costs most, from APART on, and that gains most, from UNSEEN on. Severity: that."""
    changes = (
        ("dilated", "Growing", "too tight"),
        ("eroded", "Shrinking", "too wide"),
        ("shifted", "Moving", "too far up or left"),
    )
    kept = [(ap, *one) for one in changes if (ap := pair.kept(one[0], AP)) is not None]
    if kept and 1 - min(kept)[0] >= APART:
        least, slug, what, _ = min(kept)
        said = f"{what} every mask {STEP} {costs(least)}: the score hangs on exact outlines."
        yield finding(1 - least, said, slug, Mechanism.BOUNDARIES)
    if kept and max(kept)[0] - 1 >= UNSEEN:
        most, slug, what, drawn = max(kept)
        said = f"{what} every mask {STEP} {keeps(most)}; candidate explanation: they are {drawn}."
        yield finding(gain(most), said, slug, Mechanism.BOUNDARIES)


def _order(pair: Pair) -> Iterator[Finding]:
    """Ties that cost less than UNSEEN, rescaling that gains UNSEEN or costs APART.

    Severity: the change of AP, for ties at least QUIET.
    """
    tied, rescaled = pair.kept("tied", AP), pair.kept("rescaled", AP)
    if tied is not None and 1 - tied < UNSEEN:
        said = f"Giving every track the same score {costs(tied)}: the order of the file ranks them no worse."
        yield finding(max(QUIET, gain(tied)), said, "tied", Mechanism.ORDER)
    if rescaled is not None and (rescaled - 1 >= UNSEEN or 1 - rescaled >= APART):
        said = f"Dividing every score by the highest of its video {costs(rescaled)}: AP ranks all videos together."
        yield finding(abs(gain(rescaled)), said, "rescaled", Mechanism.ORDER)


def _untracked(pair: Pair) -> Iterator[Finding]:
    """True masks that reach NO_TRACKER or SIMPLE_TRACKER. Severity: half of their AP, as the data is at stake alone."""
    best = without_tracker(pair)
    if best is not None and best[0] >= NO_TRACKER:
        ap, slug, how = best
        said = f"Perfect masks, linked over time by {how}, reach AP {points(ap)} on this data set: tracking decides"
        yield finding(ap / 2, f"{said} about the other {share(1 - ap)}.", slug, Mechanism.PROBES)
    row = pair.probes.get("linked-by-overlap")
    ap = None if row is None else row.values.get(AP)
    if ap is not None and ap >= SIMPLE_TRACKER:
        said = f"Perfect masks, linked by nothing but overlap with the frame before, reach AP {points(ap)} on this data"
        said = f"{said} set: better tracking can add no more than {share(1 - ap)}."
        yield finding(ap / 2, said, "linked-by-overlap", Mechanism.PROBES)


def without_tracker(pair: Pair) -> tuple[float, str, str] | None:
    """The best AP of true masks linked without looking at them: AP, slug, how."""
    probes = (("linked-by-class", "category alone"), ("linked-by-slot", "their order from left to right alone"))
    reached = [
        (ap, slug, how) for slug, how in probes if slug in pair.probes and (ap := pair.probes[slug].values.get(AP))
    ]
    return max(reached, key=lambda one: one[0], default=None)


def _ceiling(pair: Pair) -> Iterator[Finding]:
    """The truth as results, below 1. Severity: what is out of reach."""
    row = pair.rows.get("truth")
    ytvos, strict = (None, None) if row is None else (row.values.get(REFERENCE_AP), row.values.get(AP))
    if strict is not None and strict < REACHED:
        said = f"The truth itself scores AP {points(strict)}: {share(1 - strict)} is out of reach, because some true"
        why = f"they have no pixels, or are more than {FOUND_LIMITS[-1]} of one video and category"
        said = f"{said} tracks cannot be matched; candidate explanation: {why}."
        yield finding(1 - strict, said, "truth", Mechanism.CEILING)
    if ytvos is not None and strict is not None and ytvos < strict * REACHED:
        said = f"The truth itself scores AP {points(ytvos)} under the reference evaluator and {points(strict)} under"
        said = f"{said} strict scoring: the reference never matches a true track of id 0."
        yield finding(1 - ytvos / strict, said, "truth", Mechanism.CEILING)


def _also(kept: float) -> str:
    return f"adds {share(kept - 1)}" if kept > 1 + 1e-9 else f"keeps {share(kept)}"


def _ordinal(n: int) -> str:
    return {2: "2nd", 3: "3rd"}.get(n, f"{n}th")


BLINDNESS = (_breaches, _short_lists, _abstention, _free_tracks, _links, _blind)
RULES = (_refused, _candidates, *BLINDNESS, _still_frames, _boundaries, _order, _untracked, _ceiling)
