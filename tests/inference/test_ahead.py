"""Work in the background: same items, same order, same errors, and nothing left behind."""

import threading
import time

import pytest
import torch

from simvtr.inference.ahead import ahead, side_by_side


def alive():
    return [thread for thread in threading.enumerate() if thread.name == "simvtr-ahead"]


def test_items_come_in_order():
    with ahead(iter(range(100))) as numbers:
        assert list(numbers) == list(range(100))


def test_no_more_than_one_is_ready_and_one_under_way():
    made = []

    def items():
        for i in range(10):
            made.append(i)
            yield i

    with ahead(items()) as numbers:
        next(numbers)
        time.sleep(0.3)
        assert len(made) <= 3  # the one in use, the one that lies ready, the one whose turn is next


def test_an_error_comes_after_the_items_before_it():
    def items():
        yield 1
        raise KeyboardInterrupt

    found = []
    with pytest.raises(KeyboardInterrupt), ahead(items()) as numbers:
        for number in numbers:
            found.append(number)
    assert found == [1]


def test_leaving_early_ends_the_thread_and_closes_what_it_reads():
    closed = []

    def items():
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    with ahead(items()) as numbers:
        next(numbers)
    assert closed == [True]
    assert not alive()


def test_calls_side_by_side_keep_their_order_and_share_the_threads():
    first_done, seen = threading.Event(), []

    def work(number):
        seen.append(torch.get_num_threads())
        if number == 1:
            assert first_done.wait(10)  # by the second of the pair, which overtakes it
        if number == 2:
            first_done.set()
        return number

    threads = torch.get_num_threads()
    assert list(side_by_side(work, ((i,) for i in range(5)), threads=2)) == [0, 1, 2, 3, 4]
    assert set(seen) == {max(1, threads // 2)} and torch.get_num_threads() == threads


def test_the_first_call_is_made_alone():
    calls = iter([(0,), (1,)])
    results = side_by_side(lambda number: number, calls, threads=2)
    assert next(results) == 0
    assert next(calls) == (1,)  # not taken yet


def test_a_call_that_fails_is_told_in_its_place_and_nothing_runs_on():
    results = side_by_side(lambda number: 1 // number, [(1,), (2,), (0,), (4,)], threads=2)
    assert [next(results), next(results)] == [1, 0]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]
