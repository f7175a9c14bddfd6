"""
Watches Docker for what starts and stops without the cloud having asked: a reboot or poweroff in a machine, or somebody's hand.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import Any, Protocol

from sandbox import labelled
from sandbox.cloud.machines.balancers import BALANCER_LABEL
from sandbox.cloud.machines.machine import SERVER_LABEL
from sandbox.instance import Instance

RECONNECT_S = 1.0
EVENTS = ["start", "kill", "die", "destroy"]
REBOOT_CODES = {129}  # 128 + SIGHUP: what the kernel ends init with when something inside calls reboot(2) to restart

log = logging.getLogger(__name__)


class Listener(Protocol):
    """
    Who wants to know.
    """

    def resync(self) -> None:
        """
        Events may have been missed: compare everything.
        """

    def started(self, server_id: int) -> None:
        """
        The machine runs, with new interfaces.
        """

    def stopped(self, server_id: int, reboot: bool, by_itself: bool) -> None:
        """
        The machine ended: to come back (`reboot`), because it was switched off inside (`by_itself`), or by somebody's hand.
        """

    def balancer_changed(self) -> None:
        """
        A load balancer runs, with new interfaces, or has ended.
        """


class Watcher:
    """
    A thread that follows Docker's events for one instance's machines and load balancers, and comes back when Docker was away.
    """

    def __init__(self, instance: Instance, client: Any, listener: Listener) -> None:
        self._filters = labelled.of(instance) | {"type": ["container"], "event": EVENTS}
        self._client = client
        self._listener = listener
        self._stopping = threading.Event()
        self._stream: Any = None
        self._killed: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="docker-events", daemon=True)

    def start(self) -> None:
        """
        Begin to watch.
        """
        self._thread.start()

    def stop(self) -> None:
        """
        End the thread; returns when it has ended or after a second. One that was not yet begun ends as soon as it is.
        """
        self._stopping.set()
        if self._stream is not None:
            with contextlib.suppress(Exception):  # closing a stream that just ended by itself
                self._stream.close()
        if self._thread.is_alive():
            self._thread.join(timeout=1)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except Exception as error:  # whatever it is: a cloud that no longer looks is worse than one that looks again
                if not self._stopping.is_set():
                    log.warning("Docker's events broke off (%s: %s); looking again", type(error).__name__, error)
            self._stopping.wait(RECONNECT_S)

    def _follow(self) -> None:
        self._stream = self._client.events(decode=True, filters=self._filters)
        self._listener.resync()
        for event in self._stream:
            self._tell(event)

    def _tell(self, event: dict[str, Any]) -> None:
        container, attributes = event["Actor"]["ID"], event["Actor"]["Attributes"]
        if BALANCER_LABEL in attributes and event["Action"] in ("start", "die", "destroy"):
            self._listener.balancer_changed()
        if SERVER_LABEL not in attributes:
            return
        server_id = int(attributes[SERVER_LABEL])
        if event["Action"] == "start":
            self._killed.discard(container)
            self._listener.started(server_id)
        elif event["Action"] == "kill":
            self._killed.add(container)
        elif event["Action"] == "die":
            by_itself = container not in self._killed
            reboot = by_itself and int(attributes.get("exitCode", 0)) in REBOOT_CODES
            self._listener.stopped(server_id, reboot=reboot, by_itself=by_itself)
        elif event["Action"] == "destroy":
            self._killed.discard(container)
