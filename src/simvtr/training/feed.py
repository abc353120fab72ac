"""Batches in order of steps, the next ones made while the network is busy with this one."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from torch.utils.data import DataLoader

from simvtr.data.clips import Batches
from simvtr.data.dataset import Batch
from simvtr.errors import DataError

AHEAD = 2  # batches


def feed(batches: Batches, first: int, workers: int) -> Iterator[Batch]:
    """Batches first, first+1, ..., len(batches)-1; made by one thread, or by `workers` processes.

    An error while a batch is made is raised here, when it would be its turn.
    """
    if workers:
        order = range(first, len(batches))
        try:
            yield from DataLoader(batches, None, sampler=order, num_workers=workers)  # pyright: ignore[reportArgumentType]
        except DataError as error:  # the loader puts the process's whole traceback before the sentence
            raise DataError(str(error).strip().splitlines()[-1].rpartition("DataError: ")[2]) from None
        return
    with ThreadPoolExecutor(1) as thread:
        coming: deque[Future[Batch]] = deque()
        for step in range(first, len(batches)):
            coming.append(thread.submit(batches.__getitem__, step))
            if len(coming) > AHEAD:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
