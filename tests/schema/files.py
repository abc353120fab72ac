"""A data set and results small enough to read: one video of 3 frames, 4 x 2 pixels, one track."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

LEFT = {"size": [2, 4], "counts": "044"}  # the two left columns: 4 px
FULL = {"size": [2, 4], "counts": "08"}
TRUTH = {
    "info": {"description": "other keys are ignored"},
    "videos": [{"id": 0, "width": 4, "height": 2, "length": 3, "file_names": ["v/0.jpg", "v/1.jpg", "v/2.jpg"]}],
    "categories": [{"id": 7, "name": "cat", "supercategory": "animal"}, {"id": 40, "name": "dog"}],
    "annotations": [
        {
            "id": 0,
            "video_id": 0,
            "category_id": 40,
            "iscrowd": 0,
            "segmentations": [LEFT, None, FULL],
            "bboxes": [[0, 0, 2, 2], None, [0.0, 0.0, 4.0, 2.0]],
            "areas": [4, None, 8.0],
            "occlusion": ["no_occlusion", None, "severe_occlusion"],
        }
    ],
}
RESULTS = [{"video_id": 0, "category_id": 40, "score": 0.5, "segmentations": [LEFT, None, FULL]}]


def edited(source: Any, *path: Any, value: Any = None, drop: bool = False) -> Any:
    """A copy of JSON with the value at `path` replaced or dropped."""
    made = copy.deepcopy(source)
    at = made
    for key in path[:-1]:
        at = at[key]
    if drop:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return made


def write(folder: Path, content: Any, name: str = "truth.json") -> Path:
    """JSON, or text as it is, as a file."""
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Every path into a JSON value."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield from places(inner, (*path, key))


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 9),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
    st.sampled_from(["/x", "../y", "044", "08", "\0", "o", 10**30, 1e300, -1e300]),
)
JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
