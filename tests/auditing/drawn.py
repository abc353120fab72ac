"""Tracks drawn back as the text of tests/evaluation/tiny.py, so that an attack is a line before and a line after."""

from simvtr.auditing import ATTACKS
from simvtr.rle import decode
from simvtr.schema import Track, Truth, Video
from tests.evaluation.tiny import truth


def drawn(track: Track) -> str:
    """`"##.. - x"`: two pixels of 1 x 4, absent, a mask of 1 x 1."""
    return " ".join(_word(mask) for mask in track.segmentations)


def drawn_all(tracks: list[Track]) -> list[tuple[str, int, float]]:
    """What each track looks like, its category and its score."""
    return [(drawn(track), track.category_id, round(track.score, 9)) for track in tracks]


def after(slug: str, *tracks: Track, true: Truth | None = None, length: int | None = None, seed: int = 0) -> list[str]:
    """The tracks of one video, drawn after an attack."""
    return [drawn(track) for track in attacked(slug, *tracks, true=true, length=length, seed=seed)]


def attacked(slug: str, *tracks: Track, true: Truth | None = None, length: int | None = None, seed: int = 0):
    """The tracks of video 1 after an attack; the video is as long as the first track, or `length` frames."""
    (attack,) = [attack for attack in ATTACKS if attack.slug == slug]
    return attack.apply({1: list(tracks)}, true or video(length or len(tracks[0].segmentations)), seed)[1]


def video(length: int, categories: int = 3) -> Truth:
    """One video of 1 x 4 pixels, without tracks."""
    empty = truth({}, {k: f"kind {k}" for k in range(1, categories + 1)})
    return Truth({1: Video(1, 4, 1, length)}, {1: []}, empty.categories, empty.path)


def _word(mask) -> str:
    if mask is None:
        return "-"
    if (mask.height, mask.width) == (1, 1):
        return "x"
    return "".join("#" if pixel else "." for pixel in decode(mask)[0])
