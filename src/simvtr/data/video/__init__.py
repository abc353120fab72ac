"""Videos in and out: frames from a file or from images, and an mp4 that a browser plays."""

from simvtr.data.video.reader import FrameReader, read_frames
from simvtr.data.video.writer import VideoWriter, write_video

__all__ = ["FrameReader", "VideoWriter", "read_frames", "write_video"]
