"""Jobs of the audit over several processes: the longest first, results as they come, all of them ended by Ctrl-C."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from simvtr.errors import DataError

Jobs = Mapping[str, Callable[[], Any]]


def done(jobs: Jobs, workers: int | None = None) -> Generator[tuple[str, Any], None, None]:
    """The name and the result of each job, as soon as it is there.

    Args:
        jobs: the longest first; what they look at is not sent anywhere, only results are.
        workers: processes; None: one a core. Where processes cannot be forked safely, this one does all.
    Raises: DataError when one of the processes was ended from outside.

    >>> dict(done({"one": lambda: 1, "two": lambda: 2}, workers=1))
    {'one': 1, 'two': 2}
    """
    workers = workers or os.cpu_count() or 1
    if workers > 1 and sys.platform == "linux":
        yield from _in_processes(jobs, workers)
    else:
        for name, job in jobs.items():
            yield name, job()


_jobs: dict[str, Callable[[], Any]] = {}  # of a forked process: inherited, because a cache is too large to be sent


def _in_processes(jobs: Jobs, workers: int) -> Generator[tuple[str, Any], None, None]:
    _jobs.update(jobs)
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), _quiet)
    try:
        names = {pool.submit(_run, name): name for name in jobs}
        for future in as_completed(names):
            yield names[future], future.result()
    except BaseException as error:  # Ctrl-C, too: no process may work on
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        if isinstance(error, BrokenProcessPool):
            raise DataError(
                "a process of the audit was ended from outside, most likely for lack of memory. Run with --workers 1."
            ) from None
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        _jobs.clear()


def _run(name: str) -> Any:
    return _jobs[name]()


def _quiet() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process, which then ends the others
