"""
The report's page in a real browser, Debian's chromium: on a phone and on a desk, light and dark.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from ops import pages
from sandbox import packages
from tests import page_records as day

PACKAGE = "chromium"
TIMEOUT_S = 120
# Every element that goes beyond the page's right edge, and what the browser made of the page's words.
LOOK = """
<!doctype html><title>looking</title><iframe src="report.html" style="border:0;width:{width}px;height:800px"></iframe>
<pre id="seen"></pre><script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument, view = page.documentElement;
  const rows = [...page.querySelectorAll("tbody td")].map(cell => cell.getBoundingClientRect());
  document.querySelector("#seen").textContent = JSON.stringify({{
    title: page.title, width: view.clientWidth, scrolls: view.scrollWidth, scripts: page.scripts.length,
    images: page.images.length,
    beyond: [...page.body.querySelectorAll("*")].filter(row => !row.closest("thead")) // hidden on a phone
      .filter(row => row.getBoundingClientRect().right > view.clientWidth + 1).map(row => row.outerHTML.slice(0, 80)),
    plots: [...page.querySelectorAll("svg")].map(plot => Math.round(plot.getBoundingClientRect().width)),
    background: getComputedStyle(page.body).backgroundColor, smallest: Math.min(...rows.map(cell => cell.width)),
  }});
}};
</script>
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> str:
    """
    Chromium, installed where it is not there; where that cannot be done, the test fails.
    """
    if shutil.which(PACKAGE) is None:
        packages.install([PACKAGE], tmp_path_factory.mktemp("apt") / "apt.log", "pages are tested in a real browser")
    found = shutil.which(PACKAGE)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A folder with the page of a busy day.
    """
    checkout = tmp_path_factory.mktemp("checkout")
    day.write(checkout)
    return pages.write(checkout, "local", now=day.NOW.timestamp()).parent


def _run(browser: str, folder: Path, *words: str) -> str:
    """
    What the browser prints. Its profile is thrown away; nothing but files is asked for.
    """
    command = [
        browser,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--allow-file-access-from-files",
        f"--user-data-dir={folder / 'profile'}",
        *words,
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True).stdout


@pytest.mark.parametrize(
    ("width", "theme", "background"),
    [(360, (), "rgb(255, 255, 255)"), (1240, (), "rgb(255, 255, 255)"), (360, ("--force-dark-mode",), "rgb(18, 22, 28)")],
    ids=["phone", "desk", "phone-dark"],
)
def test_the_page_fits_and_words_do_nothing(
    browser: str, folder: Path, width: int, theme: tuple[str, ...], background: str
) -> None:
    """Nothing is wider than the screen, every plot is to be seen, and no word has become an element."""
    look = folder / f"look-{width}.html"
    look.write_text(LOOK.format(width=width))
    printed = _run(browser, folder, *theme, "--window-size=1280,900", "--virtual-time-budget=5000", "--dump-dom", look.as_uri())
    found = re.search(r'<pre id="seen">(.+?)</pre>', printed, re.S)
    assert found is not None, printed[-500:]
    seen = json.loads(html.unescape(found[1]))
    assert seen["title"] == "local is CRITICAL - Flotilla"
    assert (seen["scripts"], seen["images"]) == (0, 0)
    assert (seen["width"], seen["scrolls"], seen["beyond"]) == (width, width, [])
    assert min(seen["plots"]) > 100
    assert seen["smallest"] > 40
    assert seen["background"] == background


def test_the_page_is_drawn(browser: str, folder: Path) -> None:
    """A picture of the size that was asked for, with more in it than a blank page."""
    picture = folder / "page.png"
    page = (folder / "report.html").as_uri()
    _run(browser, folder, "--window-size=1280,900", f"--screenshot={picture}", page)
    content = picture.read_bytes()
    assert struct.unpack(">II", content[16:24]) == (1280, 900)
    assert len(content) > 40_000
