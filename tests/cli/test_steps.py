import io
from types import SimpleNamespace

import pytest

from simvtr.cli import steps
from simvtr.cli.progress import frames_bar
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


# --- where stderr is no terminal ------------------------------------------------------------------------------------


def test_a_log_file_gets_a_line_after_half_a_minute_and_then_one_a_minute(clock, capsys):
    with steps_bar() as bar:
        show = bar.of("reading\r\x1b[2J")
        clock(29)
        show(290, 9000)
        assert capsys.readouterr().err == ""
        clock(1)
        show(300, 9000)
        assert capsys.readouterr().err == "reading??[2J: 300/9,000, 10 a second, 14 min left\n"  # 8700 / 10 s
        clock(59)
        show(890, 9000)
        bar.doing("groups")
        assert capsys.readouterr().err == ""
        clock(1)
        bar.doing("groups")
        show(9000, 9000)
    assert capsys.readouterr().err == "groups ...\n"


def test_frames_are_counted_in_a_log_file_too(clock, capsys):
    with frames_bar() as bar:
        task = bar.add_task("clip.mp4", total=400, rate="–")
        clock(29)
        bar.update(task, advance=100, rate="3.4")
        clock(1)
        bar.update(task, advance=20, rate="4.0")
        clock(30)
        bar.update(task, advance=1, rate="4.0")
        second = bar.add_task("other.mp4", total=None, rate="–")
        clock(30)
        bar.update(second, advance=15, rate="0.5")
    assert capsys.readouterr().err == ("clip.mp4: 120/400, 4.0 a second, 70 s left\nother.mp4: 15, 0.5 a second\n")


def test_another_rank_s_frames_are_not_told(clock, capsys):
    with frames_bar(show=False) as bar:
        task = bar.add_task("clip.mp4", total=400, rate="–")
        clock(100)
        bar.update(task, advance=100, rate="1.0")
    assert capsys.readouterr().err == ""
