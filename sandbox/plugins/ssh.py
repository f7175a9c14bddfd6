"""
Connections by the system's `ssh`: one handshake for each host (OpenSSH multiplexing), any number of scripts over it.

Nothing secret is ever an argument: a private key is a 0600 file in a 0700 folder for as long as the handshake takes, a script
and its input travel on standard input. Every process is a child of this one and ends with it, also when this one is killed:
the master's remote side waits for the end of its input.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import weakref
from collections import deque
from concurrent.futures import Future
from pathlib import Path
from typing import Final

from ops.errors import FlotillaError
from sandbox.plugins.ssh_target import DIAL_ERROR_LIMIT, PER_DIAL_TIMEOUT_S, Patience, Target, by_hand, dial_argv

__all__ = [
    "DIAL_ERROR_LIMIT",
    "PER_DIAL_TIMEOUT_S",
    "Channel",
    "Connections",
    "Patience",
    "SshError",
    "Target",
    "by_hand",
    "dial_argv",
]

# The pauses between dials are those of Pulumi's retry package.
FIRST_PAUSE_S: Final = 0.1
PAUSE_GROWTH: Final = 1.5
LONGEST_PAUSE_S: Final = 5.0
HANDSHAKE_S: Final = 20.0
FORWARD_S: Final = 10.0
# sshd takes 10 sessions over one connection (MaxSessions) and the master holds one of them.
SESSIONS: Final = 8

_PREFIX: Final = "flotilla-ssh-"


class SshError(FlotillaError):
    """
    A host could not be reached, or the connection to it was lost.
    """


class Channel:
    """
    A live connection to one host.
    """

    def __init__(self, target: Target, folder: Path, patience: Patience) -> None:
        self.target = target
        self.sessions = threading.BoundedSemaphore(SESSIONS)
        self._control = folder / "c"
        self._errors: deque[str] = deque(maxlen=20)
        self._master = self._dial(folder, patience.per_dial_timeout_s)

    @property
    def is_alive(self) -> bool:
        """
        Whether the master still runs; ssh's keep-alive ends it 15 s after the host went away.
        """
        return self._master.poll() is None

    def ends_within(self, timeout_s: float) -> bool:
        """
        Whether the master ends in this time: its sessions end a moment before it does when the connection is lost.
        """
        try:
            self._master.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    @property
    def last_words(self) -> str:
        """
        What ssh said when the connection ended; nothing when it said nothing.
        """
        self._collector.join(1)
        return " / ".join(self._errors)

    def session(self, remote_command: str) -> list[str]:
        """
        The argv that runs a (public) command over this connection. It can never open a connection of its own.
        """
        return [*self._client(), "-T", "--", self.target.host, remote_command]

    def forward(self, remote_socket: str) -> Path:
        """
        Make a Unix socket of the host available here; returns its path.
        """
        local = self._control.with_name("s")
        local.unlink(missing_ok=True)
        argv = [*self._client(), "-O", "forward", "-L", f"{local}:{remote_socket}", "--", self.target.host]
        try:
            done = subprocess.run(
                argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=FORWARD_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise self._lost("it did not forward a socket in time") from None
        if done.returncode != 0:
            raise self._lost(f"it does not forward {remote_socket}: {done.stderr.strip()}")
        return local

    def close(self) -> None:
        """
        End the connection and everything that runs over it.
        """
        if self._master.stdin:
            with contextlib.suppress(OSError):
                self._master.stdin.close()
        self._master.terminate()
        try:
            self._master.wait(5)
        except subprocess.TimeoutExpired:
            self._master.kill()
            self._master.wait()

    def _client(self) -> list[str]:
        own = [
            "-F",
            "none",
            "-S",
            str(self._control),
            "-o",
            "ControlMaster=no",
            "-o",
            "ProxyCommand=false",
            "-o",
            "LogLevel=ERROR",
        ]
        return ["ssh", *own, "-p", str(self.target.port), "-l", self.target.user]

    def _dial(self, folder: Path, timeout_s: int) -> subprocess.Popen[bytes]:
        argv, files = dial_argv(self.target, folder, self._control, timeout_s)
        try:
            for path, content in files.items():
                _write_private(path, content)
            pipe = subprocess.PIPE
            # A session of its own: Ctrl-C in the engine's terminal is the engine's business.
            master = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)
            self._collector = threading.Thread(target=self._collect_errors, args=(master,), daemon=True)
            self._collector.start()
            if not _is_ready(master, HANDSHAKE_S + timeout_s):
                master.kill()
                master.wait()
                raise SshError(self.last_words or "no answer in time")
            return master
        finally:
            for path in files:
                if path.name == "key":
                    path.unlink(missing_ok=True)

    def _collect_errors(self, master: subprocess.Popen[bytes]) -> None:
        assert master.stderr is not None  # noqa: S101 -- opened as a pipe by _dial; tells the type checker
        for line in master.stderr:
            self._errors.append(line.decode(errors="replace").strip())

    def _lost(self, fact: str) -> SshError:
        return SshError(f"ssh {self.target.address}: {fact}. Nothing was run. Look at the host: {by_hand(self.target)}.")


class Connections:
    """
    The live connections of one provider, opened on first use and kept until `close` or the end of the process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._channels: dict[Target, Future[Channel]] = {}
        self._opened: list[Channel] = []
        # Short: a Unix socket's path has at most 107 characters.
        _remove_left_behind()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        self._finish = weakref.finalize(self, _end, self._opened, self._folder)

    def open(self, target: Target, patience: Patience) -> Channel:
        """
        The connection to a host. Callers that come while another dials share its outcome.

        Raises: SshError after the patience is over.
        """
        with self._lock:
            known = self._channels.get(target)
            if known is not None and (not known.done() or known.result().is_alive):
                mine = None
            else:
                mine = known = self._channels[target] = Future()
        if mine is not None:
            self._fulfil(mine, target, patience)
        return known.result()

    def close(self) -> None:
        """
        End all connections and remove the folder.
        """
        self._finish()

    def _fulfil(self, promise: Future[Channel], target: Target, patience: Patience) -> None:
        try:
            channel = self._dial_patiently(target, patience)
        except BaseException as error:
            with self._lock:
                self._channels.pop(target, None)
            promise.set_exception(error)
            return
        promise.set_result(channel)

    def _dial_patiently(self, target: Target, patience: Patience) -> Channel:
        pause_s, failures = FIRST_PAUSE_S, 0
        while True:
            folder = Path(tempfile.mkdtemp(dir=self._folder, prefix="h"))
            try:
                channel = Channel(target, folder, patience)
            except SshError as error:
                shutil.rmtree(folder, ignore_errors=True)
                failures += 1
                if 0 <= patience.dial_error_limit < failures or patience.cancelled.is_set():
                    raise _unreachable(target, failures, str(error)) from None
                patience.on_failure(f"{target.address}: no connection yet ({failures}/{patience.dial_error_limit}): {error}")
            else:
                self._opened.append(channel)
                return channel
            patience.cancelled.wait(pause_s)
            pause_s = min(pause_s * PAUSE_GROWTH, LONGEST_PAUSE_S)


def _write_private(path: Path, content: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)


def _is_ready(master: subprocess.Popen[bytes], timeout_s: float) -> bool:
    """
    Wait for the first line of the master's remote side, or for its end.
    """
    timer = threading.Timer(timeout_s, master.kill)
    timer.start()
    try:
        return master.stdout is not None and any(line.strip() == b"ready" for line in master.stdout)
    finally:
        timer.cancel()


def _unreachable(target: Target, failures: int, reason: str) -> SshError:
    return SshError(
        f"ssh {target.address}: no connection after {failures} failed attempts ({reason})."
        f" Nothing was run on it. Look at the host: {by_hand(target)}."
    )


def _remove_left_behind() -> None:
    """
    Remove the folders of processes that were killed. They hold dead sockets; a key is there only during a handshake.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if folder.owner() == Path.home().owner() and owner.isdigit() and not Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _end(channels: list[Channel], folder: Path) -> None:
    for channel in channels:
        channel.close()
    channels.clear()
    shutil.rmtree(folder, ignore_errors=True)
