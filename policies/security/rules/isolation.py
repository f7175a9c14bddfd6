"""
How far a container is kept from its host: user, capabilities, file system, namespaces, devices.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.framework import UNKNOWN, Fixtures, Level, Option, Options, Resource, Rule, each, get, text
from policies.framework.kinds import CONTAINER

from .container import BOTH, container, of, path, service
from .references import anssi_docker, cis_docker, cwe

ROOT = ("root", "0")


def _root(resource: Resource, options: Options) -> Iterator[str]:
    user = of(resource, "user")
    if user is None or user == "":
        yield "it runs as whatever user its image has, root where that says nothing"
    elif isinstance(user, str) and user.partition(":")[0] in ROOT:
        yield f"it runs as root (`{user}`)"


ROOT_USER = Rule(
    id="container-root-user",
    description="Containers run as a user that is nobody on the host.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Set `user_id` of the process in projects/<name>.yaml, or `user` of the container, to a number above 0.",
    references=(
        cis_docker("4.1", "Ensure that a user for the container has been created"),
        anssi_docker("R7", "user ids apart from the host's"),
    ),
    check=_root,
    fixtures=Fixtures(
        passes=[service(user="10001:10001"), container(user="nobody")],
        fails=[service(user="0:0"), service(user="root"), container(user="")],
        unknown=[service(user=UNKNOWN)],
        absent=[service(), container()],
        absent_fails=True,
    ),
)


def _privileged(resource: Resource, options: Options) -> Iterator[str]:
    if get(resource.props, "privileged") is True:
        yield "it may do everything that root on the host may"


PRIVILEGED = Rule(
    id="container-privileged",
    description="No container is privileged.",
    level=Level.MANDATORY,
    types=(CONTAINER,),
    remediation="Take `privileged` out and add the one capability that is needed.",
    references=(cis_docker("5.5", "Ensure that privileged containers are not used"), cwe(250, "unnecessary privileges")),
    check=_privileged,
    fixtures=Fixtures(
        passes=[container(privileged=False)],
        fails=[container(privileged=True)],
        unknown=[container(privileged=UNKNOWN)],
        absent=[container()],
        absent_fails=False,
    ),
)


def _named(capability: str) -> str:
    return capability.upper().removeprefix("CAP_")


def _added(resource: Resource, options: Options) -> Iterator[str]:
    for capability in each(resource.props, path(resource, "added")):
        if isinstance(capability, str) and _named(capability) not in options["capabilities"]:
            yield f"it is given the capability {_named(capability)}"


ADDED = Rule(
    id="container-added-capability",
    description="Containers get no capability beyond the few that are harmless.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Take the capability out, or listen on a port above 1023 instead.",
    references=(
        cis_docker("5.4", "Ensure that Linux kernel capabilities are restricted within containers"),
        anssi_docker("R8", "capabilities"),
    ),
    options={"capabilities": Option(("NET_BIND_SERVICE",), "Capabilities that may be added.")},
    check=_added,
    fixtures=Fixtures(
        passes=[service(capAdds=["NET_BIND_SERVICE"]), container(capabilities={"adds": ["CAP_NET_BIND_SERVICE"]})],
        fails=[service(capAdds=["SYS_ADMIN"]), container(capabilities={"adds": [UNKNOWN, "NET_RAW"]})],
        unknown=[service(capAdds=UNKNOWN), service(capAdds=[UNKNOWN])],
        absent=[service(), container()],
        absent_fails=False,
    ),
)


def _kept(resource: Resource, options: Options) -> Iterator[str]:
    dropped = of(resource, "dropped")
    if dropped is UNKNOWN or (isinstance(dropped, list) and UNKNOWN in dropped):
        return
    if not any(isinstance(name, str) and _named(name) == "ALL" for name in each(resource.props, path(resource, "dropped"))):
        yield "it keeps capabilities that Docker gives to every container"


KEPT = Rule(
    id="container-keeps-capabilities",
    description="Containers drop all capabilities.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Drop `ALL`, and add back what is needed.",
    references=(
        cis_docker("5.4", "Ensure that Linux kernel capabilities are restricted within containers"),
        anssi_docker("R8", "capabilities"),
    ),
    check=_kept,
    fixtures=Fixtures(
        passes=[service(capDrops=["ALL"]), container(capabilities={"drops": ["CAP_ALL"]})],
        fails=[service(capDrops=["NET_RAW"]), container(capabilities={"drops": []})],
        unknown=[service(capDrops=UNKNOWN), service(capDrops=[UNKNOWN])],
        absent=[service(), container()],
        absent_fails=True,
    ),
)


def _writable(resource: Resource, options: Options) -> Iterator[str]:
    if of(resource, "read_only") not in (True, UNKNOWN):
        yield "whoever gets into it can change its programs"


WRITABLE = Rule(
    id="container-writable-root",
    description="A container's own file system is read-only.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Set `read_only`, with a tmpfs for what is scratch and a volume for what stays.",
    references=(
        cis_docker("5.13", "Ensure that the container's root filesystem is mounted as read only"),
        anssi_docker("R12", "read-only root file system"),
    ),
    check=_writable,
    fixtures=Fixtures(
        passes=[service(readOnly=True), container(readOnly=True)],
        fails=[service(readOnly=False)],
        unknown=[service(readOnly=UNKNOWN)],
        absent=[service(), container()],
        absent_fails=True,
    ),
)

NAMESPACES = {"pidMode": "processes", "ipcMode": "shared memory", "usernsMode": "user ids", "cgroupnsMode": "control groups"}


def _namespaces(resource: Resource, options: Options) -> Iterator[str]:
    for name, what in NAMESPACES.items():
        if text(resource.props, name) == "host":
            yield f"it sees the host's {what}"


HOST_NAMESPACES = Rule(
    id="container-host-namespaces",
    description="Containers see their own processes, memory and users, not the host's.",
    level=Level.MANDATORY,
    types=(CONTAINER,),
    remediation="Take " + ", ".join(f"`{name}`" for name in NAMESPACES) + " out.",
    references=(
        cis_docker("5.16", "Ensure that the host's process namespace is not shared"),
        cis_docker("5.17", "Ensure that the host's IPC namespace is not shared"),
        cis_docker("5.31", "Ensure that the host's user namespaces are not shared"),
        anssi_docker("R6", "namespaces"),
    ),
    check=_namespaces,
    fixtures=Fixtures(
        passes=[container(pidMode="", ipcMode="private")],
        fails=[container(pidMode="host"), container(pidMode=UNKNOWN, usernsMode="host")],
        unknown=[container(pidMode=UNKNOWN)],
        absent=[container()],
        absent_fails=False,
    ),
)


def _gains(resource: Resource, options: Options) -> Iterator[str]:
    given = get(resource.props, "securityOpts")
    if given is UNKNOWN or (isinstance(given, list) and UNKNOWN in given):
        return
    if not any(
        option in ("no-new-privileges", "no-new-privileges:true", "no-new-privileges=true")
        for option in each(resource.props, "securityOpts")
    ):
        yield "its programs can gain privileges that it was started without"


NEW_PRIVILEGES = Rule(
    id="container-new-privileges",
    description="No program in a container gains privileges.",
    level=Level.MANDATORY,
    types=(CONTAINER,),
    remediation="Set `security_opts` to `no-new-privileges:true`. For services, Docker's daemon says so for all.",
    references=(cis_docker("5.26", "Ensure that the container is restricted from acquiring additional privileges"),),
    check=_gains,
    fixtures=Fixtures(
        passes=[container(securityOpts=["no-new-privileges:true"])],
        fails=[container(securityOpts=["no-new-privileges:false"]), container(securityOpts=True)],
        unknown=[container(securityOpts=UNKNOWN), container(securityOpts=[UNKNOWN])],
        absent=[container()],
        absent_fails=True,
    ),
)


def _unconfined(resource: Resource, options: Options) -> Iterator[str]:
    for option in each(resource.props, "securityOpts"):
        if isinstance(option, str) and option.endswith(("unconfined", "label=disable", "label:disable")):
            yield f"`{option}` lets it make any system call"


UNCONFINED = Rule(
    id="container-unconfined",
    description="Docker's own confinement stays on.",
    level=Level.MANDATORY,
    types=(CONTAINER,),
    remediation="Take it out of `security_opts`.",
    references=(cis_docker("5.22", "Ensure the default seccomp profile is not Disabled"),),
    check=_unconfined,
    fixtures=Fixtures(
        passes=[container(securityOpts=["no-new-privileges:true"])],
        fails=[container(securityOpts=[UNKNOWN, "seccomp=unconfined"]), container(securityOpts=["apparmor:unconfined"])],
        unknown=[container(securityOpts=[UNKNOWN])],
        absent=[container()],
        absent_fails=False,
    ),
)


def _devices(resource: Resource, options: Options) -> Iterator[str]:
    for device in each(resource.props, "devices"):
        yield f"it has the host's device {text(device, 'hostPath') or 'of a name not known yet'}"


DEVICES = Rule(
    id="container-host-device",
    description="No container has a device of its host.",
    level=Level.MANDATORY,
    types=(CONTAINER,),
    remediation="Take `devices` out.",
    references=(
        cis_docker("5.18", "Ensure that host devices are not directly exposed to containers"),
        anssi_docker("R2", "devices"),
    ),
    check=_devices,
    fixtures=Fixtures(
        passes=[container(devices=[])],
        fails=[container(devices=[{"hostPath": "/dev/sda"}])],
        unknown=[container(devices=UNKNOWN)],
        absent=[container()],
        absent_fails=False,
    ),
)

RULES = (
    ROOT_USER,
    PRIVILEGED,
    ADDED,
    KEPT,
    WRITABLE,
    HOST_NAMESPACES,
    NEW_PRIVILEGES,
    UNCONFINED,
    DEVICES,
)
