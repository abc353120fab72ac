"""What a line of figures says of where it was measured."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from simvtr import __version__, measurement
from simvtr.errors import DataError
from simvtr.measurement import Figure, append, environment, refuse_no_log


def test_lines_are_added_behind_those_of_before(tmp_path):
    file = tmp_path / "figures.jsonl"
    refuse_no_log(file)
    assert not file.exists()  # asking leaves nothing
    for value in 1, 2:
        refuse_no_log(file)
        append(file, [Figure("start", value, "s", (0, 3))], {"cpu": "é"})
    assert [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] == [
        {"name": "start", "value": value, "unit": "s", "spread": [0, 3], "goal": "", "cpu": "é"} for value in (1, 2)
    ]


@pytest.mark.parametrize(
    "content",
    [
        '{\n "videos": [],\n "name": "a"\n}\n',  # as `simvtr synth` writes
        '{"a": 1}\n',
        '["name", "value"]\n',
        '{"name": "start", "value": 1}',  # the next line would stand behind it
        "\n",
        "[" * 60_000 + "\n",
    ],
)
def test_a_file_of_other_content_is_refused_and_left_alone(tmp_path, content):
    file = tmp_path / "instances.json"
    file.write_text(content, encoding="utf-8", newline="")
    with pytest.raises(DataError, match=r"must be a new file or one of JSON lines that --append wrote"):
        refuse_no_log(file)
    assert file.read_bytes() == content.encode()


def test_the_threads_are_those_given_or_those_of_the_environment(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert (environment("x")["threads"], environment("x", 3)["threads"]) == (5, 3)


def test_a_package_in_a_folder_of_another_repository_has_its_version_for_a_commit(tmp_path, monkeypatch):
    git = lambda *words: subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True, text=True)
    copy = Path(shutil.copy(measurement.__file__, tmp_path))
    monkeypatch.setattr(measurement, "__file__", str(copy))
    assert environment("x")["commit"] == f"simvtr {__version__}"  # no repository at all
    git("init")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--allow-empty", "--message", "theirs")
    assert environment("x")["commit"] == f"simvtr {__version__}"
    git("add", copy.name)
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--message", "ours")
    head = git("rev-parse", "--short", "HEAD").stdout.strip()
    assert environment("x")["commit"] == head
    (tmp_path / "src").mkdir()
    (tmp_path / "src/new.py").touch()
    assert environment("x")["commit"] == f"{head}+"
