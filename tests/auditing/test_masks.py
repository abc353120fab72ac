import numpy as np

from simvtr.rle import decode, encode
from simvtr.schema import Track
from tests.auditing.drawn import after, attacked
from tests.evaluation.tiny import found


def pictures(slug: str, *rows: str) -> list[list[str]]:
    """One frame drawn as rows, after an attack."""
    (mask,) = attacked(slug, Track(1, 0.9, (encode(np.array([[c == "#" for c in row] for row in rows])),)))[
        0
    ].segmentations
    return ["".join("#" if pixel else "." for pixel in row) for row in decode(mask)] if mask else []


def test_a_mask_grows_by_a_cross():
    assert pictures("dilated", ".....", "..#..", ".....") == ["..#..", ".###.", "..#.."]


def test_a_mask_shrinks_by_a_cross_and_the_border_is_no_help():
    assert pictures("eroded", "..#..", ".###.", "..#..") == [".....", "..#..", "....."]
    assert pictures("eroded", "###", "###", "###") == ["...", ".#.", "..."]


def test_a_mask_moves_down_and_to_the_right_and_loses_what_leaves():
    assert pictures("shifted", "#..#", "#...", "##..") == ["....", ".#..", ".#.."]


def test_a_mask_of_which_nothing_is_left_is_absent():
    assert pictures("eroded", "...", ".#.", "...") == []
    assert after("shifted", found("##.. ....", 0.9)) == ["- -"]  # one row high: all of it leaves below


def test_frames_without_a_mask_stay_without():
    assert after("dilated", found("#... - ..#.", 0.9)) == ["##.. - .###"]


def test_the_step_is_one_percent_of_the_short_side():
    picture = np.zeros((200, 300), bool)
    picture[100, 100] = True
    (grown,) = attacked("dilated", Track(1, 0.9, (encode(picture),)))
    ys, xs = np.nonzero(decode(grown.segmentations[0]))
    assert sorted(zip(ys.tolist(), xs.tolist(), strict=True)) == [
        (98, 100), (100, 98), (100, 100), (100, 102), (102, 100)
    ]  # fmt: skip


def test_masks_of_several_sizes_are_changed_each_in_its_own():
    masks = (encode(np.array([[True, False]])), encode(np.array([[True, False, False]])), None)
    (grown,) = attacked("dilated", Track(1, 0.9, masks))
    assert [mask and decode(mask).astype(int).tolist() for mask in grown.segmentations] == [[[1, 1]], [[1, 1, 0]], None]
