"""Damaged files of every format: a data set, or exit code 1, one line, and nothing written."""

import contextlib
import io
import json
import random
import re
import shutil
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simvtr.cli.main import main
from simvtr.formats import Format, Work, write_annotations
from simvtr.formats.png import write_numbers
from tests.formats.made import truth_of
from tests.formats.test_labelme import save as save_labelme
from tests.formats.test_labelme import shape
from tests.hostile.contract import limit
from tests.schema.files import RESULTS, TRUTH

_WORDS = [
    b"-1",
    b"0",
    b"1e400",
    b"nan",
    b"9" * 20,
    b"null",
    b'""',
    b"[]",
    b"{}",
    b"\xff",
    b"\0",
    b"../",
    b"&a;",
    b"<!--",
]
_WORDS += [b"33554433", b"2147483648", b"0.5", b'"a"', b"true", b"99999"]
_SAYS_WHAT = re.compile(
    "must|expected|malformed|truncated|cannot be read|missing required|out of range|leads out|no file"
)
_TOKEN = re.compile(rb"-?[0-9.]+|[A-Za-z_]+|[\[\]{}<>\",:;]")


def damaged(data: bytes, seed: int) -> bytes:
    """A file with a few bytes, words or ends changed."""
    draw = random.Random(seed)
    for _ in range(draw.randint(1, 3)):
        kind = draw.random()
        if kind < 0.2 and data:
            at = draw.randrange(len(data))
            data = data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :]
        elif kind < 0.3:
            data = data[: draw.randrange(len(data) + 1)]
        else:
            places = list(_TOKEN.finditer(data))
            if places:
                token, other = draw.choice(places), draw.choice(places)
                word = draw.choice([*_WORDS, other.group()])
                data = data[: token.start()] + word + data[token.end() :]
    return data


def samples() -> dict[str, dict[str, bytes]]:
    """A small data set in every format: its files by name."""
    masks = {1: [np.eye(4, dtype=bool), None, ~np.eye(4, dtype=bool)], 2: [None, np.eye(4, k=2, dtype=bool), None]}
    truth, made = truth_of(masks, {1: "cat", 2: "dog"}), dict[str, dict[str, bytes]]()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, kind in (("a.json", Format.COCO), ("b.xml", Format.CVAT), ("c.json", Format.YOUTUBE_VIS)):
            write_annotations(truth, root / name, Work(), kind)
            made[name] = {name: (root / name).read_bytes()}
        write_annotations(truth, root / "zipped" / "davis", Work(), Format.DAVIS)
        shutil.make_archive(str(root / "davis"), "zip", root / "zipped")
        made["davis.zip"] = {"davis.zip": (root / "davis.zip").read_bytes()}
        (root / "labels").mkdir()
        save_labelme(root / "labels", [shape(group_id=1), shape("b", [[4, 3], [1, 1]], shape_type="circle")], [shape()])
        made["labelme"] = {f"labelme/{p.name}": p.read_bytes() for p in sorted((root / "labels").iterdir())}
    made["pngs"] = {f"pngs/{i}.png": write_numbers(np.eye(9, dtype=np.uint8)) for i in range(2)}
    made["r.json"] = {"r.json": json.dumps(RESULTS).encode(), "truth.json": json.dumps(TRUTH).encode()}
    made["m.txt"] = {"m.txt": b"1 1005 1 2 3 06\n2 2001 2 2 3 123\n"}
    return made


SAMPLES = samples()


def problem(name: str, seed: int) -> str | None:
    """What is wrong with how a damaged file is met, or None."""
    files = dict(SAMPLES[name])
    victim = random.Random(seed).choice(sorted(files))
    files[victim] = damaged(files[victim], seed)
    out, err = io.StringIO(), io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, data in files.items():
            (root / path).parent.mkdir(exist_ok=True)
            (root / path).write_bytes(data)
        before = sorted(root.rglob("*"))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings(), limit(20):
            warnings.simplefilter("error")
            what = ["results", "--truth", str(root / "truth.json")] if name == "r.json" else ["annotations"]
            code = main(["convert", *what, str(root / name), "-o", str(root / "out.json")])
        left = [path for path in sorted(root.rglob("*")) if path not in before]
    lines = [line for line in err.getvalue().splitlines() if line.startswith("simvtr") and ": note: " not in line]
    if code == 0:
        return None if left == [root / "out.json"] and not lines else f"done, but left {left} and said {lines}"
    if code != 1 or left or len(lines) != 1 or out.getvalue():
        return f"exit code {code}, left {left}, said {err.getvalue()[-500:]!r}"
    return None if len(lines[0]) < 1000 and _SAYS_WHAT.search(lines[0]) else lines[0]


@pytest.mark.parametrize("name", SAMPLES)
@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=10)
def test_a_damaged_file_is_a_data_set_or_one_line(name, seed):
    assert problem(name, seed) is None
