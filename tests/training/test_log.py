"""What a training says."""

from simvtr.training.log import Log, Meter


def test_lines_of_steps_done_again_and_cut_lines_are_dropped(tmp_path):
    log = Log(tmp_path, 0)
    for step in range(3):
        log.add(step, total=float(step))
    log.close()
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 1, "to')
    log = Log(tmp_path, 2)
    log.add(2, total=9.0, validation={"AP": 1.0})
    log.close()
    assert (tmp_path / "log.jsonl").read_text().splitlines() == [
        '{"step": 0, "total": 0.0}',
        '{"step": 1, "total": 1.0}',
        '{"step": 2, "total": 9.0, "validation": {"AP": 1.0}}',
    ]


def test_a_new_training_starts_a_new_log(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"step": 0}\n')
    Log(tmp_path, 0).close()
    assert (tmp_path / "log.jsonl").read_text() == ""


def test_without_a_terminal_progress_is_a_line_now_and_then_on_stderr(capsys):
    meter = Meter(0, 3, show=True)
    for done in (1, 2, 3):
        meter.step(done, loss=float(done))
    meter.close()
    out, err = capsys.readouterr()
    assert out == ""
    first, last = err.splitlines()  # the first step and the last
    assert first.startswith("step 1/3: loss 1.000, ")
    assert last.startswith("step 3/3: loss 2.000, ")  # the mean of 1, 2, 3
    assert last.endswith("0:00 left")


def test_quiet_is_quiet(capsys):
    meter = Meter(0, 1, show=False)
    meter.step(1, loss=1.0)
    meter.say("hello")
    meter.close()
    assert capsys.readouterr() == ("", "")
