"""Exit codes: 0 done, 1 your data or your disk is wrong, 2 your command is wrong; never a traceback."""

import signal
import subprocess
import sys
import time

import pytest

from simvtr.cli.main import VERBS, main
from simvtr.errors import DataError


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("simvtr ")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb, capsys):
    assert main([verb, "--help"]) == 0
    assert "usage: simvtr" in capsys.readouterr().out


def test_explaining_loads_nothing_that_takes_time():
    program = (
        "import sys\nfrom simvtr.cli.main import VERBS, main\n"
        "for verb in VERBS: main([verb, '--help'])\n"
        "sys.exit(' '.join({'numpy', 'torch', 'scipy', 'rich'} & sys.modules.keys()) or 0)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("line", [["segmint"], ["eval"], ["eval", "a", "b", "--loud"], ["--loud"], []])
def test_a_wrong_command_exits_2(line, capsys):
    assert main(line) == 2
    streams = capsys.readouterr()
    assert "usage: simvtr" in streams.err + streams.out


@pytest.mark.parametrize(
    "line",
    [
        ["eval", "no-such.json", "results.json"],
        ["check", "no-such.json"],
        ["segment", "no-such.mp4", "-o", "{tmp}/out"],
    ],
    ids=lambda line: line[0],
)
def test_wrong_data_exits_1_with_one_line(line, tmp_path, capsys):
    assert main([part.format(tmp=tmp_path) for part in line]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"simvtr {line[0]}: ")
    assert error.count("\n") == 1


EXAMPLE = "docs/examples/truth.json", "docs/examples/results.json"


@pytest.mark.parametrize(
    "line",
    [
        ["synth", "{file}/set", "--videos", "1", "--frames", "2"],
        ["synth", "{file}", "--videos", "1", "--frames", "2"],
        ["segment", "no-such.mp4", "-o", "{file}/out"],
        ["segment", "no-such.mp4", "-o", "{file}"],
        ["audit", *EXAMPLE, "-o", "{file}/audit.html"],
        ["audit", *EXAMPLE, "--json", "{file}/audit.json"],
        ["convert", "annotations", EXAMPLE[0], "-o", "{file}/truth.json"],
        ["convert", "annotations", EXAMPLE[0], "-o", "{file}/pngs", "--to", "davis"],
        ["convert", "annotations", EXAMPLE[0], "-o", "{file}", "--to", "davis"],
        ["convert", "results", EXAMPLE[1], "--truth", EXAMPLE[0], "-o", "{file}/results.json"],
        ["bench", "--append", "{file}/figures.jsonl"],
        ["demo", "{file}"],
    ],
    ids=" ".join,
)
def test_an_output_that_cannot_be_written_exits_1_with_one_line_that_names_it(line, tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("kept")
    assert main([part.format(file=file) for part in line]) == 1
    error = capsys.readouterr().err.splitlines()[-1]  # a bar of progress may stand before it
    assert error.startswith(f"simvtr {line[0]}: ") and str(file) in error
    assert file.read_text() == "kept" and list(tmp_path.iterdir()) == [file]


def test_a_rename_that_fails_names_the_file_that_was_wanted(monkeypatch, capsys):
    def run(_):
        raise IsADirectoryError(21, "Is a directory", "out/results.json.7.part", None, "out/results.json")

    monkeypatch.setattr("simvtr.cli.check.run", run)
    assert main(["check", "truth.json"]) == 1
    assert capsys.readouterr().err == "simvtr check: out/results.json: Is a directory\n"


def test_a_missing_extra_says_how_to_install_it():
    code = (
        "import sys; sys.modules['torch'] = sys.modules['av'] = sys.modules['cv2'] = None;"
        "from simvtr.cli.main import main; sys.exit(main(['segment', 'x.mp4', '-o', '/tmp/never']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "pip install 'simvtr[model]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_data_that_do_not_fit_in_memory_exit_1_with_one_line(monkeypatch, capsys):
    def run(_):
        raise MemoryError

    monkeypatch.setattr("simvtr.cli.check.run", run)
    assert main(["check", "truth.json"]) == 1
    assert capsys.readouterr().err == "simvtr check: the data must fit in memory, and do not here. Split them.\n"


def test_what_a_message_quotes_cannot_steer_the_terminal(monkeypatch, capsys):
    def run(_):
        raise DataError("truth.json: unknown field `\x1b[2J`.\nSecond\u2028line")

    monkeypatch.setattr("simvtr.cli.check.run", run)
    assert main(["check", "truth.json"]) == 1
    assert capsys.readouterr().err == "simvtr check: truth.json: unknown field `\\x1b[2J`. Second line\n"


def test_sigterm_ends_a_verb_as_ctrl_c_does(tmp_path):
    """What `docker stop` and schedulers send: no half-written file stays."""
    out = tmp_path / "set"
    command = [sys.executable, "-m", "simvtr", "synth", str(out), "--videos", "1", "--frames", "5000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not list(out.rglob("*.jpg")):
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.endswith("simvtr synth: interrupted\n")
    assert "Traceback" not in said
    assert not list(out.rglob("*.part*"))
