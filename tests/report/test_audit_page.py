"""The audit page holds everything itself, trusts no text, and says a dash where nothing is defined."""

import base64
import hashlib
import html
import io
import json
import math
import re
import subprocess
import sys
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from simvtr.auditing import Remark
from simvtr.auditing.audit import Audit, Bar, Finding, Timeline
from simvtr.evaluation.bootstrap import Difference, VideoDifference
from simvtr.report.audit_comparison import comparison
from simvtr.report.audit_page import FramePair, run_lengths, write_audit
from simvtr.report.audit_tables import cell, error_rows, ladder_rows, scores
from tests.report.sample_audit import better, sample

NASTY = "</script><img src=x onerror=alert(1)><!--<script> \" ' {{ 7*7 }} \udc80 \x00"


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def picture(colour: int = 200, kind: str = "PNG") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (8, 4), (colour, 0, 0)).save(data, kind)
    return data.getvalue()


def written(folder: Path, audit: Audit, **options) -> str:
    return write_audit(folder / "audit.html", audit, **options).read_text("utf-8")


def embedded(page: str) -> dict:
    return json.loads(page.split('<script type="application/json" id="data">')[1].split("</script>")[0])


def nothing() -> Audit:
    """An audit without a single video, row or figure."""
    audit = sample()
    empty = {f.name: () for f in fields(Audit) if isinstance(getattr(audit, f.name), tuple) and f.name != "verdict"}
    undefined = dict.fromkeys(("HOTA", "DetA", "AssA", "LocA", "IDF1"), -1.0) | {"switches": 0, "fragments": 0}
    return replace(
        audit,
        **empty,
        ytvos=dict.fromkeys(audit.ytvos, -1.0),
        strict=dict.fromkeys(audit.strict, math.nan),
        intervals={"AP": {"low": -1.0, "high": -1.0, "confidence": 0.95}},
        identity={"class_averaged": undefined, "detection_averaged": undefined, "threshold": 0.5, "categories": []},
        honest=replace(audit.honest, values=dict.fromkeys(audit.honest.values, None)),
        errors={},
        refusal=None,
    )


def test_no_text_of_a_user_becomes_markup(tmp_path):
    audit = sample(videos=1)
    bar = Bar(NASTY, NASTY, 0.5, 0, "pp")
    hostile = replace(
        audit,
        truth_name=NASTY,
        results_name=NASTY,
        verdict=(NASTY, NASTY, NASTY),
        refusal=NASTY,
        remarks=(Remark(NASTY, 1, ((1, 0),), NASTY),),
        honest=replace(audit.honest, name=NASTY, says=NASTY),
        rows=(replace(audit.rows[0], name=NASTY, says=NASTY, slug=NASTY, family=NASTY),),
        probes=(replace(audit.probes[0], name=NASTY, says=NASTY, slug=NASTY),),
        findings=(Finding(1.0, NASTY, NASTY, NASTY),),
        errors={"AP50": 0.5, "errors": {NASTY: {"count": 1, "gain": 0.5}}},
        ladder=({"name": NASTY, "AP": 0.5, "says": NASTY},),
        groups=({**audit.groups[0], "kind": NASTY, "name": NASTY, "bounds": NASTY},),
        categories=({**audit.categories[0], "name": NASTY},),
        timelines=(Timeline(1, NASTY, 2, (bar,), (bar,), 1, 0, 0, 0, 1.0),),
    )
    page = written(tmp_path, hostile, other=hostile, frames={1: [FramePair(0, picture(), picture())]})
    tags = Tags(page).tags
    assert [tag for tag, _ in tags].count("script") == 2
    ours = [values for tag, values in tags if tag == "img"]  # the two of the strip
    assert len(ours) == 2
    assert all(values["src"].startswith("data:image/") and "onerror" not in values for values in ours)
    assert not any(name.startswith("on") for _, attributes in tags for name in attributes)
    assert embedded(page)["systems"][0]["videos"]["1"]["true"][0][0] == NASTY
    assert "{{ 7*7 }}" in page and page.count("</script>") == 2


def test_what_is_undefined_is_a_dash(tmp_path):
    page = written(tmp_path, nothing())
    told = html.unescape(re.sub(r"<[^>]*>", " ", page.split("</style>")[1].split('<div id="tip"')[0]))
    assert not {"nan", "None", "null", "-1", "-1.0", "-100.0", "−100.0"} & set(told.split())
    assert told.count("–") >= 2 + 3 + 36 + 10 + 11  # tiles, three cells a figure, identity, honest row
    for text in ("Nothing odd", "Not counted.", "Not climbed.", "Not grouped.", "Not probed.", "There is no video."):
        assert text in told


def test_without_labels_of_occlusion_columns_are_named_after_crowding(tmp_path):
    audit = sample()
    labelled = tuple({**group, "kind": "occlusion"} for group in audit.groups)
    for made, told, other in (
        (audit, "AP high crowding", "AP heavy"),
        (replace(audit, groups=labelled), "AP heavy", "AP high crowding"),
    ):
        for text in (written(tmp_path, made), made.table()):
            assert told in text and other not in text


def test_one_undefined_value_spares_its_neighbours(tmp_path):
    audit = sample()
    row = next(row for row in audit.rows if row.values["AP heavy"] is None)
    page = written(tmp_path, audit)
    line = page.split(f'<tr id="row-{row.slug}"')[1].split("</tr>")[0]
    assert line.count(">–</td>") == 1 and len(re.findall(r">\d+\.\d</td>", line)) == 10


def test_three_hundred_videos_stay_under_five_megabytes(tmp_path):
    audit = sample(videos=300, tracks=10, frames=40)
    assert len(written(tmp_path, audit).encode()) < 2_000_000
    assert len(written(tmp_path, audit, other=better(audit)).encode()) < 5_000_000


def test_the_page_needs_no_network_and_runs_its_own_script_alone(tmp_path):
    pair = FramePair(0, picture(), picture(kind="JPEG"))
    page = written(tmp_path, sample(), frames={2: [pair]})
    assert not re.search(r'@import|<link|\bsrc=(?!"data:image/)|url\((?!#)|fetch\(|import\(', page)
    assert set(re.findall(r"https?://[^\"]*", page)) == {"http://www.w3.org/2000/svg"}  # a name, never opened
    script = page.rsplit("<script>", 1)[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html.unescape(page) and "default-src 'none'" in html.unescape(page)
    assert [address.split(",")[0] for address in embedded(page)["frames"]["2"][0][1:]] == [
        "data:image/png;base64",
        "data:image/jpeg;base64",
    ]


def test_every_link_of_the_page_leads_somewhere(tmp_path):
    audit = sample()
    tags = Tags(written(tmp_path, audit, other=better(audit), frames={2: [FramePair(0, picture(), picture())]})).tags
    places = {attributes.get("id") for _, attributes in tags}
    links = [attributes["href"] for tag, attributes in tags if tag == "a"]
    assert "#row-first-1-short" in links and "#lint-short" in links and "#video-2" in links
    assert {link.removeprefix("#") for link in links} <= places


def test_a_frame_of_the_first_three_videos_with_pictures_stands_beside_the_verdict(tmp_path):
    frames = {video: [FramePair(t, picture(50 * video + t), picture()) for t in (0, 5, 9)] for video in (4, 2, 3, 1)}
    page = written(tmp_path, sample(), frames=frames)
    strip = page.split('<div class="strip">')[1].split("</div>")[0]
    assert re.findall(r'href="#video-(\d)"', strip) == ["4", "2", "3"]  # in the order they were chosen in
    assert strip.count("frame 5: truth, results") == 3  # the middle one
    assert base64.b64encode(picture(50 * 2 + 5)).decode() in strip
    assert page.index('<div class="strip">') < page.index('<section id="scores">')
    assert '<div class="strip">' not in written(tmp_path, sample())


def test_the_public_evaluator_s_interval_is_shown_where_it_is_another(tmp_path):
    spans = {"AP": {"low": 0.2, "high": 0.3, "confidence": 0.95}, "ytvos.AP": {"low": 0.2, "high": 0.3}}
    assert written(tmp_path, replace(sample(), intervals=spans)).count("20.0 to 30.0") == 1
    spans["ytvos.AP"] = {"low": 0.2, "high": 0.4}
    assert "20.0 to 40.0" in written(tmp_path, replace(sample(), intervals=spans))


def test_few_videos_have_no_winner(tmp_path):
    audit = sample(videos=5)
    paired = {name: Difference(0.3, 0.4, 0.1, 0.1, 0.1, True, 1.0) for name in audit.strict}
    page = written(tmp_path, audit, other=better(audit), differences=paired)
    assert "Only 5 videos have true tracks, too few to tell: " in page and "It takes 6 videos." in page
    assert "second better" not in page and "Two systems: strict AP" not in page


def test_one_video_alone_has_no_intervals_and_no_winner(tmp_path):
    audit = sample(videos=1)
    paired = {name: Difference(0.3, 0.4, 0.1, 0.1, 0.1, True, 1.0) for name in audit.strict}
    page = written(tmp_path, audit, other=better(audit), differences=paired)
    assert "Only one video has true tracks" in page and "The one video" in page
    assert {(score.interval, score.reference_interval) for score in scores(audit)} == {("", "")}
    assert "second better" not in page and "Two systems: strict AP" not in page
    page = written(tmp_path, sample(), other=better(sample()), differences=paired)
    assert "second better" in page and "survives drawing other videos: the second is better." in page


def test_a_shade_is_the_change_relative_to_the_honest_value():
    # steps at 2, 10, 30 and 60 % of 0.5: 0.01, 0.05, 0.15, 0.3
    lost = [cell(0.5 - change, 0.5).shade for change in (0.0, 0.008, 0.02, 0.06, 0.2, 0.4)]
    assert lost == ["", "", "l1", "l2", "l3", "l4"]
    assert [cell(value, 0.5).shade for value in (0.52, 1.0)] == ["g1", "g4"]
    assert (cell(0.5, None).shade, cell(None, 0.5).text, cell(-1.0, 0.5).value) == ("", "–", "")


def test_scores_stand_beside_each_other_with_their_interval():
    audit = replace(
        sample(),
        ytvos={"AP": 0.5},
        strict={"AP": 0.25},
        intervals={"AP": {"low": 0.2, "high": 0.3, "confidence": 0.95}},
    )
    first = scores(audit)[0]
    assert (first.name, first.reference, first.strict, first.interval) == ("AP", 0.5, 0.25, "20.0 to 30.0")
    assert 'cx="50%"' in first.drawn and 'cx="25%"' in first.drawn and 'x="20%" y="6" width="10%"' in first.drawn


def test_the_largest_gain_fills_its_bar_and_a_step_shows_what_it_adds():
    errors = {"errors": {"class": {"count": 2, "gain": 0.1}, "both": {"count": 1, "gain": 0.05}}, "AP50": 0.5}
    steps = ({"name": "now", "AP": 0.25, "says": ""}, {"name": "masks", "AP": 1.0, "says": ""})
    audit = replace(sample(), errors=errors, ladder=steps)
    assert [re.findall(r'gained" x="0%" width="([^"]*)"', row.drawn)[0] for row in error_rows(audit)] == ["100%", "50%"]
    assert [row.value for row in ladder_rows(audit)] == ["25.0", "100.0 (+75.0)", "100.0 (0.0)"]


def test_the_last_step_is_what_was_missed():
    steps = ({"name": "false tracks", "AP": 0.75, "says": ""},)
    (*_, last) = ladder_rows(replace(sample(), ladder=steps))
    assert (last.name, last.value) == ("missed", "100.0 (+25.0)")
    assert ladder_rows(replace(sample(), ladder=({"name": "as found", "AP": -1.0, "says": ""},)))[-1].name != "missed"


def test_the_videos_say_from_which_score_on_tracks_count(tmp_path):
    def told(threshold, least: dict) -> str:
        rows = [{"name": name, "threshold": score} for name, score in least.items()]
        page = written(
            tmp_path, replace(sample(), identity=sample().identity | {"threshold": threshold, "categories": rows})
        )
        return page.split('<section id="videos">')[1].split("</section>")[0]

    assert "count found tracks from a score of 0.5 on, as" in told(0.5, {"fish": 0.5})
    assert "its best HOTA (fish 0.25, dog 0.5), as" in told(None, {"fish": 0.25, "dog": 0.5, "cat": None})
    assert "its best HOTA (0.1 to 0.5, by category), as" in told(None, {str(i): i / 10 for i in range(1, 6)})
    assert "its best HOTA, as" in told(None, {})


def test_a_row_without_change_is_marked(tmp_path):
    page = written(tmp_path, sample())
    assert re.search(r'<tr id="row-swap-10"[^>]* class="unchanged">', page) and page.count('class="unchanged"') == 1
    assert "nothing to change" in page.split('id="row-swap-10"')[1].split("</tr>")[0]


def test_a_mechanism_is_told_in_words_and_its_file_in_a_title(tmp_path):
    page = written(tmp_path, sample())
    assert 'mechanism: <span title="docs/metric.md#5-two-dialects">two dialects</span>' in page
    assert ">docs/metric.md" not in page


@given(st.text(alphabet=".pomgbxuf", max_size=60))
def test_run_lengths_hold_every_frame(states):
    runs = re.findall(r"(\d+)(.)", run_lengths(states))
    assert "".join(int(count) * state for count, state in runs) == states


def test_two_systems_win_where_their_own_figure_is_higher():
    audit = sample(videos=6)
    alone = (
        VideoDifference(1, 0.5, 0.75, 0.25),
        *(VideoDifference(video, 0.5, 0.5, 0.0) for video in (2, 4, 5, 6)),
        VideoDifference(3, 0.5, 0.25, -0.25),
    )
    paired = {"AP": Difference(0.3, 0.35, 0.05, 0.01, 0.09, True, 0.99)}
    shown = comparison(audit, better(audit), paired, alone)
    assert (shown.measure, shown.first_wins, shown.second_wins, shown.ties) == ("AP", 1, 1, 4)
    assert [v.video_id for v in shown.wins] == [1] and [v.video_id for v in shown.losses] == [3]
    said = {row.name: (row.interval, row.says) for row in shown.figures}
    assert said["AP"] == ("+1.0 to +9.0", "second better") and said["AP50"] == ("", "")


def test_without_scores_of_each_video_systems_are_compared_by_overlap():
    def timeline(hits: int, iou: float | None) -> Timeline:
        bar = Bar("1", "fish", None, None, "p")
        return Timeline(1, "v", 1, (bar, bar), (), hits, 2 - hits, 0, 0, iou)

    one, two = (replace(sample(videos=1), timelines=(t,)) for t in (timeline(0, None), timeline(1, 0.8)))
    (video,) = comparison(one, two).videos
    assert (video.first, video.second, video.second_hits) == (0.0, 0.4, "1 of 2")  # 1 hit of 2 with an IoU of 0.8


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"frames": {99: [FramePair(0, b"", b"")]}}, "of the audit's videos, got video 99"),
        ({"frames": {1: [FramePair(36, b"", b"")]}}, "got frame 36 of video 1, which has 36"),
        ({"frames": {1: [FramePair(0, b"GIF89a", b"")]}}, "bytes of a PNG or JPEG file, got b'GIF89a'"),
        ({"other": sample(videos=2)}, "must be of the same truth, got different videos"),
    ],
)
def test_a_wrong_call_is_told_and_leaves_the_old_page(tmp_path, options, told):
    before = written(tmp_path, sample())
    with pytest.raises(ValueError, match=told):
        write_audit(tmp_path / "audit.html", sample(), **options)
    assert (tmp_path / "audit.html").read_text("utf-8") == before
    assert [file.name for file in tmp_path.iterdir()] == ["audit.html"]


def test_the_page_needs_no_torch_and_no_video_packages():
    code = "import sys; sys.modules |= dict.fromkeys(['torch', 'cv2', 'av', 'scipy']); import simvtr.report.audit_page"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
