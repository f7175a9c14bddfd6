"""
The report's page: what it says of now, that words are words, and that it can be read by everybody.
"""

from __future__ import annotations

import re
import stat
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from ops import pages
from ops.page.page import MOST_FINDINGS, render, status_of
from ops.page.records import Records, collect
from ops.page.style import CSS
from ops.report import Status
from tests import page_records as day

NOW = day.NOW.timestamp()


class _Elements(HTMLParser):
    """
    Every element's name and attributes, and all text.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def _parsed(page: str) -> _Elements:
    parser = _Elements()
    parser.feed(page)
    return parser


@pytest.fixture
def page(tmp_path: Path) -> str:
    """
    The page of a busy day.
    """
    day.write(tmp_path)
    return pages.write(tmp_path, "local", now=NOW).read_text()


def test_hostile_words_stay_words(page: str) -> None:
    """No element, attribute or control character comes out of what a log, a host or a person wrote."""
    parsed = _parsed(page)
    names = {name for name, _ in parsed.found}
    assert not names & {"script", "img", "iframe", "object", "link", "form"}
    assert not [key for _, attributes in parsed.found for key in attributes if key.startswith("on")]
    assert parsed.text.count('<script>document.title="taken"</script>') >= 4
    assert "\x1b" not in page and "\u202e" not in page


def test_the_page_needs_nothing_but_itself(page: str) -> None:
    """No address is fetched, and the page itself forbids it."""
    parsed = _parsed(page)
    assert not [key for _, attributes in parsed.found for key in attributes if key in ("src", "href", "srcset", "action")]
    assert "url(" not in page and "@import" not in page
    policy = next(row["content"] for row in parsed.of("meta") if row.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_the_page_can_be_heard(page: str) -> None:
    """It names its language, its rows and columns, and says of each plot in words what it shows."""
    parsed = _parsed(page)
    assert parsed.of("html")[0]["lang"] == "en"
    assert all(row.get("scope") in ("row", "col") for row in parsed.of("th"))
    assert len(parsed.of("caption")) == len(parsed.of("table")) > 5
    assert all(row["role"] == "img" for row in parsed.of("svg"))
    assert len(re.findall(r"<svg[^>]*><title>[^<]+</title>", page)) == len(parsed.of("svg")) > 6
    headings = [int(name[1]) for name, _ in parsed.found if re.fullmatch(r"h\d", name)]
    assert headings[0] == 1 and all(after - before <= 1 for before, after in pairwise(headings))


def test_one_status_is_first_and_the_worst_finding_next(page: str) -> None:
    """Then what mends it."""
    text = " ".join(_parsed(page).text.split())
    order = ["local is CRITICAL", "96% of the space is used", "flotilla host ssh -s local app-1", "it could not be looked at"]
    assert [text.index(words) for words in order] == sorted(text.index(words) for words in order)


def test_the_day_has_what_was_done_in_it_and_nothing_else(page: str) -> None:
    """Runs, fixes, operations and syncs of 24 hours, of this stack."""
    text = _parsed(page).text
    for caption in (
        "Runs of the report: 2 CRITICAL, 1 WARNING, 1 OK",
        "Fixes: 1 done",
        "Operations: 1 failed",
        "Syncs of git remotes: 1 conflict, 1 pushed",
    ):
        assert caption in text
    assert "Rollback" not in text and "Apply" not in text


def test_what_is_not_known_is_a_gap_and_said(page: str) -> None:
    """Never a zero."""
    text = _parsed(page).text
    assert "unknown: no answer within 30 s" in text
    assert len(re.findall('<rect[^>]*class="unknown"', page)) == 2
    assert "unknown in 1 runs" in text  # the run that had no figures


def test_figures_that_a_report_does_not_have_are_said_to_be_unknown() -> None:
    """A report of before, or one whose look at the servers did not end."""
    found = day.report(1, measures={"disks": None, "costs": []})
    text = _parsed(render("local", Records(report=found), NOW)).text
    assert "Disk used, per server: unknown" in text
    assert "Age of the last backup, per source: unknown" in text
    assert "EUR a month at list prices: there is nothing to measure" in text


@pytest.mark.parametrize(
    ("hours_ago", "status", "wanted"),
    [(1, "OK", Status.OK), (13, "OK", Status.WARNING), (13, "CRITICAL", Status.CRITICAL), (1, "odd", Status.UNKNOWN)],
)
def test_an_old_report_says_nothing_of_now(hours_ago: float, status: str, wanted: Status) -> None:
    """After two runs that did not come, OK is OK no more."""
    assert status_of(day.report(hours_ago, status=status), NOW) is wanted
    page = render("local", Records(report=day.report(hours_ago, status=status)), NOW)
    assert ("how things are now is not known" in page) == (hours_ago > 12)


def test_without_a_report_the_status_is_unknown(tmp_path: Path) -> None:
    """And the page says how to make one."""
    text = _parsed(pages.write(tmp_path, "local", now=NOW).read_text()).text
    assert "local is UNKNOWN" in text and "flotilla report" in text


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A torn file hides neither itself nor the others."""
    day.write(tmp_path)
    (tmp_path / "reports/history/9.json").write_text("{")
    (tmp_path / "reports/operations/9.json").write_text("[]")
    found = collect(tmp_path, "local", NOW - 86_400)
    assert found.problems == (
        "9.json could not be read: JSONDecodeError",
        "9.json is no report: it has no `started`",
    )
    assert len(found.runs) == 4
    assert "Not shown: 9.json" in _parsed(render("local", found, NOW)).text.replace("<b>", "")


def test_another_stacks_report_is_not_this_ones(tmp_path: Path) -> None:
    """The newest of all may be of another stack; the newest of this one is in the history."""
    day.write(tmp_path)
    found = collect(tmp_path, "production", NOW - 86_400)
    assert found.report is not None and found.report["timestamp"] == day.moment(2)
    assert [row["operation"] for row in found.operations] == ["apply"]


def test_the_page_is_nobody_elses(tmp_path: Path) -> None:
    """It says where an environment is weak; wherever it is written."""
    for out in (None, tmp_path / "deep" / "page.html"):
        assert stat.S_IMODE(pages.write(tmp_path, "local", out, NOW).stat().st_mode) == 0o600


def test_a_thousand_findings_are_a_page_that_opens() -> None:
    """The worst are shown, and how many more there are."""
    rows = [day.finding("WARNING", f"host-{number}", "full") for number in range(1000)]
    found = day.report(1, checks={"hosts": {"status": "WARNING", "duration_s": 1.0, "held": 0, "findings": rows}})
    page = render("local", Records(report=found), NOW)
    assert page.count("<article") == MOST_FINDINGS
    assert "800 more are in reports/global_report.json" in page


def test_colours_can_be_told_from_what_they_are_on() -> None:
    """A contrast of 4.5 for all text, as WCAG 2.1 AA asks; light and dark."""
    blocks = re.findall(r":root \{(.*?)\}", CSS, re.S)
    assert len(blocks) == 2
    light = dict(re.findall(r"--([a-z]+): (#[0-9a-f]+)", blocks[0]))
    for colours in (light, {**light, **dict(re.findall(r"--([a-z]+): (#[0-9a-f]+)", blocks[1]))}):
        for name in ("ok", "warning", "degraded", "critical", "unknown"):
            assert _contrast(colours["on"], colours[name]) >= 4.5, name
        for name in ("text", "soft"):
            assert min(_contrast(colours[name], colours[back]) for back in ("back", "raised")) >= 4.5, name
        assert _contrast(colours["plot"], colours["back"]) >= 3


def _contrast(one: str, other: str) -> float:
    """
    Source: WCAG 2.1, "contrast ratio".
    """
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
