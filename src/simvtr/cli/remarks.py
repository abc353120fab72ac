"""What a user of `simvtr segment` would find out late: other ids, files of an earlier run, cut videos."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from simvtr.errors import many

if TYPE_CHECKING:
    from simvtr.cli.clips import Clip
    from simvtr.schema import Category

TOLD = 3  # ids that are named


def other_ids(found: "Iterable[Category]", wanted: "Iterable[Category]", data: str) -> str | None:
    """How the ids of a model's categories differ from those of a data set, by name; None where they do not.

    Nothing is changed: a name may be spelled alike and mean another thing.

    >>> from simvtr.schema import Category
    >>> note = other_ids([Category(1, "dog"), Category(2, "person")], [Category(1, "person"), Category(2, "dog")], "t")
    >>> print(note.replace(". ", ".\\n"))
    t: its category ids are not the model's: 1 is 'dog' to the model and 'person' there, 2 is 'person' to the model \
and 'dog' there.
    results.json has the model's ids, so a score would compare wrong categories.
    All of the model's names are there: give category_id in results.json the data set's id of that name, or train on \
this data set.
    >>> other_ids([Category(2, "giant_panda")], [Category(2, "Giant panda"), Category(3, "dog")], "t") is None
    True
    """
    model = list(found)
    names = {kind.id: kind.name for kind in wanted}
    differ = [kind for kind in model if _plain(names.get(kind.id, "")) != _plain(kind.name)]
    if not differ:
        return None
    told = ", ".join(
        f"{kind.id} is {kind.name!r} to the model and {repr(names[kind.id]) if kind.id in names else 'no category'} "
        "there"
        for kind in differ[:TOLD]
    )
    more = f", and {len(differ) - TOLD} more" if len(differ) > TOLD else ""
    there = set(map(_plain, names.values()))
    known = sum(_plain(kind.name) in there for kind in model)
    how = "All" if known == len(model) else f"{known} of {len(model)}" if known else "None"
    do = "give category_id in results.json the data set's id of that name, or train" if known else "train"
    return (
        f"{data}: its category ids are not the model's: {told}{more}. results.json has the model's ids, so a score "
        f"would compare wrong categories. {how} of the model's names are there: {do} on this data set."
    )


def _plain(name: str) -> str:
    return name.lower().replace("_", " ").strip()


def cut_short(clips: "Iterable[Clip]", most: int | None) -> str | None:
    """What --max-frames does to the videos of a data set that are longer; None where none is.

    >>> from simvtr.cli.clips import Clip
    >>> cut_short([Clip(7, "video 7", open, length=36, video=None, images=None)], 10)
    'by --max-frames 10 the later frames of 1 video are absent in results.json, and would be scored as missed'
    """
    cut = sum(most is not None and clip.length is not None and clip.length > most for clip in clips)
    if not cut:
        return None
    return (
        f"by --max-frames {most} the later frames of {many(cut, 'video')} are absent in results.json, and would be "
        "scored as missed"
    )


def not_drawn(clips: "Iterable[Clip]") -> str | None:
    """Which pictures are asked for of videos that an earlier run had segmented without them; None where none are.

    They cannot be drawn of results.json: it has no scores of single frames, by which objects are drawn.

    >>> from simvtr.cli.clips import Clip
    >>> print(not_drawn([Clip(7, "video 7", open, length=36, video=Path("none/7.mp4"), images=None)]))
    none/7.mp4 is asked for and not there: --resume draws nothing of a video that is done. Leave it out to segment and \
draw anew.
    """
    missing = [path for clip in clips for path in (clip.video, clip.images) if path is not None and not path.exists()]
    if not missing:
        return None
    more = f" and {len(missing) - 1} more are" if len(missing) > 1 else " is"
    return (
        f"{missing[0]}{more} asked for and not there: --resume draws nothing of a video that is done. Leave it out to "
        "segment and draw anew."
    )


def drawn_files(out: Path) -> dict[Path, int]:
    """The pictures of a run in its folder, and when each was written (ns)."""
    patterns = ("overlay.mp4", "overlays/*.mp4", "frames/*.png", "frames/*/*.png")
    return {path: path.stat().st_mtime_ns for pattern in patterns for path in out.glob(pattern) if path.is_file()}


def left_over(before: Mapping[Path, int], out: Path) -> str | None:
    """Which pictures of an earlier run, that were there before this one, it left as they were; None: none."""
    now = drawn_files(out)
    old = [path for path, written in before.items() if now.get(path) == written]
    if not old:
        return None
    places = sorted({str(path if path.parent == out else path.parent) for path in old})
    count = "1 picture or video is" if len(old) == 1 else f"{len(old):,} pictures or videos are"
    return f"{', '.join(places)}: {count} of an earlier run and not of these results. Take them away, or draw anew."
