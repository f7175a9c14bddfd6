"""
Wanted items and what was observed -> what has to be done. Pure.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from hosts.items import Absent, Command, Directory, File, Item, NoPackages, Packages, Program, Unit

Observed = Mapping[str, Any]
SYSTEMD = "/etc/systemd/system/"
RUNNING = ("active", "activating", "reloading")
RELOAD_UNITS = ("systemctl", "daemon-reload")
RELOADS = ("reload", "reload-or-restart", "try-reload-or-restart")
# Started by others, or by nobody: they cannot be enabled, and need not be.
ENABLED = ("enabled", "enabled-runtime", "static", "alias", "generated", "indirect", "transient")


@dataclass(frozen=True, kw_only=True)
class Change:
    """
    One thing to do: `act` and `data` are for `hosts/agent/act.py`, `facts` and `diff` for people.
    """

    role: str
    name: str
    act: str
    data: Mapping[str, Any] = field(repr=False)
    facts: tuple[str, ...]
    diff: str = ""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """
    All of a server. `skipped` is (role, item, why it cannot be had there), `unknown` (role, item, why nothing is known of it).
    """

    changes: tuple[Change, ...]
    skipped: tuple[tuple[str, str, str], ...]
    unknown: tuple[tuple[str, str, str], ...]
    unchanged: int


def questions(roles: Mapping[str, Sequence[Item]]) -> dict[str, Any]:
    """
    What `hosts/agent/observe.py` is asked: {paths: {path: is its content shown}, packages, units, programs}.
    """
    items = [item for wanted in roles.values() for item in wanted]
    return {
        "paths": {item.path: not (isinstance(item, File) and item.is_secret) for item in items if hasattr(item, "path")},
        "packages": sorted({name for item in items if isinstance(item, Packages | NoPackages) for name in item.names}),
        "units": sorted({item.unit for item in items if isinstance(item, Unit)}),
        "programs": [_call(item) for item in items if isinstance(item, Program)],
    }


def decide(roles: Mapping[str, Sequence[Item]], observed: Observed) -> Decision:
    """
    What has to be done, in order: role by role, the items of each, then the commands that its changed items call for.
    """
    plan = _Plan(observed)
    for role, items in roles.items():
        plan.add(role, items)
    plan.finish()
    return Decision(
        changes=tuple(plan.changes), skipped=tuple(plan.skipped), unknown=tuple(plan.unknown), unchanged=plan.unchanged
    )


class _Plan:
    def __init__(self, observed: Observed) -> None:
        self.observed = observed
        self.programs = iter(observed["programs"])
        self.owed = [tuple(argv) for argv in observed["pending"]]
        self.changes: list[Change] = []
        self.skipped: list[tuple[str, str, str]] = []
        self.unknown: list[tuple[str, str, str]] = []
        self.unchanged = 0
        self.is_reload_due = False

    def add(self, role: str, items: Iterable[Item]) -> None:
        due: list[tuple[Change, Item]] = []
        for item in items:
            program = next(self.programs) if isinstance(item, Program) else {}
            if item.not_in_container and self.observed["is_container"]:
                self.skipped.append((role, item.name, item.not_in_container))
                continue
            if error := program.get("error"):
                self.unknown.append((role, item.name, error))
            change = self._change(role, item, program)
            if change:
                due.append((change, item))
            else:
                self.unchanged += 1
        called = _needed(argv for _, item in due for argv in item.notify)
        for change, item in due:
            notes = [list(argv) for argv in item.notify if argv in called]
            self.changes.append(replace(change, data={**change.data, "notify": notes}))
        self._call(role, called)

    def _call(self, role: str, commands: Iterable[Command]) -> None:
        for argv in commands:
            self.owed = [owed for owed in self.owed if owed != argv]
            words = " ".join(argv)
            self.changes.append(
                Change(role=role, name=words, act="command", data={"argv": list(argv), "notify": []}, facts=(f"run: {words}",))
            )

    def finish(self) -> None:
        """
        What an earlier run still owed comes last.
        """
        self._call("pending", sorted(self.owed, key=lambda argv: argv != RELOAD_UNITS))

    def _change(self, role: str, item: Item, program: Mapping[str, Any]) -> Change | None:
        found = self._found(item, program)
        if found is None:
            return None
        act, data, facts, diff = found
        return Change(role=role, name=item.name, act=act, data=data, facts=tuple(facts), diff=diff)

    def _found(self, item: Item, program: Mapping[str, Any]) -> tuple[str, dict[str, Any], list[str], str] | None:
        match item:
            case File():
                return self._file(item)
            case Directory():
                facts = list(_path_facts(self.observed["paths"][item.path], item, "directory"))
                return ("directory", asdict(item), facts, "") if facts else None
            case Absent():
                is_there = self.observed["paths"][item.path]["kind"] != "absent"
                return ("absent", asdict(item), [f"remove {item.path}"], "") if is_there else None
            case Packages():
                missing = [name for name in item.names if name not in self.observed["packages"]]
                return ("packages", {"names": missing}, [f"install {name}" for name in missing], "") if missing else None
            case NoPackages():
                there = [name for name in item.names if name in self.observed["packages"]]
                return ("no_packages", {"names": there}, [f"remove {name}" for name in there], "") if there else None
            case Unit():
                return self._unit(item)
            case Program():
                facts = program.get("changes") or []
                if "error" in program:
                    facts = [f"run {item.name}, which could not be looked at: {program['error']}"]
                return ("program", _call(item), list(facts), "") if facts else None
        raise TypeError(f"{type(item).__name__} is no kind of item")

    def _file(self, item: File) -> tuple[str, dict[str, Any], list[str], str] | None:
        found = self.observed["paths"][item.path]
        facts = list(_path_facts(found, item, "file"))
        is_same = found.get("sha256") == hashlib.sha256(item.content.encode()).hexdigest()
        if not is_same and found["kind"] == "file":
            facts.insert(0, f"change {item.path}")
        if not facts:
            return None
        if item.path.startswith(SYSTEMD):
            self.is_reload_due = True
        diff = "" if is_same or item.is_secret else _diff(item.path, found.get("content", ""), item.content)
        return "file", asdict(item), facts, diff

    def _unit(self, item: Unit) -> tuple[str, dict[str, Any], list[str], str] | None:
        found = self.observed["units"][item.unit]
        verbs = list(_verbs(found, item))
        if not verbs:
            return None
        data = {"unit": item.unit, "verbs": verbs, "reload": self.is_reload_due or found.get("NeedDaemonReload") == "yes"}
        return "systemctl", data, [f"{verb} {item.unit}" for verb in verbs], ""


def _needed(commands: Iterable[Command]) -> list[Command]:
    """
    Each command once, and systemd's own reading of its files first: a restart before it would be one of the old kind. A unit
    that is restarted needs no reload, and may not be ready for one yet.
    """
    called = sorted(dict.fromkeys(commands), key=lambda argv: argv != RELOAD_UNITS)
    restarted = {argv[-1] for argv in called if argv[:2] == ("systemctl", "restart")}
    return [argv for argv in called if not (argv[0] == "systemctl" and argv[1] in RELOADS and argv[-1] in restarted)]


def _call(item: Program) -> dict[str, Any]:
    return {"program": item.program, "source": item.source, "data": dict(item.data)}


def _path_facts(found: Mapping[str, Any], wanted: File | Directory, kind: str) -> Iterator[str]:
    if found["kind"] == "absent":
        yield f"make {wanted.path}"
        return
    if found["kind"] != kind:
        yield f"{wanted.path} is no {kind}"
        return
    if found["mode"] != wanted.mode:
        yield f"mode of {wanted.path}: {found['mode']:04o} -> {wanted.mode:04o}"
    for what in ("owner", "group"):
        if found[what] != getattr(wanted, what):
            yield f"{what} of {wanted.path}: {found[what]} -> {getattr(wanted, what)}"


def _verbs(found: Mapping[str, str], wanted: Unit) -> Iterator[str]:
    is_known, file_state = found.get("LoadState") != "not-found", found.get("UnitFileState", "")
    is_masked, is_running = found.get("LoadState") == "masked", found.get("ActiveState") in RUNNING
    if wanted.is_enabled or wanted.is_running:
        if is_masked:
            yield "unmask"
        if wanted.is_enabled and (is_masked or file_state not in ENABLED):
            yield "enable"
        if wanted.is_running and not is_running:
            yield "start"
        return
    if wanted.is_running is False and is_running:
        yield "stop"
    if wanted.is_enabled is False and is_known and not is_masked and file_state in ("enabled", "enabled-runtime"):
        yield "disable"
    if wanted.is_masked and is_known and not is_masked:
        yield "mask"


def _diff(path: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"{path} (there)", f"{path} (wanted)", lineterm="", n=2
    )
    return "\n".join(lines)
