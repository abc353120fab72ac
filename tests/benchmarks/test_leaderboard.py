"""The page of the leaderboard: written from results.jsonl, and honest about what is not there."""

import json

from benchmarks.leaderboard import PAGE, ROWS, logged_minutes, page
from benchmarks.record import RESULTS
from simvtr.measurement import Figure, environment


def line(figure: Figure) -> str:
    values = {slot: getattr(figure, slot) for slot in Figure.__slots__}
    return json.dumps({**values, **environment("python -m benchmarks.leaderboard floor")})


def cells(text: str, name: str) -> list[str]:
    """Of a row of the first table, the validation split."""
    found = next(row for row in text.splitlines() if row.startswith(f"| {name} |"))
    return [cell.strip() for cell in found.strip("|").split("|")][1:]


def test_a_row_not_run_says_so_and_gives_its_command():
    text = page([])
    assert set(cells(text, "maskrcnn")) == {"not measured"}
    for name in ROWS:
        assert f"`python -m benchmarks.leaderboard {name}`" in text
    assert "`simvtr train recipes/vistr-tiny.yaml`, then" in text


def test_what_does_not_learn_costs_nothing():
    assert cells(page([]), "floor")[-2:] == ["none", "none"]


def test_the_latest_figure_stands_in_its_column():
    lines = [line(Figure("floor, val: AP", value, "%")) for value in (1.0, 2.34)]
    assert cells(page(lines), "floor")[:2] == ["2.3", "not measured"]
    assert "2.3" not in page([line(Figure("floor, test: AP", 2.34, "%"))]).split("## test")[0]


def test_the_page_is_that_of_the_results():
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    assert page(lines) == PAGE.read_text(encoding="utf-8"), "run: python -m benchmarks.leaderboard"


def test_the_cost_is_the_time_of_steps_and_of_waiting_for_them(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text('{"seconds": 50.0, "waited": 4.0}\n{"seconds": 6.0, "waited": 0.0}\n{"step": 2, "validation": {}}\n')
    assert logged_minutes(log) == 1.0
