"""The page holds everything itself, escapes every text, and counts presence as one would by hand."""

import io
import math
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simvtr.report import TrackRow, track_row, write_page
from simvtr.report.figures import timeline
from simvtr.rle import encode
from simvtr.schema import Track

NASTY = "</title><script>alert('a')</script>\" onload=alert(1) {{ 7*7 }} \udc80 \x00"


def picture(kind: str = "PNG") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (8, 4), (200, 0, 0)).save(data, kind)
    return data.getvalue()


def page(path: Path, **changes) -> str:
    rows = [TrackRow(i, "dog", 0.5, (True, False, True), 12.0, (1, 2, 3)) for i in range(2)]
    content = {"title": "Clip", "summary": "Two dogs.", "frames": [("Frame 0", picture())], "tracks": rows}
    content |= {"notes": ["A note."], "figures": [("Frames", "3")]} | changes
    return write_page(path / "report.html", **content).read_text("utf-8")


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_every_text_of_a_user_is_escaped(tmp_path):
    row = TrackRow(0, NASTY, 0.5, (True,))
    html = page(
        tmp_path,
        title=NASTY,
        summary=NASTY,
        frames=[(NASTY, picture())],
        tracks=[row],
        notes=[NASTY],
        figures=[(NASTY, NASTY)],
    )
    parsed = Tags(html)
    assert "script" not in {tag for tag, _ in parsed.tags}
    assert not any(name.startswith("on") for _, attributes in parsed.tags for name in attributes)
    assert parsed.text.count("alert('a')") == 8  # title twice, summary, caption, name, value, category, note
    assert "{{ 7*7 }}" in parsed.text


def test_the_page_needs_no_network(tmp_path):
    html = page(tmp_path, frames=[("a", picture()), ("b", picture("JPEG"))])
    addresses = [value for _, attributes in Tags(html).tags for name, value in attributes.items() if name == "src"]
    assert [address.split(",")[0] for address in addresses] == ["data:image/png;base64", "data:image/jpeg;base64"]
    assert not re.search(r"https?:|@import|url\(|<link|<script", html)
    assert "default-src 'none'" in html


def test_presence_is_counted_frame_by_frame():
    row = TrackRow(0, "dog", 0.9, (False, True, True, False, True))
    assert (row.frames, row.first, row.last, row.runs) == (3, 1, 4, [(1, 2), (4, 4)])
    never = TrackRow(0, "dog", 0.9, (False, False))
    assert (never.frames, never.first, never.last, never.runs) == (0, None, None, [])


def test_a_bar_starts_at_its_first_frame_and_is_as_wide_as_it_lasts():
    drawn = str(timeline(TrackRow(0, "dog", 0.9, (False, True, True, False, True)), 5))
    assert re.findall(r'<rect x="(\d+)" width="(\d+)"', drawn) == [("1", "2"), ("4", "1")]
    assert 'viewBox="0 0 5 1"' in drawn and 'aria-label="present in frames 1 to 2, frame 4"' in drawn


def test_a_row_takes_area_and_presence_from_the_masks():
    small, large = np.zeros((4, 5), bool), np.zeros((4, 5), bool)
    small[0, :2] = large[:2, :2] = True  # 2 px and 4 px
    masks = (encode(small), None, encode(large), encode(np.zeros((4, 5), bool)))  # an empty mask is absence
    row = track_row(Track(1, 0.25, masks), category="cat", identity=9, colour=(1, 2, 3))
    assert row == TrackRow(9, "cat", 0.25, (True, False, True, False), 3.0, (1, 2, 3))
    assert track_row(Track(1, 0.25, masks, identity=4), category="cat", identity=9).identity == 4
    with pytest.raises(ValueError, match="identity must be given for a track that carries none"):
        track_row(Track(1, 0.25, masks), category="cat")


def test_a_page_without_tracks_or_frames_says_so(tmp_path):
    html = page(tmp_path, tracks=[], frames=[], notes=[], figures=[])
    assert "No track was found." in html and "<table" not in html and "<h2>Frames" not in html


def test_a_missing_number_is_a_dash(tmp_path):
    html = page(tmp_path, tracks=[TrackRow(0, "dog", math.nan, (False, False))])
    assert html.count(">–</td>") == 3  # score, span, area
    assert "0 of 2" in html and "nan" not in html.lower().split("</style>")[1]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"frames": [("a", b"GIF89a")]}, "must be the bytes of a PNG or JPEG file, got b'GIF89a'"),
        (
            {"tracks": [TrackRow(0, "a", 1, (True,)), TrackRow(1, "a", 1, (True, True))]},
            r"frames of one video, got lengths \[1, 2\]",
        ),
    ],
)
def test_a_wrong_call_is_told_and_leaves_the_old_page(tmp_path, wrong, told):
    before = page(tmp_path)
    with pytest.raises(ValueError, match=told):
        page(tmp_path, **wrong)
    assert (tmp_path / "report.html").read_text() == before
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_the_page_needs_no_torch_and_no_video_packages():
    code = "import sys; sys.modules |= dict.fromkeys(['torch', 'cv2', 'av', 'supervision']); import simvtr.report"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_browser_shows_it_on_laptop_and_phone_in_light_and_dark(tmp_path, browser):
    rows = [
        TrackRow(0, "a category with quite a long name " * 3, 0.5, (True,) * 500, 1e9),
        TrackRow(1, "b", 0.5, (False,) * 500),
    ]
    page(tmp_path, title="long_name_" * 30, tracks=rows)
    papers = []
    for width, scheme in ((1280, "light"), (360, "dark")):
        view = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        heard: list[str] = []
        view.on("console", lambda message, heard=heard: heard.append(message.text))
        view.on("request", lambda request, heard=heard: heard.append(request.url[:30]))
        view.goto((tmp_path / "report.html").as_uri())
        assert [line for line in heard if not line.startswith(("file:", "data:"))] == []
        assert view.evaluate("document.documentElement.scrollWidth") <= width  # nothing sticks out sideways
        assert view.evaluate("document.images[0].naturalWidth") == 8
        papers.append(view.evaluate("getComputedStyle(document.body).backgroundColor"))
        bar, lane = (view.locator(f"tbody tr:first-child rect >> nth={i}").bounding_box() for i in (1, 0))
        assert bar and lane and bar["width"] == pytest.approx(lane["width"]) and lane["width"] > 0.3 * width
        view.close()
    assert papers == ["rgb(251, 250, 248)", "rgb(20, 22, 26)"]
