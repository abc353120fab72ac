"""Pairs that are nearly sound: strategies of hypothesis that damage values, text, bytes and packing of a small pair."""

import gzip
import json
from typing import Any

from hypothesis import strategies as st

from tests.hostile.corpus import MASKS, NUMBERS, RESULTS, TRUTH, WRONG
from tests.hostile.packed import zipped
from tests.schema.files import JSON, edited, places

# What the reader of masks, sizes and numbers finds hardest, and what any value may become.
COUNTS = st.text(alphabet=[chr(c) for c in range(47, 113)], max_size=12)
SIZES = st.lists(st.sampled_from([-1, 0, 1, 2, 4, 8, 2**16, 2**27, 2**31, 2**32, 2**63, 0.5, 2.0, 1e308]), max_size=3)
RUNS = st.lists(st.integers(-2, 9) | st.sampled_from([2**31, 2**32, 2**63, 2**64, 10**30]), max_size=5)
CORNERS = st.lists(st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False), max_size=9)
NEW = st.one_of(
    JSON,
    st.sampled_from([*WRONG, *MASKS.values()][:-2]),
    st.fixed_dictionaries({"size": st.just([2, 4]) | SIZES, "counts": COUNTS | RUNS}),
    st.lists(CORNERS, max_size=2),
    st.integers(-(2**70), 2**70),
    st.sampled_from([0, 1, 2, 7, 40, 2**53, -(2**53)]),
)
OPTIONS = st.sampled_from(
    [
        [],
        ["--json"],
        ["--csv"],
        ["--class-agnostic"],
        ["--dialect=ytvos"],
        ["--dialect=ytvos", "--class-agnostic", "--json"],
        ["--dialect=ytvos", "--groups"],
        ["--groups"],
        ["--groups", "--json"],
        ["--identity"],
        ["--identity", "--score=0.6", "--csv"],
        ["--errors"],
        ["--errors", "--json"],
        ["--bootstrap=5"],
        ["--groups", "--identity", "--errors", "--bootstrap=3", "--json"],
    ]
)


@st.composite
def texts(draw: st.DrawFn, content: Any) -> bytes:
    """The JSON of `content`, damaged up to four times in its values, then perhaps in its text."""
    for _ in range(draw(st.integers(0, 4))):
        path = draw(st.sampled_from(list(places(content))))
        change = draw(st.sampled_from(["replace", "replace", "drop", "repeat", "swap"]))
        if not path:
            continue
        if change == "drop":
            content = edited(content, *path, drop=True)
        elif change == "repeat" and isinstance(path[-1], int):
            parent = _at(content, path[:-1])
            content = (
                edited(content, *path[:-1], value=parent * draw(st.integers(2, 3))) if len(path) > 1 else parent * 2
            )
        else:
            other = draw(st.sampled_from(list(places(content))))
            value = _at(content, other) if change == "swap" else draw(NEW)
            content = edited(content, *path, value=value)
    text = json.dumps(content, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2, 8]))):
        text = draw(damaged(text))
    return text


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """A few bytes of `data` replaced, taken out, put in or repeated; or its end gone."""
    at = draw(st.integers(0, len(data)))
    kind = draw(st.sampled_from(["bytes", "bytes", "number", "cut", "repeat"]))
    if kind == "cut":
        return data[:at]
    if kind == "repeat":
        return data[:at] + data[at : at + draw(st.integers(1, 40))] * draw(st.integers(2, 50)) + data[at:]
    new = draw(st.sampled_from(NUMBERS)).encode() if kind == "number" else draw(st.binary(max_size=4))
    return data[:at] + new + data[at + draw(st.integers(0, 4)) :]


@st.composite
def files(draw: st.DrawFn, content: Any) -> bytes:
    """A damaged JSON, plain or packed; the packed ones may be damaged once more."""
    text = draw(texts(content))
    packing = draw(st.sampled_from(["plain", "plain", "plain", "gz", "zip"]))
    if packing == "plain":
        return text
    data = gzip.compress(text, 1, mtime=0) if packing == "gz" else zipped({"r.json": text})
    for _ in range(draw(st.sampled_from([0, 1, 3]))):
        data = draw(damaged(data))
    return data


# The same truth with lists of runs alone, as the data sets' own files have them: these are read in a way of their own.
LISTED = edited(
    TRUTH,
    "annotations",
    value=[
        {**track, "segmentations": [mask and {"size": [2, 4], "counts": [0, 4, 4]} for mask in track["segmentations"]]}
        for track in TRUTH["annotations"]
    ],
)
PAIRS = st.tuples(
    st.just(json.dumps(TRUTH).encode()) | files(TRUTH) | files(LISTED),
    st.just(json.dumps(RESULTS).encode()) | files(RESULTS),
    OPTIONS,
)


def _at(content: Any, path: tuple) -> Any:
    for key in path:
        content = content[key]
    return content
