"""Write tour.ipynb from tour.py, whose cells begin with `# %%`: python examples/make_notebook.py"""

import json
from pathlib import Path

HERE = Path(__file__).parent


def notebook() -> str:
    """The notebook as text: nbformat 4.5, without outputs."""
    cells = []
    for i, part in enumerate((HERE / "tour.py").read_text().split("# %%")[1:]):
        head, _, body = part.partition("\n")
        lines = body.strip().splitlines()
        if head.strip() == "[markdown]":
            lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
        source = [line + "\n" for line in lines[:-1]] + lines[-1:]
        cell = {"id": f"cell-{i}", "metadata": {}, "source": source}
        if head.strip() == "[markdown]":
            cells.append({"cell_type": "markdown"} | cell)
        else:
            cells.append({"cell_type": "code", "execution_count": None, "outputs": []} | cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (HERE / "tour.ipynb").write_text(notebook())
