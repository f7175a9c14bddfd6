"""
A complete fleet: what it means, and that a mistake anywhere in it is said where it is.
"""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from settings import Kind, Strategy
from settings.problems import dotted
from tests.settings.complete import Path, at, leaves
from tests.settings.fleet import DOCUMENTS, ENVIRONMENT, SECRETS, STACK_FILE, Fleet

bounded = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])

LEAVES = [
    (name, path)
    for name, document in DOCUMENTS.items()
    for path, _ in leaves(document)
    # `null` in an override removes a key, which is right.
    if path[:2] != SECRETS and at(document, path) is not None
]
BLOCKS = sorted(
    {(name, path[:end]) for name, path in LEAVES for end in range(1, len(path)) if isinstance(path[end], str)}, key=str
)
# Keys that people choose: another one is another thing, not a mistake.
CHOSEN = {"public_keys", "subnets", "servers", "env", "processes", "environments", "projects", "images", "config"}


def shown(name: str, path: Path) -> str:
    """A path as errors show it: in a stack's file without `config`."""
    return dotted(path[1:] if name == STACK_FILE else path)


def restored(fleet: Fleet) -> Fleet:
    """The fleet without what an earlier example of the same test has done to it."""
    for name, document in DOCUMENTS.items():
        fleet.write(name, document)
    return fleet


def test_processes_are_ready_to_build(fleet) -> None:
    """Further processes have the image, environment and secrets of their project, as this environment has them."""
    ledger = fleet.load().projects["ledger"]
    processes = ledger.all_processes()
    assert list(processes) == ["web", "api", "mailer", "nightly"]
    assert processes["web"] is ledger
    assert [process.image for process in processes.values()] == ["team/ledger", "team/ledger-api", "team/ledger", "team/ledger"]
    assert [process.source for process in processes.values()][2:] == ["examples/ledger"] * 2
    assert all(process.env == {"LOG_LEVEL": "debug"} for process in processes.values())
    assert processes["mailer"].secrets == ("SESSION_KEY", "MAIL_PASSWORD")
    assert {process.user_id for process in processes.values()} == {10002}
    assert (processes["nightly"].kind, processes["nightly"].timeout_s) == (Kind.JOB, 3600)
    assert ledger.own_images() == {"api": "team/ledger-api"}


def test_static_site_needs_little(fleet) -> None:
    """A static site listens on 8080 and is healthy when `/` answers, and gets no secrets."""
    processes = fleet.load().projects["site"].all_processes()
    assert (processes["static"].port, processes["static"].health.path, processes["static"].secrets) == (8080, "/", ())
    assert processes["search"].port == 8000


def test_names_zones_and_redirects(fleet) -> None:
    """The main name comes first, redirects are apart, and each name has the longest zone that it is in."""
    loaded = fleet.load()
    ledger, site = loaded.projects["ledger"], loaded.projects["site"]
    assert (loaded.hostnames(ledger), loaded.redirects(ledger)) == (
        ("ledger.example.net",),
        ("www.ledger.example.net", "ledger.example.com"),
    )
    assert (loaded.hostnames(site), loaded.redirects(site)) == (("example.com",), ("www.example.com",))
    assert [loaded.zone_of(name) for name in ("www.ledger.example.net", "ledger.example.com")] == ["example.net", "example.com"]
    fleet.put(STACK_FILE, (*ENVIRONMENT, "zones"), ["example.net", "ledger.example.net"])
    assert fleet.load().zone_of("www.ledger.example.net") == "ledger.example.net"


def test_secrets_are_known_by_name_only(fleet) -> None:
    """The settings have the names of secrets, and nothing in them has a value."""
    loaded = fleet.load()
    assert loaded.secrets.of("ledger") == {"SESSION_KEY", "MAIL_PASSWORD"}
    assert (loaded.secrets.of("site"), loaded.secrets.notifications) == (frozenset(), {"ops-chat", "mail"})
    assert "v1:" not in repr(loaded)


def test_releases_with_several_images(fleet) -> None:
    """A process has the release's image of its own, or the project's; each release has its own short name."""
    [(ledger, releases), (sync, _)] = fleet.load().served
    main, canary = releases.serving
    assert (ledger.name, ledger.strategy, sync.name) == ("ledger", Strategy.CANARY, "sync")
    assert main.image_of("api").startswith("registry.example.com:5000/team/ledger-api@")
    assert main.image_of("web") == main.image_of("mailer") == main.image
    assert re.fullmatch("[0-9a-f]{8}", main.short_digest)
    assert len({main.short_digest, canary.short_digest, main.image.rpartition(":")[2][:8]}) == 3


def worse(value: Any) -> Any:
    """A value that is wrong in every place where this one is right."""
    if isinstance(value, bool):
        return "on the whole"
    return -7 if isinstance(value, int | float) else "not\x07this"


@given(place=st.sampled_from(LEAVES))
@example((STACK_FILE, (*ENVIRONMENT, "waivers", 0, "until")))
@example(("projects/ledger.yaml", ("environments", "staging", "replicas")))
@example(("projects/ledger.yaml", ("environments", "staging", "domains", 0, "subdomain")))
@example(("projects/ledger.yaml", ("environments", "local", "processes", "nightly", "timeout_s")))
@bounded
def test_wrong_value_is_named(fleet, place: tuple[str, Path]) -> None:
    """Whichever value of a complete fleet is wrong: there is an error with its file, its line and its path."""
    name, path = place
    restored(fleet).put(name, path, worse(at(DOCUMENTS[name], path)))
    lines = fleet.mistakes()
    where = f"{name}:{fleet.line(name, path)}: {shown(name, path)}"
    assert any(re.match(rf"{re.escape(where)}(\.name)?: ", line) for line in lines), (where, lines)


@given(place=st.sampled_from(BLOCKS), key=st.sampled_from(["zzz", "Replicas", "a b", "1"]))
@bounded
def test_unknown_key_is_named(fleet, place: tuple[str, Path], key: str) -> None:
    """Whichever block of a complete fleet gets a key that it does not know: there is an error with that key's line and path."""
    name, path = place
    document = copy.deepcopy(DOCUMENTS[name])
    block = at(document, path)
    if not isinstance(block, dict) or (name == STACK_FILE and len(path) < len(ENVIRONMENT)):
        return
    restored(fleet)
    block[key] = {}
    fleet.write(name, document)
    where = f"{name}:{fleet.line(name, (*path, key))}: {shown(name, (*path, key))}"
    lines = fleet.mistakes()
    assert any(re.match(rf"{re.escape(where)}[.:]", line) for line in lines), (where, lines)


@given(place=st.sampled_from(LEAVES))
@bounded
def test_misspelt_key_is_named(fleet, place: tuple[str, Path]) -> None:
    """Whichever key of a complete fleet is misspelt: there is an error with its line and path, and the right key."""
    name, path = place
    parent, key = path[:-1], path[-1]
    if isinstance(key, int) or (parent and parent[-1] in CHOSEN):
        return
    document = copy.deepcopy(DOCUMENTS[name])
    block = at(document, parent)
    block[f"{key}x"] = block.pop(key)
    restored(fleet).write(name, document)
    where = f"{name}:{fleet.line(name, (*parent, f'{key}x'))}: {shown(name, (*parent, f'{key}x'))}: unknown key. "
    assert any(line.startswith(where) and f"Write `{key}` if you meant that." in line for line in fleet.mistakes()), where


def test_only_listed_environments(fleet) -> None:
    """A project that lists environments lives in no other one, and its releases there are a mistake."""
    fleet.put("projects/sync.yaml", ("environments",), {"staging": {}})
    [line] = fleet.mistakes()
    assert line.startswith("releases/local.yaml:")
    assert "projects.sync: the project does not live in `local`. Nothing was changed. Remove its releases, or add" in line
    fleet.put("releases/local.yaml", ("projects", "sync"), None)
    assert list(fleet.load().projects) == ["ledger", "site"]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ({"name": "other"}, "environments.staging.name: `name` is the same in every environment"),
        ({"environments": {}}, "environments.staging.environments: `environments` is the same in every environment"),
        ({"kind": "job"}, "environments.staging.schedule: this is missing. Nothing was changed. Add it: When a `job` starts"),
        ({"replicas": "2"}, "environments.staging.replicas: '2' is not a whole number"),
        ({"replica": 2}, "environments.staging.replica: unknown key. Nothing was changed. Write `replicas` if you meant that."),
        ({"health": {"timeout_s": 60}}, "environments.staging.health.timeout_s: 60 is longer than interval_s, which is 5"),
        ({"health": None}, "environments.staging.health: this is missing"),
        ({"processes": {"api": None}}, "environments.staging.processes.api: there is no value after the key"),
        (
            {"processes": {"api": {"schedule": "0 0 * * *"}}},
            "environments.staging.processes.api.schedule: a `web` process does not",
        ),
        (
            {"strategy": "recreate", "volumes": [{"name": "documents", "path": "x"}]},
            "environments.staging.volumes[0].path: 'x' is",
        ),
    ],
    ids=str,
)
def test_mistake_in_an_override(fleet, override: dict[str, Any], said: str) -> None:
    """A mistake that an override makes is said at the override's line and path, also for a stack that is not selected."""
    fleet.put("projects/ledger.yaml", ("environments", "staging"), override)
    lines = fleet.mistakes()
    path = said.partition(":")[0]
    parts: Path = tuple(int(part) if part.isdigit() else part for part in re.split(r"[.\[]", path.replace("]", "")))
    where = f"projects/ledger.yaml:{fleet.line('projects/ledger.yaml', parts)}: {said}"
    assert any(line.startswith(where) for line in lines), (where, lines)
    assert all(": environments.staging" in line for line in lines), lines


def test_mistake_beside_overrides_is_said_once(fleet) -> None:
    """What is wrong in the file itself is said there, and once, however many environments there are."""
    fleet.put("projects/ledger.yaml", ("port",), 0)
    [line] = fleet.mistakes()
    assert line.startswith(f"projects/ledger.yaml:{fleet.line('projects/ledger.yaml', ('port',))}: port: 0 is below")


@pytest.mark.parametrize(
    ("environments", "said"),
    [
        (
            {"locl": {}},
            "environments.locl: there is no Pulumi.locl.yaml. Nothing was changed. Write `local` if you meant that.",
        ),
        ({}, "environments: this is empty"),
        ({"local": 7}, "environments.local: 7 is not a block of keys and values"),
        (["local"], "environments: ['local'] is not a block of keys and values"),
    ],
    ids=str,
)
def test_environments_that_are_none(fleet, environments: Any, said: str) -> None:
    """Environments are blocks by the name of a stack that exists."""
    fleet.put("projects/site.yaml", ("environments",), environments)
    [line] = fleet.mistakes()
    assert said in line
