"""Malformed pairs of truth and results, made by code, each with a name.

What is left out because it is valid, and why:
- other keys, and a key that comes twice: JSON lets the last one count;
- categories without a name, or two of one name; file names that point anywhere: nothing opens them;
- null, [] and {} for an absent mask, in every frame too: such a track is wrong, or tiny, but well formed;
- sizes as whole floats, runs with empty ones inside, polygons that leave the picture: each says one thing only;
- any finite score, below 0 and above 1 too: only the order counts;
- negative ids: the reference takes them;
- bboxes of negative size: the metric never reads them, `simvtr check` warns of them;
- `bboxes`, `areas`, `occlusion`, `iscrowd`, `file_names`, `name` null or left out: real files do so. A null in `areas`
  leaves that frame out of the track's size, as in the reference;
- labels of occlusion that OVIS does not know, while nothing asks for occlusion groups.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from tests.schema.files import edited, places

LEFT = {"size": [2, 4], "counts": "044"}  # the two left columns: 4 px
FULL = {"size": [2, 4], "counts": [0, 8]}
OUTLINE = [[0, 0, 2, 0, 2, 2, 0, 2]]
TRUTH = {
    "videos": [
        {"id": 1, "width": 4, "height": 2, "length": 2, "file_names": ["1/0.jpg", "1/1.jpg"]},
        {"id": 2, "width": 4, "height": 2, "length": 1},
    ],
    "categories": [{"id": 7, "name": "cat"}, {"id": 40, "name": "dog"}],
    "annotations": [
        {
            "id": 1,
            "video_id": 1,
            "category_id": 40,
            "iscrowd": 0,
            "segmentations": [LEFT, None],
            "bboxes": [[0, 0, 2.5, 2], None],
            "areas": [4, None],
            "occlusion": ["no_occlusion", None],
        },
        {"id": 2, "video_id": 1, "category_id": 7, "iscrowd": 1, "segmentations": [FULL, OUTLINE]},
        {"id": 3, "video_id": 2, "category_id": 40, "segmentations": [LEFT]},
    ],
}
RESULTS = [
    {"video_id": 1, "category_id": 40, "score": 0.75, "segmentations": [LEFT, None]},
    {"video_id": 1, "category_id": 7, "score": 1, "segmentations": [OUTLINE, FULL]},
    {"video_id": 2, "category_id": 40, "score": 0.5, "segmentations": [LEFT], "identity": 3},
]
T, R = json.dumps(TRUTH).encode(), json.dumps(RESULTS).encode()
TRUTH, RESULTS = json.loads(T), json.loads(R)  # now no two places share a value

Pair = tuple[str, bytes, bytes]  # a name that begins with the file at fault; truth; results


def distinct(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """The pairs without those that repeat an earlier one: there is more than one way to the same damage."""
    seen = {(T, R)}
    for name, truth, results in pairs:
        if (truth, results) not in seen:
            yield name, truth, results
        seen.add((truth, results))


def cut() -> Iterator[Pair]:
    """Files that end too early."""
    for at in range(0, len(T), 29):
        yield f"truth cut at byte {at}", T[:at], R
    for at in range(0, len(R), 13):
        yield f"results cut at byte {at}", T, R[:at]


# What each value is replaced by.
WRONG: tuple[Any, ...] = (None, True, "x", "", -3, -1.5, 1e300, 10**30, [], {}, [[[[0]]]], {"x": "y"}, 2**53 + 1)


def wrong_values() -> Iterator[Pair]:
    """Every value of both files replaced by values that it cannot be."""
    for name, content in (("truth", TRUTH), ("results", RESULTS)):
        for i, path in enumerate(places(content)):
            for value in WRONG[i % 3 :: 3] if i else WRONG:  # a third of them, in turns, to save time
                if not _valid(path, value):
                    made = json.dumps(edited(content, *path, value=value) if path else value).encode()
                    label = f"{name}{''.join(f'[{p!r}]' for p in path)} = {value!r}"
                    yield (label, made, R) if name == "truth" else (label, T, made)


def _valid(path: tuple, value: Any) -> bool:
    """Whether a value from `WRONG` is sound in this place, by the list above."""
    keys = [key for key in path if isinstance(key, str)]
    key = keys[-1] if keys else None
    depth = len(path) - 1 - path.index(key) if keys else 0  # lists between the key and the value
    null_or_text = value is None or isinstance(value, str)
    number = isinstance(value, int | float) and value is not True
    corner = value in (-3, -1.5)
    match key, depth:
        case ("name", 0) | ("occlusion", 0 | 1):
            return null_or_text
        case "file_names", 1:
            return isinstance(value, str)
        case "file_names", 0:
            return value in (None, [])
        case "iscrowd", 0:
            return value is None or value is True
        case ("bboxes" | "areas" | "length", 0) | ("areas", 1):
            return value is None
        case "identity", 0:
            return value in (None, -3)
        case "id", 0:
            return value == -3 and path[0] == "annotations"
        case "score", 0:
            return number
        case "segmentations", 1:
            return value in (None, [], {})
        case "bboxes", 1:
            return value in (None, [])
        case ("bboxes", 2) | ("segmentations", 3):
            return corner
    return False


def missing_keys() -> Iterator[Pair]:
    """Every key left out that must be there."""
    optional = {"name", "file_names", "iscrowd", "bboxes", "areas", "occlusion", "identity"}
    for name, content in (("truth", TRUTH), ("results", RESULTS)):
        for path in places(content):
            if path and isinstance(path[-1], str) and path[-1] not in optional and path != ("videos", 0, "length"):
                made = json.dumps(edited(content, *path, drop=True)).encode()
                label = f"{name} without {''.join(f'[{p!r}]' for p in path)}"
                yield (label, made, R) if name == "truth" else (label, T, made)


NUMBERS = ("NaN", "-NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" + "0" * 400, "1" + "0" * 5000)
NUMBERS = (*NUMBERS, "0x10", "01", "1.", ".5", "+1", "1e", "--1", "1_000", "0.5.5")


def wrong_numbers() -> Iterator[Pair]:
    """Text that is no number, or one that no float holds, where a number belongs."""
    for number in NUMBERS:
        short = number if len(number) < 12 else f"1 and {len(number) - 1} zeros"
        for old in ('"score": 0.75', '"video_id": 2', '"size": [2', "[[0, 0, 2, 0"):
            new = old[: max(old.rfind(" "), old.rfind("[")) + 1] + number
            yield f"results with {short} for {old}", T, R.replace(old.encode(), new.encode(), 1)
        for old in ('"width": 4', '"areas": [4', '"length": 1', '"bboxes": [[0, 0, 2.5', '"iscrowd": 0', '"id": 3'):
            new = old[: max(old.rfind(" "), old.rfind("[")) + 1] + number
            yield f"truth with {short} for {old}", T.replace(old.encode(), new.encode(), 1), R


def wrong_text() -> Iterator[Pair]:
    """Bytes that are no JSON, or no text."""
    deep = 100_000
    texts = {
        "empty": b"",
        "of blanks": b" \n\t" * 9,
        "of NULs": bytes(64),
        "of junk": bytes(range(256)),
        "of an image": b"\x89PNG\r\n\x1a\n" + bytes(20),
        "of Python": b"[{'video_id': 1}]",
        "of JSON lines": b'{"a": 1}\n{"a": 2}\n',
        "of HTML": b"<!DOCTYPE html><title>404</title>",
        "of nested lists": b"[" * deep + b"]" * deep,
        "of nested lists without end": b"[" * deep,
        "of nested objects": b'{"a":' * deep + b"1" + b"}" * deep,
        "of one text": b'"x"',
        "of one number": b"7",
        "of one huge number": b"9" * 10_000,
    }
    for label, text in texts.items():
        yield f"truth {label}", text, R
        yield f"results {label}", T, text
    for name, text in (("truth", T), ("results", R)):
        changed = {
            "with a byte order mark": b"\xef\xbb\xbf" + text,
            "in UTF-16": text.decode().encode("utf-16"),
            "in UTF-16 without a mark": text.decode().encode("utf-16-le"),
            "in UTF-32": text.decode().encode("utf-32"),
            "with half a surrogate pair": text.replace(b'"044"', b'"\\ud8000"', 1),
            "with pairs the wrong way round": text.replace(b'"044"', b'"\\udc00\\ud800"', 1),
            "with an unknown escape": text.replace(b'"044"', b'"\\x30"', 1),
            "with a byte that is no UTF-8": text.replace(b'"044"', b'"\xff44"', 1),
            "with a line break in a text": text.replace(b'"044"', b'"0\n44"', 1),
            "with a trailing comma": text[:-1] + b"," + text[-1:],
            "with more after its end": text + b"]",
            "that comes twice": text + text,
            "with a comment": text + b" // done",
            "with single quotes": text.replace(b'"', b"'"),
            "without colons": text.replace(b":", b""),
            "with a NUL at its end": text + b"\0",
            "with deep nesting under another key": text.replace(
                b'"video_id"', b'"x": ' + b"[" * deep + b', "video_id"'
            ),
        }
        for label, made in changed.items():
            yield (f"{name} {label}", made, R) if name == "truth" else (f"{name} {label}", T, made)


# A mask of 2 x 4 pixels, each with the reason it cannot be one.
MASKS: dict[str, Any] = {
    "runs short of the total": {"size": [2, 4], "counts": "043"},
    "runs beyond the total": {"size": [2, 4], "counts": "045"},
    "one run of nothing": {"size": [2, 4], "counts": "0"},
    "empty counts": {"size": [2, 4], "counts": ""},
    "NUL counts": {"size": [2, 4], "counts": "\0"},
    "NUL after the counts": {"size": [2, 4], "counts": "044\0"},
    "a blank in the counts": {"size": [2, 4], "counts": "0 44"},
    "a line break after the counts": {"size": [2, 4], "counts": "044\n"},
    "a slash, just below the alphabet": {"size": [2, 4], "counts": "044/"},
    "a p, just above the alphabet": {"size": [2, 4], "counts": "044p"},
    "letters beyond ASCII": {"size": [2, 4], "counts": "0é4"},
    "full-width digits": {"size": [2, 4], "counts": "\uff10\uff14\uff14"},
    "counts of base64": {"size": [2, 4], "counts": "MDQ0=="},
    "a run without end": {"size": [2, 4], "counts": "04T"},
    "only the beginning of a run": {"size": [2, 4], "counts": "o"},
    "a run of seven characters": {"size": [2, 4], "counts": "oooooo0"},
    "a run beyond 64 bits": {"size": [2, 4], "counts": "o" * 14 + "0"},
    "a run of a million characters": {"size": [2, 4], "counts": "o" * 10**6 + "0"},
    "a negative first run": {"size": [2, 4], "counts": "O9"},
    "a negative run": {"size": [2, 4], "counts": "0O9"},
    "a negative run by difference": {"size": [2, 4], "counts": "044J4"},
    "runs that overflow and come back": {"size": [2, 4], "counts": "0" + "PPPPP@" * 8 + "8"},
    "list short of the total": {"size": [2, 4], "counts": [0, 4, 3]},
    "list beyond the total": {"size": [2, 4], "counts": [0, 4, 5]},
    "empty list": {"size": [2, 4], "counts": []},
    "negative number in the list": {"size": [2, 4], "counts": [-1, 9]},
    "list that cancels": {"size": [2, 4], "counts": [0, 2**63, -(2**63), 8]},
    "list beyond 64 bits": {"size": [2, 4], "counts": [2**64, 8]},
    "list of huge numbers": {"size": [2, 4], "counts": [10**400]},
    "list that wraps to the total": {"size": [2, 4], "counts": [2**32, 8]},
    "list of too many runs": {"size": [2, 4], "counts": [0] * 10_000 + [8]},
    "float in the list": {"size": [2, 4], "counts": [0, 4.0, 4]},
    "text in the list": {"size": [2, 4], "counts": [0, "4", 4]},
    "null in the list": {"size": [2, 4], "counts": [0, None, 8]},
    "bool in the list": {"size": [2, 4], "counts": [True, 7]},
    "list in the list": {"size": [2, 4], "counts": [[0, 8]]},
    "counts a number": {"size": [2, 4], "counts": 8},
    "counts an object": {"size": [2, 4], "counts": {"0": 8}},
    "size of nothing": {"size": [0, 0], "counts": "0"},
    "size of no height": {"size": [0, 4], "counts": "0"},
    "size of no width": {"size": [2, 0], "counts": "0"},
    "size of 100,000 squared": {"size": [10**5, 10**5], "counts": "0"},
    "size that wraps to 0 in 32 bits": {"size": [2**16, 2**16], "counts": "0"},
    "size that wraps to 8 in 64 bits": {"size": [2**33, 2**31 + 1], "counts": "8"},
    "size beyond 64 bits": {"size": [10**30, 1], "counts": "0"},
    "size negative": {"size": [-2, -4], "counts": "044"},
    "size in halves": {"size": [2.5, 4], "counts": "044"},
    "size of 1e308": {"size": [1e308, 1e308], "counts": "044"},
    "size the other way round": {"size": [4, 2], "counts": "044"},
    "size of one number": {"size": [8], "counts": "044"},
    "size of three numbers": {"size": [2, 4, 1], "counts": "044"},
    "size of nothing at all": {"size": [], "counts": "044"},
    "size a number": {"size": 8, "counts": "044"},
    "size a text": {"size": "2x4", "counts": "044"},
    "size of texts": {"size": ["2", "4"], "counts": "044"},
    "size of bools": {"size": [True, True], "counts": "1"},
    "size null": {"size": None, "counts": "044"},
    "counts null": {"size": [2, 4], "counts": None},
    "misspelt keys": {"Size": [2, 4], "Counts": "044"},
    "polygon of two points": [[0, 0, 2, 2]],
    "polygon of an odd number": [[0, 0, 2, 0, 2, 2, 0]],
    "polygon of nothing": [[]],
    "polygon not in a list": [0, 0, 2, 0, 2, 2],
    "polygon too far in": [[[0, 0], [2, 0], [2, 2]]],
    "polygon of texts": [["0", "0", "2", "0", "2", "2"]],
    "polygon with null": [[0, 0, 2, None, 2, 2]],
    "polygon of objects": [[{"x": 0, "y": 0}] * 3],
    "polygon around the world": [[0, 0, 1e9, 0, 1e9, 1e9]],
    "polygon beyond all": [[0, 0, 1e308, 0, -1e308, 1e308]],
    "polygon of a long outline": [[0, 0, 1e8, 0] * 50],
    "one good polygon, one bad": [*OUTLINE, [0, 0]],
    "a text": "044",
    "a number": 8,
    "true": True,
    "a picture of bits": [[1, 1, 0, 0], [1, 1, 0, 0]],
}


def wrong_masks() -> Iterator[Pair]:
    """Masks that are none, in both files, at every place of a track."""
    for label, mask in MASKS.items():
        yield f"truth mask: {label}", _dump(edited(TRUTH, "annotations", 0, "segmentations", 0, value=mask)), R
        yield f"results mask: {label}", T, _dump(edited(RESULTS, 0, "segmentations", 1, value=mask))


def wrong_records() -> Iterator[Pair]:
    """Values sound alone that break a rule together."""
    masks = RESULTS[0]["segmentations"]
    truths = {
        "repeated track id": edited(TRUTH, "annotations", 1, "id", value=1),
        "repeated video id": edited(TRUTH, "videos", 1, "id", value=1),
        "repeated category id": edited(TRUTH, "categories", 1, "id", value=7),
        "unknown video": edited(TRUTH, "annotations", 0, "video_id", value=9),
        "unknown category": edited(TRUTH, "annotations", 0, "category_id", value=9),
        "without categories": edited(TRUTH, "categories", value=[]),
        "without videos": edited(TRUTH, "videos", value=[]),
        "without tracks": edited(TRUTH, "annotations", value=[]),
        "whose tracks are kept back": edited(TRUTH, "annotations", drop=True),
        "of length 0": edited(TRUTH, "videos", 1, "length", value=0),
        "of length 10**12": edited(TRUTH, "videos", 1, "length", value=10**12),
        "of length 2 for 1 frame": edited(TRUTH, "videos", 1, "length", value=2),
        "of length 3 for 2 names": edited(TRUTH, "videos", 0, "length", value=3),
        "without length and names": edited(TRUTH, "videos", 1, "length", drop=True),
        "with one name too few": edited(TRUTH, "videos", 0, "file_names", value=["0.jpg"]),
        "with one name too many": edited(TRUTH, "videos", 0, "file_names", value=["0.jpg"] * 3),
        "of width 0": edited(TRUTH, "videos", 0, "width", value=0),
        "of height 0": edited(TRUTH, "videos", 0, "height", value=0),
        "of width 4.5": edited(TRUTH, "videos", 0, "width", value=4.5),
        "of width and height swapped": edited(
            edited(TRUTH, "videos", 0, "width", value=2), "videos", 0, "height", value=4
        ),
        "of a huge picture": edited(
            edited(TRUTH, "videos", 1, "width", value=10**5), "videos", 1, "height", value=10**5
        ),
        "of 10,001 categories": edited(TRUTH, "categories", value=[{"id": i} for i in range(10_001)]),
        "crowd of two": edited(TRUTH, "annotations", 0, "iscrowd", value=2),
        "half a crowd": edited(TRUTH, "annotations", 0, "iscrowd", value=0.5),
        "of a box of three": edited(TRUTH, "annotations", 0, "bboxes", 0, value=[0, 0, 2]),
        "of a box of five": edited(TRUTH, "annotations", 0, "bboxes", 0, value=[0, 0, 2, 2, 1]),
        "of nobody": {},
    }
    for key, entry in (("segmentations", LEFT), ("bboxes", [0, 0, 2, 2]), ("areas", 4), ("occlusion", None)):
        for count in (0, 1, 3):
            made = edited(TRUTH, "annotations", 0, key, value=[entry] * count)
            truths[f"with {count} {key} for 2 frames"] = made
    results = {
        "none": [],
        "in an object": {"annotations": RESULTS},
        "in a list in a list": [RESULTS],
        "that are the truth": TRUTH,
        "that are the truth's tracks": TRUTH["annotations"],
        "of an unknown video": edited(RESULTS, 0, "video_id", value=9),
        "of an unknown category": edited(RESULTS, 0, "category_id", value=9),
        "of another video's length": edited(RESULTS, 2, "video_id", value=1),
        "by frame": [{"image_id": 1, "category_id": 40, "score": 0.5, "segmentation": LEFT}],
        "whose last is null": [*RESULTS, None],
        "whose last is empty": [*RESULTS, {}],
        "all wrong": [{**RESULTS[0], "score": "0.5"}] * 5_000,
        "with masks in an object": edited(RESULTS, 0, "segmentations", value={"0": LEFT}),
        "with masks for a text": edited(RESULTS, 0, "segmentations", value="044"),
        "with one mask, not in a list": edited(RESULTS, 0, "segmentations", value=LEFT),
        "with masks in a list too many": edited(RESULTS, 0, "segmentations", value=[masks]),
        **{
            f"with {n} masks for 2 frames": edited(RESULTS, 0, "segmentations", value=[LEFT] * n) for n in (0, 1, 3, 99)
        },
    }
    for label, made in truths.items():
        yield f"truth {label}", _dump(made), R
    for label, made in results.items():
        yield f"results {label}", T, _dump(made)


def _dump(value: Any) -> bytes:
    return json.dumps(value).encode()
