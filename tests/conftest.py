"""Fixtures that every room uses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.processes import Starter


@pytest.fixture(scope="session")
def starter() -> Iterator[Starter]:
    """Starts real `simvtr` processes in no time."""
    made = Starter()
    yield made
    made.close()


@pytest.fixture
def shared() -> Path:
    """The folder of real clips and results beside the project; tests that need it skip without it."""
    folder = Path(__file__).parents[2] / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("the real clips beside the project (../shared/data) are not here")
    return folder
