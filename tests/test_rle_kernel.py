"""The kernel reads what the careful readers read, and nothing else; without it the same comes out."""

import json
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from simvtr import rle
from simvtr.rle import MaskTrack, plain
from simvtr.rle import kernel as kernel_module
from simvtr.rle.kernel import LISTS, STRINGS, Kernel, kernel
from simvtr.rle.masks import compressed, decoded_runs
from tests.test_rle_track import TRACKS

OWN = kernel()
assert OWN is not None, "wasmtime runs wherever these tests do"

# numbers around those where a run takes one character or half a word more
RUNS = st.lists(
    st.sampled_from([1, 2, 15, 16, 17, 511, 512, 513, 16383, 16384, 65534, 65535, 65536, 600_000, 20_000_000]),
    min_size=1,
    max_size=6,
)
MASKS = st.lists(st.tuples(RUNS, st.booleans()), min_size=1, max_size=5)
TEXT = st.lists(st.integers(48, 111).map(lambda n: n if n % 3 else 48 + n % 32), max_size=12).map(bytes)
ANY_TEXT = TEXT | st.binary(max_size=12).filter(lambda text: text.isascii() and b"\n" not in text)
NUMBERS = st.one_of(st.integers(0, 12), st.integers(0, 10**9 - 1), st.sampled_from([65535, 65536]))


def text_of(texts, fence):
    return fence.join([*texts, b""])


def read(texts, fence, sizes):
    return OWN.read(text_of(texts, fence), fence, np.array([(h, h * w) for h, w in sizes], np.uint32))


def plainly(masks, height, width):
    return plain.read([mask and mask.counts for mask in masks], height, width)


def equal(some, others):
    return all(np.array_equal(a, b) for a, b in zip(some[:3], others, strict=True))


@given(MASKS)
def test_runs_of_every_length_are_laid_out_as_without_the_kernel(masks):
    for runs, starts_set in masks:
        runs = [0, *runs] if starts_set else runs
        mask = compressed(np.array(runs), 1, sum(runs))
        for text, fence in ((mask.counts, STRINGS), (json.dumps(runs)[1:-1].encode(), LISTS)):
            found = read([text, b""], fence, [(1, sum(runs))] * 2)
            assert found is not None
            assert equal(found, plainly([mask, None], 1, sum(runs)))
            assert found[3] == 1


@given(st.lists(hnp.arrays(bool, (7, 9)), min_size=1, max_size=4))
def test_runs_are_those_of_pycocotools(pictures):
    masks = [rle.encode(picture) for picture in pictures]
    lists = [json.dumps(decoded_runs([mask.counts])[0].tolist())[1:-1].encode() for mask in masks]
    for texts, fence in (([mask.counts for mask in masks], STRINGS), (lists, LISTS)):
        found = read(texts, fence, [(7, 9)] * len(masks))
        assert found is not None
        assert equal(found, plainly(masks, 7, 9))
        assert found[2][:, 2].tolist() == [int(picture.sum()) for picture in pictures]
        for (*_, first, behind), picture in zip(found[2].tolist(), pictures, strict=True):
            columns = np.flatnonzero(picture.any(axis=0))
            assert (first, behind) == ((columns[0], columns[-1] + 1) if len(columns) else (0, 0))


@given(st.lists(ANY_TEXT.filter(bool), min_size=1, max_size=4), st.sampled_from([(5, 6), (1, 100), (1 << 13, 1 << 14)]))
def test_whatever_the_text_only_what_clean_passes_is_read(texts, size):
    found = read(texts, STRINGS, [size] * len(texts))
    cleaned, problems = rle.clean(texts, [size] * len(texts))
    assert (found is not None) == (not problems and cleaned == texts)


@given(MASKS, st.integers(0, 200), st.integers(0, 255))
def test_one_damaged_character_is_seen_or_makes_another_mask(masks, at, character):
    runs = [[0, *runs] if starts_set else runs for runs, starts_set in masks]
    sizes = [(1, sum(mask)) for mask in runs]
    text = bytearray(text_of([compressed(np.array(mask), 1, sum(mask)).counts for mask in runs], STRINGS))
    text[at % len(text)] = character
    found = OWN.read(bytes(text), STRINGS, np.array(sizes, np.uint32))
    texts = bytes(text).split(b"\n")[:-1]
    if len(texts) != len(sizes) or not text.endswith(b"\n"):
        assert found is None
    elif found is not None and all(texts):
        cleaned, problems = rle.clean(texts, sizes)
        assert not problems
        assert cleaned == texts


@given(st.lists(st.lists(NUMBERS, min_size=1), min_size=1), st.sampled_from([None, 0, 2]), st.sampled_from(", "))
def test_lists_are_read_as_json_reads_them(lists, indent, blank):
    texts = [json.dumps(values, indent=indent, separators=("," + blank.strip(","), ": "))[1:-1] for values in lists]
    found = read([text.encode() for text in texts], LISTS, [(1, sum(values)) for values in lists])
    sound = all(sum(values) <= rle.MAX_PIXELS and 0 not in values[1:] for values in lists)
    if sound and all(sum(values) for values in lists):
        assert found is not None
        short, long, records, _ = found
        laid = short.astype(int)
        laid[laid == 0] = long
        for values, end in zip(lists, records[:, 0].tolist(), strict=True):
            odd = len(values) % 2
            begin = end - len(values) - (1 if odd else 2)
            expected = [values[0] + 1, *values[1:]]
            expected[len(values) :] = [] if odd else [0]
            expected[-1] += 1
            assert laid[begin : end - 1].tolist() == expected
    elif not sound:
        assert found is None or max(map(sum, lists)) > rle.MAX_PIXELS


ODD = ["", " ", "-1", "1.5", "1e3", "[1]", "[1],2", '"1"', "1234567890", "0000000001", "null", "{}", "1 2", "1, 2 3",
       "1,, 2", "1, ", "1,", ", 1", "1,2, 3 ]", "01", "1, 00", "1\n2", "1]", "1,\t", "1\x00", "1, 2\x0b", "\xa01", "+1",
       "4294967297", "18446744073709551617", "99999999999999999999"]  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_any_other_list_is_left_to_the_careful_reader(odd):
    """Whatever sum it might be taken for: here 1."""
    text = odd.encode("latin-1")
    for texts in ([text], [b"1", text], [text, b"1"]):
        found = read(texts, LISTS, [(1, 1)] * len(texts))
        assert found is None or (not text and found[3] == 1)  # without text is absent: counted


@pytest.mark.parametrize("fence", [STRINGS, LISTS])
def test_text_that_ends_early_or_late_is_not_read(fence):
    size = np.array([[1, 1]] * 2, np.uint32)
    assert OWN.read(text_of([b"1", b"1"], fence), fence, size) is not None
    for text in (b"", fence, fence * 3, text_of([b"1"], fence), text_of([b"1"] * 3, fence), b"1" + fence + b"1", b"1"):
        assert OWN.read(text, fence, size) is None


def test_what_has_no_room_is_left_to_others(monkeypatch):
    masks = [rle.encode(np.eye(40, dtype=bool))] * 50
    track = MaskTrack.of(masks)
    shared = rle.track_shared([track], [track])
    monkeypatch.setattr(kernel_module, "_ROOM", 10_000)
    assert MaskTrack.from_strings([([mask.counts.decode() for mask in masks], 40, 40)]) is None
    assert MaskTrack.of(masks) == track
    assert rle.track_shared([track], [track]).tolist() == shared.tolist() == [[50 * 40]]


def test_memory_grows_with_what_is_read():
    own = Kernel()
    before = len(own._bytes)
    mask = rle.encode(np.eye(500, dtype=bool)).counts
    text = text_of([mask] * 200, STRINGS)
    assert own.read(text, STRINGS, np.array([[500, 250_000]] * 200, np.uint32)) is not None
    assert before < len(own._bytes) < 8 * len(text) + 100_000


@given(st.lists(TRACKS, min_size=1, max_size=3), st.lists(TRACKS, min_size=1, max_size=3))
def test_without_the_kernel_tracks_are_and_share_the_same(found, truth):
    with_it = [[MaskTrack.of(masks) for masks in side] for side in (found, truth)]
    shared = rle.track_shared(*with_it)
    with pytest.MonkeyPatch.context() as patch:
        for module in ("track", "shared"):
            patch.setattr(f"simvtr.rle.{module}.kernel", lambda: None)
        assert MaskTrack.from_strings([(["06"], 2, 3)]) is None
        assert MaskTrack.from_lists([([b"6"], 2, 3)]) is None
        without = [[MaskTrack.of(masks) for masks in side] for side in (found, truth)]
        assert rle.track_shared(*without).tolist() == shared.tolist()
        with pytest.raises(ValueError, match="must hold whole runs"):
            MaskTrack.of([rle.Rle(2, 3, b"07")])
    for a, b in zip([*with_it[0], *with_it[1]], [*without[0], *without[1]], strict=True):
        assert a == b
        assert (a.areas.tolist(), a.columns.tolist()) == (b.areas.tolist(), b.columns.tolist())
        assert all(np.array_equal(x, y) for x, y in zip(a.parts(), b.parts(), strict=True))


TRY = """
import numpy as np
from simvtr.rle import MaskTrack, encode, track_shared
from simvtr.rle.kernel import kernel
track = MaskTrack.of([encode(np.eye(300, dtype=bool))] * 20)
assert track_shared([track], [track]).tolist() == [[6000]]
print(kernel() is not None)
"""


def tried(code=TRY, before=""):
    made = subprocess.run([sys.executable, "-c", before + code], capture_output=True, text=True, timeout=120)
    assert (made.returncode, made.stderr) == (0, "")
    return made.stdout.strip()


def limited(megabytes):
    return f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20,) * 2)\n"


@pytest.mark.skipif(sys.platform != "linux", reason="others do not limit the address space")
@pytest.mark.parametrize("megabytes", [600, 1000, 4000])
def test_a_limited_address_space_is_enough_or_others_do_the_work(megabytes):
    assert tried(before="import os; os.environ['OPENBLAS_NUM_THREADS'] = '1'\n" + limited(megabytes)) in (
        ["True"] if megabytes >= 1000 else ["True", "False"]
    )


def test_without_wasmtime_others_do_the_work():
    assert tried(before="import sys; sys.modules['wasmtime'] = None\n") == "False"


def test_wasmtime_is_not_imported_before_masks_are_read():
    rooms = "simvtr, simvtr.rle, simvtr.schema, simvtr.evaluation, simvtr.cli.main"
    assert tried(f"import sys, {rooms}; print('wasmtime' in sys.modules)") == "False"


def checked(results=None):
    own = kernel()
    found = own and own.read(b"06\n", STRINGS, np.array([[2, 6]], np.uint32))
    sound = found is not None and found[0].tolist() == [2, 6, 1, 1]
    if results is not None:
        results.append((sound, own))
    return sound


def test_each_thread_has_a_kernel_of_its_own():
    results: list = []
    threads = [threading.Thread(target=checked, args=(results,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [sound for sound, _ in results] == [True] * 4
    assert len({id(own) for _, own in results} | {id(kernel())}) == 5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_forked_process_reads_with_what_it_inherits():
    assert checked()
    child = os.fork()
    if not child:
        os._exit(0 if checked() and _fresh_thread_is_sound() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert checked()


def _fresh_thread_is_sound():
    results: list = []
    thread = threading.Thread(target=checked, args=(results,))
    thread.start()
    thread.join(20)
    return [sound for sound, _ in results] == [True]
