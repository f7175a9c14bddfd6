"""
Items of the CIS Docker Benchmark, as far as policies or the audit see them.

Source: CIS Docker Benchmark v1.6.0, items as in docker-bench-security 1.6.0, read 2026-11-21.
"""

from __future__ import annotations

from ops.compliance.control import Condition, Control, Framework

ROLE = ("drift.role-differs",)


def _item(item: str, title: str, *policies: str, checks: tuple[str, ...] = (), beyond: str = "", outside: str = "") -> Control:
    return Control(
        id=f"docker-{item}",
        framework=Framework.DOCKER,
        item=item,
        title=title,
        policies=policies,
        checks=checks,
        condition=Condition.CONTAINERS,
        beyond=beyond,
        outside=outside,
    )


CONTROLS = (
    _item("1.1.3", "What changes Docker's own files is recorded", checks=ROLE),
    _item("2.2", "Containers of the default bridge do not reach one another", checks=ROLE),
    _item("2.5", "No registry is trusted without TLS", checks=("security.docker-insecure-registry",)),
    _item(
        "2.7",
        "Docker's own interface is reached by nobody without proof",
        "docker-over-plain-tcp",
        checks=("security.docker-exposed",),
    ),
    _item("2.8", "Containers may open a bounded number of files", checks=ROLE),
    _item(
        "2.9",
        "Root in a container is nobody outside",
        outside="containers run as a user of their own instead, which 4.1 asks for",
    ),
    _item("2.13", "Logs go to another place", beyond="logs stay on the server that wrote them", checks=ROLE),
    _item("2.14", "Processes in containers gain no privileges", checks=ROLE),
    _item("2.15", "Containers live on while Docker restarts", outside="a swarm's services cannot: another server takes over"),
    _item("4.1", "Containers run as a user of their own", "container-root-user", checks=("security.container-soft",)),
    _item("4.2", "Images come from known registries", "image-from-unknown-registry"),
    _item("4.6", "Containers say whether they are well", "container-without-healthcheck", checks=("containers.unhealthy",)),
    _item("5.4", "Containers have no capabilities", "container-added-capability", "container-keeps-capabilities"),
    _item("5.5", "No container is privileged", "container-privileged", checks=("security.container-escapes",)),
    _item("5.6", "No folder of the system is in a container", "system-folder-mounted", "host-path-outside-allowed"),
    _item("5.9", "Only the ports that are needed are open", "port-published-past-ingress", "container-publishes-all-ports"),
    _item("5.10", "No container has its server's network", "container-host-network"),
    _item("5.11", "Memory is bounded", "container-without-memory-limit", checks=("containers.unlimited",)),
    _item("5.12", "Processors are shared by a rule", "container-without-cpu-limit", checks=("containers.unlimited",)),
    _item("5.13", "Nothing of an image can be written to", "container-writable-root", checks=("security.container-soft",)),
    _item("5.15", "A container that fails starts again a bounded number of times", "container-not-restarted"),
    _item("5.16", "Containers share no process list with their server", "container-host-namespaces"),
    _item("5.18", "No device of the server is in a container", "container-host-device"),
    _item("5.20", "Mounts reach nothing outside", "mount-propagation-shared"),
    _item("5.22", "The filter of system calls is on", "container-unconfined"),
    _item("5.26", "No container may gain privileges", "container-new-privileges"),
    _item("5.32", "No container has Docker's own interface", "docker-socket-mounted", checks=("security.container-escapes",)),
    _item("7.4", "Secrets are given as secrets", "container-secret-in-environment", "swarm-secret-in-plain-text"),
)
