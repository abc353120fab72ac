"""A folder to write to, called like a file by mistake: told before anything is made."""

from pathlib import Path

FILES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".gif", ".json", ".zip", ".gz")


def no_folder(folder: Path, option: str, holds: str) -> str | None:
    """What is wrong with a new folder's name; None when nothing is.

    >>> no_folder(Path("x.json"), "--out", "results.json")
    '--out x.json must be a folder, for results.json, got the name of a file. Leave .json out.'
    """
    if folder.suffix.lower() not in FILES or folder.is_dir():
        return None
    return f"{option} {folder} must be a folder, for {holds}, got the name of a file. Leave {folder.suffix} out."
