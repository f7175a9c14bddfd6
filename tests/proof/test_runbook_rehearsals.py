"""
Pages of the runbooks, each followed to the letter by somebody at a terminal, on one fleet: first what loses nothing but rows,
then keys and names.

The tests build on one another, in the order in which they stand.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from tests.e2e.conftest import Fleet
from tests.e2e.test_data import GUESTBOOK, write
from tests.proof.visits import END_THE_CLOUD, LEDGER, MOMENT, mark, moment, page_of, psql
from tests.rehearsal import Part, at_a_terminal, took

# What the page says is for each project, and here is done for one.
OTHER_PROJECTS = ("restore ledger",)
BESIDE, BEFORE = "<guestbook_restored_...>", "<guestbook_before_...>"
ANOTHER_DNS_ACCOUNT = """python - <<'E'
from pathlib import Path
from sandbox.cloud.cloudflare.state import RECORD, ZONE, new_id
from sandbox.cloud.store import Store
from sandbox.instance import load
store = Store(load(Path.cwd()).database)
for record in store.list(RECORD):
    store.delete(RECORD, record['id'])
for zone in store.list(ZONE):
    store.delete(ZONE, zone['id'])
    made = {**zone, 'id': new_id(), 'account': {'id': new_id(), 'name': 'Another'}}
    store.put(ZONE, made['id'], made)
store.close()
E"""


def restored(text: str) -> dict[str, str]:
    """The names that a restore printed."""
    found = {}
    for placeholder, word in ((BESIDE, r"guestbook_restored_\d+"), (BEFORE, r"guestbook_before_\d+")):
        if name := re.search(word, text):
            found[placeholder] = name[0]
    return found


def records(text: str) -> dict[str, str]:
    """The records that the state was shown to have, as they are written in a shell, between the quotes that are there."""
    found = re.findall(r"urn:\S+\$cloudflare:index/dnsRecord:DnsRecord::\S+", text)
    return {"<urn>": "' '".join(sorted(set(found)))} if found else {}


def test_one_table_is_given_back(fleet: Fleet, record_property: Callable[[str, object], None]) -> None:
    """
    All rows were deleted by mistake. What the person fills in: the moment, the table, and the name that the restore printed.
    The rows are back, visitors can write, and by the page's undo the table is as it was before.
    """
    before = mark(fleet, "before-the-backup")
    fleet.run("flotilla backup run -s local")
    after = mark(fleet, "after-the-backup")
    right = moment()
    psql(fleet, "DELETE FROM entries")
    late = mark(fleet, "after-the-mistake")

    with at_a_terminal(fleet.checkout, **{MOMENT: right, "<table>": "entries"}) as person:
        done = person.follow("restore-table", Part.STEPS, Part.CHECK, learn=restored)
        given_back = page_of(fleet)
        write(fleet, "visitors-can-write")
        assert before in given_back and after in given_back and late not in given_back

        person.follow("restore-table", Part.UNDO)
    undone = page_of(fleet)
    assert late in undone and before not in undone
    assert "restored" not in psql(fleet, "SELECT datname FROM pg_database")
    took("restore-table", done, record_property)


def test_a_database_is_given_back_as_it_was_at_a_moment(fleet: Fleet, record_property: Callable[[str, object], None]) -> None:
    """
    The person fills in the moment, chooses the project's lines, and types the stack's name. What came after the moment is
    gone; what was there before is kept, and comes back by the undo of the page that this one names.
    """
    right = mark(fleet, "right")
    known = moment()
    wrong = mark(fleet, "wrong")

    with at_a_terminal(fleet.checkout, **{MOMENT: known}) as person:
        done = person.follow("restore-moment", Part.STEPS, Part.CHECK, without=OTHER_PROJECTS, learn=restored)
        page = page_of(fleet)
        assert right in page and wrong not in page
        write(fleet, "visitors-can-write")

        person.follow("restore-database", Part.UNDO)
    assert wrong in page_of(fleet)
    assert "restored" not in psql(fleet, "SELECT datname FROM pg_database")
    took("restore-moment", done, record_property)


def test_the_environments_key_is_changed(fleet: Fleet, record_property: Callable[[str, object], None]) -> None:
    """
    Nothing is filled in. Every password and key is another one, data is where it was, everything works, and backups of the new
    key are good; nothing of what the old key opens is left but the repositories that were put aside.
    """
    entry = mark(fleet, "under-the-old-key")
    old = fleet.run("pulumi config get --path flotilla:secrets.key -s local").stdout.strip()

    with at_a_terminal(fleet.checkout) as person:
        done = person.follow("rotate-key", Part.STEPS, Part.CHECK)

    assert fleet.run("pulumi config get --path flotilla:secrets.key -s local").stdout.strip() not in ("", old)
    assert entry in page_of(fleet)
    write(fleet, "under-the-new-key")
    assert fleet.curl("-f", LEDGER).returncode == 0
    assert fleet.preview() == []
    took("rotate-key", done, record_property)


def test_another_dns_account_takes_over(fleet: Fleet, record_property: Callable[[str, object], None]) -> None:
    """
    The old account's token opens nothing any more; the new one's zones are empty and have other ids. The person gives the new
    token to the shell, and fills in the names of the records, all in one command. Every name leads to the fleet again.
    """
    fleet.run(END_THE_CLOUD)
    token = secrets.token_hex(20)
    (fleet.checkout / ".flotilla/secrets/cloudflare.token").write_text(token)
    fleet.run(ANOTHER_DNS_ACCOUNT)
    fleet.run("flotilla sandbox start")
    assert fleet.curl("-m", "5", GUESTBOOK, check=False).returncode == 6
    with at_a_terminal(fleet.checkout) as person:
        person.shell.type("export CLOUDFLARE_API_TOKEN=the-token-of-the-lost-account")
        done = person.follow("dns-account-lost", blindly={"read -rs CLOUDFLARE_API_TOKEN": token}, learn=records)

    assert fleet.curl("-f", GUESTBOOK).returncode == fleet.curl("-f", LEDGER).returncode == 0
    assert fleet.preview() == []
    took("dns-account-lost", done, record_property)
