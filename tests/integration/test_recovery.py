"""
After `kill -9` of an operation and of the engine that it runs: the same command, or `flotilla unlock`, puts all in order.
"""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ops import engine_lock, history, lock, shelf, unlock
from ops import stack as stacks
from ops.confirm import Approval, Level
from ops.errors import LockedError, RefusedError
from ops.mutation import Operation, OperationFailedError, mutate, was_cut_short
from ops.steps import Context, Sequential, Step
from tests.integration.remote_state import CHECKOUT, Checkout

PATIENCE_S = 60.0
APPROVED = Approval(level=Level.IMPORTANT, reason="its machine is gone")
OPERATION = """
import sys
from pathlib import Path
from ops import stack as stacks
from ops.confirm import Approval, Level
from ops.errors import FlotillaError
from ops.mutation import Operation, mutate
from ops.steps import Sequential, Step
here = Path(sys.argv[1])
def up(_):
    known = stacks.environment(here)
    answer = stacks.engine(["up", "--yes", "--skip-preview", "--non-interactive", "--stack", "production"], here, known)
    if answer.returncode:
        raise FlotillaError(answer.stderr)
steps = Sequential(steps=(Step(name="update", run=up),))
mutate(here, Operation(name="apply", what="Apply it", level=Level.STANDARD, stack="production", steps=steps), Approval())
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A project with a stack `production`, whose update waits for a gate."""
    (tmp_path / "state").mkdir()
    return made(tmp_path, f"file://{tmp_path}/state")


def made(folder: Path, backend: str, **login: str) -> Checkout:
    """
    The checkout, with an env.sh that says where its state is.
    """
    checkout = Checkout.make(folder / "checkout", backend, **login)
    exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in checkout.environment.items())
    (checkout.folder / "env.sh").write_text(f"{exports}\n")
    checkout.pulumi("stack", "init", "production")
    checkout.pulumi("config", "set", "--secret", "token", "--stack", "production", given="hidden")
    checkout.pulumi("config", "set", "gate", str(folder / "gate"), "--stack", "production")
    return checkout


def shelf_of(checkout: Checkout) -> shelf.Shelf:
    """
    Where lock and history are.
    """
    return shelf.of(checkout.folder, "production", stacks.environment(checkout.folder))


def begun(checkout: Checkout) -> tuple[subprocess.Popen[bytes], int]:
    """
    An operation that is in the midst of an update, and the number of its engine's process.
    """
    command = [sys.executable, "-c", OPERATION, str(checkout.folder)]
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE_S
    while not (checkout.folder / "running").exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    [engine] = engine_lock.found(shelf_of(checkout))
    return process, engine.pid


def killed(process: subprocess.Popen[bytes]) -> None:
    """
    Without a chance to put anything in order.
    """
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE_S)


def end(pid: int) -> None:
    """
    Kill an engine, and wait until it is gone.
    """
    subprocess.run(["kill", "-9", str(pid)], check=True)
    deadline = time.monotonic() + PATIENCE_S
    while lock.start_of(pid) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def again(checkout: Checkout) -> dict[str, object]:
    """
    The same operation, here.
    """

    def up(_: Context) -> str:
        checkout.up()
        return "it is up"

    steps = Sequential(steps=(Step(name="update", run=up),))
    operation = Operation(name="apply", what="Apply it", level=Level.STANDARD, stack="production", steps=steps)
    return mutate(checkout.folder, operation, Approval())


def events(checkout: Checkout) -> list[str]:
    """
    The events of the history, which is whole.
    """
    assert history.verify(shelf_of(checkout)) == []
    return [line["event"] for line in history.read(shelf_of(checkout))]


def with_pending(checkout: Checkout) -> str:
    """
    Have the engine not know whether something was made; returns what.
    """
    [path] = checkout.folder.parent.glob("**/.pulumi/stacks/probe/production.json")
    document = json.loads(path.read_text())
    urn = "urn:pulumi:production::probe::probe:index:Thing::half"
    resource = {"urn": urn, "custom": False, "type": "probe:index:Thing"}
    document["checkpoint"]["latest"]["pending_operations"] = [{"resource": resource, "type": "creating"}]
    path.write_text(json.dumps(document))
    return f"creating {urn}"


def test_the_same_command_recovers_from_a_kill(checkout: Checkout, tmp_path: Path) -> None:
    """While the killed operation's engine still works, nobody disturbs it; once it is gone, its lock goes, and all is done."""
    process, engine = begun(checkout)
    killed(process)
    with pytest.raises(LockedError, match=rf"\(pid {engine}\) has been running the engine on it"):
        again(checkout)
    assert len(engine_lock.found(shelf_of(checkout))) == 1
    end(engine)
    (tmp_path / "gate").touch()

    assert again(checkout)["status"] == "done"

    assert events(checkout)[0] == "begun"
    assert events(checkout)[-3:] == ["settled", "begun", "ended"]
    assert "taken over" in events(checkout)
    assert engine_lock.found(shelf_of(checkout)) == []
    assert lock.holder(shelf_of(checkout)) is None
    assert checkout.outputs()["plain"] == "here"


def test_an_engine_that_was_killed_alone_is_recovered_from(checkout: Checkout, tmp_path: Path) -> None:
    """The operation fails and says so; the next one finds the engine's lock, and what was half done."""
    process, engine = begun(checkout)
    end(engine)
    assert process.wait(PATIENCE_S) == 1
    assert events(checkout) == ["begun", "ended"]
    (tmp_path / "gate").touch()
    half = with_pending(checkout)

    assert again(checkout)["status"] == "done"

    assert events(checkout) == ["begun", "ended", "settled", "begun", "ended"]
    settled = history.read(shelf_of(checkout))[2]
    assert settled["pending"] == [half]
    assert [found.rpartition("(pid ")[2] for found in settled["engine_locks"]] == [f"{engine})"]
    assert engine_lock.pending(checkout.folder, "production", stacks.environment(checkout.folder)) == []


def test_unlock_frees_a_stack_once_it_is_confirmed(checkout: Checkout, tmp_path: Path) -> None:
    """What lives keeps its lock; what is gone loses it, Flotilla's and the engine's, once somebody has said so and why."""
    process, engine = begun(checkout)
    with pytest.raises(LockedError, match="lives"):
        unlock.unlock(checkout.folder, "production", APPROVED)
    killed(process)
    end(engine)
    with pytest.raises(RefusedError, match="no terminal"):
        unlock.unlock(checkout.folder, "production", Approval(is_yes=True))
    assert len(unlock.look(shelf_of(checkout)).lines) == 2

    assert len(unlock.unlock(checkout.folder, "production", APPROVED)["removed"]) == 2

    assert unlock.look(shelf_of(checkout)).lines == []
    assert events(checkout) == ["begun", "refused", "refused", "unlocked"]
    (tmp_path / "gate").touch()
    checkout.up()


def test_the_exit_code_is_that_of_what_failed(checkout: Checkout) -> None:
    """A step that was refused makes the operation a refused one."""

    def refuse(_: Context) -> None:
        raise RefusedError("it is not allowed")

    steps = Sequential(steps=(Step(name="try", run=refuse),))
    operation = Operation(name="apply", what="Apply it", level=Level.STANDARD, stack="production", steps=steps)
    with pytest.raises(OperationFailedError) as caught:
        mutate(checkout.folder, operation, Approval())
    assert caught.value.exit_code == RefusedError.exit_code


def test_a_lock_that_was_left_is_seen(checkout: Checkout, tmp_path: Path) -> None:
    """An engine's, or an operation's, whose process is gone; none while it lives, and none once it was removed."""
    known = stacks.environment(checkout.folder)
    process, engine = begun(checkout)
    assert not was_cut_short(checkout.folder, "production", known)
    killed(process)
    end(engine)
    assert was_cut_short(checkout.folder, "production", known)

    (tmp_path / "gate").touch()
    assert again(checkout)["status"] == "done"
    assert not was_cut_short(checkout.folder, "production", known)
