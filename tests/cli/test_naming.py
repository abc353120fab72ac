"""`simvtr segment --identity link --link.NAME`: every number of `IdentityConfig`, typed, explained, refused at once."""

import argparse
from dataclasses import fields

import pytest

from simvtr.cli import naming
from simvtr.config import IdentityConfig
from tests.cli.segmenting import results, segment
from tests.cli.test_segment_resume import cut_journal


def read(*words):
    parser = argparse.ArgumentParser()
    naming.add_arguments(parser)
    return parser.parse_args(words)


def test_every_number_is_an_option_that_says_its_default(capsys):
    with pytest.raises(SystemExit):
        read("--help")
    told = " ".join(capsys.readouterr().out.split())
    for field in fields(IdentityConfig):
        _, _, after = told.partition(f" --link.{field.name} {'N' if field.type is int else 'X'} ")
        meaning, _, default = after.partition(" (default: ")
        assert len(meaning) > 10 and float(default.partition(")")[0]) == field.default, field.name


def test_what_is_given_changes_that_and_nothing_else():
    assert naming.config(read()) == IdentityConfig()
    assert naming.config(read("--link.remember", "300", "--link.gate=0.5")) == IdentityConfig(remember=300, gate=0.5)
    assert naming.config(read("--identity", "slot")) is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--link.gate", "2"], "argument --link.gate: must lie in [0, 1], got 2.0"),
        (["--link.remember", "-1"], "argument --link.remember: must be at least 0, got -1"),
        (["--link.remember", "2.5"], "argument --link.remember: must be a whole number, got '2.5'"),
        (["--link.far", "nan"], "argument --link.far: must be a number, got 'nan'"),
        (["--link.memory", "3"], "unknown arguments: --link.memory 3"),
        (["--identity", "slot", "--link.live", "9"], "--link.live belongs to --identity link, got --identity slot"),
        (["--link.motion", "-1"], "argument --link.motion: must not be negative, got -1.0"),
        (
            [f"--link.{term}=0" for term in ("category_alone", "mask", "motion")],
            "motion must be above 0, got 0 for all",
        ),
    ],
)
def test_a_wrong_number_is_a_wrong_command(words, message, tmp_path, capsys):
    try:
        code = segment("none", tmp_path / "out", "x.mp4", *words)
    except SystemExit as left:
        code = left.code
    assert code == 2 and message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_network_s_objects_are_named_with_these_numbers(weights, pictures, tmp_path):
    for birth in (0, 1):  # at 1 nothing is ever born
        assert segment(weights, tmp_path / str(birth), pictures, "--no-overlay", "--link.birth", birth) == 0
        assert bool(results(tmp_path / str(birth))) == (birth == 0)


def test_a_killed_run_goes_on_with_its_numbers_and_with_no_others(weights, pictures, tmp_path, monkeypatch, capsys):
    options = (pictures, "--no-overlay", "--link.live", 1)
    assert segment(weights, tmp_path / "whole", *options) == 0
    with monkeypatch.context() as patch:
        cut_journal(patch, 3)
        assert segment(weights, tmp_path / "cut", *options) == 130
    assert segment(weights, tmp_path / "cut", pictures, "--no-overlay", "--resume") == 1
    assert "--resume goes on with the same settings, link.live was 1, got 50. Give" in capsys.readouterr().err
    assert segment(weights, tmp_path / "cut", *options, "--resume") == 0
    assert results(tmp_path / "cut") == results(tmp_path / "whole")
