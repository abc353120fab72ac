"""What a reader does with the audit page, done in a headless browser: by mouse, by keyboard, on a phone, on paper."""

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from simvtr.auditing.audit import MEASURES
from simvtr.evaluation.bootstrap import VideoDifference
from simvtr.report.audit_page import FramePair, write_audit
from tests.report.sample_audit import better, sample

STRICT = list(MEASURES).index("strict.AP") + 1  # its column in the matrix

CONTRASTS = """() => {
  // [contrast, scheme of colours, text] of every piece of text that shows, the lowest first
  const channel = (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Map();
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest("svg, script, noscript")) continue;
    const [ink, paper] = [numbers(getComputedStyle(node).color), ground(node)];
    seen.set(`${ink} on ${paper}`, [ratio(light(ink), light(paper)), `${ink} on ${paper}`, walker.currentNode.data]);
  }
  const lane = light(numbers(getComputedStyle(document.querySelector(".track .lane")).fill));
  const drawn = [".s-p", ".s-b", ".s-f", ".s-m", ".s-o", ".s-x", ".s-u", ".gap"].map((name) => {
    const style = getComputedStyle(document.querySelector(`#states ${name}`));
    return [name, ratio(light(numbers(style.stroke === "none" ? style.fill : style.stroke)), lane)];
  });
  return { text: [...seen.values()].sort((a, b) => a[0] - b[0]), drawn };
}"""


def picture(colour: int) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (8, 4), (colour, 0, 0)).save(data, "PNG")
    return data.getvalue()


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    """one.html and two.html: an audit, and a comparison of two; video 2 has pictures of frames 0, 10 and 20."""
    folder = tmp_path_factory.mktemp("pages")
    audit = sample()
    frames = {2: [FramePair(t, picture(100 + t), picture(200 + t)) for t in (0, 10, 20)]}
    write_audit(folder / "one.html", audit, frames=frames)
    alone = [
        VideoDifference(t.video_id, 0.5, 0.5 + 0.1 * (t.video_id - 3), 0.1 * (t.video_id - 3)) for t in audit.timelines
    ]
    write_audit(folder / "two.html", audit, other=better(audit), frames=frames, by_video=alone)
    long = "long_name_" * 30
    bars = tuple(replace(bar, label=long) for bar in audit.timelines[1].true)
    strange = replace(
        audit,
        truth_name=long,
        results_name=long,
        refusal=long,
        verdict=(long, long, long),
        remarks=tuple(replace(remark, sentence=long) for remark in audit.remarks),
        findings=tuple(replace(finding, sentence=long, mechanism=long) for finding in audit.findings),
        rows=tuple(replace(row, name=long, says=long) for row in audit.rows),
        errors={"AP50": 0.5, "errors": {long: {"count": 10**9, "gain": 0.5}}},
        groups=tuple({**group, "name": long} for group in audit.groups),
        categories=tuple({**category, "name": long} for category in audit.categories),
        timelines=tuple(replace(timeline, name=long, true=bars) for timeline in audit.timelines),
    )
    write_audit(folder / "long.html", strange, other=strange, frames=frames)
    return folder


@pytest.fixture
def view(browser, pages):
    """`view(name, width, scheme)` opens a page; whatever it says or asks of a network fails the test."""
    opened, heard = [], []

    def opener(name: str = "one.html", width: int = 1280, scheme: str = "light"):
        shown = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        shown.on("console", lambda message: heard.append(message.text))
        shown.on("pageerror", lambda error: heard.append(str(error)))
        shown.on("request", lambda request: heard.append(request.url[:40]))
        shown.goto((pages / name).as_uri())
        opened.append(shown)
        return shown

    yield opener
    for shown in opened:
        shown.close()
    assert [line for line in heard if not line.startswith(("file:", "data:"))] == []


def column(shown, table: str, at: int) -> list[str]:
    read = "(rows, at) => rows.map((row) => row.cells[at].textContent.trim())"
    return shown.locator(f"{table} tbody:not(.fixed) tr:not(.family):not(.panel)").evaluate_all(read, at)


def test_a_head_sorts_both_ways_and_what_is_undefined_stays_last(view):
    shown = view()
    heads = shown.locator("#categories thead th")
    heads.nth(1).locator("button").click()
    assert column(shown, "#categories", 1) == ["62.0", "41.0", "33.0", "18.0", "5.0", "–"]
    assert heads.nth(1).get_attribute("aria-sort") == "descending"
    heads.nth(1).locator("button").press("Enter")
    assert column(shown, "#categories", 1) == ["5.0", "18.0", "33.0", "41.0", "62.0", "–"]
    heads.nth(0).locator("button").press("Space")
    assert column(shown, "#categories", 0)[:2] == ["dog", "fish"]
    assert [heads.nth(i).get_attribute("aria-sort") for i in (0, 1)] == ["ascending", "none"]


def test_the_matrix_sorts_across_families_and_goes_back_to_them(view):
    shown = view()
    before = column(shown, "#matrix", 0)
    shown.locator("#matrix thead button").nth(STRICT).click()
    values = [float(text) for text in column(shown, "#matrix", STRICT)]
    assert values == sorted(values, reverse=True) and len(values) == len(before)
    assert not shown.locator("#matrix .family").first.is_visible()
    assert shown.locator("#matrix tbody tr").first.get_attribute("id") == "row-honest"  # stays on top
    shown.locator(".regroup").click()
    assert column(shown, "#matrix", 0) == before
    assert shown.locator("#matrix .family").first.is_visible() and not shown.locator(".regroup").is_visible()


def test_the_mouse_and_the_keyboard_show_the_numbers_of_a_cell(view):
    shown = view()
    tip = shown.locator("#tip")
    told = {}
    at = shown.locator("#row-cut-2 td").nth(STRICT - 1)
    at.evaluate("cell => cell.scrollIntoView({ block: 'center' })")
    shown.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    at.hover()  # the page stands still: a late scroll would hide the numbers
    tip.wait_for(state="visible")
    told["mouse"] = tip.inner_text()
    shown.mouse.move(0, 0)
    tip.wait_for(state="hidden")
    cells = shown.locator("#matrix td[tabindex='0']")
    assert cells.count() == 1  # one stop of the tab key
    shown.locator("#row-cut-2 td").nth(0).focus()
    shown.keyboard.press("ArrowRight")
    tip.wait_for(state="visible")
    told["keyboard"] = tip.inner_text()
    assert told["mouse"] == told["keyboard"]
    now = shown.locator("#row-cut-2 td").nth(STRICT - 1).inner_text()
    honest = shown.locator("#row-honest td").nth(STRICT - 1).inner_text()
    assert re.search(rf"honest\s+{honest}\s+after\s+{now}\s+change\s+−\d+\.\d \(−\d+ %\)", told["mouse"])
    assert shown.evaluate("document.activeElement.getAttribute('aria-describedby')") == "tip"
    shown.keyboard.press("Escape")
    tip.wait_for(state="hidden")


def test_opening_a_video_by_keyboard_draws_its_tracks(view):
    shown = view()
    button = shown.locator("#video-1 button")
    button.focus()
    shown.keyboard.press("Enter")
    timeline = sample().timelines[0]
    assert button.get_attribute("aria-expanded") == "true"
    assert shown.locator("#panel-1 svg.track").count() == len(timeline.true) + len(timeline.found)
    first = timeline.true[0].states
    start, width = first.index("p"), len(re.search("p+", first)[0])
    bar = shown.locator("#panel-1 svg.track").first.locator(".s-p").first
    assert float(bar.get_attribute("x").rstrip("%")) == pytest.approx(100 * start / 36)
    assert float(bar.get_attribute("width").rstrip("%")) == pytest.approx(100 * width / 36)
    assert bar.bounding_box()["width"] > 10
    assert f"{start} to {start + width - 1} found" in shown.locator("#panel-1 svg").first.get_attribute("aria-label")
    shown.locator("#videos thead button").nth(0).click()
    shown.locator("#videos thead button").nth(0).click()
    assert shown.locator("#panel-1").evaluate("panel => panel.previousElementSibling.id") == "video-1"  # sorted with it
    button.press("Space")
    assert button.get_attribute("aria-expanded") == "false" and not shown.locator("#panel-1").is_visible()


def test_a_video_has_pictures_that_the_arrow_keys_change(view):
    shown = view()
    shown.locator("#videos p a").click()  # the link under "With pictures"
    slider = shown.locator("#panel-2 input[type=range]")
    read = "images => images.map((image) => [image.alt, image.src, image.naturalWidth])"
    before = shown.locator("#panel-2 img").evaluate_all(read)
    assert [alt for alt, _, _ in before] == [f"frame 0 with the masks of the {who}" for who in ("truth", "result")]
    assert [width for _, _, width in before] == [8, 8]
    slider.focus()
    shown.keyboard.press("ArrowRight")
    after = shown.locator("#panel-2 img").evaluate_all(read)
    assert all(a[1] != b[1] for a, b in zip(before, after, strict=True))
    assert shown.locator("#panel-2 output").inner_text() == "10 of 35"
    assert shown.locator("#panel-2 .cursor").first.get_attribute("x1") == f"{100 * 10.5 / 36}%"
    assert shown.locator("#panel-1").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast_enough_in_both_schemes(view, scheme):
    shown = view("two.html", scheme=scheme)
    shown.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    shown.locator("#video-2 button").click()
    shown.locator("#row-cut-2 td").nth(1).focus()
    measured = shown.evaluate(CONTRASTS)
    assert len(measured["text"]) > 12  # ink, soft, links and severities on paper, cards and the eight shades
    assert [line for line in measured["text"] if line[0] < 4.5] == []
    assert [line for line in measured["drawn"] if line[1] < 3] == []


@pytest.mark.parametrize("name", ["two.html", "long.html"])
def test_on_a_phone_tables_scroll_in_their_box_and_the_page_does_not(view, name):
    shown = view(name, width=360, scheme="dark")
    shown.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    shown.locator("#video-2 button").click()
    assert shown.evaluate("document.documentElement.scrollWidth") <= 360
    box = shown.locator(".matrix-box").evaluate("box => [box.scrollWidth, box.clientWidth]")
    assert box[0] > 2 * box[1] and box[1] <= 360
    shown.locator("#row-cut-2 td").last.focus()
    shown.wait_for_timeout(50)  # focus scrolls to the cell, and the numbers follow
    tip = shown.locator("#tip").bounding_box()
    assert tip["x"] >= 0 and tip["x"] + tip["width"] <= 360
    assert shown.locator("#panel-2 .inside").bounding_box()["width"] <= 360


def test_paper_is_white_and_holds_every_explanation(view):
    shown = view(scheme="dark")
    shown.locator("#video-2 button").click()
    shown.emulate_media(media="print")
    shown.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert shown.locator("details:not([open])").count() == 0
    assert shown.locator("#panel-2 svg.track").first.is_visible() and not shown.locator("nav").is_visible()
    measured = shown.evaluate(CONTRASTS)
    assert [line for line in measured["text"] if line[0] < 4.5] == []
    shown.evaluate("dispatchEvent(new Event('afterprint'))")
    assert shown.locator("details[open]").count() == 0
    assert shown.pdf(format="A4", print_background=True).startswith(b"%PDF")


def test_two_systems_stand_side_by_side(view):
    shown = view("two.html")
    heads = shown.locator("#systems table").nth(1).locator("thead button")
    heads.nth(3).click()
    assert column(shown, "#systems details", 3) == ["+30.0", "+20.0", "+10.0", "0.0", "−10.0", "−20.0"]
    shown.locator("#systems ol a").first.click()
    assert shown.locator("#panel-1").is_visible() and shown.url.endswith("#video-1")  # where the first wins most
    assert shown.locator("#panel-1 h3").all_inner_texts() == ["results.json", "other.json"]
    shown.locator("#video-1 button").click()
    shown.locator("#systems ol a").first.click()  # a second time: the address stays, the video opens again
    assert shown.locator("#panel-1").is_visible()
