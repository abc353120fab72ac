"""The notebook is the one that is generated, and every cell of it runs."""

import json
import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_notebook_is_made_of_its_script():
    made = runpy.run_path(str(EXAMPLES / "make_notebook.py"))["notebook"]()
    assert (EXAMPLES / "tour.ipynb").read_text() == made, "run python examples/make_notebook.py"


def test_its_cells_run_one_after_the_other(monkeypatch, capsys):
    monkeypatch.chdir(EXAMPLES)
    names: dict = {}
    for cell in json.loads((EXAMPLES / "tour.ipynb").read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert capsys.readouterr().out.rstrip().endswith("[True, True]")


def test_jupyter_runs_it():
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    book = nbformat.read(EXAMPLES / "tour.ipynb", as_version=4)
    nbformat.validate(book)
    client.NotebookClient(book, timeout=120, resources={"metadata": {"path": str(EXAMPLES)}}).execute()
    assert "[True, True]" in book.cells[-1].outputs[0].text
