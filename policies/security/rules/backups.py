"""
Copies of data: as secret as the data itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.framework import UNKNOWN, Fixtures, Level, Options, Resource, Rule, get
from policies.framework.kinds import BACKUP

from .references import gdpr


def backup(**props: Any) -> Resource:
    """
    An example of a project's backup.
    """
    return Resource(type=BACKUP, name="shop", props={"project": "shop", "covers": ["database:shop"], **props})


def _unencrypted(resource: Resource, options: Options) -> Iterator[str]:
    if get(resource.props, "encrypted") not in (True, UNKNOWN):
        yield "whoever gets hold of the copy can read it"


UNENCRYPTED = Rule(
    id="backup-unencrypted",
    description="Backups are encrypted.",
    level=Level.MANDATORY,
    types=(BACKUP,),
    remediation="Keep `encrypted`: pgBackRest and restic encrypt what they store.",
    references=(gdpr("32(1)(a)", "encryption of personal data"),),
    check=_unencrypted,
    fixtures=Fixtures(
        passes=[backup(encrypted=True)],
        fails=[backup(encrypted=False)],
        unknown=[backup(encrypted=UNKNOWN)],
        absent=[backup()],
        absent_fails=True,
    ),
)

RULES = (UNENCRYPTED,)
