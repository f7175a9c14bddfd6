"""
What of its host a container sees: the Docker socket, the system's folders, others than Flotilla's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from policies.framework import UNKNOWN, Fixtures, Level, Option, Options, Resource, Rule, each, text

from .container import BOTH, container, host_paths, path, service
from .references import anssi_docker, cis_docker

SOCKETS = ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/var/run/containerd/containerd.sock")
# The list of CIS Docker Benchmark 5.6.
SYSTEM = ("/", "/boot", "/dev", "/etc", "/lib", "/proc", "/sys", "/usr")
MORE_SYSTEM = ("/home", "/root", "/run", "/var", "/var/lib", "/var/lib/docker", "/var/run")
# Where projects' volumes and the ingress' own configuration, state and sockets are (components/).
OWN = ("/mnt/data", "/etc/flotilla", "/var/lib/flotilla", "/run/flotilla")


def bind(source: Any, **mount: Any) -> Resource:
    """
    An example of a service that sees a folder of its host.
    """
    return service(mounts=[{"type": "bind", "source": source, "target": "/data", **mount}])


def volume(host_path: Any) -> Resource:
    """
    An example of a container that sees a folder of its host.
    """
    return container(volumes=[{"hostPath": host_path, "containerPath": "/data"}])


def plain(host_path: str) -> str:
    """
    The path without `.`, `..` and double slashes: `/etc/../` is `/`.
    """
    parts: list[str] = []
    for part in PurePosixPath(host_path).parts:
        if part == "..":
            parts = parts[:-1]
        elif part not in ("/", "//"):
            parts.append(part)
    return "/" + "/".join(parts)


def is_within(host_path: str, folders: tuple[str, ...] | list[str]) -> bool:
    """
    Whether it is one of the folders, or below one.
    """
    return any(host_path == folder or host_path.startswith(f"{folder.rstrip('/')}/") for folder in folders)


def _socket(resource: Resource, options: Options) -> Iterator[str]:
    for source, _ in host_paths(resource):
        if plain(source) in options["sockets"]:
            yield f"it sees {plain(source)}, and so can do everything on the host"


SOCKET = Rule(
    id="docker-socket-mounted",
    description="No container talks to Docker.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Take the mount out; what has to talk to Docker runs on the host, as a unit of systemd.",
    references=(
        cis_docker("5.32", "Ensure that the Docker socket is not mounted inside any containers"),
        anssi_docker("R1", "sensitive parts of the host"),
    ),
    options={"sockets": Option(SOCKETS, "Paths of Docker's sockets.")},
    check=_socket,
    fixtures=Fixtures(
        passes=[bind("/mnt/data/shop"), volume("/mnt/data/shop")],
        fails=[bind("/var/run/docker.sock"), volume("/run//./docker.sock"), bind("/run/docker.sock", readOnly=True)],
        unknown=[bind(UNKNOWN), service(mounts=UNKNOWN)],
        absent=[service(), container()],
        absent_fails=False,
    ),
)


def _system(resource: Resource, options: Options) -> Iterator[str]:
    for source, _ in host_paths(resource):
        if plain(source) in options["folders"]:
            yield f"it sees {plain(source)} of its host"


SYSTEM_FOLDER = Rule(
    id="system-folder-mounted",
    description="No container sees the folders that its host lives in.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Mount the one folder that is needed, below /mnt/data or /etc/flotilla.",
    references=(
        cis_docker("5.6", "Ensure sensitive host system directories are not mounted on containers"),
        anssi_docker("R1", "sensitive parts of the host"),
    ),
    options={"folders": Option((*SYSTEM, *MORE_SYSTEM), "The folders themselves; what is below them is another rule's.")},
    check=_system,
    fixtures=Fixtures(
        passes=[bind("/mnt/data/shop"), volume("/etc/flotilla/caddy")],
        fails=[bind("/"), bind("/etc/"), volume("/proc"), bind("/etc/flotilla/..")],
        unknown=[bind(UNKNOWN), service(mounts=[UNKNOWN])],
        absent=[service(), container()],
        absent_fails=False,
    ),
)


def _elsewhere(resource: Resource, options: Options) -> Iterator[str]:
    refused = (*SYSTEM, *MORE_SYSTEM, *SOCKETS)
    for source, _ in host_paths(resource):
        found = plain(source)
        if not is_within(found, options["folders"]) and found not in refused:
            yield f"it sees {found} of its host"


ELSEWHERE = Rule(
    id="host-path-outside-allowed",
    description="Containers see those folders of their host that were made for them.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Declare a volume in projects/<name>.yaml: its folder is made below /mnt/data.",
    references=(cis_docker("5.6", "Ensure sensitive host system directories are not mounted on containers"),),
    options={"folders": Option(OWN, "Folders that containers may see, with all that is below them.")},
    check=_elsewhere,
    fixtures=Fixtures(
        passes=[bind("/mnt/data/shop/uploads"), volume("/etc/flotilla/caddy"), bind("/run/flotilla/haproxy")],
        fails=[bind("/srv/shop"), volume("/root/.ssh"), bind("/mnt/database"), bind("/mnt/data/../secrets")],
        unknown=[bind(UNKNOWN), volume(UNKNOWN)],
        absent=[service(), container()],
        absent_fails=False,
    ),
)


def _shared(resource: Resource, options: Options) -> Iterator[str]:
    for mount in each(resource.props, path(resource, "mounts")):
        propagation = text(mount, "bindOptions.propagation")
        if propagation in ("shared", "rshared"):
            yield f"what is mounted in it at {text(mount, 'target') or 'this place'} is mounted on the host too ({propagation})"


SHARED = Rule(
    id="mount-propagation-shared",
    description="A container cannot mount anything on its host.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Leave `propagation` out, or set it to `rprivate`.",
    references=(cis_docker("5.20", "Ensure mount propagation mode is not set to shared"),),
    check=_shared,
    fixtures=Fixtures(
        passes=[bind("/mnt/data/shop", bindOptions={"propagation": "rprivate"})],
        fails=[
            bind("/mnt/data/shop", bindOptions={"propagation": "rshared"}),
            bind(UNKNOWN, bindOptions={"propagation": "shared"}),
        ],
        unknown=[bind("/mnt/data/shop", bindOptions={"propagation": UNKNOWN})],
        absent=[bind("/mnt/data/shop"), service(), container()],
        absent_fails=False,
    ),
)

RULES = (SOCKET, SYSTEM_FOLDER, ELSEWHERE, SHARED)
