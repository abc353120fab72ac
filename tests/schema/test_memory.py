"""Files are read in memory that follows what they hold: a truth of lists takes less than its text."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simvtr.rle import decoded_runs, encode

MEASURED = """
import re, sys
from pathlib import Path
from simvtr.schema import read_predictions, read_truth
def peak():  # not getrusage: it counts what the parent held
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) << 10
kind, small, large = sys.argv[1:]
if kind == "truth":
    read = read_truth
else:
    truth = read_truth(small)
    read, small = lambda path: read_predictions(path, truth), large + ".small"
kept = read(small)  # what reading itself takes, once
before = peak()
kept = read(large)
print((peak() - before) / Path(large).stat().st_size)
"""
SIZE = 600, 800
TIMES = 400  # tracks of 30 frames: 37 MB of lists, 8 MB of strings


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A truth of lists of runs and results of strings, each also with fewer tracks."""
    folder = tmp_path_factory.mktemp("large")
    ragged = np.zeros(SIZE, bool)
    for x in range(100, 400):
        ragged[100 + x % 7 : 300 + x % 11, x] = True
    mask = encode(ragged)
    runs = decoded_runs([mask.counts])[0].tolist()
    video = {"id": 1, "height": SIZE[0], "width": SIZE[1], "length": 30}
    head = json.dumps({"videos": [video], "categories": [{"id": 1, "name": "fish"}]})[:-1] + ', "annotations": ['
    true = json.dumps([{"size": SIZE, "counts": runs}] * 30)
    found = json.dumps([{"size": SIZE, "counts": mask.counts.decode()}] * 30)
    for name, times in (("truth.json", TIMES), ("truth.json.small", 100)):
        tracks = (f'{{"id": {i}, "video_id": 1, "category_id": 1, "segmentations": {true}}}' for i in range(times))
        (folder / name).write_text(head + ",".join(tracks) + "]}")
    for name, times in (("results.json", TIMES), ("results.json.small", 100)):
        tracks = [f'{{"video_id": 1, "category_id": 1, "score": 0.5, "segmentations": {found}}}'] * times
        (folder / name).write_text("[" + ",".join(tracks) + "]")
    return folder


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is read from Linux")
@pytest.mark.parametrize(("kind", "most"), [("truth", 1.0), ("results", 3.0)])
def test_memory_follows_what_a_file_holds(files, kind, most):
    given = [files / "truth.json.small", files / f"{kind}.json"]
    done = subprocess.run([sys.executable, "-c", MEASURED, kind, *given], capture_output=True, text=True, check=True)
    assert 0.2 < float(done.stdout) < most
