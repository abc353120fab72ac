"""Draws what was found over the frames: translucent masks, crisp contours, one colour, label and trail an identity.

    frame + its tracks -> Trails -> draw -> RGB -> OverlayWriter -> overlay.mp4, or PNG frames

Drawn with OpenCV and Pillow: supervision's polygon annotator has no smooth lines and its label annotator moves labels
by what else is in the frame, so they flicker in a video. `to_supervision` hands over to its other annotators.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from simvtr.data.video import write_video
from simvtr.errors import DataError
from simvtr.inference.tracks import FrameTrack
from simvtr.inference.trails import Past, Point, Trails

if TYPE_CHECKING:
    import supervision

# Chosen by farthest points in OKLab among vivid colours, then ordered so that numbers close together look far apart
# (tests/inference/test_overlay.py holds the distances).
PALETTE = (
    (251, 94, 67),  # coral
    (12, 201, 250),  # sky
    (246, 194, 42),  # amber
    (147, 31, 252),  # violet
    (53, 253, 74),  # green
    (255, 7, 149),  # pink
    (41, 100, 249),  # blue
    (180, 86, 0),  # brown
    (88, 253, 218),  # aqua
    (167, 79, 148),  # plum
    (1, 141, 55),  # forest
    (253, 167, 249),  # rose
    (101, 197, 119),  # sage
    (157, 131, 244),  # lavender
)
OPACITY = 0.42  # of a mask's colour; the object's own texture stays visible
READABLE_HEIGHT = 360  # pixels of the shorter side from which labels and contours can be read
WAITING = 4  # frames
_HALO = (16, 16, 16)  # dark line under a contour, so that it stands out on its own colour


def colour(identity: int) -> tuple[int, int, int]:
    """The colour of an identity, RGB: the same in every frame and every video; the palette repeats after 14.

    >>> colour(0), colour(0) == colour(len(PALETTE))
    ((251, 94, 67), True)
    """
    return PALETTE[identity % len(PALETTE)]


def readable_scale(width: int, height: int) -> int:
    """The smallest whole factor that makes the shorter side at least `READABLE_HEIGHT` pixels, 8 at most.

    >>> readable_scale(160, 90), readable_scale(1280, 720)
    (4, 1)
    """
    return max(1, min(8, -(-READABLE_HEIGHT // min(width, height))))


def draw(
    rgb: np.ndarray, tracks: Sequence[FrameTrack], *, scale: int = 1, labels: bool = True, past: Past | None = None
) -> np.ndarray:
    """A new picture with the tracks drawn over the frame.

    Args:
        rgb: uint8 (H, W, 3); stays as it is.
        tracks: the objects of this frame, masks bool (H, W). Large ones are drawn first, so that small ones show.
        scale: the picture is enlarged so many times before drawing; see `readable_scale`.
        labels: write "identity category score" at each object, inside the picture, beside each other where possible.
        past: what `Trails` tells of this frame: draws each object's way, and says which are lost and which are back.

    Returns: uint8 (scale·H, scale·W, 3).

    Raises: ValueError when a mask does not have the size of the frame.

    >>> mask = np.zeros((40, 60), bool); mask[10:30, 10:50] = True
    >>> ball = FrameTrack(identity=0, category_id=2, category="ball", score=0.9, mask=mask)
    >>> picture = draw(np.zeros((40, 60, 3), np.uint8), [ball], scale=2, labels=False)
    >>> picture.shape, picture[40, 60].tolist()                 # 42 % of (251, 94, 67) over black
    ((80, 120, 3), [105, 39, 28])
    """
    height, width = rgb.shape[:2]
    for track in tracks:
        if track.mask.shape != (height, width):
            raise ValueError(
                f"draw: a mask must have the size of the frame, {(height, width)}, got {track.mask.shape} for identity "
                f"{track.identity}. Resize the mask to the frame."
            )
    picture = rgb.copy() if scale == 1 else cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    thickness = max(1, round(min(picture.shape[:2]) / 300))
    seen = [track for track in tracks if track.mask.any()]
    areas = {id(track): int(np.count_nonzero(track.mask)) for track in seen}
    past = past or Past()
    anchors = {}
    for track in sorted(seen, key=lambda track: -areas[id(track)]):
        anchors[id(track)] = _paint(picture, track.mask, colour(track.identity), scale, thickness)
    for identity, points in past.trails.items():
        _trail(picture, points, colour(identity), scale, thickness)
    if labels:
        size = max(12, round(min(picture.shape[:2]) * 0.032))
        taken: list[tuple[int, int, int, int]] = []
        for track in sorted(seen, key=lambda track: track.identity):  # the same order in every frame: labels keep still
            back = " back" if track.identity in past.back else ""
            text = f"{track.identity} {track.category} {track.score:.2f}{back}"
            _put(picture, _chip(text, colour(track.identity), size), anchors[id(track)], taken)
        for identity, point in past.lost.items():
            x, y = _pixel(point, scale)
            reach = 4 * thickness
            cv2.drawMarker(picture, (x, y), _HALO, cv2.MARKER_TILTED_CROSS, 2 * reach, thickness + 2, cv2.LINE_AA)
            cv2.drawMarker(
                picture, (x, y), colour(identity), cv2.MARKER_TILTED_CROSS, 2 * reach, thickness, cv2.LINE_AA
            )
            beside = (x - reach, y - reach, x + reach, y + reach)
            _put(picture, _chip(f"{identity} lost", colour(identity), size), beside, taken)
    return picture


def to_supervision(tracks: Sequence[FrameTrack]) -> supervision.Detections:
    """The tracks of one frame as `supervision.Detections`: identity as tracker_id, category name in data.

    >>> mask = np.zeros((4, 6), bool); mask[1:3, 2:5] = True
    >>> found = to_supervision([FrameTrack(identity=7, category_id=2, category="ball", score=0.5, mask=mask)])
    >>> found.xyxy.tolist(), found.tracker_id.tolist(), found["class_name"].tolist()
    ([[2.0, 1.0, 4.0, 2.0]], [7], ['ball'])
    """
    import supervision

    if not tracks:
        return supervision.Detections.empty()
    masks = np.stack([track.mask for track in tracks])
    return supervision.Detections(
        xyxy=supervision.mask_to_xyxy(masks).astype(float),
        mask=masks,
        confidence=np.array([track.score for track in tracks], np.float32),
        class_id=np.array([track.category_id for track in tracks]),
        tracker_id=np.array([track.identity for track in tracks]),
        data={"class_name": np.array([track.category for track in tracks])},
    )


class OverlayWriter:
    """Writes the drawn frames as an mp4, as numbered PNG files, or both, as a context manager.

    The mp4 appears when the block ends (see `write_video`); PNG files appear one by one. A thread draws and encodes
    while the caller finds the objects of the next frames; `WAITING` frames at most wait for it.

    Args:
        size: (width, height) of the frames that come in, pixels.
        video: path of the mp4, or None.
        images: folder for 00000.png, 00001.png, ..., or None.
        scale: as in `draw`; None takes `readable_scale`.
    Raises: DataError when a file cannot be written; what goes wrong with one frame is raised by a later `add`, and
        in any case when the block ends: an mp4 has every frame or is not there.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with OverlayWriter((32, 24), fps=5, images=f"{folder}/frames", scale=1) as overlay:
    ...         overlay.add(np.zeros((24, 32, 3), np.uint8), [])
    ...     [path.name for path in Path(folder, "frames").iterdir()]
    ['00000.png']
    """

    def __init__(
        self,
        size: tuple[int, int],
        fps: float,
        *,
        video: str | Path | None = None,
        images: str | Path | None = None,
        scale: int | None = None,
    ) -> None:
        self.scale = readable_scale(*size) if scale is None else scale
        self._video = write_video(video, fps, (size[0] * self.scale, size[1] * self.scale)) if video else None
        self._images = Path(images) if images else None
        self.frames = 0
        self._trails = Trails()  # the thread's own
        self._thread = ThreadPoolExecutor(1)
        self._waiting: deque[Future[None]] = deque()
        self._failed: BaseException | None = None  # of the thread, the first

    def __enter__(self) -> OverlayWriter:
        if self._images:
            try:
                self._images.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise _refusal(self._images, error) from None
        if self._video:
            self._video.__enter__()
        return self

    def add(self, rgb: np.ndarray, tracks: Sequence[FrameTrack]) -> None:
        """Draw the tracks over the frame, uint8 (H, W, 3), and append it. Neither may be changed afterwards."""
        self._waiting.append(self._thread.submit(self._write, self.frames, rgb, tracks))
        self.frames += 1
        if len(self._waiting) > WAITING:
            self._waiting.popleft().result()

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: object) -> None:
        try:
            try:
                wait(self._waiting)
                if kind is None and self._failed:
                    raise self._failed
            finally:
                self._thread.shutdown(cancel_futures=True)
        except BaseException as error:  # also Ctrl-C in either wait
            kind, value, trace = type(error), error, error.__traceback__
            raise
        finally:
            if self._video:
                self._video.__exit__(kind, value, trace)

    def _write(self, index: int, rgb: np.ndarray, tracks: Sequence[FrameTrack]) -> None:
        if self._failed:
            return
        try:
            picture = draw(rgb, tracks, scale=self.scale, past=self._trails.step(tracks))
            if self._video:
                self._video.add(picture)
            if self._images:
                _save(picture, self._images / f"{index:05d}.png")
        except BaseException as error:
            self._failed = error
            raise


def _save(picture: np.ndarray, final: Path) -> None:
    part = final.with_name(f".{final.name}.part")
    try:
        Image.fromarray(picture).save(part, format="png", compress_level=3)
        part.replace(final)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise _refusal(final, error) from None


def _refusal(path: Path, error: OSError) -> DataError:
    return DataError(f"{path}: must be writable, got: {error.strerror or error}. Check the folder and the disk.")


def _paint(
    picture: np.ndarray, mask: np.ndarray, rgb: tuple[int, int, int], scale: int, thickness: int
) -> tuple[int, int, int, int]:
    """Tint and outline one mask in place. Returns its box (left, top, right, bottom) in the picture."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    right, bottom = left + width, top + height
    crop = np.pad(mask[top:bottom, left:right], 1).astype(np.uint8) * 255  # a rim, so that the outline closes
    if scale > 1:  # blurred, then cut at one half: a smooth outline instead of enlarged pixels, none of which is lost
        crop = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
        crop = cv2.GaussianBlur(crop, (0, 0), 0.4 * scale)
    crop = (crop[scale:-scale, scale:-scale] > 127).astype(np.uint8)
    box = (left * scale, top * scale, right * scale, bottom * scale)
    region = picture[box[1] : box[3], box[0] : box[2]]
    cv2.copyTo(cv2.LUT(region, _tint(rgb)), crop, region)
    # with half of the points, as far as an eye can see the same line: antialiased lines are most of what drawing costs
    outlines, _ = cv2.findContours(crop, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_TC89_L1, offset=box[:2])
    cv2.drawContours(picture, outlines, -1, _HALO, thickness + 2, cv2.LINE_AA)
    cv2.drawContours(picture, outlines, -1, rgb, thickness, cv2.LINE_AA)
    return box


@lru_cache(maxsize=len(PALETTE))
def _tint(rgb: tuple[int, int, int]) -> np.ndarray:
    """What each value of a pixel becomes under a colour, uint8 (1, 256, 3)."""
    values = np.arange(256)[:, None] * (1 - OPACITY) + np.array(rgb) * OPACITY
    return np.rint(values).astype(np.uint8)[None]


def _trail(picture: np.ndarray, points: Sequence[Point], rgb: tuple[int, int, int], scale: int, thickness: int) -> None:
    """The way to an object's centre in place: dots that fade with age, so that masks and labels stay readable."""
    for age, point in enumerate(reversed(points[:-1]), 1):
        x, y = _pixel(point, scale)
        reach = thickness + 3
        dot = picture[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
        over, middle = dot.copy(), (min(x, reach), min(y, reach))
        cv2.circle(over, middle, thickness + 2, _HALO, -1, cv2.LINE_AA)
        cv2.circle(over, middle, thickness + 1, rgb, -1, cv2.LINE_AA)
        strength = 1 - age / (len(points) + 1)
        cv2.addWeighted(over, strength, dot, 1 - strength, 0, dst=dot)


def _pixel(point: Point, scale: int) -> tuple[int, int]:
    """Where a point of the frame is in the enlarged picture."""
    return round((point[0] + 0.5) * scale), round((point[1] + 0.5) * scale)


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    font = ImageFont.load_default(size)  # reads the font anew at every call: half of a label's time
    if isinstance(font, ImageFont.FreeTypeFont):
        font = font.font_variant(layout_engine=ImageFont.Layout.BASIC)  # a fifth faster than Raqm
    return font


def _chip(text: str, rgb: tuple[int, int, int], size: int) -> tuple[np.ndarray, np.ndarray]:
    """A label as a picture, uint8 (h, w, 3), and its coverage, float (h, w, 1): rounded, its text dark or white.

    Made anew in every frame: hundreds of small labels kept between the passing pictures tear holes into the thread's
    heap (measured: 85 MiB after 300 frames instead of 28), and more than half of them are new, because scores change.
    """
    font = _font(size)
    pad = max(2, size // 4)
    ascent_to_descent = font.getbbox("Hg")
    width = round(font.getlength(text)) + 2 * pad
    height = round(ascent_to_descent[3] - ascent_to_descent[1]) + 2 * pad
    brightness = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]
    face = Image.new("RGB", (width, height), rgb)
    ink = (0, 0, 0) if brightness > 118 else (255, 255, 255)
    ImageDraw.Draw(face).text((pad, pad - ascent_to_descent[1]), text, fill=ink, font=font)
    coverage = np.ones((height, width, 1), np.float32)
    disc, ends = _disc(pad), (slice(pad), slice(-pad, None))
    for rows in ends:
        for columns in ends:
            coverage[rows, columns] = disc[rows, columns]
    return np.asarray(face), coverage


@lru_cache(maxsize=8)
def _disc(radius: int) -> np.ndarray:
    """Coverage of a disc, float (2 radius, 2 radius, 1): its quarters round a label's corners."""
    shape = Image.new("L", (8 * radius, 8 * radius), 0)  # drawn large and reduced: smooth
    ImageDraw.Draw(shape).ellipse((0, 0, 8 * radius - 1, 8 * radius - 1), fill=255)
    return np.asarray(shape.resize((2 * radius, 2 * radius), Image.Resampling.BOX), np.float32)[..., None] / 255


def _put(
    picture: np.ndarray,
    chip: tuple[np.ndarray, np.ndarray],
    box: tuple[int, int, int, int],
    taken: list[tuple[int, int, int, int]],
) -> None:
    """Paste a label near its object's box where it covers the labels in `taken` least; above the box if free."""
    face, coverage = chip
    h, w = min(face.shape[0], picture.shape[0]), min(face.shape[1], picture.shape[1])
    left, top, right, bottom = box
    wishes = (
        (left, top - h - 2),
        (right - w, top - h - 2),
        (left, bottom + 2),
        (left, top + 2),
        (right - w, bottom - h),
    )

    def inside(x: int, y: int) -> tuple[int, int]:
        return min(max(x, 0), picture.shape[1] - w), min(max(y, 0), picture.shape[0] - h)

    def covered(x: int, y: int) -> int:
        return sum(max(0, min(x + w, r) - max(x, a)) * max(0, min(y + h, b) - max(y, t)) for a, t, r, b in taken)

    x, y = min((inside(*wish) for wish in wishes), key=lambda place: covered(*place))  # the first of equals
    taken.append((x, y, x + w, y + h))
    under = picture[y : y + h, x : x + w]
    under[:] = np.rint(under * (1 - coverage[:h, :w]) + face[:h, :w] * coverage[:h, :w])
