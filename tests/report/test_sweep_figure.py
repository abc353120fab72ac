"""The figure of the frame sweep says what its table says, stands alone, and holds no text that could act."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from simvtr.auditing.audit import MEASURES
from simvtr.auditing.sweep import Sweep, SweepPoint
from simvtr.report.sweep_figure import BOTTOM, HEIGHT, PANELS, TOP, figure, panel, write_sweep

NASTY = "</title><script>alert('a')</script>\" {{ 7*7 }} \x1b[2J"
BASE = HEIGHT - BOTTOM


def point(window, reading, value, **changes):
    values = {**dict.fromkeys(MEASURES, value), **changes.pop("values", {})}
    return replace(SweepPoint(window, reading, values, {}, reading == "first", 8, 4.0, 2.0, 512.0), **changes)


def sweep(*points, **changes) -> Sweep:
    found = points or (
        point(1, "slots", 0.1),
        point(1, "first", 0.4),
        point(1, "held", 0.2),
        point("all", "whole", 0.3),
    )
    return Sweep(**{"truth": "truth.json", "weights": "tiny", "device": "cpu", "videos": 2, "frames": 8} | changes,
                 points=found)  # fmt: skip


def heights(svg: str, line: str) -> list[float]:
    """Of the corners of a line, above the bottom of the plot, 1 being its top."""
    (corners,) = re.findall(f'<polyline class="{line}" points="([^"]*)"', svg)
    return [(BASE - float(corner.split(",")[1])) / (BASE - TOP) for corner in corners.split()]


def test_a_point_lies_as_high_as_its_value():
    svg = panel("strict.AP", sweep())  # the scale goes to 40 %
    assert heights(svg, "slots") == pytest.approx([10 / 40, 30 / 40], abs=0.001)
    assert heights(svg, "first") == pytest.approx([40 / 40, 30 / 40], abs=0.001)


def test_every_line_ends_in_the_whole_video_which_has_one_mark():
    svg = panel("HOTA", sweep())
    assert heights(svg, "slots")[-1] == heights(svg, "first")[-1] == heights(svg, "held")[-1]
    assert svg.count('<g class="whole"') == 1 and svg.count("<title>") == 4


def test_a_range_stands_through_its_mark_and_fits_the_scale():
    svg = panel("strict.AP", sweep(point(1, "slots", 0.2, ranges={"strict.AP": (0.1, 0.5)})))  # the scale goes to 50 %
    (low, high) = re.findall(r'<path class="slots range" d="M[\d.]+ ([\d.]+)V([\d.]+)"', svg)[0]
    assert [(BASE - float(end)) / (BASE - TOP) for end in (low, high)] == pytest.approx([0.2, 1], abs=0.001)
    assert "20.00 (10.0 to 50.0)" in svg and "range" not in panel("HOTA", sweep())


def test_speed_and_memory_are_one_line_because_readings_share_a_run():
    svg = panel("memory", sweep())
    assert heights(svg, "cost") == pytest.approx([512 / 600] * 2, abs=0.001)
    assert svg.count('<g class="cost"') == 2 and "slots" not in svg


def test_what_is_not_measured_is_said_and_not_drawn_as_zero():
    points = [point(1, "slots", None, peak_mib=None), point(2, "slots", 0.5, peak_mib=None)]
    assert "not measured" in panel("memory", sweep(*points))
    svg = panel("AssA", sweep(*points))
    assert svg.count('<g class="slots"') == 1 and "polyline" not in svg
    assert "not measured" in panel("HOTA", sweep(point(1, "slots", None)))


def test_the_figure_stands_alone_as_xml_with_every_panel():
    root = ElementTree.fromstring(figure(sweep()))
    texts = [element.text for element in root.iter() if element.text]
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert set(PANELS.values()) <= set(texts)
    assert "prefers-color-scheme: dark" in figure(sweep()) and "href" not in figure(sweep())


def test_the_page_holds_all_figures_and_reaches_for_nothing(tmp_path):
    html = write_sweep(tmp_path / "sweep.html", sweep()).read_text("utf-8")
    for key in PANELS.values():
        assert key in html
    assert '<td class="n">40.00*</td>' in html and "refused by the strict reading" in html
    assert "default-src 'none'" in html and "http" not in html.replace("http-equiv", "")
    assert "Stopped" not in html


def test_a_sweep_cut_short_says_so(tmp_path):
    html = write_sweep(tmp_path / "sweep.html", sweep(stopped="interrupted")).read_text("utf-8")
    assert '<p class="stopped">Stopped before the end: interrupted</p>' in html


def test_names_of_files_cannot_act(tmp_path):
    made = sweep(truth=NASTY, weights=NASTY, stopped=NASTY)
    html = write_sweep(tmp_path / "sweep.html", made).read_text("utf-8")
    svg = figure(made)
    assert "<script" not in html and "<script" not in svg
    assert "{{ 7*7 }}" in html and "{{ 7*7 }}" in svg and "\x1b" not in svg
    ElementTree.fromstring(svg)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_without_a_complaint_and_fits_a_phone(browser, tmp_path, scheme):
    path = write_sweep(tmp_path / "sweep.html", sweep())
    page = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    line, paper = page.evaluate(
        "[getComputedStyle(document.querySelector('polyline.first')).stroke, getComputedStyle(document.body)"
        ".backgroundColor].map(c => c.match(/\\d+/g).slice(0, 3).map(Number))"
    )
    assert contrast(line, paper) >= 3  # WCAG 2.1, 1.4.11: graphics
    assert not said
    page.close()


def contrast(one, other) -> float:
    def light(colour):
        parts = [c / 255 for c in colour]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)
