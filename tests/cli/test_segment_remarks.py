"""What `simvtr segment` says that nobody asked: other category ids, pictures of an earlier run; and what it counts."""

import json

from tests.cli.segmenting import results, segment


def data_set(tmp_path, pictures, categories):
    frames = sorted(path.name for path in pictures.iterdir())
    truth = {
        "videos": [{"id": 1, "width": 48, "height": 32, "length": len(frames), "file_names": frames}],
        "categories": [{"id": number, "name": name} for number, name in categories.items()],
        "annotations": [],
    }
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(truth))
    return path


def kinds(weights):
    from simvtr.model import load

    config = load(weights).config
    return dict(zip(config.category_ids, config.category_names, strict=True))


def test_other_category_ids_are_told_and_not_changed(weights, pictures, tmp_path, capsys):
    ours = kinds(weights)
    assert sorted(ours) == [3, 7]
    swapped = data_set(tmp_path, pictures, {3: ours[7], 7: ours[3]})
    assert segment(weights, tmp_path / "out", swapped, "--images", pictures) == 0
    said = capsys.readouterr().err
    assert f"3 is {ours[3]!r} to the model and {ours[7]!r} there" in said and "All of the model's names" in said
    assert segment(weights, tmp_path / "same", data_set(tmp_path, pictures, ours), "--images", pictures) == 0
    assert "category ids" not in capsys.readouterr().err
    assert results(tmp_path / "out") == results(tmp_path / "same")


def test_pictures_of_an_earlier_run_are_told(weights, pictures, tmp_path, capsys):
    out = tmp_path / "out"
    assert segment(weights, out, pictures, "--png") == 0
    assert "earlier run" not in capsys.readouterr().err
    (out / "results.json").unlink()
    assert segment(weights, out, pictures, "--png", "--max-frames", 2) == 0  # draws the video and two frames anew
    assert f"{out / 'frames'}: 4 pictures or videos are of an earlier run" in capsys.readouterr().err
    (out / "results.json").unlink()
    assert segment(weights, out, pictures, "--no-overlay") == 0
    said = capsys.readouterr().err
    assert f"{out / 'frames'}, {out / 'overlay.mp4'}: 7 pictures or videos are of an earlier run" in said


def test_a_cut_data_set_says_that_its_later_frames_would_be_scored_as_missed(
    weights, pictures, truth, tmp_path, capsys
):
    note = "note: by --max-frames {} the later frames of {} are absent in results.json, and would be scored as missed\n"
    for most, videos in ((1, "2 videos"), (2, "1 video"), (3, "1 video")):  # they have four frames and two
        assert segment(weights, tmp_path / str(most), truth, "--images", pictures, "--max-frames", most) == 0
        assert note.format(most, videos) in capsys.readouterr().err
    assert segment(weights, tmp_path / "4", truth, "--images", pictures, "--max-frames", 4) == 0
    assert segment(weights, tmp_path / "one", pictures, "--max-frames", 1) == 0  # results end with what was read
    assert "--max-frames" not in capsys.readouterr().err


def test_the_summary_counts_by_the_scores_in_the_results(weights, pictures, tmp_path, capsys):
    assert segment(weights, tmp_path / "out", pictures, "--no-overlay") == 0
    capsys.readouterr()
    scores = sorted(track["score"] for track in results(tmp_path / "out"))
    middle = scores[len(scores) // 2]
    assert segment(weights, tmp_path / "again", pictures, "--no-overlay", "--threshold", middle) == 0
    count = sum(score >= middle for score in scores)
    assert f"\n{count} object{'s' * (count != 1)} with a score of " in capsys.readouterr().out


def test_a_wrong_option_is_told_below_one_line_of_usage(tmp_path, capsys):
    assert segment("none", tmp_path / "out", "x.mp4", "--keep", 2) == 2
    assert capsys.readouterr().err.splitlines() == [
        "usage: simvtr segment INPUT... -o OUT [options]",
        "simvtr segment: error: argument --keep: must lie in 0..1, got '2'",
    ]
