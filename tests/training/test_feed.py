"""Batches come in order, and errors of their making where they belong."""

from dataclasses import dataclass

import pytest

from simvtr.errors import DataError
from simvtr.training.feed import feed


@dataclass
class FakeBatches:
    """Batch i is the number i; the broken one raises."""

    broken: int = 99

    def __len__(self) -> int:
        return 5

    def __getitem__(self, step: int) -> int:
        if step == self.broken:
            raise DataError(f"video 1, frame {step}: cannot be read.")
        return step


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_come_in_order_from_any_step(workers):
    assert list(feed(FakeBatches(), 2, workers)) == [2, 3, 4]
    assert list(feed(FakeBatches(), 5, workers)) == []


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_comes_when_it_is_its_turn_in_its_own_words(workers):
    coming = feed(FakeBatches(broken=3), 1, workers)
    assert [next(coming), next(coming)] == [1, 2]
    with pytest.raises(DataError, match=r"^video 1, frame 3: cannot be read\.$"):
        next(coming)
