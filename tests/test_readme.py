"""The README does what it says: its commands exist, its Python runs, its files are there."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from simvtr.cli.main import VERBS
from simvtr.data.synth import SynthConfig, write_dataset
from simvtr.data.video import read_frames, write_video
from simvtr.model.weights import PACKAGED

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, flags=re.DOTALL)


def test_every_command_names_a_verb_and_its_options(capsys):
    lines = [line.split("#")[0] for kind, block in BLOCKS if not kind for line in block.splitlines()]
    commands = [shlex.split(line) for line in lines if line.startswith("simvtr ")]
    assert len(commands) >= 5
    from simvtr.cli.main import main

    for _, verb, *rest in commands:
        assert verb in VERBS
        main([verb, "--help"])
        usage = capsys.readouterr().out
        for option in (word for word in rest if word.startswith("-") and "." not in word):
            assert option in usage, f"simvtr {verb} has no {option}"


def test_what_eval_prints_is_what_the_readme_shows(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    from simvtr.cli.main import main

    (command,) = re.findall(r"^simvtr (eval docs/examples/.*)$", README, flags=re.MULTILINE)
    (excerpt,) = (block for kind, block in BLOCKS if kind == "text")
    assert main(shlex.split(command)) == 0
    printed = capsys.readouterr().out
    at = 0
    for part in excerpt.split("...\n"):  # in this order
        assert part in printed[at:]
        at = printed.index(part, at) + len(part)
    assert at == len(printed)  # no table is cut short at the end, without the dots


def test_make_has_the_targets():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", README, flags=re.MULTILINE):
        assert f"\n{target}:" in makefile


def test_every_linked_file_exists():
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert link.startswith("http") or (ROOT / link).exists(), link


def test_every_test_that_the_documentation_names_exists():
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")]
    named = {name for page in pages for name in re.findall(r"\btests/[\w/]+\.py(?:::\w+)?", page.read_text())}
    assert len(named) >= 10
    for name in named:
        file, _, test = name.partition("::")
        assert (ROOT / file).exists(), name
        assert not test or f"def {test}(" in (ROOT / file).read_text(), name


@pytest.mark.skipif(not (PACKAGED / "simvtr-tiny").is_dir(), reason="the packaged weights are not here")
def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    truth = write_dataset(tmp_path / "data", SynthConfig(width=160, height=96, frames=3), 1, 0)
    Path("truth.json").write_bytes(truth.read_bytes())
    with write_video("clip.mp4", 10, (160, 96)) as video:
        for frame in read_frames(tmp_path / "data/JPEGImages/00001"):
            video.add(frame)
    example = next(block for kind, block in BLOCKS if kind == "python" and "simvtr.load" in block)
    exec(example, {})
    assert "AP50" in capsys.readouterr().out


def test_the_audit_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "docs/examples", tmp_path / "docs/examples")
    example = next(block for kind, block in BLOCKS if kind == "python" and "simvtr.audit" in block)
    exec(example, {})
    assert "AFTER EVERY ATTACK" in capsys.readouterr().out
    assert (tmp_path / "audit.html").exists()
