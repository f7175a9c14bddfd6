"""
Projects as files: a new one from a few words, what there is, and taking one out.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from ops import settings as checks
from ops import stack as stacks
from ops.confirm import Approval, Level
from ops.errors import FlotillaError, SettingsError
from ops.incidents import folder
from ops.mutation import Operation, mutate
from ops.steps import Context, Sequential, Step
from settings import Settings, load, read_stack_config
from settings.loading import stacks as all_stacks
from settings.releases import load_releases, releases_file, write_releases
from settings.stacks import is_sandbox
from settings.values import is_name

HEADER = "# yaml-language-server: $schema=../docs/schema/project.json\n# Every key is explained in docs/settings.md.\n"
READ = ("projects", "releases")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """
    What a new project is to be. A domain without a dot is a name under the environment's own. `environments`: empty
    for all. `data`: `personal`, `none`, or empty while nobody has said.
    """

    name: str
    image: str
    kind: str
    owner: str
    domains: Sequence[str] = ()
    port: int = 8000
    health: str = "/up"
    schedule: str = ""
    environments: Sequence[str] = ()
    data: str = ""


def render(wish: Wish) -> str:
    """
    The project's file: pure.
    """
    body: dict[str, Any] = {"name": wish.name, "owner": wish.owner, "kind": wish.kind, "image": wish.image}
    if wish.data:
        body["data"] = wish.data
    if wish.kind == "web":
        body |= {"port": wish.port, "health": {"path": wish.health}}
    if wish.kind == "worker":
        body["health"] = {"interval_s": 10, "timeout_s": 5}
    if wish.schedule:
        body["schedule"] = wish.schedule
    if wish.domains:
        body["domains"] = [domain if "." in domain else {"subdomain": domain} for domain in wish.domains]
    if wish.kind != "job":
        body["strategy"] = "blue-green"
    body["limits"] = {"memory_mb": 256, "cpus": 0.5}
    if wish.environments:
        body["environments"] = {name: {} for name in wish.environments}
    return HEADER + yaml.safe_dump(body, sort_keys=False, width=120, allow_unicode=True)


def path_of(checkout: Path, name: str) -> Path:
    """
    Where a project is written down.

    Raises: SettingsError where that is no name.
    """
    if not is_name(name):
        raise SettingsError(
            f"{name[:40]!r}: this is not the name of a project. Nothing was changed. "
            f"Write a letter, then at most 39 of a-z, 0-9 and `-`."
        )
    return checkout / "projects" / f"{name}.yaml"


def new(checkout: Path, wish: Wish) -> Path:
    """
    Write a project down, once every stack would still be valid with it.

    Raises: SettingsError with everything that would be wrong; nothing was written then.
    """
    path = path_of(checkout, wish.name)
    if path.exists():
        raise SettingsError(f"projects/{path.name}: there is one already. Nothing was changed. Choose another name.")
    text = render(wish)
    with tempfile.TemporaryDirectory(prefix="flotilla-project-") as place:
        _copy(checkout, Path(place))
        (Path(place) / "projects" / path.name).write_text(text, encoding="utf-8")
        checks.require_valid(checks.check(Path(place)))
    folder.write(path, text)
    path.chmod(0o644)
    return path


def _copy(checkout: Path, place: Path) -> None:
    """
    What settings are read from.
    """
    for name in READ:
        if (checkout / name).is_dir():
            shutil.copytree(checkout / name, place / name)
    (place / "projects").mkdir(exist_ok=True)
    for path in checkout.glob("Pulumi.*yaml"):
        shutil.copy2(path, place / path.name)


def loaded(checkout: Path, stack: str) -> Settings:
    """
    An environment's settings, without the engine.
    """
    return load(stack, checkout, read_stack_config(checkout, stack))


def overview(checkout: Path, stack: str) -> list[dict[str, Any]]:
    """
    Every project that lives in an environment.
    """
    settings = loaded(checkout, stack)
    return [describe(settings, name) for name in sorted(settings.projects)]


def describe(settings: Settings, name: str) -> dict[str, Any]:
    """
    What a project is in an environment, what it serves, and where it answers.

    Raises: SettingsError where it does not live there.
    """
    project = settings.projects.get(name)
    if project is None:
        there = ", ".join(sorted(settings.projects)) or "none"
        raise SettingsError(f"{name}: it does not live in {settings.stack}. Nothing was done. There are: {there}.")
    releases = settings.releases.projects.get(name)
    processes = project.all_processes()
    return {
        "name": name,
        "stack": settings.stack,
        "owner": project.owner,
        "kind": project.kind.value,
        "image": project.image,
        "processes": {
            process: {
                "kind": row.kind.value,
                "replicas": row.replicas,
                "urls": [f"https://{host}" for host in settings.hostnames(row)],
            }
            for process, row in processes.items()
        },
        "database": project.database.name if project.database else None,
        "volumes": sorted({volume.name for row in processes.values() for volume in row.volumes}),
        "serving": [_release(row) for row in releases.serving] if releases else [],
        "history": [{"image": row.image, "until": row.served_until.isoformat()} for row in releases.history]
        if releases
        else [],
    }


def _release(row: Any) -> dict[str, Any]:
    return {"image": row.image, "digest": row.short_digest, "slot": row.slot.value, "weight": row.weight}


@dataclass(frozen=True, kw_only=True)
class Removal:
    """
    What taking a project out changes: its file, and for each environment whether it has a release there, and secrets.
    """

    name: str
    path: Path
    stack: str
    served: tuple[str, ...]
    secrets: tuple[str, ...]
    data: tuple[str, ...]

    @property
    def level(self) -> Level:
        """
        Critical where data goes with it.
        """
        return Level.CRITICAL if self.data else Level.IMPORTANT


def removal(checkout: Path, name: str, stack: str) -> Removal:
    """
    What would be changed. The stack that has to be confirmed is the gravest in which it is served.

    Raises: SettingsError where there is no such project.
    """
    path = path_of(checkout, name)
    if not path.is_file():
        there = ", ".join(sorted(found.stem for found in path.parent.glob("*.yaml"))) or "none"
        raise SettingsError(f"{name}: there is no such project. Nothing was changed. There are: {there}.")
    known = {found: loaded(checkout, found) for found in all_stacks(checkout)}
    served = tuple(found for found, row in known.items() if name in row.releases.projects)
    described = [describe(row, name) for row in known.values() if name in row.projects]
    data = {f"database {row['database']}" for row in described if row["database"]}
    data |= {f"volume {volume}" for row in described for volume in row["volumes"]}
    gravest = sorted(served, key=lambda found: (is_sandbox(found), found != "production", found))
    return Removal(
        name=name,
        path=path,
        stack=gravest[0] if gravest else stack,
        served=served,
        secrets=tuple(found for found, row in known.items() if row.secrets.of(name)),
        data=tuple(sorted(data)),
    )


def remove(checkout: Path, wanted: Removal, approval: Approval, *, lock_wait_s: float = 0.0) -> dict[str, Any]:
    """
    Take a project out of the settings: its file, its releases, its secrets. Nothing that runs is touched: `apply` does that.
    """
    data = f", which has {', '.join(wanted.data)}" if wanted.data else ""
    where = f" of {', '.join(wanted.served)}" if wanted.served else ""
    files = [wanted.path, *(releases_file(checkout, name) for name in wanted.served)]
    files += [checkout / f"Pulumi.{name}.yaml" for name in wanted.secrets]
    before = {path: path.read_bytes() for path in files}
    operation = Operation(
        name="project remove",
        what=f"Take {wanted.name}{data} out of the settings{where}",
        level=wanted.level,
        stack=wanted.stack,
        project=wanted.name,
        steps=Sequential(
            steps=(
                Step(
                    name="change the settings",
                    run=partial(_take_out, checkout, wanted),
                    undo=partial(_put_back, before),
                    is_undone_on_failure=True,
                ),
                Step(name="settings are valid", run=partial(_valid, checkout)),
            )
        ),
    )
    return mutate(checkout, operation, approval, lock_wait_s=lock_wait_s)


def _take_out(checkout: Path, wanted: Removal, context: Context) -> str:
    wanted.path.unlink()
    for name in wanted.served:
        found = load_releases(releases_file(checkout, name))
        left = {project: row for project, row in found.projects.items() if project != wanted.name}
        write_releases(releases_file(checkout, name), found.model_copy(update={"projects": left}))
    known = stacks.environment(checkout) if wanted.secrets else {}
    for name in wanted.secrets:
        path = f"flotilla:secrets.projects.{wanted.name}"
        answer = stacks.engine(["config", "rm", "--stack", name, "--path", path, "--non-interactive"], checkout, known)
        if answer.returncode != 0:
            raise FlotillaError(f"{name}: its secrets could not be taken out: {' '.join(answer.stderr.split())}.")
    context.facts["files"] = [f"projects/{wanted.path.name}", *(f"releases/{name}.yaml" for name in wanted.served)]
    return f"{wanted.name} is no longer in {', '.join(context.facts['files'])}"


def _put_back(before: Mapping[Path, bytes], _: Context) -> str:
    for path, content in before.items():
        path.write_bytes(content)
    return "the files are as they were"


def _valid(checkout: Path, _: Context) -> str:
    checks.require_valid(checks.check(checkout))
    return "every stack is valid"
