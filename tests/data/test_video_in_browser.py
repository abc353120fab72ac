"""The written mp4 plays where people will open it."""

from pathlib import Path

import numpy as np
import pytest

from simvtr.data.video import write_video

CHROMIUM = Path("/usr/bin/chromium")


@pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium here")
def test_a_browser_plays_it_in_the_colours_that_were_written(tmp_path):
    playwright = pytest.importorskip("playwright.sync_api")
    orange = np.full((91, 161, 3), (240, 120, 30), np.uint8)  # odd sizes on purpose
    with write_video(tmp_path / "a.mp4", 10, (161, 91)) as video:
        for _ in range(10):
            video.add(orange)
    (tmp_path / "a.html").write_text('<video src="a.mp4" muted></video><canvas></canvas>')
    look = """async () => {
        const video = document.querySelector('video'), pen = document.querySelector('canvas').getContext('2d')
        await video.play(); await new Promise(done => video.onended = done)
        pen.drawImage(video, 0, 0)
        return [video.videoWidth, video.videoHeight, video.duration, ...pen.getImageData(80, 45, 1, 1).data]
    }"""
    flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
    flags += ["--allow-file-access-from-files"]
    with playwright.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        view = browser.new_page()
        view.goto((tmp_path / "a.html").as_uri())
        width, height, seconds, *rgba = view.evaluate(look)
        browser.close()
    assert (width, height) == (162, 92) and seconds == pytest.approx(1.0, abs=0.05)
    assert np.abs(np.array(rgba[:3]) - (240, 120, 30)).max() <= 6
