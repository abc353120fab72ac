"""The progress bar of the long commands: what is done, at what rate, how long it still takes; on stderr."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def frames_bar(what: str = "frames") -> Progress:
    """A bar that counts frames or what else; tasks need the field `rate`, text. Nothing where stderr is a file."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(what + " · {task.fields[rate]} a second ·"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
