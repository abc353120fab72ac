"""Work in the background: same items, same order, same errors, and nothing left behind."""

import threading
import time

import pytest

from simvtr.inference.ahead import ahead


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
