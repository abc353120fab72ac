"""The attacks by name: every way in which the audit damages results, or games them, before they are scored again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from simvtr.auditing import abstention, frames, identities, masks, packed, probes, scores
from simvtr.auditing.frames import Tampered
from simvtr.evaluation.dialects import Found
from simvtr.schema import Predictions, Truth

FIRST_FRAMES = (1, 2, 5, 10, 16)  # K
STEPS = (2, 5, 10)  # frames
TAILS = (10, 25, 50)  # percent of the frames
FLICKER = (10, 25)  # percent of the masks
PIECES = (2, 3)


@dataclass(frozen=True, slots=True)
class Attack:
    """One thing done to results. What it leaves alone stays the same object: masks, and with them their overlaps.

    Args:
        slug: what it is called in JSON and in links.
        name: what it is called in a table.
        family: "length", "frames", "abstention", "identity", "masks", "scores" or "ceiling".
        says: one plain sentence.
        oracle: it looks at the truth; all others get one without tracks, see `apply`.
        tamper: results (see `unpacked`), truth and a source of chance in; results out, none of the old ones changed.
            All videos of the results must be in the truth.
    """

    slug: str
    name: str
    family: str
    says: str
    oracle: bool
    tamper: Callable[[Found, Truth, np.random.Generator], Tampered]

    def apply(self, found: Predictions | Found, truth: Truth, seed: int = 0) -> Tampered:
        """The results after the attack, the same for the same seed; what one video gets depends on its id alone.

        >>> from pathlib import Path
        >>> from simvtr.rle import encode
        >>> from simvtr.schema import Track, Video
        >>> mask = encode(np.ones((2, 2), bool))
        >>> truth = Truth({1: Video(1, 2, 2, length=3)}, {1: []}, {}, Path("truth.json"))
        >>> short = next(attack for attack in ATTACKS if attack.slug == "first-1-short")
        >>> len(short.apply({1: [Track(1, 0.9, (mask, mask, mask))]}, truth)[1][0].segmentations)
        1
        """
        seen = truth if self.oracle else replace(truth, tracks={video: [] for video in truth.videos})
        return self.tamper(unpacked(found), seen, np.random.default_rng(seed))


def unpacked(found: Predictions | Found) -> Tampered:
    """The same results with a tuple of masks a track, as `Attack.tamper` wants them.

    A track read from a file makes its masks anew whenever one is asked for. Unpack once, and what attacks leave alone
    stays the same object in all of them.
    """
    by_video = found.tracks if isinstance(found, Predictions) else found
    return {
        video: [
            track
            if isinstance(track.segmentations, tuple)
            else replace(track, segmentations=packed.unpacked(track.segmentations))
            for track in tracks
        ]
        for video, tracks in by_video.items()
    }


def _counted(frames: int) -> str:
    return "first frame" if frames == 1 else f"first {frames} frames"


_SHORT = tuple(
    Attack(
        f"first-{k}-short",
        f"{_counted(k)}, as a short list",
        "length",
        f"Every list of masks ends after the {_counted(k)} of the video.",
        False,
        partial(frames.first_frames, frames=k, padded=False),
    )
    for k in FIRST_FRAMES
)
_PADDED = tuple(
    Attack(
        f"first-{k}-padded",
        f"{_counted(k)}, padded with null",
        "length",
        f"Masks in the {_counted(k)} of the video only; null in all others, as is honest.",
        False,
        partial(frames.first_frames, frames=k, padded=True),
    )
    for k in FIRST_FRAMES
)
_FRAMES = (
    Attack(
        "one-mask",
        "one mask held",
        "frames",
        "The first mask of every track stands in all frames of the video.",
        False,
        frames.one_mask,
    ),
    *(
        Attack(
            f"every-{n}-{'held' if held else 'dropped'}",
            f"every {ordinal}, {'held' if held else 'the others dropped'}",
            "frames",
            f"Only every {ordinal} frame counts; "
            + ("its masks are repeated until the next." if held else "the frames between are null."),
            False,
            partial(frames.every_nth, step=n, held=held),
        )
        for held in (True, False)
        for n, ordinal in zip(STEPS, ("2nd", "5th", "10th"), strict=True)
    ),
    *(
        Attack(
            f"flicker-{percent}",
            f"flicker, {percent} %",
            "frames",
            f"Every track loses {percent} % of its masks, drawn at random.",
            False,
            partial(frames.flicker, percent=percent),
        )
        for percent in FLICKER
    ),
    Attack(
        "shuffled",
        "frames shuffled",
        "frames",
        "The frames of every video come in random order, the same for all of its tracks.",
        False,
        frames.shuffled,
    ),
)
_ABSTENTION = (
    Attack(
        "abstain-median",
        "abstain, but on the frame of median area",
        "abstention",
        "Every track keeps the mask of its median area; all other frames hold a mask of 1 x 1 pixels.",
        False,
        abstention.all_but_median,
    ),
    Attack(
        "abstain-jumps",
        "abstain where the area jumps",
        "abstention",
        "A mask of 1 x 1 pixels stands where a track's area is over 1.25 times that of the frame before, or under"
        " 1 / 1.25 of it.",
        False,
        abstention.at_jumps,
    ),
    Attack(
        "abstain-bad",
        "abstain on bad frames (oracle)",
        "abstention",
        "A mask of 1 x 1 pixels stands in every frame whose IoU with the track's best true track is below 0.5.",
        True,
        abstention.at_bad_frames,
    ),
)
_IDENTITY = (
    *(
        Attack(
            f"swap-{percent}",
            f"identities swapped, last {percent} %",
            "identity",
            f"Pairs of tracks of a video, of the same category first, exchange their masks in the last {percent} % of"
            " the frames.",
            False,
            partial(identities.swapped_tails, percent=percent),
        )
        for percent in TAILS
    ),
    *(
        Attack(
            f"cut-{pieces}",
            f"tracks cut in {pieces}",
            "identity",
            f"Every track becomes {pieces} tracks in a row, each with its share of the masks, all with its score.",
            False,
            partial(identities.cut, pieces=pieces),
        )
        for pieces in PIECES
    ),
)
_MASKS = tuple(
    Attack(slug, f"masks {slug}", "masks", says, False, tamper)
    for slug, says, tamper in (
        ("dilated", "Every mask grows up, down, left and right by 1 % of the picture's short side.", masks.dilated),
        ("eroded", "Every mask shrinks from above, below, left and right by 1 % of the short side.", masks.eroded),
        ("shifted", "Every mask moves down and to the right by 1 % of the picture's short side.", masks.shifted),
    )
)
_SCORES = tuple(
    Attack(slug, name, "scores", says, oracle, tamper)
    for slug, name, says, oracle, tamper in (
        (
            "duplicated",
            "duplicated below all others",
            "Every track comes once more, all copies scored below all tracks.",
            False,
            scores.duplicated,
        ),
        (
            "all-categories",
            "in all categories",
            "Every track comes once more in each other category, all copies scored below all tracks.",
            False,
            scores.all_categories,
        ),
        (
            "free-category",
            "in a category without truth (oracle)",
            "Every track comes once more, with the highest score of all, in a category without true tracks; nothing"
            " changes where every category has some.",
            True,
            scores.free_category,
        ),
        ("tied", "all scores tied", "Every score is 1, so the order of the file decides.", False, scores.tied),
        (
            "rescaled",
            "scores rescaled per video",
            "Every score is divided by the highest of its video.",
            False,
            scores.rescaled,
        ),
    )
)
_CEILING = Attack(
    "truth", "truth as results (oracle)", "ceiling", "The true tracks themselves, all with score 1.", True,
    probes.truth_as_results,
)  # fmt: skip

ATTACKS: tuple[Attack, ...] = (*_SHORT, *_PADDED, *_FRAMES, *_ABSTENTION, *_IDENTITY, *_MASKS, *_SCORES, _CEILING)
