"""Damaged pairs, drawn anew: figures, or exit code 1 and one line. `benchmarks.fuzz_eval` draws for longer."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.hostile.contract import check
from tests.hostile.mutations import PAIRS

SEEDS = sorted((Path(__file__).parent / "seeds").glob("*.truth"))


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(PAIRS)
def test_a_damaged_pair_is_scored_or_refused_in_one_line(tmp_path, pair):
    problem, _ = check(tmp_path, *pair)
    assert problem is None


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.stem)
def test_what_fuzzing_found_stays_mended(tmp_path, seed):
    options = json.loads(seed.with_suffix(".options").read_text())
    problem, _ = check(tmp_path, seed.read_bytes(), seed.with_suffix(".results").read_bytes(), options)
    assert problem is None
