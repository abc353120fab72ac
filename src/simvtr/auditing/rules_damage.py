"""Rules of findings on damage: what measures do not see, and what the score hangs on."""

from collections.abc import Iterator

from simvtr.auditing.attacks import STEPS
from simvtr.auditing.audit import Finding, Row
from simvtr.auditing.pair import AP, NAMES, SAME, STRICT, UNSEEN, Mechanism, Pair, costs, finding, keeps, share
from simvtr.auditing.thresholds import APART, QUIET, SEEN, STILL
from simvtr.errors import many

STEP = "by 1 % of the picture's short side"  # of the attacks on masks


def blind(pair: Pair) -> Iterator[Finding]:
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
            others = many(len(unseen) - 1, "other attack", "other attacks")
            more = f" (nor {others} that another measure sees)" if len(unseen) > 1 else ""
            yield finding(
                loss if key == AP else loss / 2,
                f"{NAMES[key]} does not notice “{row.name}”, which costs {share(loss)} of {NAMES[other]}{more}.",
                row.slug,
                Mechanism.BLIND,
            )


def still_frames(pair: Pair) -> Iterator[Finding]:
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


def boundaries(pair: Pair) -> Iterator[Finding]:
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


def order(pair: Pair) -> Iterator[Finding]:
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


def _ordinal(n: int) -> str:
    return {2: "2nd", 3: "3rd"}.get(n, f"{n}th")
