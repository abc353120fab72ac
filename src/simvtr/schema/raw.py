"""The JSON of YouTube-VIS / OVIS as it stands in files: types only, before any rule that ties two values."""

import msgspec


class RawMask(msgspec.Struct, gc=False):
    """A mask object; `{}` (absent) leaves both fields None."""

    size: tuple[int | float, int | float] | None = None
    counts: str | list[int] | None = None


RawSegmentation = RawMask | list[list[float]] | None  # RLE | polygons ([] is absent) | absent


class RawVideo(msgspec.Struct):
    """A video; files leave out either `length` or `file_names`."""

    id: int
    width: int | float
    height: int | float
    length: int | None = None
    file_names: list[str] | None = None


class RawCategory(msgspec.Struct):
    """A category."""

    id: int
    name: str | None = None


class RawTrack(msgspec.Struct):
    """An annotation. OVIS's `occlusion` is a list, one label a frame; some converters write one for the track."""

    id: int
    video_id: int
    category_id: int
    segmentations: list[RawSegmentation]
    bboxes: list[list[float] | None] | None = None
    areas: list[float | None] | None = None
    iscrowd: bool | int | float | None = None
    occlusion: list[str | None] | str | None = None

    def lists(self) -> dict[str, list]:
        """The lists that must have one entry a frame."""
        lists = {key: getattr(self, key) for key in ("segmentations", "bboxes", "areas", "occlusion")}
        return {key: entries for key, entries in lists.items() if isinstance(entries, list)}


class RawTruth(msgspec.Struct):
    """A data set, its annotations still JSON: they are decoded a few at a time."""

    videos: list[RawVideo]
    categories: list[RawCategory]
    annotations: list[msgspec.Raw] | None = None  # null in files whose truth is kept back


class RawResult(msgspec.Struct):
    """A found track; `identity` is ours, other tools ignore it."""

    video_id: int
    category_id: int
    score: float
    segmentations: list[RawSegmentation]
    identity: int | None = None
