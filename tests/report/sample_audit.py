"""An audit made up by code, of the shape and the rough values of a real one: nothing in it was measured."""

from dataclasses import replace

import numpy as np

from simvtr.auditing import ATTACKS, Remark
from simvtr.auditing.audit import MEASURES, Audit, Bar, Finding, Row, Timeline

NAMES = ("fish", "giant panda", "dog", "person", "motorbike", "turtle")
STATS = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")
HONEST = (0.341, 0.333, 0.561, 0.402, 0.418, 0.472, 0.371, 0.455, 0.462, 0.271, 0.118)
KEPT = {  # family -> share of each measure that stays
    "length": (0.78, 0.04, 0.05, 0.09, 0.12, 0.08, 0.18, 0.09, 0.04, 0.03, 0.05),
    "frames": (0.62, 0.62, 0.71, 0.74, 0.8, 0.78, 0.83, 0.81, 0.66, 0.5, 0.4),
    "abstention": (1.09, 0.05, 0.07, 0.1, 0.2, 0.1, 0.4, 0.12, 0.05, 0.04, 0.02),
    "identity": (0.41, 0.41, 0.6, 0.66, 0.72, 1.0, 0.51, 0.62, 0.43, 0.38, 0.2),
    "masks": (0.83, 0.83, 0.97, 0.9, 0.91, 0.88, 0.99, 1.0, 0.84, 0.82, 0.9),
    "scores": (1.0, 1.0, 1.01, 1.0, 0.93, 0.86, 1.0, 0.9, 1.0, 1.0, 1.0),
    "ceiling": (2.93, 3.0, 1.78, 2.49, 2.39, 2.12, 2.7, 2.2, 2.16, 3.69, 8.47),
}
ERRORS = {
    "spatial": (41, 0.061),
    "temporal": (28, 0.043),
    "class": (33, 0.078),
    "duplicate": (17, 0.012),
    "background": (204, 0.034),
    "both": (9, 0.004),
    "missed": (61, 0.102),
    "all false tracks": (332, 0.121),
    "all missed tracks": (97, 0.157),
}


def sample(videos: int = 6, tracks: int = 3, frames: int = 36, seed: int = 0, name: str = "results.json") -> Audit:
    """An audit of so many videos with so many true tracks each; equal seeds make equal audits."""
    rng = np.random.default_rng(seed)
    honest = Row("honest", "as submitted", "honest", "The results as they came.", False, _values(HONEST), True)
    rows = tuple(_row(attack, rng) for attack in ATTACKS)
    ytvos = dict(zip(STATS, (0.341, 0.576, 0.353, 0.11, 0.312, 0.45, 0.33, 0.42, 0.43, 0.2, 0.4, 0.52), strict=True))
    strict = {figure: value * 0.977 for figure, value in ytvos.items()} | {"APs": -1.0, "ARs": -1.0}
    timelines = tuple(_timeline(i + 1, tracks, frames, rng) for i in range(videos))
    return Audit(
        truth_name="instances.json",
        results_name=name,
        videos=videos,
        true_tracks=videos * tracks,
        found_tracks=videos * 10,
        verdict=(
            "Under the public evaluator these results score AP 34.1, and 33.3 when every frame of every video counts.",
            "Most of the score can be had without tracking: the first frame alone, as a short list, keeps 78 % of it.",
            "HOTA and IDF1 notice every damage done here but rescaled scores, so report one of them beside AP.",
        ),
        refusal="14 tracks are shorter than their video, the first is track 3 of video 2 (8 masks, 36 frames)",
        ytvos=ytvos,
        strict=strict,
        intervals={
            figure: {"low": max(0.0, value - 0.04), "high": min(1.0, value + 0.05), "confidence": 0.95}
            for figure, value in strict.items()
            if value >= 0
        },
        identity={
            "headline": "class_averaged",
            "class_averaged": _identity(0.418, 0.472, 0.371, 41),
            "detection_averaged": _identity(0.447, 0.501, 0.402, 41),
            "threshold": None,
            "categories": [],
        },
        remarks=(
            Remark("short", 14, ((2, 3), (2, 4), (5, 0)), "14 tracks are shorter than their video: 8 masks of 36."),
            Remark("constant", 3, ((1, 7), (4, 2), (4, 3)), "3 tracks hold one mask in all frames."),
        ),
        honest=honest,
        rows=rows,
        probes=(
            _probe(
                "overlap", "linked by best overlap", (0.94, 0.94, 0.96, 0.95, 0.95, 1.0, 0.91, 0.93, 0.97, 0.9, 0.81)
            ),
            _probe("slot", "linked by order", (0.62, 0.62, 0.7, 0.68, 0.77, 1.0, 0.6, 0.66, 0.7, 0.52, 0.4)),
            _probe("class", "linked by class alone", (0.71, 0.71, 0.78, 0.74, 0.8, 1.0, 0.65, 0.7, 0.77, 0.6, None)),
        ),
        findings=(
            Finding(
                0.95,
                "Submitting only the first frame keeps 78 % of AP under the reference evaluator; strict keeps 4 %.",
                "first-1-short",
                "docs/metric.md#5-two-dialects",
            ),
            Finding(
                0.8,
                "Abstaining by mis-sized masks on all frames but one raises AP by 9 % under the reference evaluator.",
                "abstain-median",
                "docs/metric.md#5-two-dialects",
            ),
            Finding(
                0.5,
                "Splitting every identity in two costs 59 % of AP but leaves DetA as it is.",
                "cut-2",
                "docs/metric.md#1-overlap-of-two-tracks",
            ),
            Finding(0.3, "Your results contain 14 short tracks.", "lint-short", "docs/metric.md#5-two-dialects"),
        ),
        errors={"AP50": 0.561, "errors": {k: {"count": n, "gain": gain} for k, (n, gain) in ERRORS.items()}},
        ladder=(
            {"name": "as submitted", "AP": 0.333, "says": "Nothing repaired."},
            {"name": "identities", "AP": 0.471, "says": "Every mask is linked to the object that it lies on."},
            {"name": "classes", "AP": 0.598, "says": "Every track has the category of its object, too."},
            {"name": "masks", "AP": 1.0, "says": "Every mask is the true one, too."},
        ),
        groups=_groups(),
        categories=tuple(
            {
                "name": n,
                "AP": a,
                "AP50": max(a, min(1.0, 1.4 * a)),
                "AP75": a,
                "AR10": a,
                "true": 3 * i,
                "found": 10 * i,
            }
            for i, (n, a) in enumerate(zip(NAMES, (-1.0, 0.62, 0.41, 0.33, 0.18, 0.05), strict=True))
        ),
        timelines=timelines,
        seconds=41.7,
        seed=seed,
    )


def better(audit: Audit, seed: int = 1) -> Audit:
    """Another system on the truth of `audit`, a little better at most things."""
    second = sample(audit.videos, len(audit.timelines[0].true), audit.timelines[0].length, seed, "other.json")
    honest = replace(second.honest, values=_values([value + 0.021 for value in HONEST]), refused=False)
    strict = {figure: value + 0.021 if value >= 0 else value for figure, value in second.strict.items()}
    identity = second.identity | {"class_averaged": _identity(0.431, 0.469, 0.396, 33)}
    ytvos = second.ytvos | {"AP": 0.352}
    return replace(second, honest=honest, strict=strict, ytvos=ytvos, identity=identity, refusal=None, remarks=())


def _values(values) -> dict[str, float | None]:
    return dict(zip(MEASURES, values, strict=True))


def _row(attack, rng) -> Row:
    kept = np.array(KEPT[attack.family]) * rng.uniform(0.7, 1.05)
    if attack.family == "length" and "padded" in attack.slug:
        kept[0] = kept[1]
    values = _values([min(1.0, float(h * k)) for h, k in zip(HONEST, kept, strict=True)])
    if attack.slug == "flicker-10":
        values |= {"AP heavy": None}
    refused = attack.family == "abstention" or attack.slug.endswith("-short")
    unchanged = attack.slug == "swap-10"
    values = _values(HONEST) if unchanged else values
    return Row(attack.slug, attack.name, attack.family, attack.says, attack.oracle, values, refused, unchanged)


def _probe(slug: str, name: str, values) -> Row:
    says = f"The truth's own masks, perfect in every frame, {name}."
    return Row(slug, name, "probes", says, True, _values(values))


def _identity(hota: float, det: float, ass: float, switches: int) -> dict[str, float]:
    return {
        "HOTA": hota, "DetA": det, "AssA": ass, "LocA": 0.801, "IDF1": 0.455, "switches": switches, "fragments": 88,
    }  # fmt: skip


def _groups() -> tuple[dict, ...]:
    parts = (
        ("crowding (ours)", "low", "0 to 0.25", 0.462), ("crowding (ours)", "medium", "0.25 to 0.5", 0.271),
        ("crowding (ours)", "high", "0.5 to 1", 0.118), ("length (ours)", "short", "1 to 24 frames", 0.39),
        ("length (ours)", "medium", "25 to 36 frames", 0.33), ("length (ours)", "long", "37 to 100 frames", -1.0),
        ("count (ours)", "one", "1 true track", 0.51), ("count (ours)", "few", "2 to 3 true tracks", 0.32),
        ("count (ours)", "several", "4 to 6 true tracks", 0.17),
    )  # fmt: skip
    return tuple(
        {"kind": kind, "name": name, "bounds": bounds, "videos": 3, "tracks": 9, "AP": ap, "AP50": min(1, ap * 1.5),
         "AP75": ap, "AR1": ap, "AR10": ap, "AR100": ap}
        if ap >= 0 else
        {"kind": kind, "name": name, "bounds": bounds, "videos": 0, "tracks": 0}
        | dict.fromkeys(("AP", "AP50", "AP75", "AR1", "AR10", "AR100"), -1.0)
        for kind, name, bounds, ap in parts
    )  # fmt: skip


def _timeline(video: int, tracks: int, frames: int, rng) -> Timeline:
    true, found = [], []
    for i in range(tracks):
        name = NAMES[(video + i) % len(NAMES)]
        seen = _presence(video, i, frames)
        if i == tracks - 1:  # nobody found it
            true.append(Bar(f"{i + 1} · {name}", name, None, None, "".join(seen).replace("p", "m")))
            continue
        lies = ["." if state == "." else "g" for state in seen]
        for state in "bx.":
            at = int(rng.integers(0, frames - 6))
            lies[at : at + 4] = [state] * 4
        met = {".": "m", "b": "m", "x": "o"}  # where its partner is elsewhere, some other track is on it
        seen = [met.get(lie, "p") if state == "p" else state for state, lie in zip(seen, lies, strict=True)]
        score = float(rng.uniform(0.3, 1))
        true.append(Bar(f"{i + 1} · {name}", name, None, len(found), "".join(seen)))
        found.append(Bar(f"#{len(found)} · {name} · {score:.2f}", name, score, i, "".join(lies)))
    hits = len(found)
    for _ in range(tracks - hits + 1):
        score = float(rng.uniform(0, 0.3))
        states = "".join(str(state) * 6 for state in rng.choice(list("ff.u"), frames // 6 + 1))[:frames]
        found.append(Bar(f"#{len(found)} · dog · {score:.2f}", "dog", score, None, states))
    iou = float(rng.uniform(0.5, 0.95)) if hits else None
    counts = {"hits": hits, "missed": tracks - hits, "false": len(found) - hits, "switches": int(rng.integers(0, 6))}
    return Timeline(video, f"{video:08x}", frames, tuple(true), tuple(found), mean_iou=iou, **counts)


def _presence(video: int, track: int, frames: int) -> list[str]:
    """Of a true track: the same whoever is audited."""
    rng = np.random.default_rng((video, track))
    first, last = int(rng.integers(0, frames // 3)), int(rng.integers(2 * frames // 3, frames))
    gap = int(rng.integers(first, last)) if track % 2 else frames
    return ["p" if first <= t <= last and not gap <= t < gap + 4 else "." for t in range(frames)]
