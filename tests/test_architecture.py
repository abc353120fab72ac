"""The shape of the package: imports point down, scoring needs no torch, files stay small enough to read."""

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "simvtr"
FILES = sorted(SOURCE.rglob("*.py"))
FLOORS = [
    {"errors"},
    {"rle", "config", "measurement"},
    {"schema"},
    {"evaluation", "windows", "doctor", "formats"},
    {"auditing"},
    {"report"},
    {"data", "model"},
    {"training", "inference"},
    {"neighbours"},
    {"cli"},
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
WITHOUT_TORCH = {
    "errors",
    "schema",
    "rle",
    "config",
    "measurement",
    "evaluation",
    "windows",
    "doctor",
    "formats",
    "auditing",
    "report",
}
HEAVY = {
    "torch",
    "torchvision",
    "transformers",
    "timm",
    "einops",
    "av",
    "cv2",
    "supervision",
    "safetensors",
    "huggingface_hub",
}


def imported(node: ast.AST) -> list[str]:
    """Modules that a statement imports."""
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "absolute imports only"
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").parts[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path):
    here = room_of(path)
    for node in ast.walk(ast.parse(path.read_text())):
        for name in imported(node):
            if name == "simvtr" or not name.startswith("simvtr."):
                assert name != "simvtr" or here in ("cli", "__init__"), f"{path}: imports from the root"
                continue
            room = name.split(".")[1]
            if here in ("__init__", "__main__"):
                continue
            assert room == here or FLOOR[room] < FLOOR[here], f"{path}:{node.lineno} imports upward: {name}"


@pytest.mark.parametrize(
    "path", [p for p in FILES if room_of(p) in WITHOUT_TORCH], ids=lambda path: str(path.relative_to(SOURCE))
)
def test_scoring_rooms_name_no_heavy_package(path):
    for node in ast.walk(ast.parse(path.read_text())):
        for name in imported(node):
            assert name.split(".")[0] not in HEAVY, f"{path}:{node.lineno} imports {name}"


def test_scoring_works_where_torch_cannot_be_imported():
    code = (
        f"import sys; [sys.modules.__setitem__(name, None) for name in {sorted(HEAVY)}];"
        "import simvtr; simvtr.evaluate; simvtr.read_truth; simvtr.check; import simvtr.report, simvtr.windows;"
        "from simvtr.cli.main import main; sys.exit(main(['eval', '--help']) or main(['check', '--help']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_name_that_needs_torch_says_what_to_install():
    code = "import sys; sys.modules['torch'] = None; import simvtr; simvtr.load"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "simvtr.load needs the package 'torch'. Install it with: pip install 'simvtr[model]'" in done.stderr


def test_importing_the_package_imports_no_dependency():
    code = "import sys; before = set(sys.modules); import simvtr; print(*sorted(set(sys.modules) - before))"
    new = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {name.split(".")[0] for name in new} & {"numpy", "scipy", "rich", "msgspec", "jinja2", *HEAVY}


def test_every_public_name_is_there_and_documented():
    import simvtr

    for name in simvtr.__all__:
        thing = getattr(simvtr, name)
        assert name == "__version__" or thing.__doc__, f"simvtr.{name} has no docstring"
    with pytest.raises(AttributeError, match="no public name 'evaluat'"):
        simvtr.evaluat  # noqa: B018


def test_files_are_short_and_say_what_they_are():
    lengths = {path: len(path.read_text().splitlines()) for path in FILES}
    assert statistics.median(lengths.values()) < 150
    assert max(lengths.values()) <= 400, max(lengths, key=lengths.__getitem__)
    for path in FILES:
        assert ast.get_docstring(ast.parse(path.read_text())), f"{path} does not say what it is"


def test_nothing_tests_user_data_with_assert_or_swallows_everything():
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.ExceptHandler) and node.type is None), f"{path}:{node.lineno} bare except"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "zip":
                assert any(keyword.arg == "strict" for keyword in node.keywords), f"{path}:{node.lineno} zip not strict"
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                assert any(k.arg == "weights_only" for k in node.keywords), f"{path}:{node.lineno} torch.load runs code"
