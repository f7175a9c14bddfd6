"""
Check `containers`: is what runs what was released?
"""

from __future__ import annotations

from collections.abc import Iterator

from ops.audit.containers import CHECK, swarm
from ops.audit.rule import Fault, critical, degraded, warning
from ops.audit.scene import Fleet, Host, Scene
from ops.report import Status

JOB = "job"


def released(scene: Scene) -> dict[tuple[str, str, str], str]:
    """
    What the stack's outputs serve: {(project, process, slot): image}. Jobs run when their time comes.
    """
    return {
        (name, process, release["slot"]): image
        for name, project in scene.outputs["projects"].items()
        for release in project["releases"]
        for process, image in release["images"].items()
        if project["processes"][process]["kind"] != JOB
    }


def served(host: Host) -> dict[tuple[str, str, str], str]:
    """
    What a manager's services are: {(project, process, slot): image}.
    """
    found = {}
    for service in swarm(host)["services"]:
        labels = service["labels"]
        if "flotilla.project" in labels and not service["is_job"]:
            found[labels["flotilla.project"], labels.get("flotilla.process", ""), labels.get("flotilla.slot", "")] = service[
                "image"
            ]
    return found


@CHECK.rule(
    "release-differs", Host, worst=Status.CRITICAL, holds="every release that the outputs name runs, with its own image"
)
def release_differs(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    By digest. What is there beside the releases is drift.
    """
    if not swarm(host)["nodes"]:
        return  # not the manager: it knows of no services
    running = served(host)
    for (project, process, slot), image in sorted(released(scene).items()):
        there = running.get((project, process, slot))
        if there != image:
            make = degraded if there else critical
            yield make(
                of=f"{project}/{process}",
                message=f"slot {slot} has another image than was released" if there else f"nothing runs in slot {slot}",
                evidence=f"released {image}, found {there or 'none'}",
                fix=f"pulumi up -s {scene.stack} --refresh",
            )


@CHECK.rule("release-pending", Fleet, worst=Status.WARNING, holds="what the release file says is what is served")
def release_pending(fleet: Fleet, scene: Scene) -> Iterator[Fault]:
    """
    The file of this checkout, against the outputs.
    """
    wanted = scene.wanted["releases"]
    if wanted is None:
        return  # the sandbox's file is made with the first release
    for project in sorted({*wanted, *scene.outputs["projects"]}):
        asked = sorted(wanted.get(project, []))
        found = sorted(
            {
                image
                for row in scene.outputs["projects"].get(project, {"releases": []})["releases"]
                for image in row["images"].values()
            }
        )
        if asked != found:
            yield warning(
                of=project,
                message="the release file names other images than are served",
                evidence=f"in the file: {', '.join(asked) or 'none'}; served: {', '.join(found) or 'none'}",
                fix=f"pulumi preview -s {scene.stack}",
            )
