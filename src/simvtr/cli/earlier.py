"""What an earlier run of `simvtr segment` left in its folder: results that another run does not write over.

results.settings.json says what made results.json, the journal's first line what a run that was interrupted was making.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RESULTS, SETTINGS, PARTIAL = "results.json", "results.settings.json", "results.partial.jsonl"


def refuse_others(out: Path, settings: Mapping[str, Any]) -> None:
    """Raises: DataError when the folder has results that a run by these settings would not make again."""
    from simvtr.errors import DataError
    from simvtr.inference.journal import changed, settings_of

    results, partial = out / RESULTS, out / PARTIAL
    interrupted = settings_of(partial)
    if not results.exists() and interrupted is None:
        return
    path, known = (results, _kept(out)) if interrupted is None else (partial, interrupted)
    what = "nothing says of what settings it is" if known is None else changed(known, settings)
    if what:
        raise DataError(f"{path}: results of another run are not written over, {what}. Choose another --out.")


def keep_settings(out: Path, settings: Mapping[str, Any]) -> None:
    """Beside the results, what made them."""
    from simvtr.schema.writer import atomic

    with atomic(out / SETTINGS) as file:
        file.write(json.dumps(settings, indent=1).encode() + b"\n")


def finished(out: Path, settings: Mapping[str, Any], note: str | None, *, tell: bool) -> int:
    """Nothing is left to do, if the results are those that are asked for. Raises: DataError when they are not.

    Args:
        note: what is asked for beside them and is not there.
        tell: print it; of many ranks one does.
    """
    from simvtr.inference.journal import same_settings

    if (known := _kept(out)) is not None:
        same_settings(out / RESULTS, known, settings)
    if tell:
        print(f"{out / RESULTS} is finished. To make it anew, leave --resume out.")
        if note:
            print(f"simvtr segment: note: {note}", file=sys.stderr)
    return 0


def _kept(out: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((out / SETTINGS).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
