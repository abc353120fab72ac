"""The main job with nothing needed: a small occluded data set, segmented by the packaged weights, and a report.

synth -> Predictor.stream -> results.json, overlay.mp4
               with truth -> audit -> report.html
"""

import argparse
import time
from pathlib import Path

from simvtr.cli.audit import pictures as audit_pictures

VIDEOS, FRAMES, SEED = 3, 40, 7
WINDOW = 1  # frames a forward pass: the default of `simvtr segment`
DRAWN = 0.5  # score from which an object is drawn


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", nargs="?", type=Path, default=Path("demo"), help="folder for everything (default: demo)")
    parser.add_argument("--weights", default="simvtr-tiny", help="packaged name or folder (default: simvtr-tiny)")


def run(args: argparse.Namespace) -> int:
    """Make, segment, score, report. Returns 0."""
    from simvtr.cli.progress import frames_bar
    from simvtr.data.synth import CATEGORIES, SynthConfig, write_dataset
    from simvtr.data.video import read_frames
    from simvtr.errors import DataError
    from simvtr.inference import Predictor, TrackBuilder
    from simvtr.inference.overlay import OverlayWriter
    from simvtr.model import load
    from simvtr.report.audited import audit
    from simvtr.schema import PredictionWriter, read_predictions, read_truth

    begin = time.perf_counter()
    predictor = Predictor(load(args.weights), WINDOW)
    names = dict(zip(predictor.model.config.category_ids, predictor.model.config.category_names, strict=True))
    wanted: dict[int, str] = dict(enumerate(CATEGORIES, start=1))
    if names != wanted:  # found now, not by the scoring after all the work
        raise DataError(
            f"--weights {args.weights}: the categories must be the demo's, {_listed(wanted)}, got {_listed(names)}. "
            "Leave --weights out, or use `simvtr segment`."
        )
    config = SynthConfig(frames=FRAMES, occlusion="mixed")
    with frames_bar() as bar:
        drawing = bar.add_task("making the data set", total=VIDEOS * FRAMES, rate="–")
        data = args.out / "data"
        truth_path = write_dataset(
            data, config, VIDEOS, SEED, progress=lambda done: bar.update(drawing, completed=done)
        )
        truth = read_truth(truth_path)
        segmenting = bar.add_task("segmenting it", total=VIDEOS * FRAMES, rate="–")
        with (
            PredictionWriter(args.out / "results.json") as results,
            OverlayWriter((config.width, config.height), 10, video=args.out / "overlay.mp4") as overlay,
        ):
            for video in truth.videos.values():
                frames = read_frames([data / "JPEGImages" / name for name in video.file_names])
                builder = TrackBuilder()
                for frame, result in zip(frames, predictor.stream(frames), strict=True):
                    overlay.add(frame, [track for track in result.tracks if track.score >= DRAWN])
                    builder.add(result)
                    bar.update(segmenting, advance=1, rate=f"{overlay.frames / (time.perf_counter() - begin):.0f}")
                for track in builder.tracks(video.length):
                    results.add(video.id, track)
    found = read_predictions(args.out / "results.json", truth)
    made = audit(truth, found)
    page = made.to_html(
        args.out / "report.html", frames=audit_pictures(truth, found, made, data / "JPEGImages", made.timelines)
    )
    honest, first = made.honest.values, next(row.values for row in made.rows if row.slug == "first-1-short")
    print(f"AP {_percent(honest['strict.AP'])} on {VIDEOS * FRAMES} frames of {VIDEOS} videos never trained on.")
    print(
        f"The same results as lists of one frame: AP {_percent(first['ytvos.AP'])} under the public evaluator, "
        f"{_percent(first['strict.AP'])} under strict scoring."
    )
    print(f"Made in {time.perf_counter() - begin:.0f} s. The weights know synthetic shapes, not natural video.")
    print(f"data     {truth_path}")
    print(f"results  {args.out / 'results.json'}")
    print(f"overlay  {args.out / 'overlay.mp4'}")
    print(f"report   {page}   <- open this one in a browser")
    return 0


def _listed(categories: dict[int, str]) -> str:
    return ", ".join(f"{number} {name}" for number, name in sorted(categories.items()))


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"
