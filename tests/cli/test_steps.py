import io
from types import SimpleNamespace

import pytest

from simvtr.cli import steps
from simvtr.cli.steps import steps_bar


class Terminal(io.StringIO):
    """A stderr that is a terminal, `columns` wide; `screen` is what the one line shows in the end."""

    columns = 80
    interrupts = 0

    def isatty(self):
        return True

    def flush(self):
        if self.interrupts:
            self.interrupts -= 1
            raise KeyboardInterrupt

    @property
    def screen(self):
        shown = ""
        for part in self.getvalue().split("\r"):
            assert len(part) < self.columns, "a line that wraps cannot be taken back"
            shown = part + shown[len(part) :]
        return shown.rstrip()


@pytest.fixture
def terminal(monkeypatch):
    made = Terminal()
    monkeypatch.setattr(steps, "sys", SimpleNamespace(stderr=made))
    monkeypatch.setenv("COLUMNS", str(made.columns))
    return made


@pytest.fixture
def clock(monkeypatch):
    """Seconds, to be moved by hand."""
    now = [100.0]
    monkeypatch.setattr(steps.time, "monotonic", lambda: now[0])

    def wait(seconds):
        now[0] += seconds

    return wait


def test_what_is_soon_done_shows_nothing(terminal, clock):
    with steps_bar() as bar:
        show = bar.of("scoring")
        clock(1.4)
        show(9, 10)
        bar.doing("groups")
    assert terminal.getvalue() == ""


def test_a_slow_task_shows_count_rate_and_time_left(terminal, clock):
    with steps_bar() as bar:
        show = bar.of("scoring a.json")
        clock(2)
        show(100, 400)
        assert terminal.screen == "scoring a.json: 100/400, 50 a second, 6 s left"
        clock(38)
        show(200, 400)
        assert terminal.screen == "scoring a.json: 200/400, 5.0 a second, 40 s left"
        bar.doing("groups")
        assert terminal.screen == "groups ..."
    assert terminal.screen == ""


def test_the_second_task_counts_its_own_time(terminal, clock):
    with steps_bar() as bar:
        bar.of("first")
        clock(10)
        show = bar.of("second")
        clock(1)
        show(20, 40)
        assert terminal.screen == "second: 20/40, 20 a second, 1 s left"


def test_lines_come_at_most_five_times_a_second(terminal, clock):
    with steps_bar() as bar:
        show = bar.of("scoring")
        clock(2)
        for done in range(100):  # over one second
            show(done, 100)
            clock(0.01)
    assert terminal.getvalue().count("scoring") == 5


def test_the_line_goes_on_an_interrupt(terminal, clock):
    def interrupted():
        with steps_bar() as bar:
            show = bar.of("scoring")
            clock(2)
            show(1, 10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert "scoring: 1/10" in terminal.getvalue()
    assert terminal.screen == ""


def test_the_line_goes_also_when_the_interrupt_comes_while_it_is_written(terminal, clock):
    def interrupted():
        with steps_bar() as bar:
            show = bar.of("scoring")
            clock(2)
            terminal.interrupts = 1
            show(1, 10)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert "scoring: 1/10" in terminal.getvalue()
    assert terminal.screen == ""


def test_a_long_or_strange_name_stays_on_its_line(terminal, clock):
    with steps_bar() as bar:
        show = bar.of("a\x1b[2J\n" + "long" * 50)
        clock(2)
        show(1, 10)
        assert terminal.screen == ("a?[2J?" + "long" * 50)[:79]


def test_nothing_is_shown_where_stderr_is_no_terminal(monkeypatch, clock):
    stderr = io.StringIO()
    monkeypatch.setattr(steps, "sys", SimpleNamespace(stderr=stderr))
    with steps_bar() as bar:
        show = bar.of("scoring")
        clock(5)
        show(1, 10)
        bar.doing("groups")
    assert stderr.getvalue() == ""
