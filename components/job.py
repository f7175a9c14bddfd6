"""
A process that starts on a schedule, does its work, and ends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions

from components import released, service
from components.released import ReleasedArgs
from components.remote import SCRIPTS, step
from settings.release import main_release
from settings.schedule import on_calendar

# Beside the job's own time: for pulling the image and for tidying up.
EXTRA_S = 180
# More than any job needs, and too few for a fork bomb. Services cannot be given one: the official plugin has no word for it.
PROCESSES = 512
NANOSECONDS = 1_000_000_000

_SERVICE = """\
# Written by Flotilla; changes are lost.
[Unit]
Description=Job {name}
After=docker.service network-online.target
Wants=network-online.target

[Service]
Type=oneshot
ExecStart=/usr/bin/python3 /usr/local/lib/flotilla/run_job.py {name}
SuccessExitStatus=75
TimeoutStartSec={limit_s}
TimeoutStopSec=60
KillMode=mixed
NoNewPrivileges=yes
ProtectHome=yes
ProtectSystem=full
"""
_TIMER = """\
# Written by Flotilla; changes are lost.
[Unit]
Description=Schedule of job {name}

[Timer]
OnCalendar={calendar}
Persistent=true
AccuracySec=1s

[Install]
WantedBy=timers.target
"""


@dataclass(frozen=True, kw_only=True)
class JobArgs(ReleasedArgs):
    """
    A `job` process; its main release is what runs.
    """


class Job(pulumi.ComponentResource):
    """
    A timer on the swarm's manager, which alone can start services. Each run is a container of the release like any other: the
    same hardening, network and secrets, on the server of the project's data if it has any. Never two runs at once; one that was
    missed while the server was off is made up for.
    """

    unit: Output[str]

    def __init__(self, name: str, args: JobArgs, opts: ResourceOptions | None = None) -> None:
        process, release = args.process, main_release(args.releases)
        container = released.container(args, release)
        facts = {
            "project": args.project,
            "schedule": process.schedule,
            "image": container.image,
            "memoryMb": container.memory_mb,
            "cpus": container.cpus,
            "user": str(container.user),
            "readOnly": True,
            "timeoutS": process.timeout_s,
        }
        super().__init__("flotilla:app:Job", name, facts, opts)
        folders = released.folders(self, name, args)
        before = [resource for resource in (args.cluster, args.disk, folders) if resource]
        before += released.migrated(args, release)
        unit, timer = units(args.name, process.schedule or "", process.timeout_s)
        run: dict[str, Any] = {"timeout_s": process.timeout_s, "service": service_spec(args.name, container)}
        step(
            f"{name}-timer",
            login=args.cluster.manager.login,
            run="job.py",
            undo="remove_job.py",
            data={
                "name": args.name,
                "job": Output.from_input(run).apply(lambda value: json.dumps(value, indent=1)),
                "runner": (SCRIPTS / "run_job.py").read_text(),
                "service": unit,
                "timer": timer,
            },
            opts=ResourceOptions(parent=self, depends_on=before),
        )
        self.unit = Output.from_input(f"flotilla-job-{args.name}")
        self.register_outputs({"unit": self.unit})


def units(name: str, schedule: str, timeout_s: int) -> tuple[str, str]:
    """
    The texts of a job's systemd service and timer.
    """
    return _SERVICE.format(name=name, limit_s=timeout_s + EXTRA_S), _TIMER.format(name=name, calendar=on_calendar(schedule))


def service_spec(name: str, container: service.Container) -> dict[str, Any]:
    """
    Docker's own description of a service that runs such a container once, to its end.
    """
    return {
        "Name": f"{name}-run",
        "Labels": dict(container.labels),
        "Mode": {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}},
        "TaskTemplate": {
            "ContainerSpec": _container_spec(container),
            "Networks": [{"Target": container.network_id}],
            "Resources": _resources(container),
            "RestartPolicy": {"Condition": "none"},
            "Placement": {"Constraints": list(container.constraints)},
            "LogDriver": {"Name": service.LOG_DRIVER, "Options": dict(service.LOG_OPTIONS)},
        },
    }


def _container_spec(container: service.Container) -> dict[str, Any]:
    folders = [
        {"Type": "bind", "Source": source, "Target": target, "ReadOnly": read_only}
        for target, (source, read_only) in sorted(container.folders.items())
    ]
    return {
        "Image": container.image,
        "Args": list(container.arguments),
        "User": f"{container.user}:{container.user}",
        "Env": [f"{key}={value}" for key, value in container.env.items()],
        "Mounts": [*folders, {"Type": "tmpfs", "Target": service.SCRATCH}],
        "ReadOnly": True,
        "Init": True,
        "CapabilityDrop": ["ALL"],
        # Known to Docker from version 25 on; older ones pass over it.
        "Privileges": {"NoNewPrivileges": True},
        "Healthcheck": {"Test": ["NONE"]},
        "StopGracePeriod": container.stop_grace_s * NANOSECONDS,
        "Labels": dict(container.labels),
        "Secrets": [_secret(secret, container.user) for secret in container.secrets],
    }


def _secret(secret: service.SecretFile, user: int) -> Mapping[str, Any]:
    file = {"Name": secret.name, "UID": str(user), "GID": str(user), "Mode": service.SECRET_MODE}
    return {"SecretID": secret.secret_id, "SecretName": secret.secret_name, "File": file}


def _resources(container: service.Container) -> dict[str, Any]:
    limits = {
        "MemoryBytes": container.memory_mb * service.MEGABYTE,
        "NanoCPUs": round(container.cpus * service.NANO_CPUS),
        "Pids": PROCESSES,
    }
    if container.reserved_memory_mb is None or container.reserved_cpus is None:
        return {"Limits": limits}
    reserved = {
        "MemoryBytes": container.reserved_memory_mb * service.MEGABYTE,
        "NanoCPUs": round(container.reserved_cpus * service.NANO_CPUS),
    }
    return {"Limits": limits, "Reservations": reserved}
