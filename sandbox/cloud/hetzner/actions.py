"""
Actions: what the cloud does after it has answered. Each is a document from its start: a killed cloud knows what it left.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests
from docker.errors import DockerException

from ops.errors import FlotillaError
from sandbox.cloud.hetzner.errors import HetznerError
from sandbox.cloud.hetzner.jobs import Jobs, Key
from sandbox.cloud.store import Document, Store

FIRST_ID = 1_000_001
INTERRUPTED = {"code": "interrupted", "message": "the sandbox cloud was stopped while the action ran"}

log = logging.getLogger(__name__)


def now() -> str:
    """
    The time as the API writes it.
    """
    return datetime.now(UTC).isoformat(timespec="seconds")


def nothing() -> None:
    """
    For steps that have nothing to commit or to undo.
    """


@dataclass(frozen=True, kw_only=True)
class Step:
    """
    One action: `work` acts on the world and may take its time; `commit` then writes what has become true, together with the
    action's success; `undo` puts the documents right when the work failed.
    """

    command: str
    resources: Sequence[Key]
    work: Callable[[], None] = nothing
    commit: Callable[[], None] = nothing
    undo: Callable[[], None] = field(default=nothing)


class Actions:
    """
    Runs steps as actions, in order for each resource.
    """

    def __init__(self, store: Store, jobs: Jobs) -> None:
        self._store = store
        self._jobs = jobs
        self._busy: Counter[Key] = Counter()
        self._counting = threading.Lock()

    def begin(self, *steps: Step) -> list[Document]:
        """
        Start the steps, one after the other, and return their actions as they are now: running.
        """
        with self._store.transaction():
            actions = [self._new(step.command, step.resources) for step in steps]
        keys = {key for step in steps for key in step.resources}
        with self._counting:
            self._busy.update(keys)
        self._jobs.submit(keys, lambda: self._run(steps, actions, keys))
        return actions

    def done(self, command: str, resources: Sequence[Key]) -> Document:
        """
        Note an action that needed no time.
        """
        action = self._new(command, resources)
        return self._close(action, None)

    def is_busy(self, key: Key) -> bool:
        """
        True while an action on this resource runs.
        """
        with self._counting:
            return self._busy[key] > 0

    def interrupt_unfinished(self) -> list[Document]:
        """
        Mark what an earlier, killed cloud left running as failed; returns these actions as they were.
        """
        unfinished = [action for action in self._store.list("action") if action["status"] == "running"]
        for action in unfinished:
            self._close(dict(action), INTERRUPTED)
        return unfinished

    def _new(self, command: str, resources: Iterable[Key]) -> Document:
        id = self._store.next_id("action", FIRST_ID)
        action = {
            "id": id,
            "command": command,
            "status": "running",
            "progress": 0,
            "started": now(),
            "finished": None,
            "resources": [{"type": kind, "id": number} for kind, number in resources],
            "error": None,
        }
        return self._store.put("action", id, action)

    def _run(self, steps: Sequence[Step], actions: Sequence[Document], keys: set[Key]) -> None:
        failed: dict[str, Any] | None = None
        try:
            for step, action in zip(steps, actions, strict=True):
                failed = failed or self._attempt(step)
                if failed:
                    self._close(dict(action), failed)
                    step.undo()
                else:
                    with self._store.transaction():
                        step.commit()
                        self._close(dict(action), None)
        finally:
            with self._counting:
                self._busy.subtract(keys)

    def _attempt(self, step: Step) -> dict[str, Any] | None:
        """
        The error of a step that failed, or None.
        """
        try:
            step.work()
        except HetznerError as error:
            return {"code": error.code, "message": error.message}
        except (FlotillaError, DockerException, requests.RequestException) as error:
            log.error("%s %s failed: %s", step.command, list(step.resources), error)
            return {"code": "action_failed", "message": str(error)}
        except Exception as error:
            log.exception("%s %s failed", step.command, list(step.resources))
            return {"code": "server_error", "message": f"{type(error).__name__}: {error}"}
        return None

    def _close(self, action: Document, error: dict[str, Any] | None) -> Document:
        action.update(status="error" if error else "success", progress=100, finished=now(), error=error)
        return self._store.put("action", action["id"], action)
