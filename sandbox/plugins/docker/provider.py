"""
The `docker` plugin: one Docker host, on a Unix socket or over ssh.
"""

from __future__ import annotations

import getpass
import json
import os
import tempfile
import threading
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ops.errors import FlotillaError, SettingsError
from sandbox.plugins import ssh
from sandbox.plugins.docker.credentials import client_configuration
from sandbox.plugins.docker.network import GetNetwork, Network
from sandbox.plugins.docker.secret import Secret, ServiceConfig
from sandbox.plugins.docker.service import Service
from sandbox.plugins.docker.types import DockerHost
from sandbox.plugins.docker.volume import Volume
from sandbox.plugins.loopback import require_loopback_url
from sandbox.plugins.provider import Properties

if TYPE_CHECKING:
    import docker

LOCAL: Final = "unix:///var/run/docker.sock"
REMOTE_SOCKET: Final = "/var/run/docker.sock"
CALL_S: Final = 60
UNSUPPORTED: Final = ("caMaterial", "certMaterial", "keyMaterial", "certPath", "context")


class DockerProvider(DockerHost):
    """
    Holds the connection to the host; its socket is forwarded here once, and again after the host went away.
    """

    name = "docker"
    resources = [Network, Secret, Service, ServiceConfig, Volume]  # noqa: RUF012 -- as the base class declares it
    functions = [GetNetwork]  # noqa: RUF012 -- as the base class declares it

    def __init__(self) -> None:
        self.host = LOCAL
        self.connections = ssh.Connections()
        self._lock = threading.Lock()
        self._forwarded: tuple[ssh.Channel, Path] | None = None
        self._gave_up = False
        self._clients = threading.local()

    def check_endpoint(self) -> None:
        """
        The host is a Unix socket, or ssh to this machine's own addresses.
        """
        require_loopback_url(_host_of(self.config), "docker:host")

    def configure(self, config: Properties) -> None:
        """
        Take the host and the logins; connecting is left to the first use, since the machine may not exist yet.
        """
        self.host = _host_of(config)
        given = [key for key in UNSUPPORTED if config.get(key)]
        if given:
            raise SettingsError(f"docker:{given[0]}: the sandbox's stand-in plugin does not support it. Leave it out.")
        if urllib.parse.urlsplit(self.host).scheme not in ("unix", "ssh"):
            raise SettingsError(
                f"docker:host: {self.host} is neither unix:// nor ssh://. Nothing was sent. Give one of the two."
            )

    def api(self, login: Mapping[str, Any] | None = None) -> docker.APIClient:
        """
        A client for the calling thread, or a new one where a service brings a login of its own.
        """
        address = self._address()
        kept = getattr(self._clients, "kept", None)
        if login is None and kept is not None and kept[0] == address:
            client: docker.APIClient = kept[1]
            return client
        from docker import APIClient

        client = APIClient(base_url=address, version="auto", timeout=CALL_S)
        _use_logins(client, [*_listed(self.config.get("registryAuth")), *([login] if login else [])])
        if login is None:
            self._clients.kept = (address, client)
        return client

    def explain(self, error: Exception) -> str | None:
        """
        Docker's own words for what it refused, or that it is not to be reached.
        """
        from docker.errors import APIError, DockerException
        from requests.exceptions import RequestException

        if isinstance(error, APIError):
            words = str(error.explanation or error).strip()
            return (
                f"docker at {self.host}: {words}. It did not do what was asked. Look at the host: docker -H {self.host} info."
            )
        if isinstance(error, DockerException | RequestException):
            return (
                f"docker at {self.host}: it does not answer ({error}). Nothing more was changed. Is dockerd running there?"
                f" Look: docker -H {self.host} info."
            )
        return None

    def close(self) -> None:
        """
        End the connection to the host.
        """
        self.connections.close()

    def _address(self) -> str:
        """
        The Unix socket to talk to.
        """
        if self.host.startswith("unix:"):
            return self.host
        channel = self._connect()
        with self._lock:
            if self._forwarded is None or self._forwarded[0] is not channel:
                self._forwarded = (channel, channel.forward(REMOTE_SOCKET))
            return f"unix://{self._forwarded[1]}"

    def _connect(self) -> ssh.Channel:
        """
        The connection to the host. One that was waited for in vain once is asked for only once more per resource: a refresh
        of many resources on a dead host costs one wait.
        """
        patience = ssh.Patience(dial_error_limit=0) if self._gave_up else ssh.Patience()
        try:
            channel = self.connections.open(_target(self.host, self.config), patience)
        except ssh.SshError:
            self._gave_up = True
            raise
        self._gave_up = False
        return channel


def _host_of(config: Mapping[str, Any]) -> str:
    return str(config.get("host") or os.environ.get("DOCKER_HOST") or LOCAL)


def _target(host: str, config: Mapping[str, Any]) -> ssh.Target:
    parts = urllib.parse.urlsplit(host)
    if not parts.hostname:
        raise FlotillaError(f"docker:host: {host} names no host. Nothing was sent. Give ssh://USER@HOST:PORT.")
    return ssh.Target(
        host=parts.hostname,
        port=parts.port or 22,
        user=parts.username or getpass.getuser(),
        agent_socket=os.environ.get("SSH_AUTH_SOCK"),
        options=tuple(str(item) for item in _listed(config.get("sshOpts"))),
    )


def _listed(value: Any) -> list[Any]:
    """
    A list of the configuration, which bridged plugins are given as JSON text.
    """
    if isinstance(value, str):
        value = json.loads(value)
    return list(value or [])


def _use_logins(client: docker.APIClient, logins: list[Mapping[str, Any]]) -> None:
    """
    Replace what the user's own Docker configuration would add: a stack says itself what it logs in with.
    """
    with tempfile.NamedTemporaryFile("w", prefix="flotilla-docker-") as file:  # 0600, gone after it was read
        file.write(client_configuration(logins))
        file.flush()
        client.reload_config(file.name)
