from dataclasses import replace

import numpy as np
import pytest

from simvtr.auditing import Remark, lint
from simvtr.rle import MaskTrack, encode
from simvtr.schema import Track
from tests.auditing.drawn import attacked, video
from tests.evaluation.tiny import found, truth

CLEAN = [found("##.. .##. ..##", 0.9), found("...# - #...", 0.4)]


def remarks(*tracks: Track, length: int = 3) -> dict[str, Remark]:
    return {remark.kind: remark for remark in lint(video(length), {1: list(tracks)})}


def test_tracks_read_from_a_file_are_taken_too():
    tracks = [*CLEAN, found("#... #... #...", 0.3), found("##.. .##. ..##", 0.2), found("##..", 0.1)]
    packed = [replace(track, segmentations=MaskTrack.of(track.segmentations)) for track in tracks]
    assert remarks(*packed) == remarks(*tracks)
    assert remarks(*packed).keys() == {"constant", "duplicate", "short"}


def test_a_clean_file_has_no_remarks():
    assert remarks(*CLEAN) == {}
    assert lint(video(3), {}) == ()


def test_short_lists_are_counted_among_all_tracks():
    remark = remarks(*CLEAN, found("##..", 0.8))["short"]
    assert (remark.count, remark.tracks) == (1, ((1, 2),))
    assert remark.sentence == (
        "1 of 3 tracks is shorter than its video; the public evaluator scores them on their first frames alone."
    )


def test_a_sentence_counts_in_thousands_and_names_at_most_20_places():
    remark = remarks(*[found("##..", i / 2000) for i in range(1500)])["short"]
    assert remark.sentence.startswith("1,500 of 1,500 tracks are shorter than their video;")
    assert remark.tracks == tuple((1, i) for i in range(20))


def test_long_lists():
    remark = remarks(*CLEAN, found("##.. .##. #... ..#.", 0.8))["long"]
    assert remark.sentence.startswith("1 of 3 tracks is longer than its video; ")


def test_masks_of_another_size_are_counted_by_track_and_by_mask():
    made = attacked("abstain-median", *CLEAN)  # 2 of 3 frames each
    remark = {r.kind: r for r in lint(video(3), {1: made})}["missized"]
    assert remark.count == 2
    assert remark.sentence.startswith("2 of 2 tracks have 4 masks of another size than the video; ")
    one = (*CLEAN[0].segmentations[:2], encode(np.ones((1, 1), bool)))
    assert remarks(*CLEAN, Track(1, 0.3, one))["missized"].sentence.startswith("1 of 3 tracks has 1 mask of another")


def test_unknown_videos_and_categories():
    kinds = {r.kind: r for r in lint(video(3), {1: [*CLEAN, found("##.. - #...", 0.3, category=9)], 7: CLEAN[:1]})}
    assert (kinds["unknown-video"].tracks, kinds["unknown-category"].tracks) == (((7, 0),), ((1, 2),))
    assert kinds["unknown-video"].sentence.startswith("1 of 4 tracks is of a video that the truth does not have; ")
    assert kinds.keys() == {"unknown-video", "unknown-category"}


@pytest.mark.parametrize(("score", "kind"), [(float("nan"), "not-finite"), (float("inf"), "not-finite"),
                                             (1.5, "outside"), (-0.1, "outside")])  # fmt: skip
def test_absurd_scores(score, kind):
    found_kinds = remarks(*CLEAN, found("#... - ##..", score))
    assert found_kinds.keys() == {kind}
    assert found_kinds[kind].tracks == ((1, 2),)


def test_scores_of_0_and_1_are_none():
    assert remarks(found("##.. .##. ..##", 1.0), found("...# - #...", 0.0)) == {}


def test_equal_scores_are_remarked_where_all_are_equal():
    assert remarks(*attacked("tied", *CLEAN)).keys() == {"tied"}
    assert remarks(*attacked("tied", *CLEAN), found("#... ..#. -", 0.9)) == {}
    assert remarks(CLEAN[0]) == {}  # a single track is not tied


def test_a_duplicate_is_the_one_of_lower_score():
    twice = remarks(found("##.. .##. ..##", 0.2), *CLEAN)
    assert twice.keys() == {"duplicate"}
    assert (twice["duplicate"].count, twice["duplicate"].tracks) == (1, ((1, 0),))


def test_the_same_masks_in_another_category_or_video_are_no_duplicate():
    assert remarks(*CLEAN, found("##.. .##. ..##", 0.2, category=2)) == {}
    both = truth({1: ["#... #... #..."], 2: ["#... #... #..."]})
    assert lint(both, {1: [CLEAN[0]], 2: [CLEAN[1], found("##.. .##. ..##", 0.2)]}) == ()


@pytest.mark.parametrize(("missing", "duplicate"), [(4, True), (5, False)])  # IoU 96 / 100, 95 / 100
def test_duplicates_overlap_by_more_than_95_percent(missing, duplicate):
    whole, part = np.zeros((1, 200), bool), np.zeros((1, 200), bool)
    whole[0, :50], part[0, : 50 - missing] = True, True
    first = Track(1, 0.9, (encode(whole), encode(whole[:, ::-1])))
    second = Track(1, 0.8, (encode(part), encode(whole[:, ::-1])))
    true = truth({1: ["." * 199 + "# " + "." * 199 + "#"]})
    assert [r.kind for r in lint(true, {1: [first, second]})] == (["duplicate"] if duplicate else [])


def test_a_short_copy_of_a_long_track_is_no_duplicate():
    assert "duplicate" not in remarks(*CLEAN, found("##..", 0.1))


def test_a_track_of_one_mask_in_all_frames_is_constant():
    assert remarks(*CLEAN, found("#... #... #...", 0.1))["constant"].tracks == ((1, 2),)
    assert "constant" not in remarks(*CLEAN, found("#... #... -", 0.1))
    assert "constant" not in remarks(*CLEAN, found("#...", 0.1), length=1)


def test_tracks_beyond_the_100_best_of_a_video_and_category():
    # areas 1, 2, 1, 2, ... at places of their own: no duplicates
    pictures = np.eye(103, dtype=bool)
    tracks = [
        Track(1, 1 - i / 200, (encode(pictures[i : i + 1]), encode(pictures[i - 1 : i or None]))) for i in range(103)
    ]
    true = truth({1: ["." * 102 + "# " + "." * 102 + "#"]})
    (remark,) = lint(true, {1: tracks})
    assert (remark.kind, remark.count, remark.tracks) == ("beyond-100", 3, ((1, 100), (1, 101), (1, 102)))
    assert lint(true, {1: tracks[:100]}) == ()


def test_empty_tracks_and_tracks_of_one_frame():
    assert remarks(*CLEAN, found("- .... -", 0.1), found("- - -", 0.2))["empty"].tracks == ((1, 2), (1, 3))
    single = remarks(*CLEAN, found("- #... -", 0.1))
    assert single.keys() == {"one-frame"}
    assert single["one-frame"].sentence == (
        "1 of 3 tracks has a mask in one frame only; a single mask is a detection, not a track."
    )
    assert remarks(found("#...", 0.1), length=1) == {}  # there is only one frame


def test_files_of_first_frames_are_suspected_when_half_of_the_tracks_end_in_the_first_third():
    early, late = found("#... .#.. - - - -", 0.9), found("#... - - - .#.. -", 0.8)
    assert remarks(early, late, length=6)["early"].count == 1
    assert "early" not in remarks(early, late, found("- #... - - ##.. -", 0.7), length=6)
    assert "early" not in remarks(found("#... .#.. .#.. - - -", 0.9), length=6)  # half of the video


def test_a_remark_of_short_lists_says_it_all():
    assert remarks(found("##..", 0.9), found("..##", 0.8)).keys() == {"short"}
