"""Frames from a video file through FFmpeg (PyAV), as a player shows them: turned upright, pixels made square.

    container -> packets -> frames -> RGB, square pixels -> turned
                 damaged ones are skipped, counted, and told

FFmpeg's libraries leave three things to their caller, done here: the display matrix (a phone held upright records
lying frames), the pixels' aspect ratio, and going on after a damaged packet.
"""

import re
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition

from simvtr.data.video.reader import FrameReader
from simvtr.errors import DataError

# Formats in which FFmpeg would follow addresses to other files, or paint a text file as a picture.
_REFUSED = {"tty", "hls", "dash", "concat", "concatf", "sdp", "rtsp", "image2", "lavfi", "imf"}
_FALLBACK_FPS = 25.0


class MovieReader(FrameReader):
    """A video file. Its first frame is decoded at once: it knows the size and the turn, and proves that one exists."""

    def __init__(self, path: Path, *, max_frames: int | None = None) -> None:
        super().__init__(max_frames)
        self.path = path
        self.name = path.stem
        with self._open() as container:
            stream = self._stream(container)
            self._declared = stream.frames or None  # 0 is FFmpeg's "not told"
            self.length = self._limited(self._declared)
            self._end = None if self._declared else _declared_end(container, stream)
            self._lacking = _lacking_bytes(path) if "matroska" in container.format.name else 0
            rate = stream.average_rate or stream.guessed_rate
            if container.format.name == "gif" and self._declared and stream.duration and stream.time_base:
                # FFmpeg's average of a GIF is its shortest delay
                rate = self._declared / (stream.duration * stream.time_base)
            self.fps = float(rate) if rate and 0 < rate <= 1000 else _FALLBACK_FPS
            first = next((frame for frame in self._decode(container, stream, lost=[])), None)
            if first is None:
                promised = f"{self._declared} are declared and " if self._declared else ""
                raise DataError(f"{path}: at least one frame must decode, {promised}none does. The file is damaged.")
            self._stored = _square(first.width, first.height, stream.sample_aspect_ratio)  # before the turn
            self._matrix = _matrix(first)
            turned = turn(np.empty((self._stored[1], self._stored[0], 0), np.uint8), self._matrix)
            self.height, self.width = turned.shape[:2]

    def _frames(self) -> Generator[np.ndarray, None, None]:
        lost: list[str] = []
        last, longest = None, 0.0  # when the last frame is shown, and the longest time from one to the next, seconds
        try:
            with self._open() as container:
                for frame in self._decode(container, self._stream(container), lost):
                    if frame.time is not None:
                        longest = longest if last is None else max(longest, frame.time - last)
                        last = frame.time
                    width, height = self._stored
                    rgb = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
                    yield np.ascontiguousarray(turn(rgb, self._matrix))
        except GeneratorExit:  # nobody wants more: what the rest holds is not known
            if damaged := len(lost) - lost.count("discarded"):
                packets = f"{damaged} damaged packet{'s' * (damaged > 1)} skipped"
                self.problems.append(f"{self.path}: the file is damaged: {packets} in the part that was read.")
            raise
        skipped = lost.count("discarded")
        declared = self._declared and self._declared - skipped  # an edit list hides frames on purpose
        about = ""
        if self._end is not None and last is not None:
            missing = _missing(self._end, last, longest, self.fps)
            declared, about = (self.decoded + missing, "about ") if missing else (None, "")
        damaged = len(lost) - skipped
        if not damaged and not (declared and self.decoded < declared) and not self._lacking:
            return
        promised = (
            f"{about}{declared} frames are declared, {self.decoded} decode" if declared else f"{self.decoded} decode"
        )
        packets = f", {damaged} damaged packet{'s' * (damaged > 1)} skipped" if damaged else ""
        lacking = f", its last {self._lacking:,} bytes are not there" if self._lacking else ""
        self.problems.append(f"{self.path}: the file is damaged or breaks off: {promised}{packets}{lacking}.")

    def _open(self) -> InputContainer:
        try:
            # file: and the whitelist keep a name such as "concat:a|b" or a playlist inside from being followed.
            container = av.open(f"file:{self.path}", options={"protocol_whitelist": "file"}, metadata_errors="replace")
        except FFmpegError as error:
            raise self._refusal(_reason(error)) from None
        if set(container.format.name.split(",")) & _REFUSED:
            container.close()
            raise self._refusal(f"it is of the kind {container.format.name!r}")
        return container

    def _stream(self, container: InputContainer) -> av.VideoStream:
        cover = Disposition.attached_pic
        stream = next((stream for stream in container.streams.video if not stream.disposition & cover), None)
        if stream is None:
            kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "none"
            raise self._refusal(f"its streams are: {kinds}")
        if stream.codec_context is None:
            raise self._refusal("its codec is not known to this FFmpeg")
        return stream

    def _refusal(self, came: str) -> DataError:
        size = self.path.stat().st_size
        came = came if size else "the file is empty"
        return DataError(f"{self.path}: a video must be here, {came}. Name a video file (mp4, mov, webm, mkv, gif).")

    def _decode(self, container: InputContainer, stream: av.VideoStream, lost: list[str]) -> Iterator[av.VideoFrame]:
        """Yield frames in display order; note in `lost` every packet that the file hides or the decoder refuses."""
        stream.thread_type = "AUTO"
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError:  # the container itself breaks off: let out what the decoder still holds
                lost.append("damaged")
                packet = None
            if packet is None:
                break
            if packet.is_discard:
                lost.append("discarded")
            try:
                frames = packet.decode()
            except FFmpegError:
                lost.append("damaged")
                continue
            yield from frames


def _declared_end(container: InputContainer, stream: av.VideoStream) -> float | None:
    """When the video ends, seconds, as a Matroska file says, which has no count of frames; None: not told.

    Only there: of other kinds FFmpeg guesses it from the bytes. The file's own duration is that of its longest stream,
    so it counts where there is but one.
    """
    if "matroska" not in container.format.name:
        return None
    told = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", "").strip("\0 "))
    if told:
        return float(told[1]) * 3600 + float(told[2]) * 60 + float(told[3])
    return container.duration / av.time_base if container.duration and len(container.streams) == 1 else None


def _lacking_bytes(path: Path) -> int:
    """How many bytes a Matroska file is shorter than its one great element, the Segment, says; 0: none, or not told.

    FFmpeg takes the end of the file for that of the video, without a word. What is recorded live, or was when its
    recorder died, tells no size, so that nobody knows whether it is whole.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    begin = head.find(b"\x18\x53\x80\x67") + 4  # the Segment's id; behind it the size in EBML's form:
    width = 9 - head[begin].bit_length() if 4 <= begin < len(head) else 9  # its first 1 bit says how many bytes it has
    size, unknown = int.from_bytes(head[begin : begin + width]) % (1 << 7 * width), (1 << 7 * width) - 1
    return 0 if width > 8 or size == unknown else max(0, begin + width + size - path.stat().st_size)


def _missing(end: float, last: float, longest: float, fps: float) -> int:
    """Frames from the last one to the declared end; 0 where a varying rate, one picture held or rounding may be why.

    >>> _missing(3.0, 1.9, 0.1, 10), _missing(3.0, 2.8, 0.1, 10), _missing(3.0, 1.9, 0.7, 10)
    (10, 0, 0)
    """
    missing = end - last - max(longest, 1 / fps) if longest else 0.0
    return round(missing * fps) if missing > max(2 * longest, 2 / fps, 0.02 * end) else 0


def turn(frame: np.ndarray, matrix: np.ndarray | None) -> np.ndarray:
    """Apply a display matrix to a picture (H, W, c), to the nearest quarter turn; None leaves it as it is.

    Args:
        matrix: int (3, 3), 16.16 fixed point, as in an mp4's track header: (x, y, 1) @ matrix is where a pixel goes.

    >>> lying = np.array([[1, 2, 3]])[..., None]
    >>> quarter = np.array([[0, 65536, 0], [-65536, 0, 0], [0, 0, 1 << 30]])     # clockwise, "rotate 90"
    >>> turn(lying, quarter)[..., 0].tolist()
    [[1], [2], [3]]
    """
    if matrix is None:
        return frame
    (a, b), (c, d) = np.sign(np.where(np.abs(matrix[:2, :2]) * 2 > np.abs(matrix[:2, :2]).max(), matrix[:2, :2], 0))
    if a == 0 and d == 0 and b and c:  # x goes to y and y to x
        frame, a, d = frame.swapaxes(0, 1), c, b
    if a < 0:
        frame = frame[:, ::-1]
    if d < 0:
        frame = frame[::-1]
    return frame


def _matrix(frame: av.VideoFrame) -> np.ndarray | None:
    # Once a file, not once a frame: PyAV's side data and its frame hold each other, and a thousand frames would wait
    # for the garbage collector (measured: 90 MiB at 640x360).
    stored = frame.side_data.get("DISPLAYMATRIX")
    return None if stored is None else np.frombuffer(bytes(stored), np.int32).reshape(3, 3)


def _square(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """Size with square pixels: the height stays, the width is stretched, as players do.

    >>> _square(640, 360, Fraction(2, 3))
    (427, 360)
    >>> _square(640, 360, None)
    (640, 360)
    """
    if not aspect or not Fraction(1, 8) <= aspect <= 8:  # unknown, or a damaged header
        return width, height
    return max(1, round(width * aspect)), height


def _reason(error: FFmpegError) -> str:
    text = (error.strerror or type(error).__name__).rstrip(".")
    return f"FFmpeg says: {text}"
