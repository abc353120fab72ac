"""Work that is done in the background while what it made before is used: decoding, the network and writing overlap."""

import contextlib
import threading
from collections.abc import Iterator
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
