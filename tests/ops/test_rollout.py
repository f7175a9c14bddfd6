"""
Bringing out what serves already: nothing is done, unless somebody who was killed has left a lock.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ops import history, lock
from ops import stack as stacks
from ops.confirm import Approval
from ops.lock import Holder
from ops.registry import Registry
from ops.releases import Change, Stand
from ops.rollout import NOTHING, bring_out
from ops.shelf import Folder
from tests.conftest import ROOT, Checkout

# An engine for which everything is as it is to be; it notes what it is asked for, and its locks go when it is told so.
ENGINE = """#!/bin/sh
echo "$1" >>"$(dirname "$0")/asked"
case "$1" in
stack) echo '{"deployment": {"resources": []}}' ;;
cancel) rm -r "$(dirname "$0")"/../state/.pulumi/locks ;;
esac
"""


@pytest.fixture
def stand(checkout: Checkout) -> Stand:
    """The small checkout, where the guestbook serves."""
    shutil.copy(ROOT / "Pulumi.yaml", checkout.root)
    engine = checkout.root / "bin" / "pulumi"
    engine.parent.mkdir()
    engine.write_text(ENGINE)
    engine.chmod(0o755)
    exports = f"export PULUMI_BACKEND_URL=file://{checkout.root}/state PATH={engine.parent}:$PATH\n"
    (checkout.root / "env.sh").write_text(exports)
    known = stacks.environment(checkout.root)
    registry = Registry(address="127.0.0.1:9", place="127.0.0.1:9")
    return Stand(checkout=checkout.root, stack="local", known=known, settings=checkout.settings("local"), registry=registry)


def again(stand: Stand, name: str) -> dict[str, Any]:
    """
    What serves, once more.
    """
    serving = stand.served("guestbook")
    change = Change(project="guestbook", before=serving, after=serving)
    return bring_out(stand, [change], Approval(), name=name, verb="Deploy")


def asked(stand: Stand) -> list[str]:
    """
    What the engine was asked for, so far.
    """
    return (stand.checkout / "bin" / "asked").read_text().split()


def gone() -> int:
    """
    The number of a process that has ended.
    """
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def engine_lock(root: Path) -> None:
    """
    What an engine of this machine leaves that was killed.
    """
    folder = root / "state" / ".pulumi" / "locks" / "organization" / "flotilla" / "local"
    folder.mkdir(parents=True)
    written = {"pid": gone(), "username": "ada", "hostname": socket.gethostname(), "timestamp": "2026-11-26T20:00:00Z"}
    (folder / "1.json").write_text(json.dumps(written))


def test_what_serves_already_is_left_as_it_is(stand: Stand) -> None:
    """The engine is asked whether anything would change, and that is all."""
    assert again(stand, "deploy")["status"] == NOTHING

    assert "preview" in asked(stand) and "up" not in asked(stand)


@pytest.mark.parametrize("name", ["deploy", "rollback"])
@pytest.mark.parametrize("whose", ["the engine's", "flotilla's"])
def test_a_lock_that_was_left_is_taken_away(stand: Stand, name: str, whose: str) -> None:
    """The same command completes what was cut short: afterwards nothing is locked, and it has nothing to do."""
    kept = Folder(stand.checkout / "state" / ".flotilla" / "local")
    if whose == "the engine's":
        engine_lock(stand.checkout)
    else:
        kept.swap(lock.NAME, None, replace(Holder.here("deploy", "Deploy it"), pid=gone()).text())

    assert again(stand, name)["status"] == "done"

    events = [line["event"] for line in history.read(kept)]
    assert events == ["settled" if whose == "the engine's" else "taken over", "begun", "ended"]
    assert lock.holder(kept) is None and kept.engine_locks() == []
    assert again(stand, name)["status"] == NOTHING
