"""Jobs over processes: all of them done, none of them left behind."""

import multiprocessing
import os
import signal

import pytest

from simvtr.auditing.processes import done
from simvtr.errors import DataError


def square(number: int) -> int:
    return number**2


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_is_done_with_what_it_knows(workers):
    jobs = {str(number): lambda number=number: square(number) for number in range(5)}
    assert dict(done(jobs, workers)) == {str(number): number**2 for number in range(5)}


def test_one_process_does_the_jobs_in_their_order():
    assert [name for name, _ in done({"b": int, "a": int}, 1)] == ["b", "a"]


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)  # as a kernel does that is out of memory


def test_a_process_that_is_killed_is_told_and_not_waited_for():
    with pytest.raises(DataError, match=r"ended from outside, .* Run with --workers 1\."):
        dict(done({"killed": killed, "other": killed}, 2))
    assert multiprocessing.active_children() == []


def test_an_interrupt_ends_all_processes_at_once():
    before = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    ctrl_c = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin with it ignored
    signal.setitimer(signal.ITIMER_REAL, 0.5, 5)  # again, should the first fall where Python drops exceptions
    try:
        with pytest.raises(KeyboardInterrupt):
            dict(done({"one": signal.pause, "two": signal.pause}, 2))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.signal(signal.SIGINT, ctrl_c)
    assert multiprocessing.active_children() == []
