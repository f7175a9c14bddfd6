"""
Remove the images that nobody will need from this server: `flotilla-prune <how many releases to keep>`, as root.

Never removed: what a container has, running or not; what the swarm's services name; the releases that projects serve and those
that they can go back to, as the release files have them (components/kept.py); of every repository those that were used last, so
that the way back needs no registry; what came within a day, because a release may be on its way; and what was not pulled by its
digest: somebody put it there.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# When each image was last seen in use: {image id: seconds since 1970}.
SEEN = Path("/var/lib/flotilla/images.json")
# What each project keeps: a list of images with their digests.
KEPT = Path("/etc/flotilla/kept")
DAY_S = 86_400
NOT_A_MANAGER = ("not a swarm manager", "not part of a swarm")


@dataclass(frozen=True)
class Image:
    """
    `names` are its references with a digest, `came` is when it was pulled.
    """

    id: str
    names: tuple[str, ...]
    has_tag: bool
    came: float

    @property
    def repositories(self) -> set[str]:
        """
        The repositories that it was pulled from.
        """
        return {name.partition("@")[0] for name in self.names}


def superfluous(images: Iterable[Image], used: set[str], seen: Mapping[str, float], keep: int, now: float) -> list[Image]:
    """
    The images to remove. `used` has ids and names of those that must stay; of each repository `keep` others stay beside them.
    """
    candidates = [image for image in images if not image.has_tag and image.id not in used and not used & set(image.names)]
    candidates.sort(key=lambda image: (max(image.came, seen.get(image.id, 0)), image.id), reverse=True)
    kept: dict[str, int] = {}
    found = []
    for image in candidates:
        is_new = now - image.came < DAY_S
        is_wanted = any(kept.get(repository, 0) < keep for repository in image.repositories)
        for repository in image.repositories:
            kept[repository] = kept.get(repository, 0) + 1
        if not is_new and not is_wanted:
            found.append(image)
    return found


def docker(*argv: str) -> str:
    """
    What a docker command prints.
    """
    done = subprocess.run(["docker", *argv], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"docker {' '.join(argv[:2])}: {done.stderr.strip()}")
    return done.stdout


def present() -> list[Image]:
    """
    Every image of this server.
    """
    driver = docker("info", "--format", "{{.Driver}} {{.DockerRootDir}}").split()
    folder = Path(driver[1]) / "image" / driver[0] / "imagedb/content/sha256"
    ids = sorted(set(docker("image", "ls", "--quiet", "--no-trunc").split()))
    rows: list[dict[str, Any]] = json.loads(docker("image", "inspect", *ids)) if ids else []
    return [
        Image(
            id=row["Id"],
            names=tuple(row["RepoDigests"] or ()),
            has_tag=bool(row["RepoTags"]),
            came=(folder / row["Id"].removeprefix("sha256:")).stat().st_mtime,
        )
        for row in rows
    ]


def in_use() -> set[str]:
    """
    Ids of what containers have, and names that services ask for. Only a manager knows the services; the others have containers.
    """
    containers = docker("container", "ls", "--all", "--quiet").split()
    used = set(docker("container", "inspect", "--format", "{{.Image}}", *containers).split()) if containers else set()
    try:
        services = docker("service", "ls", "--quiet").split()
    except RuntimeError as error:
        if not any(words in str(error) for words in NOT_A_MANAGER):
            raise
        return used
    asked = "{{.Spec.TaskTemplate.ContainerSpec.Image}}"
    return used | (set(docker("service", "inspect", "--format", asked, *services).split()) if services else set())


def kept(folder: Path = KEPT) -> set[str]:
    """
    The images that projects keep. One list that cannot be read, and nothing is removed.
    """
    return {str(image) for file in sorted(folder.glob("*.json")) for image in json.loads(file.read_text())}


def remember(seen: Mapping[str, float], images: Iterable[Image], used: set[str], now: float) -> dict[str, float]:
    """
    What was seen before, of the images that are still there, and what is in use now.
    """
    known = {image.id: seen.get(image.id, image.came) for image in images}
    return {id_: now if id_ in used else at for id_, at in known.items()}


def main(keep: int) -> int:
    """
    Note what is in use, remove the rest as far as it may go, and say what was removed.
    """
    now, images, used = time.time(), present(), in_use()
    seen = remember(json.loads(SEEN.read_text()) if SEEN.exists() else {}, images, used, now)
    SEEN.parent.mkdir(parents=True, exist_ok=True)
    new = SEEN.with_suffix(".new")
    new.write_text(json.dumps(seen, sort_keys=True))
    new.replace(SEEN)
    failed = 0
    for image in superfluous(images, used | kept(), seen, keep, now):
        try:
            # By name and never by force: Docker itself refuses what a container has taken meanwhile.
            docker("image", "rm", *(image.names or (image.id,)))
            print(f"removed {' '.join(image.names) or image.id}")  # noqa: T201 -- for the journal
        except RuntimeError as error:
            failed = 1
            print(f"left {image.id}: {error}", file=sys.stderr)  # noqa: T201
    return failed


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
