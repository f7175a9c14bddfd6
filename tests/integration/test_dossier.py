"""
The dossier with the real engine's preview in it, and its one file in a real browser, on a phone and on a desk.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

from ops.dossier import dossier
from ops.dossier.collect import Sources
from sandbox.engine_events import UNKNOWN
from tests.conftest import ROOT
from tests.integration import test_report_page as report_page

browser = report_page.browser
PREVIEWED = Sources(is_declared=True, is_previewed=True)
LOOK = """
<!doctype html><title>looking</title><iframe src="dossier.html" style="border:0;width:{width}px;height:800px"></iframe>
<pre id="seen"></pre><script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument, view = page.documentElement;
  const missing = [...page.querySelectorAll("a[href^='#']")].filter(link => !page.querySelector(link.getAttribute("href")));
  document.querySelector("#seen").textContent = JSON.stringify({{
    title: page.title, width: view.clientWidth, scrolls: view.scrollWidth, scripts: page.scripts.length,
    tables: page.querySelectorAll("table").length, missing: missing.map(link => link.getAttribute("href")),
    beyond: [...page.body.querySelectorAll("*")].filter(row => !row.closest("thead")) // hidden on a phone
      .filter(row => row.getBoundingClientRect().right > view.clientWidth + 1).map(row => row.outerHTML.slice(0, 80)),
  }});
}};
</script>
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Production's dossier, with what the engine and the policy packs say of the settings."""
    out = tmp_path_factory.mktemp("dossier")
    found = dossier.make(ROOT, "production", out, PREVIEWED, with_html=True)
    dossier.write(found)
    return out


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_a_stack_that_is_only_planned_has_a_dossier(tmp_path: Path, stack: str) -> None:
    """From its preview: what only the cloud gives is said to be known later, and nothing to be missing or wrong."""
    found = dossier.make(ROOT, stack, tmp_path / "dossier", PREVIEWED)
    pages = {page.path: page.content for page in found.pages}
    assert found.facts.is_planned and found.facts.problems == ()
    assert "known after apply" in pages["inventory.md"] and "known after apply" in pages["network.md"]
    assert "a preview, as it plans them" in pages["index.md"] and "Asked for, and not brought up" not in pages["index.md"]
    assert UNKNOWN not in "".join(pages.values())


def test_the_committed_dossier_is_fresh() -> None:
    """docs/generated/production; `flotilla docs -s production --declared --preview` writes it."""
    assert [change.path for change in dossier.make(ROOT, "production", sources=PREVIEWED).changes] == []


def test_a_preview_is_in_it(folder: Path) -> None:
    """Resources by type, none that is not known, and what the packs say."""
    inventory = (folder / "inventory.md").read_text()
    resources = inventory.split("## Resources that the settings make")[1]
    assert "| `hcloud:index/server:Server` | at Hetzner | 4 |" in resources
    assert "not known" not in resources
    said = (folder / "policies.md").read_text().split("## What they say of the settings")[1].split("\n## ")[0]
    assert "| `advisory` |" in said or "every rule is held" in said
    assert "No preview was made" not in said


@pytest.mark.parametrize("width", [360, 1240])
def test_the_file_fits_and_its_links_lead_somewhere(browser: str, folder: Path, width: int) -> None:
    """Nothing is wider than the screen, every link within the file has its place, and nothing runs."""
    look = folder / f"look-{width}.html"
    look.write_text(LOOK.format(width=width))
    printed = report_page._run(
        browser, folder, "--window-size=1280,900", "--virtual-time-budget=5000", "--dump-dom", look.as_uri()
    )
    found = re.search(r'<pre id="seen">(.+?)</pre>', printed, re.S)
    assert found is not None, printed[-500:]
    seen = json.loads(html.unescape(found[1]))
    assert seen["title"] == "production: dossier"
    assert (seen["scripts"], seen["missing"], seen["beyond"]) == (0, [], [])
    assert seen["scrolls"] == seen["width"] and seen["tables"] > 20
