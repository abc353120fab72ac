"""How the tests of `simvtr segment` call it, and what it left."""

import json

from simvtr.cli.main import main


def segment(weights, out, *arguments):
    return main(["segment", *map(str, arguments), "--weights", weights, "-o", str(out), "--device", "cpu"])


def results(out):
    return json.loads((out / "results.json").read_text())


def names(out):
    """The files of a run but the one that says by what settings it was made."""
    files = (path for path in out.rglob("*") if path.is_file() and path.name != "results.settings.json")
    return sorted(str(path.relative_to(out)) for path in files)
