"""`simvtr segment --resume`: a run that was killed goes on, and ends as an unbroken one."""

import signal

import pytest

from simvtr.data.video import read_frames
from simvtr.inference.journal import Journal
from tests.cli.segmenting import names, results, segment


def cut_journal(monkeypatch, frames):
    """Makes a run die without a word after so many frames, in the middle of a line."""
    add, count = Journal.add, 0

    def dying(self, video, result):
        nonlocal count
        add(self, video, result)
        count += 1
        if count == frames:
            with self.path.open("ab") as file:
                file.write(b'{"video": 1, "fra')
            self.path.with_name("killed").write_bytes(self.path.read_bytes())
            raise KeyboardInterrupt

    monkeypatch.setattr(Journal, "add", dying)
    monkeypatch.setattr("simvtr.inference.journal.APART", 1)


@pytest.mark.parametrize("identity", ["slot", "link"])
@pytest.mark.parametrize(("window", "killed_after", "found_again"), [(1, 4, 1), (2, 3, 1), (2, 4, 2), ("all", 3, 3)])
def test_a_killed_run_goes_on_and_gives_what_an_unbroken_one_gives(
    weights, pictures, tmp_path, monkeypatch, identity, window, killed_after, found_again, capsys
):
    options = (pictures, "--window", window, "--identity", identity, "--threshold", 0.1)
    assert segment(weights, tmp_path / "whole", *options) == 0
    assert names(tmp_path / "whole") == ["overlay.mp4", "results.json"]
    with monkeypatch.context() as patch:
        cut_journal(patch, killed_after)
        segment(weights, tmp_path / "cut", *options)
    (tmp_path / "cut" / "killed").replace(tmp_path / "cut" / "results.partial.jsonl")
    (tmp_path / "cut" / "results.json").unlink()  # a killed run leaves none
    asked = []
    add = Journal.add
    monkeypatch.setattr(Journal, "add", lambda self, *a: asked.append(a[1].index) or add(self, *a))
    assert segment(weights, tmp_path / "cut", *options, "--resume") == 0
    assert asked == list(range(killed_after - found_again, 6))  # the rest came from the journal
    assert results(tmp_path / "cut") == results(tmp_path / "whole")
    assert names(tmp_path / "cut") == ["overlay.mp4", "results.json"]
    assert read_frames(tmp_path / "cut" / "overlay.mp4").length == 6


def test_a_data_set_goes_on_behind_the_videos_that_are_done(weights, pictures, truth, tmp_path, monkeypatch):
    options = (truth, "--images", pictures)
    assert segment(weights, tmp_path / "whole", *options) == 0
    with monkeypatch.context() as patch:
        cut_journal(patch, 5)
        assert segment(weights, tmp_path / "cut", *options) == 130
    asked = []
    add = Journal.add
    monkeypatch.setattr(Journal, "add", lambda self, *a: asked.append((a[0], a[1].index)) or add(self, *a))
    assert segment(weights, tmp_path / "cut", *options, "--resume") == 0
    assert asked == [(5, 0), (5, 1)]
    assert results(tmp_path / "cut") == results(tmp_path / "whole")


def test_a_finished_run_is_left_as_it_is(weights, pictures, tmp_path, capsys):
    assert segment(weights, tmp_path, pictures) == 0
    before = (tmp_path / "results.json").read_bytes()
    assert segment(weights, tmp_path, pictures, "--resume") == 0
    assert capsys.readouterr().out.endswith("results.json is finished. To make it anew, leave --resume out.\n")
    assert (tmp_path / "results.json").read_bytes() == before


def test_pictures_asked_for_of_finished_results_are_told_as_not_drawn(weights, pictures, tmp_path, capsys):
    told = " asked for and not there: --resume draws nothing of a video that is done. Leave it out to segment and draw"
    assert segment(weights, tmp_path, pictures, "--no-overlay") == 0
    for options, missing in (
        ((), f"{tmp_path / 'overlay.mp4'} is"),
        (("--png",), f"{tmp_path / 'overlay.mp4'} and 1 more are"),
        (("--no-overlay",), None),
    ):
        capsys.readouterr()
        assert segment(weights, tmp_path, pictures, *options, "--resume") == 0
        err = capsys.readouterr().err
        assert f"note: {missing}{told}" in err if missing else told not in err
    assert segment(weights, tmp_path, pictures) == 0  # as the note says
    assert names(tmp_path) == ["overlay.mp4", "results.json"] and told not in capsys.readouterr().err


def test_pictures_of_videos_that_were_done_when_a_run_was_killed_are_told_as_not_drawn(
    weights, pictures, truth, tmp_path, monkeypatch, capsys
):
    options = (truth, "--images", pictures)
    with monkeypatch.context() as patch:
        cut_journal(patch, 5)  # four frames are the first video
        segment(weights, tmp_path / "out", *options)
    (tmp_path / "out" / "killed").replace(tmp_path / "out" / "results.partial.jsonl")
    capsys.readouterr()
    assert segment(weights, tmp_path / "out", *options, "--overlay", "--resume") == 0
    assert f"note: {tmp_path / 'out' / 'overlays' / '12.mp4'} is asked for and not there" in capsys.readouterr().err
    assert (tmp_path / "out" / "overlays" / "5.mp4").exists()


def test_a_finished_run_is_not_taken_for_another(weights, pictures, tmp_path, capsys):
    assert segment(weights, tmp_path, pictures) == 0
    assert segment(weights, tmp_path, pictures, "--resume", "--max-frames", 2) == 1
    assert "--resume goes on with the same settings, max-frames was None, got 2" in capsys.readouterr().err
    assert segment(weights, tmp_path, pictures / "*.png", "--resume") == 1
    assert f"source was [{str(pictures)!r}], got [{str(pictures / '*.png')!r}]" in capsys.readouterr().err


def test_a_run_that_was_asked_to_stop_goes_on_from_there_however_far_the_last_mark(
    weights, pictures, tmp_path, monkeypatch, capsys
):
    assert segment(weights, tmp_path / "whole", pictures) == 0
    add, asked = Journal.add, []

    def stopping(self, video, result):
        add(self, video, result)
        asked.append(result.index)
        if result.index == 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Journal, "add", stopping)
    assert segment(weights, tmp_path / "cut", pictures) == 130
    assert "the files hold 3 frames; --resume goes on from there" in capsys.readouterr().err
    assert segment(weights, tmp_path / "cut", pictures, "--resume") == 0
    assert asked == [0, 1, 2, 3, 4, 5]
    assert results(tmp_path / "cut") == results(tmp_path / "whole")


def test_what_a_stopped_run_found_is_not_thrown_away_without_a_word(weights, pictures, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        cut_journal(patch, 3)
        assert segment(weights, tmp_path, pictures) == 130
    capsys.readouterr()
    assert segment(weights, tmp_path, pictures) == 0
    assert "interrupted run, whose frames are found anew; --resume goes on from them" in capsys.readouterr().err


def test_a_path_is_the_same_however_it_is_spelled(weights, pictures, tmp_path, monkeypatch, capsys):
    (tmp_path / "link").symlink_to(pictures)
    (tmp_path / "elsewhere" / "link").mkdir(parents=True)
    (tmp_path / "elsewhere" / "link" / "0.png").write_bytes((pictures / "000.png").read_bytes())
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patch:
        cut_journal(patch, 3)
        assert segment(weights, "out", "link") == 130
    for source, model in (("./link", weights), (pictures, f"{weights}/"), ("elsewhere/../link", f"{weights}/.")):
        assert segment(model, tmp_path / "out", source, "--resume") == 0
    monkeypatch.chdir("elsewhere")  # where the same spelling is another video
    capsys.readouterr()
    assert segment(weights, tmp_path / "out", "link", "--resume") == 1
    there = tmp_path / "elsewhere" / "link"
    assert f"source was [{str(pictures)!r}], got [{str(there)!r}]" in capsys.readouterr().err


def test_a_run_with_other_settings_does_not_go_on(weights, pictures, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        cut_journal(patch, 3)
        assert segment(weights, tmp_path, pictures) == 130
    assert segment(weights, tmp_path, pictures, "--resume", "--window", 2) == 1
    assert "--resume goes on with the same settings, window was 1, got 2" in capsys.readouterr().err
    (tmp_path / "results.partial.jsonl").write_text("nothing\n")
    assert segment(weights, tmp_path, pictures, "--resume") == 1
    assert "its first line must be the settings of a run" in capsys.readouterr().err
    (tmp_path / "results.json").unlink()
    assert segment(weights, tmp_path, pictures) == 0  # anew


# --- without --resume -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("killed", [False, True])
def test_results_of_other_settings_or_of_another_video_are_not_written_over(
    weights, pictures, tmp_path, monkeypatch, capsys, killed
):
    with monkeypatch.context() as patch:
        if killed:
            cut_journal(patch, 3)
        assert segment(weights, tmp_path, pictures) == (130 if killed else 0)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for arguments, says in (
        ((pictures, "--window", 2), "window was 1, got 2"),
        ((pictures / "*.png",), f"source was [{str(pictures)!r}], got"),
    ):
        capsys.readouterr()
        assert segment(weights, tmp_path, *arguments) == 1
        (line,) = capsys.readouterr().err.splitlines()
        file = tmp_path / ("results.partial.jsonl" if killed else "results.json")
        assert f"{file}: results of another run are not written over, {says}" in line
        assert line.endswith("Choose another --out.")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert segment(weights, tmp_path, pictures) == 0  # the same command makes them anew


def test_results_of_which_nothing_says_what_made_them_are_not_written_over(weights, pictures, tmp_path, capsys):
    (tmp_path / "results.json").write_text("[]")
    for settings in ("", "[]"):
        (tmp_path / "results.settings.json").write_text(settings)
        assert segment(weights, tmp_path, pictures) == 1
        assert "nothing says of what settings it is. Choose another --out." in capsys.readouterr().err
    assert (tmp_path / "results.json").read_text() == "[]"


def test_a_run_that_dies_before_its_first_frame_leaves_the_results_that_were_there(
    weights, pictures, tmp_path, monkeypatch
):
    from simvtr.model import SimVTR

    assert segment(weights, tmp_path, pictures) == 0
    with monkeypatch.context() as patch:
        patch.setattr(SimVTR, "forward", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        assert segment(weights, tmp_path, pictures) == 130
    assert names(tmp_path) == ["overlay.mp4", "results.json"]
    assert segment(weights, tmp_path, pictures, "--resume") == 0  # it knows what made them
    assert segment(weights, tmp_path, pictures, "--resume", "--max-frames", 2) == 1
