"""
What people entrusted to the fleet: it is backed up and tried, outlives its server, and no secret lies around.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import ROOT, Fleet, run_docker
from tests.e2e.secret_values import known_secrets, log_in_to_the_registry

GUESTBOOK = "https://guestbook.flotilla.test/"
# Servers are deleted at the cloud behind everybody's back: those of which `{which}` is so of `server`.
LOSE = """python - <<'E'
import os
from hcloud import Client
client = Client(token=os.environ['HCLOUD_TOKEN'], api_endpoint=os.environ['HCLOUD_ENDPOINT'])
for server in client.servers.get_all():
    if not ({which}):
        continue
    disks = server.volumes if {with_disks} else []
    client.servers.delete(server).wait_until_finished()
    for disk in disks:
        client.volumes.delete(disk)
E"""
LOSE_THE_DATABASE_SERVER = LOSE.format(which="server.name == 'data-1'", with_disks=True)
# Where secrets belong: what the sandbox gave itself, readable for its owner only.
KEPT = (".flotilla/secrets", ".flotilla/ssh", ".flotilla/ca")


@pytest.fixture(autouse=True, scope="module")
def one_secret_more(fleet: Fleet) -> None:
    """
    The registry's password is one of those that must be nowhere.
    """
    log_in_to_the_registry(fleet)
    fleet.up()


def write(fleet: Fleet, message: str) -> None:
    """Leave an entry in the guestbook, as a visitor does."""
    form = ("-o", "/dev/null", "-w", "%{http_code}", "-d", f"name=Ada&message={message}", GUESTBOOK)
    assert fleet.curl(*form).stdout == "303"


def test_everything_is_backed_up_and_every_backup_is_tried(fleet: Fleet) -> None:
    """
    Each database and volume of each project, the certificates of each ingress server; restored elsewhere and compared. The
    history has who did both, and why.
    """
    fleet.run("flotilla backup run -s local --reason 'before the test'")
    tried = json.loads(fleet.run("flotilla backup verify -s local --json").stdout)
    outputs = fleet.outputs()
    policies = {name: project.get("backup") or {} for name, project in outputs["projects"].items()}
    covered = {
        (name, covered)
        for name, policy in {**policies, "ingress": outputs["backup"]}.items()
        for covered in policy.get("covers", ())
    }

    assert ("ingress", "volume:certificates-app-1") in covered
    assert {(row["project"], row["source"]) for row in rows(tried)} == covered
    assert not [row for row in rows(tried) if row["findings"]]
    lines = json.loads(fleet.run("flotilla history -s local -n 4 --json").stdout)["lines"]
    assert [(line["operation"], line["event"], line.get("status"), line["reason"]) for line in lines] == [
        ("backup run", "begun", None, "before the test"),
        ("backup run", "ended", "done", "before the test"),
        ("backup verify", "begun", None, ""),
        ("backup verify", "ended", "done", ""),
    ]
    assert lines[-1]["report"] == tried["report"]


def rows(document: Any) -> list[dict[str, Any]]:
    """The records of a verification."""
    return list(document["records"])


def test_a_lost_database_server_comes_back_with_its_data(fleet: Fleet, record_property: Callable[[str, object], None]) -> None:
    """Machine and disk are gone for good; the commands of docs/backups.md bring all back, the last entry too."""
    message = f"before-the-loss-{uuid.uuid4().hex[:8]}"
    write(fleet, message)
    time.sleep(3)  # what is written streams to the backup server at once; it does not have to be lucky
    fleet.run(LOSE_THE_DATABASE_SERVER)
    lost = time.monotonic()
    fleet.run("pulumi refresh -s local --yes --skip-preview --non-interactive")
    fleet.up()
    refused = fleet.run("flotilla restore --all -s local", check=False)
    fleet.run('flotilla restore --all -s local --approve critical --reason "data-1 is lost"')
    page = fleet.curl(GUESTBOOK).stdout
    took_s = time.monotonic() - lost

    assert (refused.returncode, "Nothing was done." in refused.stderr) == (3, True)
    assert message in page
    assert fleet.run("flotilla host converge --dry-run -s local").returncode == 0
    write(fleet, "after-the-loss")
    record_property("recovery_s", round(took_s))


def test_no_secret_lies_around(fleet: Fleet) -> None:
    """Not in the state, logs, reports or documents, not in a journal, an argument or an environment."""
    secrets = set(known_secrets(fleet))
    assert len(secrets) > 15
    places = [*files(fleet.checkout), *journals(fleet), *processes()]
    assert len(places) > 100

    assert {(place, len(secret)) for place, text in places for secret in secrets if secret in text} == set()


def files(checkout: Path) -> Iterator[tuple[str, str]]:
    """What the checkout has beside its own code: state, logs, reports, documents."""
    for folder in (".flotilla", "reports", "docs", "releases"):
        for path in sorted((checkout / folder).rglob("*")):
            name = str(path.relative_to(checkout))
            if path.is_file() and not path.is_symlink() and not name.startswith((*KEPT, ".flotilla/toolchain")):
                yield name, path.read_text(errors="replace")


def journals(fleet: Fleet) -> Iterator[tuple[str, str]]:
    """All that the machines' services said since they were made, and their containers' last words."""
    instance = json.loads((fleet.checkout / ".flotilla/instance.json").read_text())["id"]
    for name in run_docker(["ps", "--filter", f"label=flotilla.instance={instance}", "--format", "{{.Names}}"]):
        if "-srv-" in name:
            yield f"{name}: journal", "\n".join(run_docker(["exec", name, "journalctl", "--no-pager", "-q"]))
            logs = "for log in /var/lib/docker/containers/*/*.log /var/log/postgresql/*; do cat $log 2>/dev/null; done; true"
            yield f"{name}: logs", "\n".join(run_docker(["exec", name, "sh", "-c", logs]))


def processes() -> Iterator[tuple[str, str]]:
    """Arguments and environments of everything that runs here, in machines and containers too."""
    for entry in Path("/proc").iterdir():
        for what in ("cmdline", "environ") if entry.name.isdigit() else ():
            try:
                yield f"{entry.name}: {what}", (entry / what).read_bytes().decode(errors="replace")
            except OSError:  # it has ended
                continue


def test_the_procedure_in_the_documents_is_the_one_that_was_tried() -> None:
    """Line by line, but for the stack's name."""
    text = (ROOT / "docs/backups.md").read_text()

    assert "pulumi refresh -s production --yes" in text
    assert "flotilla restore --all -s production" in text
