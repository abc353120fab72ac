"""An mp4 that browsers play: H.264, yuv420p, BT.709 told in the file, index first, there whole or not at all."""

import math
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import Colorspace, VideoReformatter

from simvtr.errors import DataError

_BT709 = 1  # code of ITU-T H.273 for primaries, transfer and matrix: without it players guess the colours


def write_video(path: str | Path, fps: float, size: tuple[int, int], *, crf: int = 20) -> "VideoWriter":
    """Write an mp4 frame by frame, as a context manager; the file appears under its name when the block ends.

    A block left by an exception leaves no file, and one that was there before stays. To keep what is done after
    Ctrl-C, catch KeyboardInterrupt inside the block. A block without frames makes no file.

    Args:
        path: ends in .mp4; its folder is made.
        fps: frames per second, above 0 up to 1000; the file's rate is constant, one slot a frame.
        size: (width, height) of the frames. Odd sizes are padded by one column or row, a copy of the last one,
            because yuv420p halves both axes: pixel coordinates stay.
        crf: constant quality of x264, 0 (lossless) to 51; 20 looks like the original.

    Raises: ValueError for a wrong fps, size, suffix or frame; DataError when the file cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with write_video(f"{folder}/grey.mp4", fps=5, size=(32, 16)) as video:
    ...         video.add(np.full((16, 32, 3), 128, np.uint8))
    ...     [name.name for name in Path(folder).iterdir()]
    ['grey.mp4']
    """
    return VideoWriter(Path(path), fps, size, crf)


class VideoWriter:
    """What `write_video` gives. `frames` counts what was added."""

    def __init__(self, path: Path, fps: float, size: tuple[int, int], crf: int) -> None:
        if path.suffix.lower() != ".mp4":
            raise ValueError(f"write_video: the path must end in .mp4, got {path}")
        if not (math.isfinite(fps) and 0 < fps <= 1000):
            raise ValueError(f"write_video: fps must be above 0 and at most 1000, got {fps}")
        if min(size) < 1:
            raise ValueError(f"write_video: size must be (width, height) of at least 1, got {size}")
        self.path = path
        self.width, self.height = size
        self.rate = Fraction(fps).limit_denominator(1001)  # 30000/1001 stays itself
        self.crf = crf
        self.frames = 0
        self._part = path.with_name(f".{path.name}.part")
        self._to_yuv = VideoReformatter()  # kept: made anew for each frame it costs a third of the conversion

    def __enter__(self) -> "VideoWriter":
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._part.touch()  # a folder that cannot be written is told now, not at the first frame
            self._container = av.open(f"file:{self._part}", "w", format="mp4", options={"movflags": "+faststart"})
        except (OSError, FFmpegError) as error:
            raise self._refusal(error) from None
        self._stream = self._container.add_stream("libx264", rate=self.rate)
        self._stream.width, self._stream.height = self.width + self.width % 2, self.height + self.height % 2
        self._stream.pix_fmt = "yuv420p"
        # Half of superfast's time, and at a crf of 20 as near to the pictures as that at 18, for somewhat more bytes;
        # threads would keep frames, and take the cores from whoever makes the pictures.
        self._stream.options = {"crf": str(self.crf), "preset": "ultrafast"}
        context = self._stream.codec_context
        context.thread_count = 1
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        return self

    def add(self, rgb: np.ndarray) -> None:
        """Append one frame, uint8 (H, W, 3)."""
        if rgb.shape != (self.height, self.width, 3) or rgb.dtype != np.uint8:
            raise ValueError(
                f"write_video: a frame must be uint8 ({self.height}, {self.width}, 3), got {rgb.dtype} {rgb.shape}"
            )
        if self.width % 2 or self.height % 2:
            rgb = np.pad(rgb, ((0, self.height % 2), (0, self.width % 2), (0, 0)), mode="edge")
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
        picture = self._to_yuv.reformat(
            picture, format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range="MPEG"
        )
        self._mux(picture)
        self.frames += 1

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: object) -> None:
        try:
            if kind is None and self.frames:
                self._mux(None)
            self._container.close()
            if kind is None and self.frames:
                self._part.replace(self.path)
        except (OSError, FFmpegError) as error:
            if kind is None:
                raise self._refusal(error) from None
        finally:
            self._part.unlink(missing_ok=True)

    def _mux(self, picture: av.VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(picture):
                self._container.mux(packet)
        except FFmpegError as error:
            raise self._refusal(error) from None

    def _refusal(self, error: Exception) -> DataError:
        reason = getattr(error, "strerror", None) or str(error)
        return DataError(f"{self.path}: the video must be writable here, got: {reason}. Check the folder and the disk.")
