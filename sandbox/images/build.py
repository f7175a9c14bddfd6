"""
Building the sandbox's images, only where they are missing. One build at a time per user of this machine.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ops.errors import FlotillaError
from ops.progress import step
from sandbox.blocks import claims_folder
from sandbox.images import BASE, CADDY, DEBIAN, IMAGE_LABEL, caddy_program, context, debian, tag


def ensure(client: Any, *names: str, log: Path) -> None:
    """
    Build each named image, and what it stands on, unless its tag is there already. Build output goes to the log.

    Raises: FlotillaError when a build fails; what was built before stays, so that a second try goes on from there.
    """
    if not missing(client, *names):
        return
    with _one_builder():
        if missing(client, BASE):
            debian.ensure(client, log)
            _build(client, BASE, log)
        for name in missing(client, *names):
            _build(client, name, log)


def missing(client: Any, *names: str) -> list[str]:
    """
    Those of the named images whose tag is not there.
    """
    wanted = {name: tag(name) for name in names}
    present = {present for image in client.api.images() for present in image.get("RepoTags") or []}
    return [name for name, wanted_tag in wanted.items() if wanted_tag not in present]


def remove_all(client: Any) -> list[str]:
    """
    Remove the sandbox's images of every version; those in use by a container stay. Returns the tags that are gone.
    """
    from docker.errors import APIError

    gone = []
    names = {DEBIAN} if debian.made_here(client) else set()
    for image in client.api.images(filters={"label": IMAGE_LABEL}) + client.api.images(name="flotilla/*"):
        names |= {name for name in image.get("RepoTags") or [] if name.startswith("flotilla/")}
    for image_id in _stages(client):
        with suppress(APIError):  # gone with the one before it, or in use
            client.api.remove_image(image_id)
    for name in sorted(names, key=lambda name: name.startswith((DEBIAN, "flotilla/base", debian.OWN_NAME))):  # parents last
        try:
            client.api.remove_image(name)
        except APIError:
            continue
        gone.append(name)
    return sorted(gone)


def _stages(client: Any) -> list[str]:
    """
    Untagged images that stand on one of the sandbox's bases, newest first: what multi-stage builds leave behind.
    """
    images = {image["Id"]: image for image in client.api.images(all=True)}
    bases = {key for key, image in images.items() if any(name.startswith("flotilla/base:") for name in _tags(image))}

    def stands_on_a_base(key: str) -> bool:
        while key in images and key not in bases:
            key = images[key]["ParentId"]
        return key in bases

    untagged = [image for key, image in images.items() if not _tags(image) and stands_on_a_base(key)]
    return [image["Id"] for image in sorted(untagged, key=lambda image: image["Created"], reverse=True)]


def _tags(image: dict[str, Any]) -> list[str]:
    return [name for name in image.get("RepoTags") or [] if name != "<none>:<none>"]


def _build(client: Any, name: str, log: Path) -> None:
    arguments = context.proxies() | ({} if name == BASE else {"BASE": tag(BASE)})
    labels = {IMAGE_LABEL: name}
    programs = _programs(name)
    with step(f"build image {tag(name)}"):
        lines = client.api.build(
            fileobj=context.pack(name, programs),
            custom_context=True,
            tag=tag(name),
            buildargs=arguments,
            labels=labels,
            network_mode="host",
            rm=True,
            forcerm=True,
            decode=True,
            timeout=3600,
        )
        follow(lines, log, f"sandbox/images/{name}/Dockerfile")


def _programs(name: str) -> list[Path]:
    """
    What goes into an image beside its folder's files.
    """
    if name != CADDY:
        return []
    with step(f"provide Caddy {caddy_program.VERSION}"):
        return [caddy_program.provide(os.environ)]


def follow(lines: Iterable[dict[str, Any]], log: Path, subject: str) -> list[dict[str, Any]]:
    """
    Write what Docker reports into the log, and return its auxiliary answers (ids, digests).

    Raises: FlotillaError with Docker's own message when it reports an error.
    """
    answers = []
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as output:
        for line in lines:
            output.write(line.get("stream") or _status(line))
            if "aux" in line:
                answers.append(line["aux"])
            if "error" in line:
                raise FlotillaError(
                    f"{subject}: Docker says: {str(line['error']).strip()}. The image was not made. "
                    f"Read {log}, then run the command again: finished steps are kept."
                )
    return answers


def _status(line: dict[str, Any]) -> str:
    is_progress_bar = bool(line.get("progressDetail"))
    text = line.get("error") or line.get("status")
    return "" if is_progress_bar or not text else f"{line.get('id', '')} {text}".strip() + "\n"


@contextmanager
def _one_builder() -> Iterator[None]:
    """
    Two checkouts share the images: the second waits, then finds them there.
    """
    folder = claims_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".images.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
