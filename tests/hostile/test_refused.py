"""Malformed files: exit code 1 and one clear line, never a traceback, a hang or a number."""

import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.hostile import corpus, packed
from tests.hostile.contract import broken, run
from tests.hostile.corpus import Pair

LENIENT = ["--dialect", "ytvos", "--json"]
MAKERS = (
    corpus.cut,
    corpus.wrong_values,
    corpus.missing_keys,
    corpus.wrong_numbers,
    corpus.wrong_text,
    corpus.wrong_masks,
    corpus.wrong_records,
    packed.archives,
)


class Folder:
    """A place for one pair after the other; files that do not change are not written again."""

    def __init__(self, path: Path) -> None:
        self.files = [path / "truth.json", path / "results.json"]
        self.held: list[bytes | None] = [None, None]

    def put(self, *contents: bytes) -> list[Path]:
        for i, content in enumerate(contents):
            if content != self.held[i]:
                self.files[i].write_bytes(content)
                self.held[i] = content
        return self.files


def complaints(path: Path, pairs: Iterable[Pair]) -> list[str]:
    folder, found = Folder(path), []
    for i, (name, truth, results) in enumerate(pairs):
        files = folder.put(truth, results)
        at_fault = "truth.json" if name.startswith("truth") else "results.json"
        problem = broken(run(*files), [at_fault], scored=False)
        if problem is None and i % 9 == 0:  # the other dialect may score what it can make sense of
            problem = broken(run(*files, LENIENT), [at_fault])
        found += [f"{name[:100]}: {problem}"] if problem else []
    return found


def test_the_sound_pair_is_scored(tmp_path):
    files = Folder(tmp_path).put(corpus.T, corpus.R)
    for options in ([], LENIENT):
        outcome = run(*files, options)
        assert outcome.code == 0 and broken(outcome) is None, outcome.err


def test_a_category_s_name_cannot_steer_the_terminal(tmp_path):
    named = corpus.T.replace(b'"cat"', b'"\\u001b[2J\\u202ecat\\u0000"')
    for options in ([], LENIENT):
        outcome = run(*Folder(tmp_path).put(named, corpus.R), options)
        assert outcome.code == 0 and broken(outcome) is None, outcome


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_every_malformed_pair_is_refused_in_one_line(tmp_path, make):
    assert complaints(tmp_path, corpus.distinct(make())) == []


def test_there_are_hundreds_of_distinct_pairs():
    pairs = list(corpus.distinct(pair for make in MAKERS[:-1] for pair in make()))
    assert len(pairs) >= 200
    assert len({name for name, *_ in pairs}) == len({(truth, results) for _, truth, results in pairs}) == len(pairs)


def test_files_that_cannot_be_opened_are_named(tmp_path):
    sound, _ = Folder(tmp_path).put(corpus.T, corpus.R)
    places = {"missing": tmp_path / "missing.json", "folder": tmp_path / "folder", "pipe": tmp_path / "pipe"}
    places["folder"].mkdir()
    os.mkfifo(places["pipe"])
    places["loop"] = tmp_path / "loop"
    places["loop"].symlink_to(places["loop"])
    places["under a file"] = sound / "results.json"
    places["long"] = tmp_path / ("x" * 300)
    if os.geteuid():
        places["locked"] = tmp_path / "locked.json"
        places["locked"].write_bytes(corpus.R)
        places["locked"].chmod(stat.S_IWUSR)
    for path in places.values():
        assert broken(run(sound, path), [path.name], scored=False) is None
        assert broken(run(path, sound), [path.name], scored=False) is None


GIB = 1 << 30
PROCESSES = {
    "cut short": lambda: (corpus.T, corpus.R[:-9]),
    "empty": lambda: (b"", corpus.R),
    "nested lists": lambda: (corpus.T, b"[" * 10**6),
    "nested objects under another key": lambda: (corpus.T[:-1] + b', "x":' + b'{"a":' * 10**6, corpus.R),
    "a mask of 100,000 squared": lambda: _named("results mask: size of 100,000 squared"),
    "a run without end": lambda: _named("results mask: a run without end"),
    "empty counts": lambda: _named("results mask: empty counts"),
    "runs short of the total": lambda: _named("truth mask: runs short of the total"),
    "GZ bomb": lambda: _named("results GZ bomb"),
    "ZIP bomb": lambda: _named("results ZIP bomb"),
    "100,000 commas": lambda: (corpus.T, b"[" + b"0," * 10**5 + b"0]"),
    "too many categories": lambda: _named("truth of 10,001 categories"),
}


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_refuses_in_bounded_time_and_memory(tmp_path, name):
    files = Folder(tmp_path).put(*PROCESSES[name]())
    command = [sys.executable, "-m", "simvtr.cli.main", "eval", *map(str, files)]

    def bounds():
        resource.setrlimit(resource.RLIMIT_AS, (2 * GIB, 2 * GIB))
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))

    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=bounds, timeout=120)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("simvtr eval: ") and done.stderr.count("\n") == 1, done.stderr[-500:]
    assert "memory" not in done.stderr


def test_many_tiny_tracks_are_scored_in_bounded_time(tmp_path):
    count = 10_000  # a million take 18 s and 0.5 GB
    track = b'{"video_id": 2, "category_id": 40, "score": 0.5, "segmentations": [{"size": [2, 4], "counts": "044"}]}'
    files = Folder(tmp_path).put(corpus.T, b"[" + b",".join([track] * count) + b"]")
    outcome = run(*files, seconds=60)
    assert outcome.code == 0, outcome.err
    assert f"{count} found" in outcome.out.replace(",", "")


def _named(name: str) -> tuple[bytes, bytes]:
    every = (pair for make in MAKERS for pair in make())
    return next((truth, results) for label, truth, results in every if label == name)
