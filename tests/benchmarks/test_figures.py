"""The tables of benchmarks/README.md: the latest of every figure, and nothing typed by hand."""

import json

from benchmarks.figures import FRONT, HEADLINES, README, headlines, rewritten, table
from benchmarks.record import RESULTS
from simvtr.measurement import Figure, environment


def line(figure: Figure, **changes: object) -> str:
    values = {slot: getattr(figure, slot) for slot in Figure.__slots__}
    return json.dumps({**values, **environment("python -m benchmarks.startup"), **changes})


def test_the_latest_of_a_figure_stands():
    old, new = line(Figure("start", 0.5, "s")), line(Figure("start", 0.25, "s", (0.2, 0.3), "< 0.3 s"))
    text = table([old, line(Figure("other", 3, "MiB"), command="python -m benchmarks.memory --rounds 1"), new])
    assert "| start | 0.250 s | 0.200 to 0.300 | < 0.3 s |" in text
    assert "0.500" not in text
    assert text.index("benchmarks.memory --rounds 1") < text.index("benchmarks.startup")


def test_a_figure_that_its_command_no_longer_measures_is_left_out():
    old = [line(Figure(name, 1, "s"), date="2026-01-01") for name in ("kept", "dropped")]
    other = line(Figure("alone", 1, "s"), date="2026-01-01", command="python -m benchmarks.startup --rounds 1")
    text = table([*old, other, line(Figure("kept", 2, "s"), date="2026-01-02")])
    assert "dropped" not in text
    assert "alone" in text and "| kept | 2 s |" in text


def test_the_tables_of_the_readme_are_those_of_the_results():
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    for file, make in ((README, table), (FRONT, headlines)):
        text = file.read_text(encoding="utf-8")
        assert rewritten(text, make(lines)) == text, "run: python -m benchmarks.figures --table"


def test_a_headline_without_a_measurement_says_so():
    text = headlines([line(Figure("simvtr --help", 0.05, "s"))])
    assert "| start of `simvtr --help` | 0.0500 s | `python -m benchmarks.startup` |" in text
    assert text.count("not measured") == len(HEADLINES) - 1
