"""Fixtures that every room uses."""

from pathlib import Path

import pytest


@pytest.fixture
def shared() -> Path:
    """The folder of real clips and results beside the project; tests that need it skip without it."""
    folder = Path(__file__).parents[2] / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("the real clips beside the project (../shared/data) are not here")
    return folder
