"""
The pages of a dossier: what they say, and that nothing breaks out of them.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from string import Formatter

import pytest
from hypothesis import example, given, settings

from ops.compliance.control import Framework
from ops.dossier import difference, dossier, pages, terms
from ops.dossier.facts import Facts
from ops.dossier.words import Words
from settings.care import Waiver
from tests import dossier_facts as make
from tests.complete_fleet import PLANTED, complete
from tests.conftest import STACKS, Checkout, make_checkout


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The sample fleet, every project served in every stack."""
    made = make_checkout(tmp_path_factory.mktemp("fleet"), ["guestbook", "journal", "ledger"])
    for stack in STACKS:
        made.release_all(stack)
    return made


@pytest.fixture(scope="module")
def up(fleet: Checkout) -> Facts:
    """Production, brought up, with a day's reports."""
    return make.brought_up(fleet)


@pytest.fixture(scope="module")
def planned(fleet: Checkout) -> Facts:
    """Production as it is declared."""
    return make.declared(fleet)


def _texts(facts: Facts) -> dict[str, str]:
    return {page.path: page.content for page in pages.render(facts) if page.path.endswith(".md")}


def test_every_page_is_there(up: Facts) -> None:
    """One for each part, and one for each project."""
    first = ["access", "architecture", "changes", "costs", "data", "index"]
    names = [*first, *["inventory", "monitoring", "network", "policies", "projects", "secrets"]]
    assert {f"{name}.md" for name in names} <= _texts(up).keys()
    assert {"projects/guestbook.md", "projects/journal.md", "projects/ledger.md"} <= _texts(up).keys()


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_has_a_dossier(fleet: Checkout, stack: str) -> None:
    """The sandbox, staging and production, whether brought up or not."""
    texts = _texts(make.declared(fleet, stack))
    assert f"**{stack}**" in texts["index.md"]
    assert "not known" in texts["inventory.md"]


def test_every_section_names_its_source(up: Facts) -> None:
    """A reader can check each fact: every page that has tables says where they are from."""
    for path, text in _texts(up).items():
        assert "\nSource: " in text, path


def test_what_the_cloud_knows_is_said(up: Facts) -> None:
    """Addresses, host keys' fingerprints, and where names lead."""
    texts = _texts(up)
    assert "`127.10.0.11`" in texts["inventory.md"] and "`SHA256:" in texts["inventory.md"]
    assert "| `ledger-books.example` | A | `127.10.0.31` |" in texts["network.md"]
    assert "not known" not in texts["inventory.md"]


def test_the_firewall_is_a_table_of_who_reaches_whom(planned: Facts) -> None:
    """By server and port; the database's is open to the private network alone."""
    rows = [line for line in _texts(planned)["network.md"].splitlines() if "`5432/tcp`" in line]
    assert rows == ["| `10.20.0.0/16` | `data-1` | `5432/tcp` | PostgreSQL |"]
    assert "not known" not in _texts(planned)["network.md"].split("## Entry")[0]


def test_why_there_are_no_outputs_is_said(planned: Facts) -> None:
    """On the index and where something is missing for it."""
    texts = _texts(replace(planned, is_declared=False, outputs_problem="production: it was never brought up. Run `pulumi up`."))
    for path in ("index.md", "inventory.md", "network.md"):
        assert "it was never brought up. Run `pulumi up`" in texts[path]
    assert "How it is, is not known here: there is no report. Run `flotilla report -s production`." in texts["index.md"]


def test_half_applied_outputs_are_told(up: Facts) -> None:
    """A server that was not made, one that is left over, a release that is another one: said on the index."""
    assert difference.differences(up) == []
    assert up.outputs is not None
    servers = {name: row for name, row in up.outputs["servers"].items() if name != "app-2"}
    servers["old-1"] = {**servers["app-1"], "type": "cx99"}
    ledger = {**up.outputs["projects"]["ledger"], "releases": []}
    outputs = {**up.outputs, "servers": servers, "projects": {**up.outputs["projects"], "ledger": ledger}}
    facts = replace(up, outputs=outputs)
    assert [(row.what, row.wanted is None, row.found is None) for row in difference.differences(facts)] == [
        ("servers.app-2", False, True),
        ("servers.old-1", True, False),
        ("projects.ledger", False, False),
    ]
    texts = _texts(facts)
    assert "| `servers.app-2` | cx33, fsn1, app+ingress, 50 GB | none |" in texts["index.md"]
    assert "| app-2 | not brought up | not brought up | not brought up |" in texts["inventory.md"]
    assert "`old-1` is in the stack's outputs and not in the settings" in texts["inventory.md"]


def test_an_old_report_is_said_to_be_old(up: Facts) -> None:
    """By how much older it is than the newest fact: no clock is asked."""
    old = replace(up.reports["global"], when=make.NOW.replace(day=1))
    text = _texts(replace(up, reports={**up.reports, "global": old}))["index.md"]
    assert "2026-11-01 12:00 UTC (25 days older than the newest fact here)" in text
    assert "The newest fact here is of 2026-11-26." in text


def test_measured_restores_are_in_the_page_about_data(up: Facts) -> None:
    """When a backup was last tried, how long that took, and what would be missing; never an OK where it differs."""
    text = _texts(up)["data.md"]
    assert "| word | word | 2026-09-21 14:13 | good | 12.3 s | 0.0 s |" in text
    assert "| word | word | 2026-09-21 14:13 | differs: 1 findings | not known | not known |" in text
    assert "| word | word | 2026-09-21 14:13 | 12.3 MB | 3 | never | never |" in text


def test_a_restore_that_nobody_signed_is_not_good(up: Facts) -> None:
    """A record may look well; what was found about it beside it counts."""
    found = up.reports["backup-trials"]
    wrong = {"id": "record-not-genuine", "resource": "word/word", "fact": "it was not signed"}
    forged = replace(found, document={**found.document, "findings": [wrong]})
    text = _texts(replace(up, reports={**up.reports, "backup-trials": forged}))["data.md"]
    assert "| good |" not in text and "| differs: 1 findings | 12.3 s |" in text


def test_waivers_are_told_with_their_end(up: Facts) -> None:
    """One that has ended, and one for a rule that no pack has."""
    words = {"resource": "data-*", "reason": "one | is enough", "owner": "ops"}
    waivers = (Waiver(rule="backup-drill", until="2026-11-25", **words), Waiver(rule="nonsense", until="2027-01-01", **words))
    environment = up.settings.environment.model_copy(update={"waivers": waivers})
    text = _texts(replace(up, settings=replace(up.settings, environment=environment)))["policies.md"]
    assert "| `backup-drill` | `data-*` | one \\| is enough | ops | 2026-11-25: it has ended |" in text
    assert "| `nonsense`: there is no such rule |" in text and "| 2027-01-01 |" in text


@pytest.fixture(scope="module")
def shapes(up: Facts) -> list[list[str]]:
    """
    Of every page, with a word that does nothing.
    """
    return [make.shape(page) for page in _hostile(up, "axb")]


@settings(max_examples=25, deadline=None)
@given(make.HOSTILE)
@example("```")
def test_nobody_breaks_out_of_a_page(up: Facts, shapes: list[list[str]], value: str) -> None:
    """Words of reports, history, waivers, records and outputs change no page's shape: the same elements, the same links."""
    for shape, page in zip(shapes, _hostile(up, f"a{value}b"), strict=True):
        assert make.shape(page) == shape


def _hostile(up: Facts, word: str) -> list[str]:
    """The pages with this word wherever text is free. Between backticks it may be code: those are taken for quotes."""
    assert up.outputs is not None
    quiet = word.replace("`", "'")
    waiver = Waiver.model_construct(rule=word, resource=word, reason=word, owner=word, until=make.NOW.date())
    environment = up.settings.environment.model_copy(update={"waivers": (waiver,), "domain": word})
    servers = {**up.outputs["servers"], "app-1": {"ipv4": word, "private_ip": word, "host_key": f"x é{word}", "type": word}}
    servers[word] = servers["app-1"]
    outputs = {**up.outputs, "servers": servers, "entry": {"kind": word, "ipv4": word}}
    projects = {
        name: project.model_copy(update={"owner": word, "image": word}) for name, project in up.settings.projects.items()
    }
    statement = {**up.statement, "elsewhere": [word], "prices": {"source": word, "priced_on": "2026-05-27"}}
    changed = replace(up.settings, environment=environment, projects=projects)
    facts = replace(make.with_records(up, word), settings=changed, outputs=outputs, statement=statement, problems=(quiet,))
    return [page.content for page in pages.render(facts) if page.path.endswith(".md")]


def test_no_secret_is_in_any_page(tmp_path) -> None:
    """A fleet with a secret wherever one fits: its values are in no page, in no language, and not in the HTML."""
    checkout = complete(make_checkout(tmp_path, ["guestbook"]))
    facts = make.brought_up(checkout)
    for language in ("en", "fr"):
        spoken = replace(facts, settings=replace(facts.settings, language=language))
        whole = "\n".join(page.content for page in dossier.render(spoken, with_html=True))
        assert [secret for secret in PLANTED if secret in whole] == []
        assert "v1:AAAAAAAAAAAAAAAA" not in whole
        assert "projects.shop.PAYMENT_TOKEN" in whole and "notifications.chat" in whole


def test_the_same_facts_give_the_same_bytes(fleet: Checkout, up: Facts) -> None:
    """Twice, and from facts that were read anew."""
    assert dossier.render(up, with_html=True) == dossier.render(up, with_html=True)
    assert _texts(make.declared(fleet)) == _texts(make.declared(fleet))


def test_no_page_knows_this_machine(fleet: Checkout, planned: Facts) -> None:
    """Neither its folders nor the day."""
    whole = "\n".join(_texts(planned).values())
    assert str(fleet.root) not in whole


def test_two_hundred_projects(planned: Facts) -> None:
    """Each has its page, and the index stays short."""
    ledger = planned.settings.projects["ledger"]
    many = {f"p{number:03}": ledger.model_copy(update={"name": f"p{number:03}"}) for number in range(200)}
    releases = planned.settings.releases
    served = releases.model_copy(update={"projects": dict.fromkeys(many, releases.projects["ledger"])})
    facts = replace(planned, settings=replace(planned.settings, projects=many, releases=served))
    texts = _texts(facts)
    assert len([path for path in texts if path.startswith("projects/")]) == 200
    assert len(texts["index.md"]) < 3000
    assert "(+188)" in texts["index.md"]


def _all_words() -> list[tuple[str, Words]]:
    modules = [value for _, value in inspect.getmembers(pages, inspect.ismodule)] + [terms]
    return [(f"{m.__name__}.{n}", v) for m in modules for n, v in vars(m).items() if isinstance(v, Words)]


def test_both_languages_say_the_same() -> None:
    """Every text is there in both, with the same values to fill in and the same commands."""
    found = _all_words()
    assert len(found) > 150
    for name, words in found:
        assert words.en.strip() and words.fr.strip(), name
        fields = [sorted(part[1] for part in Formatter().parse(text) if part[1]) for text in (words.en, words.fr)]
        assert fields[0] == fields[1], name
        assert sorted(re.findall(r"`[^`]*`", words.en)) == sorted(re.findall(r"`[^`]*`", words.fr)), name


def test_french_pages_have_no_english_heading(planned: Facts) -> None:
    """The language of the settings is that of every heading."""
    french = replace(planned, settings=replace(planned.settings, language="fr"))
    headings = [line for text in _texts(french).values() for line in text.splitlines() if line.startswith("#")]
    same = {line for text in _texts(planned).values() for line in text.splitlines() if line.startswith("## ")} & set(headings)
    # What is the same word in both.
    names = {f"## {framework}" for framework in (Framework.DOCKER, Framework.DEBIAN, Framework.ISO)}
    assert same == {"## DNS", "## Pages", "## Versions", "## Volumes", *names}
    assert "# production : dossier" in headings
