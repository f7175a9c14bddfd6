"""
What an incident leaves behind: folder, timeline, post-mortem, and no secret in any of it.
"""

from __future__ import annotations

import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ops.audit.scene import Host
from ops.errors import RefusedError, SettingsError
from ops.incidents import asking, folder, incident, timeline
from ops.incidents.gather import Gathered
from ops.secrecy import Filter
from tests.audit_scenes import recorded, scene_of

CANARY = "canary-5c1f0a77"
NOW = 1795694400.0


@pytest.fixture(name="gathered")
def _gathered() -> Gathered:
    """
    What the sandbox's fleet answered, with a secret wherever one could slip in, one server silent, and a disk full.
    """
    scene = scene_of(recorded())
    first, *rest = (host for host in scene.hosts if host.name != "data-1")
    sections: dict[str, Any] = {
        **first.sections,
        "logs": {"data": [{"name": "../../shop.1", "project": "shop", "state": "running", "text": f"key={CANARY} error\n"}]},
        "journal": {"data": f"2026-11-26T11:00:00+0000 app-1 dockerd[1]: failed with {CANARY}\n"},
        "kernel": {"data": f"{CANARY}\n"},
        "processes": {"data": f"{CANARY}\n"},
        "exporters": {"data": {"node": {"text": f'up{{x="{CANARY}"}} 1\n'}}},
        "connections": {"data": [{"name": CANARY, "port": 1, "is_open": False, "error": ""}]},
    }
    silent = Host(name="data-1", stack="local", address="127.0.0.1", problem="no answer within 60 s")
    row = {
        "id": "hosts.disk-full",
        "severity": "CRITICAL",
        "resource": "app-1:/",
        "message": f"full of {CANARY}",
        "evidence": CANARY,
        "fix": f"du {CANARY}",
    }
    return Gathered(
        now=NOW,
        outputs=scene.outputs,
        hosts=(Host(**{**first.__dict__, "sections": sections}), *rest[:1], silent),
        report={"status": "CRITICAL", "checks": {"hosts": {"findings": [row]}}},
        commits=[{"commit": "a" * 40, "time": NOW - 60, "author": "A", "subject": f"Use {CANARY}", "files": []}],
        operations=[{"at": "2026-11-26T11:59:00+00:00", "what": f"Deploy {CANARY}", "event": "ended", "by": "flotilla"}],
        hide=Filter([CANARY]),
        notes=(f"data-1: it did not answer: no answer within 60 s {CANARY}",),
    )


@pytest.fixture(name="started")
def _started(tmp_path: Path, gathered: Gathered, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(incident, "gather", lambda *_: gathered)
    return incident.start(tmp_path, "local", project="shop", title=f"Shop is slow {CANARY}!")


def everything(place: Path) -> str:
    """
    The text of every file, also of those in bundles, with every name.
    """
    texts = []
    for path in sorted(place.rglob("*")):
        texts.append(str(path.relative_to(place)))
        if path.is_file() and path.suffix != ".gz":
            texts.append(path.read_text())
        elif path.is_file():
            with tarfile.open(path) as tar:
                files = [tar.extractfile(member) for member in tar.getmembers() if member.isfile()]
                texts += [*tar.getnames(), *(file.read().decode() for file in files if file)]
    return "\n".join(texts)


def test_no_secret_is_in_any_file(tmp_path: Path, started: dict[str, Any]) -> None:
    """Neither in a file nor in a bundle, nor in what the command prints; the words around it are all there."""
    found = everything(tmp_path / "reports" / "incidents")
    assert CANARY not in found and CANARY not in json.dumps(started)
    assert "error" in found and "dockerd" in found and "Deploy [secret]" in found


def test_only_its_owner_reads_it(tmp_path: Path, started: dict[str, Any]) -> None:
    """Folders 0700, files 0600; what a server calls a container is never another folder."""
    place = Path(started["folder"])
    assert not list(tmp_path.glob("shop*")) and list(place.rglob("*shop.1.log"))
    for path in [place.parent, *place.parent.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_silent_server_does_not_stop_it(started: dict[str, Any]) -> None:
    """It is noted, and the others are there."""
    assert any("data-1: it did not answer" in note for note in started["notes"])
    assert (Path(started["folder"]) / started["collections"][0]["folder"] / "app-1" / "state.json").exists()
    assert "app-1" in started["collections"][0]["servers"] and "data-1" not in started["collections"][0]["servers"]


def test_logs_are_left_out_where_secrets_are_not_known(
    tmp_path: Path, gathered: Gathered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text that nobody can free of secrets is not kept."""
    monkeypatch.setattr(incident, "gather", lambda *_: Gathered(**{**gathered.__dict__, "hide": None}))
    place = Path(incident.start(tmp_path, "local", project=None, title="x")["folder"])
    assert not [*place.rglob("*.log"), *place.rglob("*.prom"), *place.rglob("processes.txt")]


def test_an_incident_goes_on_until_it_is_closed(tmp_path: Path, started: dict[str, Any]) -> None:
    """Collected again, closed with what helped, and then neither again."""
    again = incident.collect(tmp_path, None)
    assert again["id"] == started["id"] and len(again["collections"]) == 2
    closed = incident.close(tmp_path, started["id"], "More disk")
    assert closed["status"] == "closed" and "More disk" in Path(closed["post_mortem"]).read_text()
    assert "still says CRITICAL" in closed["next_steps"][0]
    with pytest.raises(RefusedError, match="it is closed"):
        incident.collect(tmp_path, started["id"])
    with pytest.raises(RefusedError, match="closed already"):
        incident.close(tmp_path, started["id"], "")
    with pytest.raises(SettingsError, match="none is open"):
        incident.collect(tmp_path, None)


def test_what_a_person_wrote_stays(tmp_path: Path, started: dict[str, Any]) -> None:
    """The next post-mortem is put beside it."""
    path = Path(started["post_mortem"])
    path.write_text(path.read_text() + "\nIt was the disk.\n")
    closed = incident.close(tmp_path, None, "")
    assert "It was the disk." in path.read_text() and Path(closed["post_mortem"]).name == "post-mortem.new.md"


def test_the_post_mortem_has_what_is_known(started: dict[str, Any]) -> None:
    """Findings, timeline with changes, runbook with commands, and who did not answer."""
    text = Path(started["post_mortem"]).read_text()
    for words in (
        "hosts.disk-full",
        "| git |",
        "| flotilla |",
        "A disk is full",
        "flotilla cleanup -s local",
        "did not answer",
    ):
        assert words in text


@pytest.mark.parametrize("name", ["../../etc", "20261126T000000Z/../x", "", "20261126T000000Z-nothing"])
def test_a_name_never_leads_elsewhere(tmp_path: Path, name: str) -> None:
    """What is no incident is refused."""
    with pytest.raises(SettingsError, match="there is no such incident"):
        folder.find(tmp_path, name)


def test_ids_are_a_time_and_words() -> None:
    """Of any title."""
    at = datetime(2026, 11, 26, 12, tzinfo=UTC)
    assert folder.new_id("Shop: slow; rm -rf /", at) == "20261126T120000Z-shop-slow-rm-rf"
    assert folder.new_id("Größe ☃", at) == "20261126T120000Z-gr-e" and folder.new_id("☃", at) == "20261126T120000Z"
    assert all(folder.ID.fullmatch(folder.new_id(title, at)) for title in ("a" * 99, "☃", "a-b " * 30))


def test_timelines_are_in_order_and_of_the_last_day() -> None:
    """Each event once; what is older, or of a clock that is wrong, is left out."""
    events = [timeline.Event(at=at, source="a", what="b") for at in (NOW - 1, NOW - 1, NOW - 90_000, NOW + 3600, NOW - 5)]
    assert [event.at for event in timeline.timeline(events, NOW)] == [NOW - 5, NOW - 1]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-26T01:16:24.52683185Z", 1795655784.526831),
        ("2026-11-26T01:16:24+0000", 1795655784.0),
        ("2026-11-26T02:16:24+01:00", 1795655784.0),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        ("yesterday", None),
    ],
)
def test_times(text: str, at: float | None) -> None:
    """As Docker, systemd and git write them; what is none is none."""
    assert timeline.seconds(text) == at


def test_a_servers_document_becomes_events() -> None:
    """Containers that ended say why, the journal its first words of each program, alerts that fire since when."""
    container = {
        "name": "shop.1.abc",
        "started": "2026-11-26T11:00:00Z",
        "finished": "2026-11-26T11:30:00Z",
        "status": "exited",
    }
    sections: dict[str, Any] = {
        "docker": {"data": {"containers": [{**container, "is_oom_killed": True, "exit_code": 137}], "swarm": None}},
        "journal": {"data": "2026-11-26T11:10:00+0000 app-1 sshd[5]: hello: world\nno line\n" * 9},
        "prometheus": {
            "data": {
                "alerts": {
                    "alerts": [
                        {
                            "state": "firing",
                            "activeAt": "2026-11-26T11:40:00Z",
                            "labels": {"alertname": "Down"},
                            "annotations": {},
                        },
                        {
                            "state": "pending",
                            "activeAt": "2026-11-26T11:40:00Z",
                            "labels": {"alertname": "Soon"},
                            "annotations": {},
                        },
                    ]
                }
            }
        },
    }
    found = [event.what for event in timeline.of_server("app-1", sections)]
    assert found[:2] == ["container shop.1 started", "container shop.1 ended: killed at its memory limit"]
    assert found.count("sshd: hello: world") == timeline.MOST_OF_A_SOURCE and found[-1] == "Down: "


def test_servers_are_asked_what_they_have() -> None:
    """Exporters by their roles, Prometheus where it runs, the others as far as they have to reach them."""
    outputs = recorded()["outputs"]
    for name, row in outputs["servers"].items():
        found = asking.asked(outputs, name, "ledger", 5)
        assert found.project == "ledger" and "node" in found.exporters
        assert bool(found.prometheus) == ("monitoring" in row["roles"])
        assert ("haproxy" in found.exporters, bool(found.images)) == (("ingress" in row["roles"]),) * 2
        assert name not in {peer["name"] for peer in found.peers}
    assert "ledger.test" in asking.names(outputs, "ledger") and "guestbook.flotilla.test" not in asking.names(outputs, "ledger")


def test_ports_of_exporters_are_those_that_are_declared() -> None:
    """They are written down twice, because importing the declarations is slow."""
    from components.declarations import db, exporters

    own = (asking.NODE, asking.DOCKER, asking.HAPROXY, asking.POSTGRES, asking.POOLER, asking.POOLER_PORT)
    declared = (exporters.NODE_PORT, exporters.DOCKER_PORT, exporters.HAPROXY_PORT, exporters.POSTGRES_PORT)
    assert own == (*declared, db.POOLER_EXPORTER_PORT, db.POOLER_PORT)
