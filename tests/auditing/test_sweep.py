"""What a window of t frames can mean: each reading against numbers counted by hand, from models made up of drawings."""

import json

import pytest

from simvtr.auditing.sweep import Sweep, WindowRun, sweep
from simvtr.schema import Track
from tests.evaluation import tiny

FISH = "##.. ##.. ##.. ##.."
CRAB = "..## ..## ..## ..##"
MEASURES = ("ytvos.AP", "strict.AP", "DetA", "AssA", "IDF1")


def run(found: list[Track], first: list[Track]) -> WindowRun:
    return WindowRun({1: found}, {1: first}, frames=4, seconds=2.0, model_seconds=1.0, peak_mib=100.0)


def points(true, made, windows):
    """Percent of each measure by window and reading."""
    return {
        (point.window, point.reading): tuple(round(100 * (point.values[key] or 0)) for key in MEASURES)
        for point in sweep(true, made, windows, samples=0)
    }


def test_a_model_that_follows_everything_has_full_marks_in_each_reading_but_the_short_list_in_strict():
    true = tiny.truth({1: [FISH]})

    def follows(window):
        return run([tiny.found(FISH, 0.9)], [tiny.found(" ".join(FISH.split()[:window]), 0.9)])

    scored = points(true, follows, [2, 4])
    assert scored[2, "slots"] == scored[4, "slots"] == scored[2, "held"] == scored[4, "first"] == (100,) * 5
    # Two frames of four: the reference scores them alone; padded, IoU is 4/8, a hit at 0.5 alone: one threshold of ten.
    # IDF1 = 2·2 / (4 + 2) = 67 %; DetA = 2/4; AssA = 2/4.
    assert scored[2, "first"] == (100, 10, 50, 50, 67)


def test_slots_that_swap_between_windows_cost_association_and_not_detection():
    true = tiny.truth({1: [FISH, CRAB]})
    swapped = [tiny.found("##.. ##.. ..## ..##", 0.9), tiny.found("..## ..## ##.. ##..", 0.8)]
    first = [tiny.found("##.. ##..", 0.9), tiny.found("..## ..##", 0.8)]
    scored = points(true, lambda window: run(swapped, first), [2])
    # Every mask is right in its frame, DetA 100; each found track shares 2 of 4 frames with a true one: a track IoU
    # of 4/12, never a hit. AssA: 2 frames in common of 4 + 4 - 2.
    assert scored[2, "slots"] == (0, 0, 100, 33, 50)
    assert scored[2, "first"][0] == 100  # what the short list says of the same model


def test_a_held_mask_is_as_good_as_the_object_is_still():
    true = tiny.truth({1: ["##.. ##.. ##.. ..##"]})
    first = [tiny.found("##..", 0.9)]
    scored = points(true, lambda window: run([tiny.found("##.. - - -", 0.9)], first), [1])
    # Held: 3 of 4 frames are right, IoU 6/10, a hit at 0.50, 0.55 and 0.60: three thresholds of ten.
    assert scored[1, "held"][:2] == (30, 30)
    assert scored[1, "first"][:2] == (100, 0)  # padded, IoU is 2/8


def test_an_object_absent_in_the_last_frame_of_the_window_stays_absent_when_held():
    true = tiny.truth({1: ["##.. - - -"]})
    first = [tiny.found("##.. -", 0.9)]
    scored = points(true, lambda window: run([tiny.found("##.. - ##.. -", 0.9)], first), [2])
    assert scored[2, "held"][:2] == (100, 100)
    assert scored[2, "slots"][:2] == (10, 10)  # IoU 2/4


def test_all_is_one_reading_and_its_list_is_whole():
    true = tiny.truth({1: [FISH]})
    (point,) = sweep(true, lambda window: run([tiny.found(FISH, 0.9)], [tiny.found(FISH, 0.9)]), ["all"])
    assert (point.window, point.reading, point.refused) == ("all", "whole", False)


def test_strict_refuses_the_short_list_alone():
    true = tiny.truth({1: [FISH]})
    made = run([tiny.found(FISH, 0.9)], [tiny.found("##..", 0.9)])
    refused = {point.reading: point.refused for point in sweep(true, lambda window: made, [1])}
    assert refused == {"slots": False, "first": True, "held": False}


def test_speed_and_memory_are_those_of_the_windows_run():
    true = tiny.truth({1: [FISH]})
    made = run([tiny.found(FISH, 0.9)], [tiny.found("##..", 0.9)])
    for point in sweep(true, lambda window: made, [1]):
        assert (point.frames, point.frames_per_second, point.end_to_end, point.peak_mib) == (4, 4.0, 2.0, 100.0)


def test_points_come_window_by_window_so_that_an_interruption_keeps_those_before_it():
    def tires(window):
        if window == 2:
            raise KeyboardInterrupt
        return run([tiny.found(FISH, 0.9)], [tiny.found("##..", 0.9)])

    kept = []
    with pytest.raises(KeyboardInterrupt):
        for point in sweep(tiny.truth({1: [FISH]}), tires, [1, 2, 4]):
            kept.append(point)
    assert [(point.window, point.reading) for point in kept] == [(1, "slots"), (1, "first"), (1, "held")]


def test_a_window_that_found_nothing_scores_nothing():
    scored = points(tiny.truth({1: [FISH]}), lambda window: run([], []), [1])
    assert set(scored.values()) == {(0, 0, 0, 0, 0)}


@pytest.mark.parametrize("windows", [[0], [1, 1], ["all", "all"]])
def test_a_window_below_1_or_named_twice_is_wrong(windows):
    with pytest.raises(ValueError, match="windows must be 1 or more frames"):
        sweep(tiny.truth({1: [FISH]}), lambda window: run([], []), windows)


def small(stopped: str | None = None, peak: float | None = 100.0) -> Sweep:
    made = WindowRun({1: [tiny.found(FISH, 0.9)]}, {1: [tiny.found("##..", 0.9)]}, 4, 2.0, 1.0, peak)
    found = tuple(sweep(tiny.truth({1: [FISH]}), lambda window: made, [1, "all"], samples=0))
    return Sweep("truth.json", "tiny", "cpu", 1, 4, found, stopped)


def test_a_range_is_what_draws_of_the_videos_give():
    true = tiny.truth({1: [FISH], 2: [CRAB]})
    made = WindowRun({1: [tiny.found(FISH, 0.9)], 2: []}, {1: [], 2: []}, 8, 1.0, 1.0, None)
    slots, first, held = sweep(true, lambda window: made, [1], samples=200)
    # A draw is fish twice (AP 100), crab twice (0) or one of each (51 of 101 recalls).
    assert slots.values["strict.AP"] == pytest.approx(51 / 101)
    assert slots.ranges == {key: pytest.approx((0.0, 1.0)) for key in ("ytvos.AP", "strict.AP")}
    assert first.ranges["ytvos.AP"] == held.ranges["ytvos.AP"] == (0.0, 0.0)
    table = Sweep("truth.json", "tiny", "cpu", 2, 8, (slots,)).table()
    assert "50.50 (0.0 to 100.0)" in table


def test_the_table_marks_what_strict_refuses_and_what_is_not_measured():
    lines = small(stopped="interrupted", peak=None).table().splitlines()
    assert lines[0].split()[:6] == ["reading", "window", "AP", "ytvos", "AP", "strict"]
    assert lines[2].split() == ["first", "1", "100.00", "0.00*", "25.00", "25.00", "25.00", "40.00", "4.0", "2.0", "-"]
    assert lines[-1] == "Stopped before the end: interrupted"
    assert "*" not in small().table().splitlines()[1]


def test_json_holds_every_point_at_full_precision():
    data = json.loads(json.dumps(small().as_dict(), allow_nan=False))
    assert [(p["window"], p["reading"]) for p in data["points"]] == [
        (1, "slots"),
        (1, "first"),
        (1, "held"),
        ("all", "whole"),
    ]
    assert data["points"][1]["values"]["IDF1"] == pytest.approx(0.4)
    assert data["stopped"] is None and set(data["readings"]) == {"whole", "slots", "first", "held"}
