"""What the rule for a track's score is worth: AP by ours, and by VisTR's, of the same masks.

On the validation split of synth-occlusion-v1. VisTR's rule: the most frequent category; the mean over frames of the
highest probability.
"""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.record import Figure, parser, report
from simvtr.data.synth import write_split
from simvtr.data.video import read_frames
from simvtr.evaluation import evaluate
from simvtr.inference import FrameResult, Predictor, TrackBuilder
from simvtr.model import load
from simvtr.schema import Track, read_truth


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--weights", default="simvtr-tiny")
    command.add_argument("--windows", type=int, nargs="+", default=[4, 16])
    args = command.parse_args()
    model = load(args.weights)
    figures = []
    with TemporaryDirectory() as folder:
        write_split(folder, "val")
        truth = read_truth(Path(folder) / "instances.json")
        for window in args.windows:
            predictor = Predictor(model, window, identity="slot")
            ours, vistr = {}, {}
            for video in truth.videos.values():
                frames = read_frames([Path(folder) / "JPEGImages" / name for name in video.file_names])
                results = list(predictor.stream(frames))
                ours[video.id] = tracks(results)
                vistr[video.id] = by_vistr(results, ours[video.id])
            stats = evaluate(truth, ours).stats
            figures += [
                Figure(f"window {window}: AP", 100 * stats["AP"], "%"),
                Figure(f"window {window}: AP50", 100 * stats["AP50"], "%"),
                Figure(f"window {window}: AP by VisTR's rule", 100 * evaluate(truth, vistr).stats["AP"], "%"),
            ]
    report(figures, keep=not args.no_record)
    return 0


def tracks(results: Iterable[FrameResult]) -> list[Track]:
    """By the package's rule."""
    builder = TrackBuilder()
    for result in results:
        builder.add(result)
    return builder.tracks()


def by_vistr(results: Iterable[FrameResult], found: Iterable[Track]) -> list[Track]:
    """The same tracks with VisTR's category and score (SPEC §4)."""
    votes: dict[int, list] = {}
    for result in results:
        for identity, vote in result.votes.items():
            votes.setdefault(identity, []).append(vote)
    made = []
    for track in found:
        own = votes[track.identity or 0]
        counts = Counter(vote.category_id for vote in own)
        category_id = min(counts, key=lambda c: (-counts[c], c))
        made.append(replace(track, category_id=category_id, score=sum(vote.score for vote in own) / len(own)))
    return made


if __name__ == "__main__":
    sys.exit(main())
