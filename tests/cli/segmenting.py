"""How the tests of `simvtr segment` call it, and what it left."""

import json

from simvtr.cli.main import main


def segment(weights, out, *arguments):
    return main(["segment", *map(str, arguments), "--weights", weights, "-o", str(out), "--device", "cpu"])


def results(out):
    return json.loads((out / "results.json").read_text())


def names(out):
    return sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
