"""
What a release does to its project's database before it takes over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions

from components import released
from components.database import DATABASE_OWNER_URL, DATABASE_URL, Database
from components.job import EXTRA_S, service_spec
from components.naming import DATA
from components.released import ReleasedArgs
from components.remote import SCRIPTS, step
from settings.project import Database as DatabaseSettings
from settings.release import Release


@dataclass(frozen=True, kw_only=True)
class MigrationArgs(ReleasedArgs):
    """
    The project's main process, whose image, environment and secrets the migration has, and its database.
    """

    database: Database
    migration: DatabaseSettings


class Migration(pulumi.ComponentResource):
    """
    A container of each release, run to its end before the release's services start: as the owner, in a session of its own,
    and never two at once. One that fails stops the update, and the release before serves on. Run again for another release,
    and where the database is on another server; a migration has to cope with a database that has it already.
    """

    database: Output[str]

    def __init__(self, name: str, args: MigrationArgs, opts: ResourceOptions | None = None) -> None:
        facts = {
            "project": args.project,
            "database": args.migration.name,
            "command": list(args.migration.migration),
            "images": [release.image_of(args.process_name) for release in args.releases],
            "timeoutS": args.migration.migration_timeout_s,
        }
        super().__init__("flotilla:data:Migration", name, facts, opts)
        process = args.process.model_copy(update={"volumes": args.migration.imports})
        folders = released.folders(self, f"{name}-migration", replace(args, process=process))
        before = [resource for resource in (args.cluster, args.disk, folders) if resource]
        # {digest: the step after which the release may start}
        self.steps: Mapping[str, pulumi.Resource] = {
            release.digest: self._run(name, args, release, before) for release in args.releases
        }
        self.database = args.database.name
        self.register_outputs({"database": self.database})

    def _run(self, name: str, args: MigrationArgs, release: Release, before: list[pulumi.Resource]) -> pulumi.Resource:
        timeout_s = args.migration.migration_timeout_s
        run: dict[str, Any] = {"timeout_s": timeout_s, "service": service_spec(f"{name}-migration", container(args, release))}
        return step(
            f"{name}-migration-{release.short_digest}",
            login=args.cluster.manager.login,
            run="migrate.py",
            data={
                "name": f"{name}-migration",
                "job": Output.from_input(run).apply(lambda value: json.dumps(value, indent=1)),
                "runner": (SCRIPTS / "run_job.py").read_text(),
                "timeout_s": timeout_s + EXTRA_S,
                "database_server_id": args.database.server_id,
            },
            opts=ResourceOptions(parent=self, depends_on=before),
        )


def container(args: MigrationArgs, release: Release) -> Any:
    """
    The process' own container, but for what it runs, whose rights it has, and what it sees of the disk.
    """
    own = released.container(args, release)
    secrets = [secret for secret in own.secrets if secret.name != DATABASE_URL]
    if args.secrets is None:
        raise ValueError(f"the migration of {args.project} has no secrets")
    (owner,) = args.secrets.files([DATABASE_OWNER_URL])
    imports = args.migration.imports
    return replace(
        own,
        aliases=[],
        arguments=args.migration.migration,
        secrets=[*secrets, replace(owner, name=DATABASE_URL)],
        folders={volume.path: (f"{DATA}/{args.project}/{volume.name}", False) for volume in imports},
        constraints=[f"node.hostname=={args.home.hostname}"] if imports else [released.CONSTRAINT],
        labels={"flotilla.project": args.project, "flotilla.process": "migration"},
    )
