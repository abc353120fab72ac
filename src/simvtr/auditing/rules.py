"""The rules of findings: each reads the sensitivity matrix for one thing, and speaks when and only when it is there.

Pair -> rule -> no Finding, one or a few
"""

from collections.abc import Iterator

from simvtr.auditing.attacks import FIRST_FRAMES, PIECES, STEPS, TAILS
from simvtr.auditing.audit import Finding, Row
from simvtr.auditing.pair import (
    AP,
    FLOOR,
    NAMES,
    REFERENCE_AP,
    SAME,
    STRICT,
    UNSEEN,
    Mechanism,
    Pair,
    costs,
    finding,
    keeps,
    points,
    share,
)
from simvtr.evaluation.matching import FOUND_LIMITS
from simvtr.evaluation.text import counted

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


def _candidates(pair: Pair) -> Iterator[Finding]:
    """Remarks on what strict accepts, but may explain a score. Severity: QUIET."""
    for remark in pair.remarks:
        if remark.kind in CANDIDATES:
            said = f"In your results {remark.sentence} It is a candidate explanation of the score."
            yield finding(QUIET, said, f"lint-{remark.kind}", CANDIDATES[remark.kind])


def _short_lists(pair: Pair) -> Iterator[Finding]:
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


def _abstention(pair: Pair) -> Iterator[Finding]:
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


def _free_tracks(pair: Pair) -> Iterator[Finding]:
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


def _exchanged(pair: Pair) -> Iterator[Finding]:
    """Damage to identities that adds to AP, from UNSEEN on: the largest gain of either kind. Severity: the gain."""
    for slugs, candidate in (
        ([f"swap-{n}" for n in TAILS], "identities are exchanged in the results"),
        ([f"cut-{n}" for n in PIECES], "single tracks of the results follow several objects"),
    ):
        gains = [(gain.severity, slug, gain.says) for slug in slugs if (gain := pair.gain(slug, AP))]
        if gains:
            severity, slug, says = max(gains)
            said = f"{_damage(slug)} {says}; candidate explanation: {candidate}."
            yield finding(severity, said, slug, Mechanism.LINKS)


def _damage(slug: str) -> str:
    attack, _, n = slug.partition("-")
    return f"Cutting every track in {n}" if attack == "cut" else f"Swapping identities in the last {n} % of the frames"


def _renamed(pair: Pair) -> Iterator[Finding]:
    """What the oracle ladder gains from true identities, from APART in points on. Severity: the share of what it is.

    However they were exchanged: the attacks swap tails of pairs in one way alone.
    """
    steps = {step["name"]: step["AP"] for step in pair.ladder}
    before, after = steps.get("as found", -1), steps.get("identities", -1)
    if before < 0 or after - before < APART:
        return
    said = f"True identities raise AP from {points(before)} to {points(after)}"
    why = "masks of one object come under several names"
    yield finding(1 - before / after, f"{said}; candidate explanation: {why}.", None, Mechanism.LINKS)


def _mistaken(pair: Pair) -> Iterator[Finding]:
    """What the oracle ladder gains from true categories, from APART in points on. Severity: the share of what it is."""
    steps = {step["name"]: step["AP"] for step in pair.ladder}
    before, after = steps.get("identities", -1), steps.get("classes", -1)
    if before < 0 or after - before < APART:
        return
    why = "the results number the categories in another way" if before < FLOOR else "categories are mistaken"
    count = pair.errors["errors"]["class"]["count"] if pair.errors else 0
    lie = counted(count, "found track lies", "found tracks lie")
    seen = f" ({lie} on a true track of another category)" if count else ""
    said = f"True categories raise AP from {points(before)} to {points(after)}, once every mask follows its true track"
    yield finding(1 - before / after, f"{said}{seen}; candidate explanation: {why}.", None, Mechanism.CATEGORIES)


def _links(pair: Pair) -> Iterator[Finding]:
    """The damage to identities that AP and another measure disagree most about, from APART on. Severity: how much.

    Not of damage that adds to AP (`_exchanged`).
    """
    for slugs, other in (([f"cut-{n}" for n in PIECES], "HOTA"), ([f"swap-{n}" for n in TAILS], "IDF1")):
        told: list[tuple[float, str, Finding]] = []
        for slug in slugs:
            ap, theirs = pair.kept(slug, AP), pair.kept(slug, other)
            if ap is not None and theirs is not None and abs(ap - theirs) >= APART and not pair.gain(slug, AP):
                also = costs(theirs, other)  # "costs" has been said
                also = also.removeprefix("costs ") if theirs < ap else also.replace("costs ", "only ")
                said = f"{_damage(slug)} {costs(min(1, ap))} but {also.replace('only no', 'no')}."
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
    """AP kept without following anything, more than STILL; where there was none, AP gained. Severity: see docs.

    Of the steps the longest, and none where one mask does. Not where strict refuses the results: held masks would then
    fill what is missing.
    """
    held = [
        ("one-mask", "One mask of each track, held in all frames,"),
        *((f"every-{n}-held", f"Holding the masks of every {_ordinal(n)} frame") for n in sorted(STEPS)[::-1]),
    ]
    for group in [] if pair.refused else [held, [("shuffled", "Putting the frames of every video in random order")]]:
        told: list[Finding] = []
        for slug, what in group:
            kept, gain = pair.kept(slug, AP), pair.gain(slug, AP)
            if kept is not None and kept > STILL:
                severity, says = (kept - STILL) / (1 - STILL), keeps(kept)
            elif kept is None and gain is not None:
                severity, says = gain.severity, gain.says
            else:
                continue
            said = f"{what} {says}; candidate explanation: little moves."
            told.append(finding(severity, said, slug, Mechanism.STILL_FRAMES))
        yield from told[:1]


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
    gains = [(gain.severity, gain.says, *one) for one in changes if (gain := pair.gain(one[0], AP))]
    if gains:
        severity, says, slug, what, drawn = max(gains)
        said = f"{what} every mask {STEP} {says}; candidate explanation: they are {drawn}."
        yield finding(severity, said, slug, Mechanism.BOUNDARIES)


def _order(pair: Pair) -> Iterator[Finding]:
    """Ties that change AP but cost less than UNSEEN, rescaling that gains UNSEEN or costs APART.

    Severity: the change of AP, for ties at least QUIET. Ties that change nothing are no finding: where no false track
    stands above a hit, no order matters.
    """
    tied, rescaled = pair.kept("tied", AP), pair.kept("rescaled", AP)
    gain = pair.gain("tied", AP)
    if gain or (tied is not None and 1 - tied < UNSEEN and abs(1 - tied) > SAME):
        does = gain.says if gain else costs(tied or 0)
        said = f"Giving every track the same score {does}: the order of the file ranks them no worse."
        yield finding(max(QUIET, gain.severity if gain else 0), said, "tied", Mechanism.ORDER)
    gain = pair.gain("rescaled", AP)
    if gain or (rescaled is not None and 1 - rescaled >= APART):
        said = f"Dividing every score by the highest of its video {gain.says if gain else costs(rescaled or 0)}"
        severity = gain.severity if gain else 1 - (rescaled or 0)
        yield finding(severity, f"{said}: AP ranks all videos together.", "rescaled", Mechanism.ORDER)


def _untracked(pair: Pair) -> Iterator[Finding]:
    """True masks that reach NO_TRACKER or SIMPLE_TRACKER. Severity: half of their AP, as the data is at stake alone."""
    best = without_tracker(pair)
    if best is not None and best[0] >= NO_TRACKER:
        ap, slug, how = best
        all_of_it = ap >= REACHED
        left = "it needs no tracking" if all_of_it else f"tracking decides about the other {share(1 - ap)}"
        said = f"Perfect masks linked by {how} reach AP {points(ap)} on this data set: {left}."
        yield finding(ap / 2, said, slug, Mechanism.PROBES)
        if all_of_it:
            return
    row = pair.probes.get("linked-by-overlap")
    ap = None if row is None else row.values.get(AP)
    if ap is not None and ap >= SIMPLE_TRACKER:
        more = f"better tracking adds no more than {share(1 - ap)}"
        left = "it needs no better tracker" if ap >= REACHED else more
        said = f"Perfect masks linked by overlap alone reach AP {points(ap)} on this data set: {left}."
        yield finding(ap / 2, said, "linked-by-overlap", Mechanism.PROBES)


def without_tracker(pair: Pair) -> tuple[float, str, str] | None:
    """The best AP of true masks linked without looking at them: AP, slug, how."""
    probes = (
        ("linked-by-class", "category alone"),
        ("linked-by-slot", "their order from left to right alone"),
    )
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
        said = f"The truth itself scores AP {points(ytvos)} under the public evaluator and {points(strict)} under"
        said = f"{said} strict scoring: the public evaluator never matches a true track of id 0."
        yield finding(1 - ytvos / strict, said, "truth", Mechanism.CEILING)


def _ordinal(n: int) -> str:
    return {2: "2nd", 3: "3rd"}.get(n, f"{n}th")


BLINDNESS = (_short_lists, _abstention, _free_tracks, _links, _blind)
RULES = (
    _refused,
    _candidates,
    _renamed,
    _mistaken,
    _exchanged,
    *BLINDNESS,
    _still_frames,
    _boundaries,
    _order,
    _untracked,
    _ceiling,
)
