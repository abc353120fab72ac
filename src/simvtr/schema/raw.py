"""The JSON of YouTube-VIS / OVIS as it stands in files: types only, before any rule that ties two values."""

from typing import Annotated

import msgspec

Whole = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]  # what every JSON reader keeps exactly


class RawMask(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A mask object; `{}` (absent) leaves both fields None, so a misspelt key must not be read as absent."""

    size: tuple[int | float, int | float] | None = None
    counts: str | list[int] | None = None


RawSegmentation = RawMask | list[list[float]] | None  # RLE | polygons ([] is absent) | absent


class RawVideo(msgspec.Struct):
    """A video; files leave out either `length` or `file_names`."""

    id: Whole
    width: int | float
    height: int | float
    length: Whole | None = None
    file_names: list[str] | None = None


class RawCategory(msgspec.Struct):
    """A category."""

    id: Whole
    name: str | None = None


class RawTrack(msgspec.Struct):
    """An annotation. OVIS's `occlusion` is a list, one label a frame; some converters write one for the track."""

    id: Whole
    video_id: Whole
    category_id: Whole
    segmentations: list[RawSegmentation]
    bboxes: list[list[float] | None] | None = None
    areas: list[float | None] | None = None
    iscrowd: bool | int | float | None = None
    occlusion: list[str | None] | str | None = None

    def lists(self) -> dict[str, list]:
        """The lists that must have one entry a frame."""
        lists = {key: getattr(self, key) for key in ("segmentations", "bboxes", "areas", "occlusion")}
        return {key: entries for key, entries in lists.items() if isinstance(entries, list)}


class UnreadMask(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A mask object whose runs are a list, and still JSON: what stands between its brackets, once that is known."""

    size: tuple[int | float, int | float]
    counts: msgspec.Raw


class UnreadTrack(RawTrack, kw_only=True):
    """An annotation without polygons, its masks' runs still JSON."""

    segmentations: list[UnreadMask | None]  # type: ignore[assignment]
    bboxes: list[tuple[float, float, float, float] | None] | None = None  # type: ignore[assignment]


class RawTruth(msgspec.Struct):
    """A data set, its annotations still JSON: they are decoded a few at a time."""

    videos: list[RawVideo]
    categories: list[RawCategory]
    annotations: list[msgspec.Raw] | None = None  # null in files whose truth is kept back


class TruthTail(msgspec.Struct):
    """The last annotations of a data set, and what stands behind them, which is nothing of weight."""

    annotations: list[UnreadTrack]
    videos: None = None
    categories: None = None


class RawResult(msgspec.Struct):
    """A found track; `identity` is ours, other tools ignore it."""

    video_id: Whole
    category_id: Whole
    score: float
    segmentations: list[RawSegmentation]
    identity: Whole | None = None
