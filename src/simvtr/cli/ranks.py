"""Many videos on many processes or machines that share a folder: each rank takes every n-th video.

    torchrun --nproc-per-node 2 -m simvtr segment videos/*.mp4 -o out

Each video has a file of its own, out/parts/SETTINGS/ID.json, that appears when it is whole; what is there is not done
again, whoever asks for it, so a run that was killed is started again as it was. Rank 0 waits for the others' parts and
joins them to results.json, the bytes that one process writes; the parts stay, as without them a rank that starts after
that would do its videos again. Ranks never talk: any launcher that sets RANK and WORLD_SIZE will do.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from simvtr.cli.clips import Clip

_POLL = 0.2  # seconds between two looks at the folder


def ranks() -> tuple[int, int]:
    """This process's number and how many there are, as torchrun says; 0 and 1 without it."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


def own_device(name: str) -> str:
    """Of several GPUs each rank of a machine takes its own."""
    if name not in ("auto", "cuda") or ranks()[1] == 1:
        return name
    import torch

    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if torch.cuda.is_available() else name


def parts_of(out: Path, settings: Mapping[str, Any]) -> Path:
    """The folder of a run's parts; other settings have another one."""
    text = json.dumps(settings, sort_keys=True, default=str)
    return out / "parts" / hashlib.sha256(text.encode()).hexdigest()[:12]


def share(
    clips: Sequence[Clip],
    folder: Path,
    results: Path,
    segment: Callable[[Clip, Path], None],
    wait: Callable[[int], None],
) -> None:
    """Do this rank's videos; rank 0 joins all of them.

    Args:
        segment: makes a clip's part, a results file of this name, or raises.
        wait: told how many of the others' parts are missing, again and again; raises to stop waiting.
    """
    rank, count = ranks()
    folder.mkdir(parents=True, exist_ok=True)
    parts = [folder / f"{clip.id}.json" for clip in clips]
    for clip, part in list(zip(clips, parts, strict=True))[rank::count]:
        if not part.exists():
            segment(clip, part)
    if rank == 0:
        while missing := sum(not part.exists() for part in parts):
            wait(missing)
            time.sleep(_POLL)
        join(parts, results)


def join(parts: Sequence[Path], results: Path) -> None:
    """One results file of several, as `PredictionWriter` would have written it at once.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name, text in (("1", '[\\n{"a": 1}\\n]\\n'), ("2", "[\\n]\\n"), ("3", '[\\n{"b": 2},\\n{"c": 3}\\n]\\n')):
    ...     _ = (folder / name).write_text(text)
    >>> join([folder / "1", folder / "2", folder / "3"], folder / "all.json")
    >>> print((folder / "all.json").read_text(), end="")
    [
    {"a": 1},
    {"b": 2},
    {"c": 3}
    ]
    """
    from simvtr.schema.writer import atomic

    first, last = b"[\n", b"\n]\n"
    with atomic(results) as file:
        file.write(b"[")
        between = b"\n"
        for part in parts:
            tracks = part.read_bytes()[len(first) : -len(last)]
            if tracks:
                file.write(between + tracks)
                between = b",\n"
        file.write(last)
