"""Work that is done in the background while what it made before is used: decoding, the network and writing overlap."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, Full, Queue
from typing import TypeVar

T = TypeVar("T")

_POLL = 0.1  # seconds after which a thread that waits looks whether it is still wanted


@contextlib.contextmanager
def ahead(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """The same items in the same order, made by a thread that is at most two of them ahead: one lies ready.

    What `items` raises is raised here, after the items before it. At the end of the block the thread has ended and
    `items` is closed, if it can be.

    >>> with ahead(iter("abc")) as letters:
    ...     print(*letters)
    a b c
    """
    ready: Queue[tuple[T] | BaseException | None] = Queue(maxsize=1)
    unwanted = threading.Event()

    def put(item: tuple[T] | BaseException | None) -> bool:
        while not unwanted.is_set():
            with contextlib.suppress(Full):
                ready.put(item, timeout=_POLL)
                return True
        return False

    def work() -> None:
        try:
            while True:
                for item in items:
                    sent = put((item,))
                    del item  # nobody here holds what is used elsewhere
                    if not sent:
                        return
                put(None)
                return
        except BaseException as error:  # noqa: BLE001 - told to whoever waits for the next item
            put(error)
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()

    def taken() -> Iterator[T]:
        while True:
            try:
                item = ready.get(timeout=_POLL)
            except Empty:
                if thread.is_alive() or not ready.empty():
                    continue
                return
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item[0]

    thread = threading.Thread(target=work, name="simvtr-ahead", daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        unwanted.set()
        thread.join()


def side_by_side(work: Callable[..., T], calls: Iterable[tuple], threads: int) -> Generator[T, None, None]:
    """What `work` gives for each tuple of arguments, in order, made by so many threads with equal shares of torch's.

    One call more waits, so that no thread does. The first call is made alone: what it prepares, the others find. When
    the generator is closed the calls that run have ended and those that wait are dropped. What `calls` raises is raised
    after the results before it.

    >>> list(side_by_side(pow, [(2, 3), (5, 2), (3, 3)], threads=2))
    [8, 25, 27]
    """
    import torch

    share = max(1, torch.get_num_threads() // threads)  # a new thread would start with the machine's number
    pool, waiting = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(share,)), deque()
    calls, failed, alone = iter(calls), None, True
    try:
        while True:
            try:
                arguments = next(calls)
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001 - told after the results before it
                failed = error
                break
            waiting.append(pool.submit(work, *arguments))
            del arguments
            if alone or len(waiting) > threads:
                yield _taken(waiting)
            alone = False
        while waiting:
            yield _taken(waiting)
        if failed is not None:
            raise failed
    finally:
        pool.shutdown(cancel_futures=True)


def _taken(waiting: "deque[Future[T]]") -> T:
    """The first result; nobody holds it here any longer."""
    return waiting.popleft().result()


class Clock:
    """Seconds in which at least one thread was inside its `with` block.

    >>> clock = Clock()
    >>> with clock, clock:
    ...     time.sleep(0.01)
    >>> 0.01 <= clock.seconds < 0.02 + 0.5
    True
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()
        self._inside, self._since = 0, 0.0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._since = time.perf_counter()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self.seconds += time.perf_counter() - self._since
