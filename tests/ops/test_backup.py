"""
Backups as operations: kept in the history, beside releases, and no trouble for the gate and for restores.

`ssh` is one that runs here what it would run there; the backup server's own program answers what a file says.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hosts.request import Target
from ops import backup, history, lock, restore
from ops.backup import Asked, Fleet
from ops.commands.backup import judge
from ops.confirm import Approval, Level
from ops.engine_process import note_of
from ops.errors import FlotillaError, LockedError
from ops.lock import Holder
from ops.mutation import Operation, OperationFailedError, mutate
from ops.shelf import Folder
from ops.steps import Context, Parallel, Sequential, Step
from ops.workflows import actions, work
from ops.workflows.work import Work, Workflow

FINDING = {"id": "backup-failed", "resource": "shop/database:shop", "fact": "the disk is full", "next_step": "Free it"}
APPROVED = Approval(level=Level.CRITICAL, reason="ticket 7")
SSH = """\
#!/bin/sh
for command; do :; done
exec sh -c "$(printf %s "$command" | sed "s#/usr/local/sbin/#$(dirname "$0")/#")"
"""
# Answers with what is in `answers/<command>`, and `send` with a volume.
SERVER = """\
#!/bin/sh
here=$(dirname "$0")/..
echo "$*" >> "$here/asked"
case $1 in
    send) exec tar -C "$here/snapshot" -c . ;;
    note) cat > /dev/null ;;
esac
cat "$here/answers/$1" 2>/dev/null
exit "$(cat "$here/code" 2>/dev/null || echo 0)"
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose env.sh says where the state is, beside a backup server."""
    (tmp_path / "env.sh").write_text(f"export PULUMI_BACKEND_URL=file://{tmp_path}/state\n")
    (tmp_path / "bin").mkdir()
    for name, text in {"ssh": SSH, "flotilla-backup": SERVER, "docker": "#!/bin/sh\n"}.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    for command in ("run", "verify", "drill", "list", "note"):
        answers(tmp_path, command, {"findings": []})
    return tmp_path


def answers(checkout: Path, command: str, document: Mapping[str, Any]) -> None:
    """
    What the backup server answers from now on.
    """
    (checkout / "answers").mkdir(exist_ok=True)
    (checkout / "answers" / command).write_text(json.dumps(document))


def asked_for(checkout: Path) -> list[str]:
    """
    What it was asked.
    """
    return (checkout / "asked").read_text().splitlines()


def fleet(stack: str = "local") -> Fleet:
    """
    A backup server and a server with data.
    """
    ends = {
        name: Target(address="127.0.0.1", host_key="ssh-ed25519 AAAA", declaration={"server": name, "roles": {}}, key="k" * 32)
        for name in ("ops-1", "app-1")
    }
    return Fleet(stack=stack, keeper=ends["ops-1"], servers=ends)


def shelf(checkout: Path, stack: str = "local") -> Folder:
    """
    Where locks and history are.
    """
    return Folder(checkout / "state" / ".flotilla" / stack)


def lines(checkout: Path, stack: str = "local") -> list[tuple[str, str, str | None]]:
    """
    The history: what was done, which event, and how it ended.
    """
    return [(line["operation"], line["event"], line.get("status")) for line in history.read(shelf(checkout, stack))]


@contextmanager
def another_backup(checkout: Path, stack: str) -> Iterator[None]:
    """
    While somebody else backs up.
    """
    with lock.held(shelf(checkout, stack), stack, Holder.here("backup run", "Back up everything"), name=lock.BACKUP):
        yield


@pytest.mark.parametrize(
    ("asked", "name", "what", "words"),
    [
        (Asked(command="run"), "backup run", "Back up everything", "run"),
        (
            Asked(command="run", projects=["shop", "ledger"], flags={"full": True, "new-cluster": False}),
            "backup run",
            "Back up shop, ledger (full)",
            "run --project shop --project ledger --full",
        ),
        (
            Asked(command="verify", projects=["shop"], flags={"label": "L1", "deep": True}),
            "backup verify",
            "Verify the backups of shop (label L1, deep)",
            "verify --project shop --label L1 --deep",
        ),
        (Asked(command="drill"), "drill", "Verify, and read whole, the backups of everything", "drill"),
    ],
    ids=["run", "run some", "verify", "drill"],
)
def test_each_is_an_operation(checkout: Path, asked: Asked, name: str, what: str, words: str) -> None:
    """Nothing is asked; who, what and why is in the history, and the server's own answer comes back as it is."""
    answers(checkout, asked.command, {"made": [{"resource": "x"}], "findings": []})
    answer = backup.change(checkout, fleet(), asked, Approval(reason="ticket 7"))
    report = json.loads((checkout / answer.pop("report")).read_text())

    assert answer == {"made": [{"resource": "x"}], "findings": []}
    assert asked_for(checkout) == [words]
    assert lines(checkout) == [(name, "begun", None), (name, "ended", "done")]
    assert (report["what"], report["level"], report["reason"]) == (what, "standard", "ticket 7")
    assert report["facts"]["backup"] == answer
    assert lock.holder(shelf(checkout), lock.BACKUP) is None


def test_what_the_server_finds_is_a_failed_operation(checkout: Path) -> None:
    """Its findings are returned as before, so that the command shows them and ends with 1; the history says failed."""
    answers(checkout, "run", {"made": [], "findings": [FINDING]})
    answer = backup.change(checkout, fleet(), Asked(command="run"), Approval())

    assert answer["findings"] == [FINDING]
    assert lines(checkout)[-1] == ("backup run", "ended", "failed")
    assert "the disk is full" in (checkout / answer["report"]).read_text()
    with pytest.raises(FlotillaError, match="1 finding") as caught:
        judge(answer["findings"], is_json=True)
    assert caught.value.exit_code == 1


def test_forged_records_are_a_failed_operation_too(checkout: Path) -> None:
    """What the server did not sign with the environment's key counts as not verified."""
    answers(checkout, "verify", {"records": [{"project": "shop", "source": "database:shop"}], "findings": []})
    answer = backup.change(checkout, fleet(), Asked(command="verify"), Approval())

    assert [row["id"] for row in answer["findings"]] == ["record-not-genuine"]
    assert lines(checkout)[-1] == ("backup verify", "ended", "failed")


@pytest.mark.parametrize(("code", "exit_code"), [("2", 2), ("255", 1)], ids=["unknown project", "no answer"])
def test_no_answer_is_an_error(checkout: Path, code: str, exit_code: int) -> None:
    """With the exit code that it had before there was a history of it."""
    (checkout / "answers" / "run").unlink()
    (checkout / "code").write_text(code)
    with pytest.raises(OperationFailedError) as caught:
        backup.change(checkout, fleet(), Asked(command="run", projects=["nobody"]), Approval())

    assert caught.value.exit_code == exit_code
    assert lines(checkout)[-1] == ("backup run", "ended", "failed")


def test_a_backup_and_a_release_do_not_wait_for_one_another(checkout: Path) -> None:
    """Each has its own lock; a second backup waits, and is refused where that takes too long."""

    def deploy(_: Context) -> str:
        with another_backup(checkout, "local"), pytest.raises(LockedError, match="Back up everything"):
            backup.change(checkout, fleet(), Asked(command="drill"), Approval(), lock_wait_s=0)
        return backup.change(checkout, fleet(), Asked(command="run"), Approval())["report"]

    steps = Sequential(steps=(Step(name="do", run=deploy),))
    with another_backup(checkout, "local"):
        mutate(checkout, operation(Sequential(steps=())), Approval())
    mutate(checkout, operation(steps), Approval())

    assert lines(checkout)[2:] == [
        ("deploy", "begun", None),
        ("drill", "refused", None),
        ("backup run", "begun", None),
        ("backup run", "ended", "done"),
        ("deploy", "ended", "done"),
    ]


def operation(steps: Sequential, **more: Any) -> Operation:
    """
    Something that is locked as releases are.
    """
    return Operation(
        **{"name": "deploy", "what": "Deploy it", "level": Level.STANDARD, "stack": "local", "steps": steps, **more}
    )


def test_a_killed_backup_is_taken_over_without_looking_after_an_engine(checkout: Path) -> None:
    """It is told in the history; the engine that a release has at work meanwhile is not waited for."""
    note_of(checkout, "local").write_bytes(Holder.here("deploy", "Deploy it").text())
    gone = Holder(**{**vars(Holder.here("backup run", "Back up everything")), "pid": 2**22 + 1})
    assert shelf(checkout).swap(lock.BACKUP, None, gone.text())
    backup.change(checkout, fleet(), Asked(command="run"), Approval())

    assert [event for _, event, _ in lines(checkout)] == ["taken over", "begun", "ended"]
    assert note_of(checkout, "local").exists()


def test_the_gate_does_not_wait_for_a_backup(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It only reads: what is critical is confirmed once, and done, while somebody backs up."""
    monkeypatch.setattr(backup, "fleet", lambda _, stack: fleet(stack))
    answers(checkout, "list", {"sources": [], "findings": []})
    critical = operation(Sequential(steps=()), level=Level.CRITICAL, stack="production")
    with another_backup(checkout, "production"):
        mutate(checkout, critical, APPROVED)

    assert asked_for(checkout) == ["list"]
    assert lines(checkout, "production") == [("deploy", "begun", None), ("deploy", "ended", "done")]


def test_a_week_takes_its_full_backup_as_an_operation_of_its_own(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the workflow's other steps, with a lock, a history and a report of its own."""
    monkeypatch.setattr(backup, "fleet", lambda _, stack: fleet(stack))
    answers(checkout, "run", {"made": [{"resource": "x"}], "findings": []})

    def build(given: Work) -> Sequential:
        backing_up = Step(name="full backup", run=partial(actions.full_backup, given))
        return Sequential(steps=(Parallel(steps=(backing_up, Step(name="other", run=lambda _: None))),))

    week = Workflow(name="weekly-maintenance", title="Weekly maintenance", build=build)
    document = work.run(week, Work(checkout=checkout, stack="local", approval=Approval(reason="sunday")))

    assert asked_for(checkout) == ["run --full"]
    assert [line[:2] for line in lines(checkout)] == [
        ("workflow weekly-maintenance", "begun"),
        ("backup run", "begun"),
        ("backup run", "ended"),
        ("workflow weekly-maintenance", "ended"),
    ]
    made = json.loads((checkout / document["facts"]["backup"]["report"]).read_text())
    assert (made["operation"], made["reason"]) == ("backup run", "sunday")


def test_a_restore_takes_its_own_backup_within_one_operation(checkout: Path) -> None:
    """In the place of what is there, on production: confirmed once, no gate, no waiting for itself; what was there is kept."""
    volume = checkout / "volume"
    for folder, text in ((volume, "now"), (checkout / "snapshot", "then")):
        folder.mkdir()
        (folder / "file").write_text(text)
    policies = [{"project": "shop", "sources": [{"kind": "volume", "name": "data", "server": "app-1", "path": str(volume)}]}]
    wanted = restore.plan(policies, "shop", volume="data", is_over=True, at=None, label="L1", now=1795656000.0)
    with another_backup(checkout, "production"):
        document = restore.change(checkout, fleet("production"), wanted, APPROVED)

    assert asked_for(checkout) == ["send --project shop --label L1 data", "run --project shop", "note"]
    assert lines(checkout, "production") == [("restore", "begun", None), ("restore", "ended", "done")]
    assert (document["findings"], document["reason"]) == ([], "ticket 7")
    assert json.loads((checkout / document["report"]).read_text())["facts"]["restore"]["pieces"] == document["pieces"]
    assert (volume / "file").read_text() == "then"
    assert (Path(document["pieces"][0]["kept"]) / "file").read_text() == "now"


def test_a_restore_stops_where_its_backup_fails(checkout: Path) -> None:
    """Nothing takes the place of what is there, the operation has failed, and it is said how to go on without."""
    volume = checkout / "volume"
    for folder in (volume, checkout / "snapshot"):
        folder.mkdir()
    (volume / "file").write_text("now")
    answers(checkout, "run", {"made": [], "findings": [FINDING]})
    policies = [{"project": "shop", "sources": [{"kind": "volume", "name": "data", "server": "app-1", "path": str(volume)}]}]
    wanted = restore.plan(policies, "shop", volume="data", is_over=True, at=None, label=None, now=1795656000.0)
    document = restore.change(checkout, fleet(), wanted, APPROVED)

    assert document["findings"][0] == FINDING
    assert [(row["id"], "--without-backup" in row["next_step"]) for row in document["findings"][1:]] == [("not-replaced", True)]
    assert (volume / "file").read_text() == "now"
    assert lines(checkout)[-1] == ("restore", "ended", "failed")


def test_what_cannot_be_backed_up_is_replaced_where_that_is_said(checkout: Path) -> None:
    """No backup is asked for, which would fail; what was there is kept."""
    volume = checkout / "volume"
    for folder, text in ((volume, "damaged"), (checkout / "snapshot", "then")):
        folder.mkdir()
        (folder / "file").write_text(text)
    answers(checkout, "run", {"made": [], "findings": [FINDING]})
    policies = [{"project": "shop", "sources": [{"kind": "volume", "name": "data", "server": "app-1", "path": str(volume)}]}]
    wanted = restore.plan(
        policies, "shop", volume="data", is_over=True, at=None, label=None, now=1795656000.0, is_backed_up=False
    )
    document = restore.change(checkout, fleet(), wanted, APPROVED)

    assert asked_for(checkout) == ["send --project shop data", "note"]
    assert document["findings"] == []
    assert (volume / "file").read_text() == "then"
    assert (Path(document["pieces"][0]["kept"]) / "file").read_text() == "damaged"
