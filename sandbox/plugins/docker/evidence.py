"""
Why a service does not run, for a person: how its last task ended, what its healthcheck said, its last log lines.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, Final

from sandbox.plugins.docker.converge import ENDED, task_error
from sandbox.plugins.docker.types import Client

LOG_LINES: Final = 15
HEALTH_RESULTS: Final = 3
NO_IMAGE: Final = "No such image"


def collect_evidence(api: Client, service_id: str) -> str:
    """
    Several lines of text. What cannot be had (a container on another node, gone already) is left out.
    """
    tasks = sorted(api.tasks(filters={"service": service_id}), key=lambda task: str(task["CreatedAt"]))
    if not tasks:
        return "no task was made: no node takes it"
    # The one that ended has more to say than the successor that has just begun.
    ended = [task for task in tasks if task["Status"]["State"] in ENDED]
    told = (ended or tasks)[-1]
    parts = [f"last task: {told['Status']['State']}: {task_error(told)}"]
    if NO_IMAGE in parts[0]:
        parts.append(_refusal(api, told["Spec"]["ContainerSpec"]["Image"]))
    container = next((found for task in [*reversed(ended), *reversed(tasks)] if (found := _container_of(task))), "")
    if container:
        parts += [_health(api, container), _logs(api, container)]
    return "\n".join(part for part in parts if part)


def _refusal(api: Client, image: str) -> str:
    """
    Why the registry does not give an image to who asks with this client's login: of a task, Docker says that only in its log.
    """
    from docker.errors import APIError

    try:
        api.inspect_distribution(image)
    except APIError as error:
        return f"the registry says: {_one_line(str(error.explanation))}"
    return ""


def _container_of(task: Mapping[str, Any]) -> str:
    return str((task["Status"].get("ContainerStatus") or {}).get("ContainerID", ""))


def _health(api: Client, container: str) -> str:
    with contextlib.suppress(_not_here()):
        state = api.inspect_container(container)["State"]
        results = (state.get("Health") or {}).get("Log") or []
        return "\n".join(
            f"healthcheck: exit {item['ExitCode']}: {_one_line(item['Output'])}" for item in results[-HEALTH_RESULTS:]
        )
    return ""


def _logs(api: Client, container: str) -> str:
    with contextlib.suppress(_not_here()):
        text = api.logs(container, stdout=True, stderr=True, tail=LOG_LINES)
        lines = bytes(text).decode(errors="replace").rstrip().splitlines()
        return "\n".join(f"log: {line}" for line in lines)
    return ""


def _not_here() -> type[Exception]:
    from docker.errors import DockerException

    return DockerException


def _one_line(text: str) -> str:
    return " / ".join(text.strip().splitlines())[:300] or "(no output)"
