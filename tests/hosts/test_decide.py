"""
What has to be done follows from what is wanted and what was seen, and from nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hosts.decide import Decision, decide, questions
from hosts.items import Absent, Directory, File, Item, NoPackages, Packages, Program, Unit

RELOAD = ("systemctl", "reload", "ssh.service")
THERE = {"kind": "file", "mode": 0o644, "owner": "root", "group": "root"}
RUNS = {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled", "NeedDaemonReload": "no"}


def a_file(content: str, **more: Any) -> dict[str, Any]:
    """What is seen of a file with this content."""
    return {**THERE, "sha256": hashlib.sha256(content.encode()).hexdigest(), "content": content, **more}


def decided(*items: Item, container: bool = False, pending: Sequence[Sequence[str]] = (), **seen: Any) -> Decision:
    """The decision about one role's items."""
    observed = {"is_container": container, "paths": {}, "packages": {}, "units": {}, "programs": [], "pending": pending, **seen}
    return decide({"role": items}, observed)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program called `accounts`."""
    (tmp_path / "accounts.py").write_text("def converge(data, dry):\n    return []\n")
    monkeypatch.setattr("hosts.items.PROGRAMS", tmp_path)


def facts(decision: Decision) -> list[str]:
    return [fact for change in decision.changes for fact in change.facts]


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (a_file("a\n"), []),
        ({"kind": "absent"}, ["make /etc/x"]),
        (a_file("b\n"), ["change /etc/x"]),
        (a_file("a\n", mode=0o666), ["mode of /etc/x: 0666 -> 0644"]),
        (a_file("a\n", owner="nobody", group="games"), ["owner of /etc/x: nobody -> root", "group of /etc/x: games -> root"]),
        ({**THERE, "kind": "other"}, ["/etc/x is no file"]),
        ({**THERE, "kind": "directory"}, ["/etc/x is no file"]),
    ],
    ids=str,
)
def test_a_file_is_as_wanted_or_written(seen: dict[str, Any], said: list[str]) -> None:
    """Content, mode and owner count; each difference is a fact."""
    assert facts(decided(File(path="/etc/x", content="a\n"), paths={"/etc/x": seen})) == said


def test_a_difference_is_shown_but_not_that_of_a_secret() -> None:
    """The old lines and the new ones; of a secret, only that it differs."""
    seen = {"/etc/x": a_file("old\n")}
    shown = decided(File(path="/etc/x", content="new\n"), paths=seen).changes[0]
    hidden = decided(File(path="/etc/x", content="new\n", is_secret=True), paths=seen).changes[0]

    assert {"-old", "+new"} <= set(shown.diff.splitlines())
    assert (hidden.diff, hidden.facts) == ("", ("change /etc/x",))
    assert "new" not in repr(hidden)


def test_the_content_of_a_secret_is_not_even_asked_for() -> None:
    """What is not sent cannot be logged."""
    asked = questions({"role": [File(path="/a", content="x", is_secret=True), File(path="/b", content="x"), Absent(path="/c")]})

    assert asked["paths"] == {"/a": False, "/b": True, "/c": True}


@pytest.mark.parametrize(
    ("wanted", "seen", "verbs"),
    [
        (Unit(unit="x"), RUNS, []),
        (Unit(unit="x"), {**RUNS, "UnitFileState": "static"}, []),
        (Unit(unit="x"), {**RUNS, "ActiveState": "activating"}, []),
        (Unit(unit="x"), {**RUNS, "ActiveState": "failed"}, ["start"]),
        (Unit(unit="x"), {**RUNS, "UnitFileState": "disabled", "ActiveState": "inactive"}, ["enable", "start"]),
        (Unit(unit="x"), {"LoadState": "masked", "ActiveState": "inactive"}, ["unmask", "enable", "start"]),
        (Unit(unit="x"), {"LoadState": "not-found", "ActiveState": "inactive"}, ["enable", "start"]),
        (Unit(unit="x", is_running=None), {**RUNS, "ActiveState": "inactive"}, []),
        (Unit(unit="x", is_enabled=None), {**RUNS, "UnitFileState": "disabled"}, []),
        (Unit(unit="x", is_enabled=False, is_running=False), RUNS, ["stop", "disable"]),
        (Unit(unit="x", is_enabled=False, is_running=False), {"LoadState": "not-found", "ActiveState": "inactive"}, []),
        (Unit(unit="x", is_enabled=False, is_running=False, is_masked=True), RUNS, ["stop", "disable", "mask"]),
        (
            Unit(unit="x", is_enabled=False, is_running=False, is_masked=True),
            {"LoadState": "masked", "ActiveState": "inactive"},
            [],
        ),
    ],
    ids=str,
)
def test_a_unit_gets_the_verbs_that_it_lacks(wanted: Unit, seen: dict[str, str], verbs: list[str]) -> None:
    """Nothing is started twice, and nothing that cannot be enabled is."""
    decision = decided(wanted, units={"x": seen})

    assert [verb for change in decision.changes for verb in change.data["verbs"]] == verbs


def test_systemd_reads_its_files_again_before_it_starts_what_changed() -> None:
    """A unit file that is written in the same run is not known to it yet."""
    file = File(path="/etc/systemd/system/x.service", content="[Unit]\n")
    decision = decided(file, Unit(unit="x"), paths={file.path: {"kind": "absent"}}, units={"x": {"LoadState": "not-found"}})

    assert [change.data.get("reload") for change in decision.changes] == [None, True]


def test_only_missing_packages_are_installed_and_only_present_ones_removed() -> None:
    """One command for all of them."""
    decision = decided(Packages(names=("a", "b", "c")), NoPackages(names=("d", "e")), packages={"a": "1", "d": "2"})

    assert [(change.act, change.data["names"]) for change in decision.changes] == [
        ("packages", ["b", "c"]),
        ("no_packages", ["d"]),
    ]


def test_directories_and_files_that_are_not_to_be_there() -> None:
    """Each is left alone where it is right."""
    items = (Directory(path="/a"), Directory(path="/b", mode=0o700), Absent(path="/c"), Absent(path="/d"))
    seen = {"kind": "directory", "mode": 0o755, "owner": "root", "group": "root"}
    decision = decided(*items, paths={"/a": seen, "/b": seen, "/c": {"kind": "absent"}, "/d": a_file("x")})

    assert facts(decision) == ["mode of /b: 0755 -> 0700", "remove /d"]
    assert decision.unchanged == 2


def test_what_a_change_calls_for_comes_once_and_after_the_roles_items() -> None:
    """Two files of one service reload it once, when both are written; an unchanged one calls for nothing."""
    items = [File(path=f"/{name}", content="x", notify=(RELOAD,)) for name in "ab"]
    quiet = File(path="/c", content="x", notify=(("systemctl", "restart", "other.service"),))
    paths = {"/a": {"kind": "absent"}, "/b": {"kind": "absent"}, "/c": a_file("x")}
    decision = decided(*items, quiet, paths=paths)

    assert [change.act for change in decision.changes] == ["file", "file", "command"]
    assert decision.changes[-1].data["argv"] == list(RELOAD)


def test_a_unit_that_is_restarted_is_not_reloaded_too() -> None:
    """It may not be ready for that yet, and nothing is noted that is never run; another unit's reload stays."""
    restart, reload = ("systemctl", "restart", "ssh.service"), ("systemctl", "try-reload-or-restart", "other.service")
    items = [File(path="/a", content="x", notify=(RELOAD, reload)), File(path="/b", content="x", notify=(restart,))]
    decision = decided(*items, paths={"/a": {"kind": "absent"}, "/b": {"kind": "absent"}})

    assert [change.data["argv"] for change in decision.changes if change.act == "command"] == [list(reload), list(restart)]
    assert [change.data["notify"] for change in decision.changes if change.act == "file"] == [[list(reload)], [list(restart)]]


def test_systemd_reads_its_files_before_anything_is_restarted() -> None:
    """Whichever item comes first, and also in what an interrupted run owed."""
    restart, read = ("systemctl", "restart", "x.service"), ("systemctl", "daemon-reload")
    items = [File(path="/a", content="x", notify=(restart,)), File(path="/b", content="x", notify=(read, restart))]
    paths = {"/a": {"kind": "absent"}, "/b": {"kind": "absent"}}

    for decision in (decided(*items, paths=paths), decided(pending=[list(restart), list(read)])):
        assert [change.data["argv"] for change in decision.changes if change.act == "command"] == [list(read), list(restart)]


def test_what_an_interrupted_run_owed_is_made_up_for() -> None:
    """Also when nothing else is left to do; never twice."""
    file = File(path="/a", content="x", notify=(RELOAD,))
    alone = decided(file, paths={"/a": a_file("x")}, pending=[list(RELOAD)])
    again = decided(file, paths={"/a": {"kind": "absent"}}, pending=[list(RELOAD)])

    assert [change.name for change in alone.changes] == ["systemctl reload ssh.service"]
    assert [change.act for change in again.changes] == ["file", "command"]


def test_what_a_container_cannot_have_is_left_out_and_said() -> None:
    """It is neither done nor counted as right; on a real machine it is done."""
    item = File(path="/a", content="x", not_in_container="it has no kernel of its own")
    left_out = decided(item, container=True, paths={"/a": {"kind": "absent"}})

    assert left_out.changes == ()
    assert left_out.skipped == (("role", "/a", "it has no kernel of its own"),)
    assert left_out.unchanged == 0
    assert facts(decided(item, paths={"/a": {"kind": "absent"}})) == ["make /a"]


@pytest.mark.usefixtures("programs")
def test_programs_say_themselves_what_they_would_change() -> None:
    """Each answer belongs to its program, also when one in between is left out."""
    items = [Program(program="accounts", title=name, not_in_container="no" if name == "b" else "") for name in "abc"]
    seen = [{"changes": []}, {"changes": ["never"]}, {"changes": ["make user x"]}]
    decision = decided(*items, container=True, programs=seen)

    assert [(change.name, change.facts) for change in decision.changes] == [("c", ("make user x",))]


@pytest.mark.usefixtures("programs")
def test_a_program_that_cannot_look_is_unknown_and_runs() -> None:
    """Never taken for right: what it needs may be there by then."""
    decision = decided(Program(program="accounts", title="a"), programs=[{"error": "OSError: no"}])

    assert decision.unknown == (("role", "a", "OSError: no"),)
    assert facts(decision) == ["run a, which could not be looked at: OSError: no"]
