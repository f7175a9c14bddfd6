"""
Diagrams in a real browser, Debian's chromium: text stays in its box, on a phone and on a desk, light and dark.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from ops.diagrams.drawings import drawings
from ops.diagrams.graph import Drawing
from ops.diagrams.svg import svg
from sandbox import packages
from tests.diagram_fleets import fleet
from tests.record_diagrams import production

PACKAGE = "chromium"
TIMEOUT_S = 120
# For each diagram: text that is wider than what it stands on, and the colour of the paper.
LOOK = """<!doctype html><meta charset="utf-8"><body style="margin:0">{images}<pre id="seen"></pre><script>
onload = () => {{
  const seen = {{}};
  for (const image of document.querySelectorAll("svg")) {{
    const name = image.id, boxes = [...image.querySelectorAll("rect")].map(box => box.getBBox());
    const beyond = [...image.querySelectorAll("text")].filter(text => {{
      const inside = text.getBBox();
      return !boxes.some(box => inside.x >= box.x - 1 && inside.x + inside.width <= box.x + box.width + 1
        && inside.y >= box.y - 2 && inside.y + inside.height <= box.y + box.height + 2);
    }}).map(text => text.textContent);
    const frame = image.getBoundingClientRect();
    seen[name] = {{beyond, width: Math.round(frame.width), texts: image.querySelectorAll("text").length,
      paper: getComputedStyle(image.querySelector(".back")).fill}};
  }}
  document.querySelector("#seen").textContent = JSON.stringify({{seen, scrolls: document.documentElement.scrollWidth}});
}};
</script>"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> str:
    """
    Chromium, installed where it is not there; where that cannot be done, the test fails.
    """
    if shutil.which(PACKAGE) is None:
        packages.install([PACKAGE], tmp_path_factory.mktemp("apt") / "apt.log", "diagrams are tested in a real browser")
    found = shutil.which(PACKAGE)
    assert found is not None
    return found


def _seen(browser: str, folder: Path, found: Mapping[str, Drawing], width: int, theme: tuple[str, ...]) -> dict:
    style = f"display:block;max-width:{width}px;height:auto"
    images = [svg(drawing).replace("<svg ", f'<svg id="{name}" style="{style}" ', 1) for name, drawing in found.items()]
    page = folder / "look.html"
    page.write_text(LOOK.format(images="".join(images)), encoding="utf-8")
    command = [
        browser,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={folder / 'profile'}",
        "--window-size=1280,900",
        "--virtual-time-budget=5000",
        *theme,
        "--dump-dom",
        page.as_uri(),
    ]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True).stdout
    result = re.search(r'<pre id="seen">(.+?)</pre>', printed, re.S)
    assert result is not None, printed[-500:]
    return json.loads(html.unescape(result[1]))


@pytest.mark.parametrize(
    ("width", "theme", "paper"),
    [(360, (), "rgb(255, 255, 255)"), (1240, (), "rgb(255, 255, 255)"), (360, ("--force-dark-mode",), "rgb(18, 22, 28)")],
    ids=["phone", "desk", "phone-dark"],
)
def test_text_stays_in_its_box(browser: str, tmp_path: Path, width: int, theme: tuple[str, ...], paper: str) -> None:
    """Every text of every picture, as the browser measures it; none is wider than the screen."""
    large = drawings(fleet(30, app=4, data=2, ops=2, jobs=2, edge=2), None)[:7]
    found = {drawing.name: drawing for drawing in production()} | {f"large-{drawing.name}": drawing for drawing in large}
    seen = _seen(browser, tmp_path, found, width, theme)["seen"]
    assert seen.keys() == found.keys()
    assert {name: row["beyond"] for name, row in seen.items() if row["beyond"]} == {}
    assert min(row["texts"] for row in seen.values()) > 3
    assert max(row["width"] for row in seen.values()) <= width
    assert {row["paper"] for row in seen.values()} == {paper}
