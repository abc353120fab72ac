import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

import simvtr.evaluation
import simvtr.evaluation.identities
from simvtr.evaluation import by_groups, compare, error_types, evaluate, identity, intervals, oracle_ladder, per_video
from simvtr.evaluation.scorecard import Scorecard, Versus
from tests.evaluation.tiny import found, truth

FISH = {1: ["##.."], 2: ["##.."]}
GOOD = {v: [found("##..", 0.9)] for v in FISH}
BAD = {v: [found("..##", 0.9)] for v in FISH}
SIX = {v: ["##.."] for v in range(1, 7)}
ALL_GOOD, ALL_BAD = dict.fromkeys(SIX, GOOD[1]), dict.fromkeys(SIX, BAD[1])


def lines(card):
    return list(csv.reader(io.StringIO(card.to_csv())))


def versus(first, second, videos=SIX, name="two.json"):
    true = truth(videos)
    one, two = evaluate(true, first), evaluate(true, second)
    return Versus(
        "one.json",
        name,
        differences=compare(one, two, 20),
        videos=per_video(one, two),
        samples=20,
    )


def test_a_bare_card_is_its_result():
    result = evaluate(truth(FISH), GOOD)
    card = Scorecard(result)
    assert card.table() == result.table()
    assert card.to_json() == result.to_json()
    assert lines(card)[1] == ["all", "", "AP", repr(result.stats["AP"]), "", ""]


def test_every_detail_comes_in_all_three_forms():
    true = truth(FISH)
    result = evaluate(true, GOOD)
    card = Scorecard(
        result,
        intervals=intervals(result, 5),
        groups=by_groups(true, result),
        identity=identity(true, GOOD),
        errors=error_types(true, GOOD),
        ladder=oracle_ladder(true, GOOD),
    )
    for part in (card.intervals, card.groups, card.identity, card.errors, card.ladder):
        assert part is not None
        assert part.table() in card.table()
    document = json.loads(card.to_json())
    assert [key for key in document if key not in result.as_dict()] == [
        "intervals", "groups", "identity", "errors", "ladder",
    ]  # fmt: skip
    parts = [line[0] for line in lines(card)[1:]]
    assert list(dict.fromkeys(parts)) == [
        "all", "category", "crowding (ours)", "length (ours)", "count (ours)",
        "identity", "identity of category", "errors", "ladder",
    ]  # fmt: skip
    assert parts.count("all") == 12
    assert parts.count("ladder") == 5 * 3  # steps, and AP, AP50, AP75


def test_a_category_of_any_name_stays_on_one_line_of_csv():
    name = 'fish, "flat"\r\nand\nround\x1b[2J'
    card = Scorecard(evaluate(truth(FISH, {1: name}), GOOD))
    text = card.to_csv()
    assert len(text.split("\n")) == 1 + 12 + 6  # head, figures, AP AP50 AP75 AR10 true found
    assert text.replace("\n", "").isprintable()
    assert lines(card)[-1] == ["category", 'fish, "flat" and round\\x1b[2J', "found", "2", "", ""]


def test_the_better_system_is_named():
    assert versus(ALL_BAD, ALL_GOOD).verdict() == (
        "The second has the higher AP, and the difference survives: two.json is better."
    )
    assert versus(ALL_GOOD, ALL_BAD).verdict() == (
        "The first has the higher AP, and the difference survives: one.json is better."
    )


def test_equal_systems_do_not_differ():
    card = versus(ALL_GOOD, ALL_GOOD)
    assert card.verdict() == "The difference in AP does not survive: zero lies inside its 95 % interval."
    assert "wins most" not in card.table()


@pytest.mark.parametrize(
    ("count", "verdict"),
    [
        (1, "Only one video has true tracks: nothing is known of other videos."),
        (2, "Only 2 videos have true tracks, too few to tell: one of two equal systems is ahead on all of them in 50 % "
            "of cases. It takes 6 videos."),
        (5, "Only 5 videos have true tracks, too few to tell: one of two equal systems is ahead on all of them in "
            "6.25 % of cases. It takes 6 videos."),
    ],
)  # fmt: skip
def test_of_few_videos_no_system_is_called_better(count, verdict):
    videos = range(1, count + 1)
    card = versus(*({v: one[v] for v in videos} for one in (ALL_BAD, ALL_GOOD)), {v: SIX[v] for v in videos})
    assert card.verdict() == verdict
    row = next(line for line in card.table().splitlines() if line.startswith("AP "))
    assert row.split()[-4:] == ["-"] * 4  # low, high, second better, survives
    assert json.loads(card.to_json())["differences"]["AP"] == {
        "first": 0.0, "second": pytest.approx(1.0), "difference": pytest.approx(1.0), "low": None, "high": None,
        "survives": False, "share": -1.0,
    }  # fmt: skip
    assert lines(card)[1][-2:] == ["", ""]


def test_intervals_of_one_video_say_that_they_are_none():
    said = "Only one video: nothing is known of other videos."
    one, two = (evaluate(truth(videos), {1: [found("##..", 0.9)]}) for videos in ({1: FISH[1]}, FISH))
    assert said in Scorecard(one, intervals=intervals(one, 5)).table()
    assert said not in Scorecard(two, intervals=intervals(two, 5)).table()


def test_without_a_true_track_that_counts_there_is_no_verdict():
    card = versus({}, {}, {1: []})
    assert card.verdict() == "AP is not defined: no true track counts."
    assert lines(card)[1] == ["AP", "", "", "", "", ""]
    assert json.loads(card.to_json())["differences"]["AP"]["difference"] is None


def test_names_of_files_cannot_steer_the_terminal():
    card = versus(ALL_BAD, ALL_GOOD, name="two\x1b[2J.json")
    assert "\x1b" not in card.table()
    assert "two\\x1b[2J.json is better" in card.table()


def test_the_five_videos_at_each_end_are_listed():
    videos = {v: ["##.."] for v in range(1, 15)}
    first = {v: GOOD[1] if v <= 7 else BAD[1] for v in videos}
    second = {v: BAD[1] if v <= 7 else GOOD[1] for v in videos}
    table = versus(first, second, videos).table()
    assert table.count("+100.00\n") == table.count("-100.00\n") == 5


def test_the_names_of_the_room_are_there_and_scipy_is_not_loaded():
    code = "import sys, simvtr.evaluation as e; [getattr(e, n) for n in e.__all__]; print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    # the module's own name must not hide the function
    assert simvtr.evaluation.identity is identity
    with pytest.raises(AttributeError, match="no public name 'identitty'; it has"):
        simvtr.evaluation.identitty  # noqa: B018


@pytest.mark.parametrize("measure", [evaluate, identity, error_types, oracle_ladder])
def test_a_path_or_a_result_in_place_of_what_was_read_is_refused(measure):
    true = truth(FISH)
    with pytest.raises(ValueError, match=rf"^{measure.__name__}: truth must be a Truth, got 'truth.json'. Read it"):
        measure("truth.json", GOOD)
    with pytest.raises(ValueError, match=rf"^{measure.__name__}: found must be Predictions .*, got Result\(AP=0"):
        measure(true, evaluate(true, BAD))


def test_groups_want_a_result():
    with pytest.raises(ValueError, match=r"^by_groups: give a Truth and what simvtr.evaluate makes of it\."):
        by_groups(truth(FISH), GOOD)  # type: ignore[arg-type]


@pytest.mark.parametrize("measure", [identity, error_types, oracle_ladder])
def test_progress_counts_to_the_end(measure):
    told = []
    measure(truth(FISH), GOOD, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


def test_the_documentation_names_every_key_of_json_and_every_part_of_csv():
    true = truth(FISH)
    result = evaluate(true, GOOD)
    card = Scorecard(
        result, intervals(result, 5), by_groups(true, result), identity(true, GOOD), error_types(true, GOOD),
        oracle_ladder(true, GOOD),
    )  # fmt: skip
    document = json.loads(card.to_json())
    text = (Path(__file__).parents[2] / "docs" / "metric.md").read_text()
    forms = text[text.index("## 11. What `eval` prints") : text.index("## 12.")]
    named = {*document, *(line[0] for line in lines(card)[1:]), *json.loads(versus(ALL_GOOD, ALL_BAD).to_json())}
    for key in ("intervals", "groups", "identity", "errors", "ladder", "categories"):
        value = document[key]
        inner = value[0] if isinstance(value, list) else value
        named |= set(inner["AP"] if key == "intervals" else inner)
    assert {name for name in named if f"`{name}`" not in forms} == set()
