"""The reference's digits after attacks on length and by abstention, frozen by freeze_reference.py, are ours."""

import json

import pytest

from simvtr.auditing.cache import OverlapCache
from simvtr.evaluation import evaluate
from simvtr.evaluation.scoring import compute_overlaps
from tests.auditing.freeze_reference import FIXTURE, as_json, read, tampered
from tests.evaluation.reference_cases import digest

FROZEN = json.loads(FIXTURE.read_text())


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    true, truth, found = read(tmp_path_factory.mktemp("pair"))
    return true, truth, tampered(truth, found)


def test_every_attack_on_length_and_by_abstention_is_there(pair):
    assert list(FROZEN) == list(pair[2])


@pytest.mark.parametrize("slug", FROZEN)
def test_figures_equal_the_reference_s_to_the_last_bit(slug, pair):
    true, truth, attacked = pair
    assert digest(true, as_json(attacked[slug])) == FROZEN[slug]["input"]  # the reference saw this very input
    for overlaps in (compute_overlaps, OverlapCache(truth).track_ious):
        stats = evaluate(truth, attacked[slug], "ytvos", overlaps=overlaps).stats
        assert list(stats.values()) == FROZEN[slug]["stats"]


def test_the_cases_tell_the_attacks_apart():
    ap = {slug: frozen["stats"][0] for slug, frozen in FROZEN.items()}
    assert len({ap[slug] for slug in ("honest", "first-1-short", "first-1-padded", "abstain-median")}) == 4
    assert ap["first-1-short"] > 10 * ap["first-1-padded"]
