"""
Pages of the runbooks, each followed to the letter by somebody at a terminal, on one fleet: data given back, the state lost,
keys in other hands.

The tests build on one another, in the order in which they stand; what destroys most comes last.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.e2e.conftest import Fleet, visitors
from tests.e2e.test_data import GUESTBOOK, write
from tests.proof.visits import END_THE_CLOUD, LEDGER, MOMENT, mark, moment, page_of, psql, subscribe, subscribers
from tests.rehearsal import Learn, Part, Person, at_a_terminal, took

OTHER_PROJECTS = ("restore ledger",)
LISTED, OVER = "flotilla backup list -s local", "flotilla restore guestbook --over-existing -s local"
THERE = """python - <<'E'
import os
from hcloud import Client
client = Client(token=os.environ['HCLOUD_TOKEN'], api_endpoint=os.environ['HCLOUD_ENDPOINT'])
for found in [*client.servers.get_all(), *client.volumes.get_all(), *client.networks.get_all(), *client.firewalls.get_all()]:
    print(type(found).__name__, found.id, found.name, getattr(found, 'created', ''))
E"""
RECORD = "      records:\n        - {name: after.flotilla.test, type: TXT, content: the-copy}\n"
RECORD_ID = """python - <<'E'
import os
from cloudflare import Cloudflare
client = Cloudflare()
for zone in client.zones.list():
    for record in client.dns.records.list(zone_id=zone.id):
        if record.name == 'after.flotilla.test':
            print(f'{zone.id}/{record.id}')
E"""
# What is in one page of the table, and not how the page begins.
DAMAGE = """set -e
file={data}/{path}
cluster=$(systemctl list-units --plain --no-legend 'postgresql@*' | cut -d ' ' -f 1)
systemctl stop "$cluster"
dd if=/dev/zero of="$file" bs=512 seek=8 count=8 conv=notrunc status=none
systemctl start "$cluster"
"""


def damage(fleet: Fleet) -> None:
    """The disk has spoilt the page that the entries are in."""
    psql(fleet, "CHECKPOINT")
    path = psql(fleet, "SELECT pg_relation_filepath(to_regclass($$entries$$))")
    script = DAMAGE.format(data=psql(fleet, "SHOW data_directory"), path=path).replace("'", "'\\''")
    fleet.run(f"flotilla host ssh -s local data-1 -- sh -c '{script}'")


def is_damaged(fleet: Fleet) -> bool:
    """Whether PostgreSQL cannot read the entries."""
    argv = "runuser -u postgres -- psql -X -d guestbook -c 'SELECT count(*) FROM entries WHERE message IS NOT NULL'"
    said = fleet.run(f"flotilla host ssh -s local data-1 -- {argv}", check=False)
    return said.returncode != 0 and "invalid page" in said.stderr


def learnt(text: str) -> dict[str, str]:
    """The names that a restore printed, and which container has the volume."""
    found = {}
    for placeholder, pattern in (
        ("<guestbook_restored_...>", r"guestbook_restored_\d+"),
        ("<guestbook_before_...>", r"guestbook_before_\d+"),
        ("<path>", r"volume subscriptions is (\S+) on"),
        ("<path_before_...>", r"what was there is (/\S+_before_\d+)"),
        ("<container>", r"(?m)^([0-9a-f]{12}) +\S*journal-api"),
    ):
        if match := re.search(pattern, text):
            found[placeholder] = match[match.re.groups and 1]
    return found


def databases(fleet: Fleet) -> set[str]:
    """All that are there but PostgreSQL's own."""
    return set(psql(fleet, "SELECT datname FROM pg_database WHERE NOT datistemplate", "postgres").split()) - {"postgres"}


def test_what_is_damaged_on_the_disk_is_given_back(fleet: Fleet, record_property: Callable[[str, object], None]) -> None:
    """
    A page of a table is spoilt, so that it cannot be backed up either; subscribers are as of the last backup. Everything that
    was committed is back, visitors can write, and by the page's undo all is as it was, damage included. What was damaged is
    kept until it is dropped, and then backups are made again.
    """
    ada, before = subscribe(fleet), mark(fleet, "before-the-backup")
    fleet.run("flotilla backup run -s local")
    bob, after = subscribe(fleet), mark(fleet, "after-the-backup")
    moment()
    damage(fleet)
    assert is_damaged(fleet)
    assert fleet.curl("-f", GUESTBOOK, check=False).returncode == 22

    with at_a_terminal(fleet.checkout) as person:
        done = person.follow("restore-database", Part.STEPS, Part.CHECK, without=OTHER_PROJECTS, refused=(OVER,), learn=learnt)
        page, subscribed = page_of(fleet), subscribers(fleet)
        assert "not-replaced" in done.shown[OVER]
        assert before in page and after in page
        assert ada in subscribed and bob not in subscribed
        write(fleet, "visitors-can-write")

        person.follow("restore-database", Part.UNDO, without=("dropdb '<guestbook_before_",), learn=learnt)
        assert is_damaged(fleet)
        assert ada in (subscribed := subscribers(fleet)) and bob in subscribed
        assert databases(fleet) == {"guestbook", "ledger"}

        # The backup that was refused before has damaged pages: it is listed with that.
        again = ("restore ledger", "restore journal", OVER)
        person.follow("restore-database", Part.STEPS, without=again, refused=(LISTED,), learn=learnt)
        assert fleet.run("flotilla backup run -s local", check=False).returncode == 1
        person.follow("restore-database", Part.UNDO, without=("psql", "_wrong", "<path_before", "docker"))
    page = page_of(fleet)
    assert before in page and after in page
    assert databases(fleet) == {"guestbook", "ledger"}
    fleet.run("flotilla backup run -s local")
    assert fleet.preview() == []
    took("restore-database", done, record_property)


def test_a_database_that_was_dropped_is_given_back(fleet: Fleet, record_property: Callable[[str, object], None]) -> None:
    """
    The audit's finding leads to the page about a moment. Its lines bring the database back, although there is nothing in whose
    place it comes.
    """
    entry = mark(fleet, "before-the-drop")
    known = moment()
    psql(fleet, "DROP DATABASE guestbook WITH (FORCE)", "postgres")
    assert "data.database-missing" in fleet.run("flotilla audit data -s local --json", check=False).stdout
    page = json.loads(fleet.run("flotilla runbook data.database-missing -s local --json").stdout)["slug"]

    with at_a_terminal(fleet.checkout, **{MOMENT: known}) as person:
        done = person.follow(page, Part.STEPS, Part.CHECK, without=OTHER_PROJECTS, learn=learnt)
        assert entry in page_of(fleet)
        write(fleet, "visitors-can-write")

        person.follow(page, Part.UNDO)
    assert databases(fleet) == {"guestbook", "ledger"}
    assert fleet.preview() == []
    took(page, done, record_property)


def machines(fleet: Fleet) -> str:
    """What there is at Hetzner, by its ids, and the containers that serve."""
    there = fleet.run(f"{THERE}").stdout
    return there + fleet.run("flotilla host ssh -s local app-1 -- docker service ls -q").stdout


def new_release(fleet: Fleet) -> str:
    """Another image of the guestbook, deployed; its name, for it to be removed."""
    block = json.loads((fleet.checkout / ".flotilla/instance.json").read_text())["block"]
    repository = f"127.10.{block}.1:5000/guestbook"
    name = f"{repository}:after-the-copy"
    dockerfile = f"FROM {repository}:current\nLABEL org.opencontainers.image.revision=after-the-copy\n"
    subprocess.run(["docker", "build", "-q", "-t", name, "-"], input=dockerfile, text=True, check=True, capture_output=True)
    subprocess.run(["docker", "push", "-q", name], check=True, capture_output=True)
    fleet.run("flotilla deploy guestbook --image :after-the-copy -s local")
    return name


def fills_in(fleet: Fleet, file: Path) -> Learn:
    """
    Somebody who reads in the file what is missing, looks its ids up, at Cloudflare in the console, and writes them there.
    """

    def learn(text: str) -> dict[str, str]:
        if not file.is_file():
            return {}
        document = json.loads(file.read_text())
        rows = [row for row in document["resources"] if not row["type"].startswith("command:")]
        known = {"cloudflare:index/dnsRecord:DnsRecord": fleet.run(RECORD_ID).stdout.strip()}
        if service := re.search(r"^[0-9a-z]{25}$", text, re.MULTILINE):
            known["docker:index/service:Service"] = service[0]
        document["resources"] = [{**row, "id": known.get(row["type"], row["id"])} for row in rows]
        file.write_text(json.dumps(document))
        return {"<service>": next(row["name"] for row in rows if row["type"].startswith("docker:"))}

    return learn


def test_the_state_is_lost(fleet: Fleet, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """
    Everything where the state is kept is gone, but for a copy that is older than a release and a name. The state knows all of
    it again, no server was made anew, what was released serves on, and every request was answered meanwhile. By the undo an
    even newer copy takes the place of the one that was taken first.
    """
    copy, missing = tmp_path / "local-2026-11-27", tmp_path / "missing"
    fleet.run(f"pulumi stack export -s local --file {copy}.json")
    settings = fleet.checkout / "Pulumi.local.yaml"
    settings.write_text(settings.read_text().replace("      ttl_s: 60\n", f"      ttl_s: 60\n{RECORD}", 1))
    fleet.up()
    image = new_release(fleet)
    before, outputs = machines(fleet), fleet.outputs()
    shutil.rmtree(fleet.checkout / ".flotilla/pulumi/.pulumi")
    assert fleet.run("flotilla plan -s local", check=False).returncode != 0

    words = {"<copy>": str(copy), "<missing>": str(missing)}
    with visitors(fleet, GUESTBOOK, LEDGER) as seen, at_a_terminal(fleet.checkout, **words) as person:
        done = person.follow("state-lost", Part.STEPS, Part.CHECK, learn=fills_in(fleet, Path(f"{missing}.json")))
        assert (machines(fleet), fleet.outputs()) == (before, outputs)
        assert fleet.preview() == []

        typed(person, f"pulumi stack export -s local --file {tmp_path}/other.json")
        person.words["<other copy>"] = f"{tmp_path}/other"
        person.follow("state-lost", Part.UNDO)
    assert set(seen) == {"200"}, seen
    assert fleet.preview() == []
    subprocess.run(["docker", "image", "rm", image], check=True, capture_output=True)
    took("state-lost", done, record_property)


@contextmanager
def as_on_a_real_stack(fleet: Fleet, folder: Path) -> Iterator[Person]:
    """
    Somebody whose state is kept elsewhere than the sandbox's, and whose shell alone has tokens and passphrase: the stack moves
    there, as docs/state.md says.
    """
    folder.mkdir()
    with at_a_terminal(fleet.checkout) as person:
        for line in (
            f"pulumi stack export -s local --file {folder}/move.json",
            'export PULUMI_CONFIG_PASSPHRASE="$(cat sandbox/passphrase)"',
            "unset PULUMI_CONFIG_PASSPHRASE_FILE",
            f"export PULUMI_BACKEND_URL=file://{folder}",
            "pulumi stack init local",
            f"pulumi stack import -s local --file {folder}/move.json",
            "pulumi preview -s local --expect-no-changes",
        ):
            typed(person, line)
        yield person


def typed(person: Person, line: str) -> str:
    """A line that is on no page."""
    said = person.shell.type(line)
    assert said.code == 0, said.text
    return said.text


def new_key(file: Path) -> str:
    """An SSH key in a file; its public part."""
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", file.name, "-f", str(file)]
    subprocess.run(argv, check=True)
    return file.with_suffix(".pub").read_text().strip()


def lets_in(fleet: Fleet, key: Path, account: str, server: str) -> bool:
    """Whether a server takes a key for an account; that it answers at all is known from others."""
    address = fleet.outputs()["servers"][server]["ipv4"]
    options = "-o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
    said = fleet.run(f"ssh -i {key} {options} {account}@{address} true", check=False)
    assert said.returncode == 0 or "Permission denied" in said.stderr, said.stderr
    return said.returncode == 0


def revoke_tokens(fleet: Fleet) -> dict[str, str]:
    """At both clouds, the tokens that there were open nothing any more; others do."""
    new = {"hcloud": secrets.token_hex(32), "cloudflare": secrets.token_hex(20)}
    fleet.run(END_THE_CLOUD)
    for name, token in new.items():
        (fleet.checkout / f".flotilla/secrets/{name}.token").write_text(token)
    fleet.run("flotilla sandbox start")
    return new


def answer_of(fleet: Fleet, address: str, token: str) -> int:
    """The status with which a cloud answers who has this token."""
    url = fleet.run(f"echo {address}").stdout.strip()
    return httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30).status_code


def test_keys_are_in_other_hands(fleet: Fleet, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """
    Mallory, who was an administrator, has a key, both tokens and the passphrase, has a session open, and has left another key
    on a server. None of it opens anything afterwards; the others work on, and visitors see nothing.
    """
    settings = fleet.checkout / "Pulumi.local.yaml"
    hers, left, ours = (new_key(tmp_path / name) for name in ("mallory", "left-behind", "carol"))
    with_her = f"    access:\n      public_keys:\n        mallory: {hers}\n"
    settings.write_text(settings.read_text().replace("    access:\n", with_her, 1))
    fleet.up()
    old_tokens = {name: (fleet.checkout / f".flotilla/secrets/{name}.token").read_text() for name in ("hcloud", "cloudflare")}
    old_passphrase = (fleet.checkout / "sandbox/passphrase").read_text().strip()
    on_data = "flotilla host ssh -s local data-1 --"
    fleet.run(f"{on_data} sh -c 'echo {left} >>/root/.ssh/authorized_keys'")
    assert all(lets_in(fleet, tmp_path / "mallory", account, "app-1") for account in ("mallory", "admin", "root"))
    assert lets_in(fleet, tmp_path / "left-behind", "root", "data-1")
    new_passphrase = secrets.token_urlsafe(24)

    with as_on_a_real_stack(fleet, tmp_path / "state") as person:
        session = person_in(fleet, tmp_path / "mallory")
        new_tokens = revoke_tokens(fleet)
        settings.write_text(settings.read_text().replace(f"mallory: {hers}", f"carol: {ours}", 1))
        person.shell.answers = {
            **person.shell.answers,
            "Enter your new passphrase": new_passphrase,
            "Re-enter your new passphrase": new_passphrase,
        }
        with visitors(fleet, GUESTBOOK, LEDGER) as seen:
            done = person.follow(
                "key-compromised",
                blindly={
                    "read -rs HCLOUD_TOKEN": new_tokens["hcloud"],
                    "read -rs CLOUDFLARE_API_TOKEN": new_tokens["cloudflare"],
                    "read -rs PULUMI_CONFIG_PASSPHRASE": new_passphrase,
                },
            )
        typed(person, "pulumi preview -s local --expect-no-changes")
        show = "pulumi stack export -s local --show-secrets"
        typed(person, f"{show} >/dev/null")
        typed(person, f"export PULUMI_CONFIG_PASSPHRASE='{old_passphrase}'")
        for line in (show, "pulumi config get --path flotilla:secrets.key -s local"):
            said = person.shell.type(line)
            assert said.code != 0 and "incorrect passphrase" in said.text

    assert session.wait(30) != 0
    for server in fleet.outputs()["servers"]:
        for key in ("mallory", "left-behind"):
            assert not any(lets_in(fleet, tmp_path / key, account, server) for account in ("mallory", "admin", "root"))
        assert lets_in(fleet, tmp_path / "carol", "carol", server)
    for name, address, refused in (
        ("hcloud", "$HCLOUD_ENDPOINT/servers", 401),
        ("cloudflare", "$CLOUDFLARE_BASE_URL/zones", 403),
    ):
        assert (answer_of(fleet, address, new_tokens[name]), answer_of(fleet, address, old_tokens[name])) == (200, refused)
    assert set(seen) == {"200"}, seen
    took("key-compromised", done, record_property)


def person_in(fleet: Fleet, key: Path) -> subprocess.Popen[bytes]:
    """A session that goes on until somebody ends it."""
    address = fleet.outputs()["servers"]["app-1"]["ipv4"]
    options = ["-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    return subprocess.Popen(["ssh", "-i", str(key), *options, f"mallory@{address}", "sleep 600"], stdin=subprocess.DEVNULL)
